// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tensor-engine.h"

#include "mdi-layer-graph-json.h"

#include "ns3/log.h"

#include <stdexcept>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiTensorEngine");

NS_OBJECT_ENSURE_REGISTERED(TensorEngine);

TypeId
TensorEngine::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::TensorEngine")
                            .SetParent<Object>()
                            .SetGroupName("Mdi")
                            .AddConstructor<TensorEngine>();
    return tid;
}

TensorEngine::TensorEngine()
{
    NS_LOG_FUNCTION(this);
}

TensorEngine::~TensorEngine()
{
    NS_LOG_FUNCTION(this);
}

uint32_t
TensorEngine::LoadModel(const std::string& name,
                        const std::string& file,
                        const std::vector<TensorSpec>& inputs)
{
    NS_LOG_FUNCTION(this << name << file);
    return AddModel(ReadLayerGraph(file, name));
}

uint32_t
TensorEngine::AddModel(const LayerGraph& graph)
{
    NS_LOG_FUNCTION(this << graph.Name() << graph.Size());
    m_graphs.push_back(graph);
    return static_cast<uint32_t>(m_graphs.size() - 1);
}

const LayerGraph&
TensorEngine::Graph(uint32_t model) const
{
    if (model >= m_graphs.size())
    {
        throw std::out_of_range("model " + std::to_string(model) + " of an engine that knows " +
                                std::to_string(m_graphs.size()));
    }
    return m_graphs[model];
}

bool
TensorEngine::HasValues() const
{
    return false;
}

TensorId
TensorEngine::Run(const TensorId& in, uint32_t end)
{
    NS_LOG_FUNCTION(this << in.model << in.input << in.boundary << end);
    const LayerGraph& graph = Graph(in.model);
    if (in.boundary > end || !graph.CanCut(in.boundary) || !graph.CanCut(end))
    {
        throw std::invalid_argument("model '" + graph.Name() + "' has no slice [" +
                                    std::to_string(in.boundary) + ", " + std::to_string(end) +
                                    "): it ends before it begins, or a cut is forbidden there");
    }
    return TensorId{in.model, in.input, end};
}

std::optional<int64_t>
TensorEngine::Prediction(const TensorId& result)
{
    return std::nullopt;
}

std::optional<double>
TensorEngine::MaxError(const TensorId& result)
{
    return std::nullopt;
}

std::string
TensorEngine::Describe() const
{
    return "sizes only";
}

} // namespace mdi
} // namespace ns3

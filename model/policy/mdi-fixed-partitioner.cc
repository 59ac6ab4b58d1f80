// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-fixed-partitioner.h"

#include "ns3/string.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(FixedPartitioner);

namespace
{

std::string
Trimmed(const std::string& text)
{
    const auto first = text.find_first_not_of(" \t\n");
    return first == std::string::npos
               ? ""
               : text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

uint32_t
NodeNamed(const Deployment& deployment, const std::string& name)
{
    std::string known;
    for (const auto& worker : deployment.Workers())
    {
        if (worker.name == name)
        {
            return worker.node;
        }
        known += (known.empty() ? "" : ", ") + worker.name;
    }
    throw std::invalid_argument("Stages names a worker '" + name + "'; there are: " + known);
}

/// The first layer of that name, block or scope.
uint32_t
LayerNamed(const LayerGraph& graph, const std::string& name)
{
    const auto& layers = graph.Layers();
    const auto found = std::find_if(layers.begin(), layers.end(), [&name](const Layer& layer) {
        const bool begins = layer.name.compare(0, name.size(), name) == 0;
        return layer.block == name ||
               (begins && (layer.name.size() == name.size() || layer.name[name.size()] == '.' ||
                           layer.name[name.size()] == '/'));
    });
    if (name.empty() || found == layers.end())
    {
        throw std::invalid_argument("Stages names a layer '" + name + "', which model '" +
                                    graph.Name() +
                                    "' does not have; ./mdi inspect lists its layers");
    }
    return static_cast<uint32_t>(found - layers.begin());
}

} // namespace

TypeId
FixedPartitioner::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::FixedPartitioner")
            .SetParent<Partitioner>()
            .SetGroupName("Mdi")
            .AddConstructor<FixedPartitioner>()
            .AddAttribute(
                "Stages",
                "WORKER from LAYER; ... in the order of the layers; the first stage begins "
                "with the model and needs no layer",
                StringValue(""),
                MakeStringAccessor(&FixedPartitioner::m_stages),
                MakeStringChecker());
    return tid;
}

Plan
FixedPartitioner::MakePlan(const Deployment& deployment, uint32_t source) const
{
    const LayerGraph& graph = deployment.GraphOf(source);
    std::vector<uint32_t> boundaries;
    std::vector<uint32_t> nodes;
    std::stringstream stages(m_stages);
    for (std::string stage; std::getline(stages, stage, ';');)
    {
        const std::string word = " from ";
        const auto from = stage.find(word);
        const bool first = nodes.empty();
        if (!first && from == std::string::npos)
        {
            throw std::invalid_argument("stage '" + Trimmed(stage) +
                                        "' of Stages does not say where it begins; write WORKER "
                                        "from LAYER");
        }
        nodes.push_back(NodeNamed(deployment, Trimmed(stage.substr(0, from))));
        boundaries.push_back(from == std::string::npos
                                 ? 0
                                 : LayerNamed(graph, Trimmed(stage.substr(from + word.size()))));
        const uint32_t begin = boundaries.back();
        if (first ? begin > 0 : begin <= boundaries[boundaries.size() - 2] || !graph.CanCut(begin))
        {
            throw std::invalid_argument(
                "stage '" + Trimmed(stage) +
                "' of Stages cannot begin there; the first begins with "
                "the model, the others follow in its order, at cuts that ./mdi inspect lists");
        }
    }
    if (nodes.empty())
    {
        throw std::invalid_argument("Stages is empty; write WORKER; WORKER from LAYER; ...");
    }
    boundaries.push_back(graph.Size());
    return MakeChainPlan(boundaries, nodes);
}

} // namespace mdi
} // namespace ns3

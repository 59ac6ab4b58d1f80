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
TensorEngine::LoadModel(const ModelSpec& model)
{
    NS_LOG_FUNCTION(this << model.name << model.file);
    return AddModel(ReadLayerGraph(model.file, model.name));
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
    if (!(in.rows == RowRange{}))
    {
        throw std::invalid_argument("model '" + graph.Name() +
                                    "': layers from a cut on cannot run on rows of one layer");
    }
    if (in.boundary > end || !graph.CanCut(in.boundary) || !graph.CanCut(end))
    {
        throw std::invalid_argument("model '" + graph.Name() + "' has no slice [" +
                                    std::to_string(in.boundary) + ", " + std::to_string(end) +
                                    "): it ends before it begins, or a cut is forbidden there");
    }
    return TensorId{in.model, in.input, end, in.lineage};
}

TensorId
TensorEngine::RunRows(const RowStrip& strip, const std::vector<StripPart>& parts)
{
    NS_LOG_FUNCTION(this << strip.model << strip.input << strip.rows.begin << strip.rows.end);
    return NameStrip(Graph(strip.model), strip, parts);
}

TensorId
TensorEngine::Transcode(const TensorId& in, const TensorCodec& codec)
{
    NS_LOG_FUNCTION(this << in.model << in.input << in.boundary << codec.Name());
    if (codec.kind == TensorCodec::AUTOENCODER && !(in.rows == RowRange{}))
    {
        throw std::invalid_argument("an autoencoder takes the tensors of a cut, not rows of them");
    }
    return TensorId{
        in.model, in.input, in.boundary, NextLineage(in.lineage, in.boundary, codec), in.rows};
}

void
TensorEngine::Prepare(const TensorId& result)
{
    NS_LOG_FUNCTION(this << result.model << result.input << result.boundary);
}

void
TensorEngine::Finish()
{
    NS_LOG_FUNCTION(this);
}

std::vector<Prediction>
TensorEngine::Predict(const TensorId& result)
{
    return {};
}

uint32_t
TensorEngine::InputOf(uint32_t model, uint32_t number) const
{
    return number;
}

TensorId
TensorEngine::Extend(const TensorId& result)
{
    return {result.model, result.input, 0};
}

void
TensorEngine::CheckGeneration(uint32_t model, uint32_t promptTokens) const
{
    const LayerGraph& graph = Graph(model);
    if (graph.Tokens() == 0)
    {
        throw std::invalid_argument(
            "model '" + graph.Name() +
            "' takes no sequences of tokens of any length, and so cannot generate");
    }
}

std::vector<int64_t>
TensorEngine::Labels(uint32_t model, uint32_t input)
{
    return {};
}

std::optional<double>
TensorEngine::MaxError(const TensorId& result)
{
    return std::nullopt;
}

void
TensorEngine::SetAutoencoder(uint32_t model, const Autoencoder& autoencoder)
{
    NS_LOG_FUNCTION(this << model << autoencoder.boundary);
    const LayerGraph& graph = Graph(model);
    const LayerGraph& encoder = Graph(autoencoder.encoder);
    const LayerGraph& decoder = Graph(autoencoder.decoder);
    const auto cut = graph.CutTensors(autoencoder.boundary);
    const auto check = [](const std::vector<TensorSpec>& made,
                          const std::string& maker,
                          const std::vector<TensorSpec>& taken,
                          const std::string& taker) {
        if (!(made == taken))
        {
            throw std::invalid_argument(maker + " makes " + SpecsText(made) + ", but " + taker +
                                        " takes " + SpecsText(taken));
        }
    };
    check(cut, "the cut of the autoencoder", encoder.Inputs(), "the encoder");
    check(encoder.CutTensors(encoder.Size()), "the encoder", decoder.Inputs(), "the decoder");
    check(decoder.CutTensors(decoder.Size()), "the decoder", cut, "the cut of the autoencoder");
    m_autoencoders[model] = autoencoder;
}

std::optional<Autoencoder>
TensorEngine::AutoencoderOf(uint32_t model) const
{
    const auto found = m_autoencoders.find(model);
    return found == m_autoencoders.end() ? std::nullopt : std::make_optional(found->second);
}

Ptr<TensorEngine>
TensorEngine::SizesOnly() const
{
    const auto sizes = CreateObject<TensorEngine>();
    sizes->m_graphs = m_graphs;
    sizes->m_autoencoders = m_autoencoders;
    return sizes;
}

std::string
TensorEngine::Describe() const
{
    return "sizes only";
}

} // namespace mdi
} // namespace ns3

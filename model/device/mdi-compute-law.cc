// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-compute-law.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double LONGEST_S = 1e6; // of one layer, as in a trace

std::string
ModelNames(const ComputeTrace& trace)
{
    std::string names;
    for (const auto& [name, profile] : trace.models)
    {
        names += (names.empty() ? "" : ", ") + name;
    }
    return names.empty() ? "none" : names;
}

/// What stands where nothing is known of a model.
ModelProfile
NewProfile(const ComputeTrace& trace, const LayerGraph& graph)
{
    ModelProfile profile;
    profile.provenance.framework = trace.law->provenance.framework;
    profile.provenance.precision = trace.law->provenance.precision;
    const auto first = graph.Inputs().empty() ? std::vector<int64_t>() : graph.Inputs()[0].shape;
    profile.provenance.batch = first.size() > 1 ? static_cast<uint32_t>(first[0]) : 1;
    profile.inputs = SpecsText(graph.Inputs());
    profile.dispatch = trace.law->perOperation;
    profile.least = trace.law->perOperation;
    for (const auto& [name, other] : trace.models)
    {
        profile.spread = std::max(profile.spread, other.spread);
    }
    return profile;
}

} // namespace

Time
EstimateLayer(const ComputeLaw& law, const LayerGraph& graph, uint32_t layer)
{
    const Layer& of = graph.Layers()[layer];
    const uint64_t outputs = TotalBytes(of.outputs);
    uint64_t bytes =
        outputs + (of.op == "aten::embedding" ? std::min(of.weightBytes, outputs) : of.weightBytes);
    for (const int32_t input : of.inputs)
    {
        bytes += input < 0 ? graph.Inputs()[-1 - input].Bytes()
                           : TotalBytes(graph.Layers()[input].outputs);
    }
    const double moved = static_cast<double>(bytes) / law.bytesPerS;
    const double seconds = std::min(LONGEST_S, std::max(of.flop / law.flopPerS, moved));
    return Max(law.perOperation, NanoSeconds(std::llround(seconds * 1e9)));
}

uint32_t
CountUnknownLayers(const ComputeTrace& trace, const LayerGraph& graph)
{
    const auto found = trace.models.find(graph.Name());
    if (found == trace.models.end())
    {
        return graph.Size();
    }
    const auto& known = found->second.layers;
    return static_cast<uint32_t>(
        std::count_if(graph.Layers().begin(), graph.Layers().end(), [&known](const Layer& layer) {
            return known.find(layer.name) == known.end();
        }));
}

ModelProfile
CompleteProfile(const ComputeTrace& trace, const LayerGraph& graph)
{
    const std::string device = "device '" + trace.device + "', mode '" + trace.mode + "'";
    const auto found = trace.models.find(graph.Name());
    const bool known = found != trace.models.end();
    if (!known && !trace.law)
    {
        throw std::invalid_argument(
            device + " has no service times of model '" + graph.Name() +
            "', and no law to estimate them by; its trace knows: " + ModelNames(trace));
    }
    ModelProfile profile = known ? found->second : NewProfile(trace, graph);
    uint32_t estimated = 0;
    for (uint32_t i = 0; i < graph.Size(); ++i)
    {
        const std::string& name = graph.Layers()[i].name;
        if (profile.layers.find(name) != profile.layers.end())
        {
            continue;
        }
        if (!trace.law)
        {
            throw std::invalid_argument(
                device + ", model '" + graph.Name() + "': no service time of layer '" + name +
                "', and no law to estimate it by; profile the model anew or use the model file "
                "that the trace was made for");
        }
        profile.layers[name].mean = EstimateLayer(*trace.law, graph, i);
        ++estimated;
    }
    if (estimated > 0)
    {
        profile.passes.reset(); // the law estimates the model's own input, no other lengths
        Provenance& from = profile.provenance;
        const Provenance& law = trace.law->provenance;
        const std::string source = "law of " + trace.device + ", mode " + trace.mode + ", for " +
                                   std::to_string(estimated) + " of " +
                                   std::to_string(graph.Size()) + " layers: " + law.source;
        from.source = known ? from.source + "; " + source : source;
        from.note += (from.note.empty() ? "" : "; ") + law.note;
        from.kind = "calibrated";
        from.errorBand = std::max(from.errorBand.value_or(0), law.errorBand.value_or(0));
    }
    return profile;
}

ComputeTrace
WithEstimates(const ComputeTrace& trace, const LayerGraph& graph)
{
    ComputeTrace completed = trace;
    if (CountUnknownLayers(trace, graph) > 0)
    {
        completed.models[graph.Name()] = CompleteProfile(trace, graph);
    }
    return completed;
}

} // namespace mdi
} // namespace ns3

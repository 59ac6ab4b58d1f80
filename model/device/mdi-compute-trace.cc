// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-compute-trace.h"

#include "mdi-compute-law.h"

#include "ns3/assert.h"

#include <cmath>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

ServiceTable::ServiceTable(const ComputeTrace& trace, const LayerGraph& graph, bool exits)
    : m_callOverhead(trace.callOverhead)
{
    const std::string device = "device '" + trace.device + "', mode '" + trace.mode + "'";
    ModelProfile completed;
    if (CountUnknownLayers(trace, graph) > 0)
    {
        completed = CompleteProfile(trace, graph);
    }
    const auto found = trace.models.find(graph.Name());
    const ModelProfile& profile = completed.layers.empty() ? found->second : completed;
    const bool anyLength = profile.passes && graph.Tokens() > 0;
    const std::string inputs =
        SpecsText(anyLength ? WithTokens(graph.Inputs(), profile.passes->tokens) : graph.Inputs());
    const auto& first = graph.Inputs().empty() ? std::vector<int64_t>() : graph.Inputs()[0].shape;
    const bool otherInputs = !profile.inputs.empty() && profile.inputs != inputs;
    // A vector alone has no batch.
    const bool otherBatch = profile.inputs.empty() && first.size() > 1 &&
                            first[0] != static_cast<int64_t>(profile.provenance.batch);
    if (otherInputs || otherBatch)
    {
        const std::string batch = "batch " + std::to_string(profile.provenance.batch);
        throw std::invalid_argument(
            device + ", model '" + graph.Name() + "': the service times are for inputs of " +
            (otherInputs ? profile.inputs : batch) + ", not of " + inputs +
            "; profile the model with these, or change the scenario's" +
            (trace.law ? "; under another name it would be estimated" : ""));
    }
    m_spread = profile.spread;
    m_dispatch = profile.dispatch;
    m_least = profile.least;
    m_name = device + ", model '" + graph.Name() + "'";
    m_passes = profile.passes;
    if (anyLength)
    {
        if (graph.Tokens() > m_passes->whole.Largest())
        {
            throw std::invalid_argument(
                m_name + ": times are known up to " + std::to_string(m_passes->whole.Largest()) +
                " tokens, but its input has " + std::to_string(graph.Tokens()));
        }
        m_baseFactor = m_passes->whole.At(graph.Tokens());
    }
    m_cachedNsBefore.push_back(0);
    m_nsBefore.reserve(graph.Size() + 1);
    m_nsBefore.push_back(0);
    const auto branches = graph.Branches();
    for (uint32_t i = 0; i < graph.Size(); ++i)
    {
        const Layer& layer = graph.Layers()[i];
        const LayerTime& time = profile.layers.at(layer.name);
        const bool runs = exits || !branches[i];
        m_nsBefore.push_back(m_nsBefore.back() + (runs ? time.mean.GetNanoSeconds() : 0));
        m_cachedNsBefore.push_back(m_cachedNsBefore.back() +
                                   (runs ? time.cached.GetNanoSeconds() : 0));
        m_flop += runs ? layer.flop : 0;
    }
}

double
ServiceTable::Factor(const Pass& pass) const
{
    return pass.cached ? m_passes->cached.At(pass.context)
                       : (pass.tokens > 0 ? m_passes->whole.At(pass.tokens) : m_baseFactor);
}

void
ServiceTable::CheckPasses(const Generation& generation) const
{
    if (!m_passes || (generation.cache && m_passes->cached.points.empty()))
    {
        throw std::invalid_argument(m_name + ": no service times of " +
                                    (m_passes ? "passes with a key/value cache"
                                              : "generation ('generation' in the trace)"));
    }
    const auto check = [this](const PassCurve& curve, uint32_t tokens, const std::string& what) {
        if (tokens > curve.Largest())
        {
            throw std::invalid_argument(m_name + ": " + what + " has " + std::to_string(tokens) +
                                        " tokens, but times are known up to " +
                                        std::to_string(curve.Largest()));
        }
    };
    const Pass last = PassOf(generation, static_cast<uint16_t>(generation.newTokens - 1));
    check(m_passes->whole, generation.promptTokens, "the prompt");
    check(last.cached ? m_passes->cached : m_passes->whole, last.context, "the last pass");
}

Time
ServiceTable::Mean(uint32_t begin, uint32_t end, const Pass& pass) const
{
    NS_ASSERT_MSG(begin <= end && end < m_nsBefore.size(), "no such slice");
    if (begin == end)
    {
        return Time(0);
    }
    const auto& before = pass.cached ? m_cachedNsBefore : m_nsBefore;
    const int64_t layers = before[end] - before[begin];
    return m_callOverhead + NanoSeconds(std::llround(layers * Factor(pass)));
}

ServiceTable::Split
ServiceTable::SplitTime(const std::vector<uint32_t>& layers, const Pass& pass) const
{
    Split split{m_callOverhead, Time(0), Time(0)};
    for (const uint32_t layer : layers)
    {
        const Time whole = Mean(layer, layer + 1, pass) - m_callOverhead;
        const Time fixed = Min(whole, m_dispatch);
        split.fixed += fixed;
        split.rows += whole - fixed;
    }
    // All rows take what they take: the least is never more.
    const Time launches = m_callOverhead + m_least * static_cast<int64_t>(layers.size());
    split.least = Min(launches, split.fixed + split.rows);
    return split;
}

double
ServiceTable::Spread() const
{
    return m_spread;
}

double
ServiceTable::Flop() const
{
    return m_flop;
}

double
ServiceTable::SpeedFlopPerS() const
{
    const Time whole = Mean(0, m_nsBefore.size() - 1);
    return whole.IsZero() ? 0.0 : m_flop / whole.GetSeconds();
}

} // namespace mdi
} // namespace ns3

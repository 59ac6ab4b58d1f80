// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-slice-check.h"

#include "mdi-chain-cuts.h"

#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

/// Compare an answer with that of the whole model.
void
Compare(TensorEngine& engine, const TensorId& answer, const std::string& name, SliceCheck& check)
{
    const std::optional<double> error = engine.MaxError(answer);
    if (!error)
    {
        throw std::invalid_argument("model '" + engine.Graph(answer.model).Name() +
                                    "' has no values to compare: only its sizes are known");
    }
    if (*error > check.maxError)
    {
        check.maxError = *error;
        check.where = name;
    }
}

} // namespace

std::vector<uint32_t>
SliceBoundaries(const LayerGraph& graph, uint32_t slices)
{
    const std::vector<uint32_t> allowed = graph.LayerBoundaries();
    if (slices + uint64_t{1} >= allowed.size())
    {
        return allowed;
    }
    const auto work = CumulatedWork(
        allowed, [&graph](uint32_t begin, uint32_t end) { return graph.Flop(begin, end); });
    return EqualWorkCuts(allowed, work, slices);
}

SliceCheck
CheckCuts(TensorEngine& engine,
          uint32_t model,
          const std::vector<uint32_t>& boundaries,
          uint32_t input)
{
    const std::vector<Exit> exits = engine.Graph(model).Exits();
    SliceCheck check;
    check.slices = static_cast<uint32_t>(boundaries.size() - 1);
    check.ways = 1;
    check.boundaries = boundaries;
    TensorId at{model, input, boundaries.front()};
    for (size_t i = 1; i < boundaries.size(); ++i)
    {
        const uint32_t end = boundaries[i];
        const TensorId made = engine.Run(at, end);
        for (size_t e = 0; e < exits.size(); ++e)
        {
            const uint32_t boundary = exits[e].boundary;
            if (boundary > at.boundary && boundary <= end)
            {
                Compare(engine,
                        boundary == end ? made : engine.Run(at, boundary),
                        "exit " + std::to_string(e + 1),
                        check);
            }
        }
        at = made;
    }
    Compare(engine, at, "the result", check);
    return check;
}

SliceCheck
CheckSlices(TensorEngine& engine, uint32_t model, uint32_t slices, uint32_t input)
{
    return CheckCuts(engine, model, SliceBoundaries(engine.Graph(model), slices), input);
}

SliceCheck
CheckEveryCut(TensorEngine& engine,
              uint32_t model,
              uint32_t input,
              const std::function<void(uint64_t)>& progress)
{
    const LayerGraph& graph = engine.Graph(model);
    SliceCheck worst;
    for (const uint32_t cut : graph.LayerBoundaries())
    {
        if (cut == 0 || cut == graph.Size())
        {
            continue;
        }
        const uint32_t ways = worst.ways + 1;
        const SliceCheck check = CheckCuts(engine, model, {0, cut, graph.Size()}, input);
        if (worst.ways == 0 || check.maxError > worst.maxError)
        {
            worst = check;
        }
        worst.ways = ways;
        if (progress)
        {
            progress(ways);
        }
    }
    return worst;
}

} // namespace mdi
} // namespace ns3

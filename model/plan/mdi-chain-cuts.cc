// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-chain-cuts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double INFINITE = std::numeric_limits<double>::infinity();

void
Check(const std::vector<uint32_t>& boundaries)
{
    if (boundaries.size() < 2 || boundaries.front() != 0 ||
        !std::is_sorted(boundaries.begin(), boundaries.end()))
    {
        throw std::invalid_argument("boundaries must ascend from 0 to the number of layers");
    }
}

/**
 * Cuts at the cheapest of all ways to give `workers` consecutive, ascending slices:
 * best[n][i] = min over j <= i of max(best[n-1][j], cost(n, j, i)), over boundary indices.
 */
std::vector<uint32_t>
MinMax(const std::vector<uint32_t>& boundaries,
       uint32_t workers,
       bool allowEmpty,
       const std::function<double(uint32_t, uint32_t, uint32_t)>& cost)
{
    const auto count = static_cast<uint32_t>(boundaries.size());
    std::vector<std::vector<double>> best(workers + 1, std::vector<double>(count, INFINITE));
    std::vector<std::vector<uint32_t>> from(workers + 1, std::vector<uint32_t>(count, 0));
    best[0][0] = 0;
    for (uint32_t n = 1; n <= workers; ++n)
    {
        for (uint32_t i = 0; i < count; ++i)
        {
            for (uint32_t j = 0; j < i + (allowEmpty ? 1 : 0); ++j)
            {
                if (best[n - 1][j] == INFINITE)
                {
                    continue;
                }
                const double value = std::max(best[n - 1][j], cost(n - 1, j, i));
                if (value < best[n][i])
                {
                    best[n][i] = value;
                    from[n][i] = j;
                }
            }
        }
    }
    std::vector<uint32_t> cuts(workers + 1);
    uint32_t i = count - 1;
    for (uint32_t n = workers; n > 0; --n)
    {
        cuts[n] = boundaries[i];
        i = from[n][i];
    }
    cuts[0] = 0;
    return cuts;
}

} // namespace

std::vector<double>
CumulatedWork(const std::vector<uint32_t>& boundaries,
              const std::function<double(uint32_t, uint32_t)>& workOfSlice)
{
    Check(boundaries);
    std::vector<double> work{0};
    for (size_t i = 1; i < boundaries.size(); ++i)
    {
        work.push_back(work.back() + workOfSlice(boundaries[i - 1], boundaries[i]));
    }
    return work;
}

size_t
NearestCut(const std::vector<double>& work,
           double target,
           size_t at,
           size_t after,
           size_t workers,
           uint32_t minSlices)
{
    const size_t blocks = work.size() - 1;
    if (after == 0)
    {
        return blocks;
    }
    const size_t minimum = std::min<size_t>(minSlices, blocks / workers);
    const size_t last = blocks - std::min(blocks, minimum * after);
    size_t nearest = std::min(at + minimum, blocks);
    for (size_t i = nearest + 1; i <= last; ++i)
    {
        if (std::abs(work[i] - target) < std::abs(work[nearest] - target))
        {
            nearest = i;
        }
    }
    return nearest;
}

std::vector<uint32_t>
ProportionalCuts(const std::vector<uint32_t>& boundaries,
                 const std::vector<double>& work,
                 const std::vector<double>& speeds,
                 uint32_t minSlices)
{
    Check(boundaries);
    if (work.size() != boundaries.size() || speeds.empty() ||
        std::any_of(speeds.begin(), speeds.end(), [](double s) { return !(s > 0); }))
    {
        throw std::invalid_argument("proportional cuts need work per boundary and positive speeds");
    }
    const double total = std::accumulate(speeds.begin(), speeds.end(), 0.0);
    const size_t workers = speeds.size();
    std::vector<uint32_t> cuts{0};
    double prefix = 0;
    size_t at = 0;
    for (size_t n = 0; n < workers; ++n)
    {
        prefix += speeds[n];
        const double target = work.back() * prefix / total;
        at = NearestCut(work, target, at, workers - 1 - n, workers, minSlices);
        cuts.push_back(boundaries[at]);
    }
    return cuts;
}

std::vector<uint32_t>
EqualWorkCuts(const std::vector<uint32_t>& boundaries,
              const std::vector<double>& work,
              uint32_t parts)
{
    Check(boundaries);
    if (work.size() != boundaries.size() || parts == 0)
    {
        throw std::invalid_argument("equal-work cuts need work per boundary and at least one part");
    }
    const auto slices = std::min<uint32_t>(parts, static_cast<uint32_t>(boundaries.size() - 1));
    return MinMax(boundaries, slices, false, [&work](uint32_t, uint32_t j, uint32_t i) {
        return work[i] - work[j];
    });
}

double
Bottleneck(const std::vector<uint32_t>& cuts, const StageCosts& costs)
{
    double period = 0;
    for (uint32_t n = 0; n + 1 < cuts.size(); ++n)
    {
        period =
            std::max({period, costs.compute(n, cuts[n], cuts[n + 1]), costs.link(n, cuts[n + 1])});
    }
    return period;
}

std::vector<uint32_t>
MinMaxCuts(const std::vector<uint32_t>& boundaries, uint32_t workers, const StageCosts& costs)
{
    Check(boundaries);
    if (workers == 0)
    {
        throw std::invalid_argument("min-max cuts need at least one worker");
    }
    return MinMax(boundaries, workers, true, [&](uint32_t n, uint32_t j, uint32_t i) {
        return std::max(costs.compute(n, boundaries[j], boundaries[i]),
                        costs.link(n, boundaries[i]));
    });
}

} // namespace mdi
} // namespace ns3

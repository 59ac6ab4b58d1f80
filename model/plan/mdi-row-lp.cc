// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-lp.h"

#include "mdi-row-planner.h"
#include "mdi-row-relaxation.h"

#include <algorithm>
#include <set>
#include <utility>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr int ROUNDS = 6;

/// The best cuts so far.
using Best = std::optional<std::pair<RowScore, RowCuts>>;

/// Keep the cuts if they fit and are better. \return whether they are
bool
Improve(Best& best, const RowSchedule& schedule, const RowCuts& cuts)
{
    const auto score = schedule.Score(cuts);
    if (!score || (best && *best <= std::make_pair(*score, cuts)))
    {
        return false;
    }
    best = {*score, cuts};
    return true;
}

/// The best of the cuts that linear programs lead to from these ones.
Best
Descend(const RowSchedule& schedule, RowCuts cuts)
{
    Best best;
    std::set<RowCuts> seen;
    for (int round = 0; round <= ROUNDS && seen.insert(cuts).second; ++round)
    {
        Improve(best, schedule, cuts);
        const auto next = SolveRelaxation(schedule, cuts);
        if (!next)
        {
            break;
        }
        cuts = *next;
    }
    return best;
}

/// Move single cuts by a row as long as that is better.
void
HillClimb(Best& best, const RowSchedule& schedule)
{
    for (bool better = best.has_value(); better;)
    {
        better = false;
        const RowCuts at = best->second;
        for (size_t k = 1; k + 1 < at.size(); ++k)
        {
            for (const int64_t step : {-1, 1})
            {
                RowCuts cuts = at;
                cuts[k] += step;
                if (cuts[k] >= cuts[k - 1] && cuts[k] <= cuts[k + 1])
                {
                    better = Improve(best, schedule, cuts) || better;
                }
            }
        }
    }
}

} // namespace

std::optional<RowCuts>
LpCuts(const RowSchedule& schedule, const RowLpOptions& options)
{
    const RowLayer& layer = schedule.Layer();
    if (!layer.splittable)
    {
        return WholeLayerCuts(schedule, options.hub);
    }
    const auto& times = schedule.Costs().compute[schedule.Next()];
    Best best;
    std::set<RowCuts> started;
    std::vector<uint64_t> sets = DeviceSubsets(schedule.Costs().Devices());
    if (!options.allSubsets)
    {
        sets = {sets.back()}; // all devices
    }
    for (const uint64_t devices : sets)
    {
        std::vector<double> speeds(times.size(), 0);
        for (size_t k = 0; k < times.size(); ++k)
        {
            if ((devices >> k) & 1)
            {
                speeds[k] = 1 / std::max(1.0, times[k].PerRow(layer.height));
            }
        }
        const RowCuts start = ShareRows(layer.height, speeds);
        if (!started.insert(start).second)
        {
            continue; // so few rows that a device of the set has none
        }
        Best found = Descend(schedule, start);
        if (options.hillClimb)
        {
            HillClimb(found, schedule);
        }
        if (found)
        {
            Improve(best, schedule, found->second);
        }
    }
    return best ? std::make_optional(best->second) : std::nullopt;
}

RowPlan
PlanRowsByLp(const RowModel& model, const RowCosts& costs, bool guard, const RowLpOptions& options)
{
    std::vector<RowPlan> plans;
    int64_t limit = ROW_TIME_MAX;
    RowLpOptions tried = options;
    for (const std::optional<uint32_t> hub : {std::optional<uint32_t>(), {costs.source}})
    {
        tried.hub = hub;
        const auto planner = [&tried](const RowSchedule& schedule) {
            return LpCuts(schedule, tried);
        };
        if (const auto plan = PlanProgressively(model, costs, planner, limit))
        {
            limit = plan->latency;
            plans.push_back(*plan);
        }
    }
    return BestOf(plans, model, costs, guard);
}

} // namespace mdi
} // namespace ns3

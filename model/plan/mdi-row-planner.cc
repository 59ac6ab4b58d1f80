// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-planner.h"

#include "mdi-row-baselines.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace ns3
{
namespace mdi
{

namespace
{

/// Whether the device can run the strip by the deadline and has the memory for it.
bool
Feasible(const RowSchedule& schedule, uint32_t device, RowRange rows, int64_t deadline)
{
    return schedule.Fits(device, rows) && schedule.Finish(device, rows) <= deadline;
}

/// The largest end of a feasible strip that begins here; the beginning itself if there is none.
int64_t
LargestEnd(const RowSchedule& schedule, uint32_t device, int64_t begin, int64_t deadline)
{
    int64_t good = begin;
    int64_t bad = schedule.Layer().height + 1;
    while (bad - good > 1)
    {
        const int64_t middle = good + (bad - good) / 2;
        (Feasible(schedule, device, {begin, middle}, deadline) ? good : bad) = middle;
    }
    return good;
}

/// The smallest beginning of a feasible strip that ends here; the end itself if there is none.
int64_t
SmallestBegin(const RowSchedule& schedule, uint32_t device, int64_t end, int64_t deadline)
{
    int64_t good = end;
    int64_t bad = -1;
    while (good - bad > 1)
    {
        const int64_t middle = bad + (good - bad) / 2;
        (Feasible(schedule, device, {middle, end}, deadline) ? good : bad) = middle;
    }
    return good;
}

/// Cuts that meet the deadline, each device's strip as large as it can be; none if there are none.
std::optional<RowCuts>
FrontLoaded(const RowSchedule& schedule, int64_t deadline)
{
    RowCuts cuts{0};
    for (uint32_t k = 0; k < schedule.Costs().Devices(); ++k)
    {
        cuts.push_back(LargestEnd(schedule, k, cuts.back(), deadline));
    }
    return cuts.back() == schedule.Layer().height ? std::make_optional(cuts) : std::nullopt;
}

int64_t
Makespan(const RowSchedule& schedule, const RowCuts& cuts)
{
    int64_t makespan = 0;
    for (uint32_t k = 0; k < schedule.Costs().Devices(); ++k)
    {
        makespan = std::max(makespan, schedule.Finish(k, Strip(cuts, k)));
    }
    return makespan;
}

/// The smallest makespan that cuts of the next layer can have; none if no cuts fit.
std::optional<int64_t>
SmallestMakespan(const RowSchedule& schedule)
{
    const auto fitting = FrontLoaded(schedule, ROW_TIME_MAX);
    if (!fitting)
    {
        return std::nullopt;
    }
    int64_t low = -1; // not feasible
    int64_t high = Makespan(schedule, *fitting);
    while (high - low > 1)
    {
        const int64_t middle = low + (high - low) / 2;
        const auto cuts = FrontLoaded(schedule, middle);
        if (cuts)
        {
            high = Makespan(schedule, *cuts);
        }
        else
        {
            low = middle;
        }
    }
    return high;
}

/// Where the cuts of the next layer would best lie.
RowCuts
Target(const RowSchedule& schedule, CutTarget target)
{
    const RowLayer& layer = schedule.Layer();
    const uint32_t devices = schedule.Costs().Devices();
    if (target == CutTarget::PREDECESSOR)
    {
        const auto split = [](const RowInput& input) { return input.rule.kind != RowKind::WHOLE; };
        const auto input = std::find_if(layer.inputs.begin(), layer.inputs.end(), split);
        const auto height = static_cast<double>(layer.height);
        const auto above = static_cast<double>(schedule.Model().layers[input->layer].height);
        RowCuts cuts;
        for (const int64_t cut : schedule.Cuts(input->layer))
        {
            cuts.push_back(std::llround(static_cast<double>(cut) * height / above));
        }
        return cuts;
    }
    if (target == CutTarget::PROPORTIONAL)
    {
        std::vector<double> speeds;
        for (const RowTime& time : schedule.Costs().compute[schedule.Next()])
        {
            speeds.push_back(1.0 / std::max(1.0, static_cast<double>(time.At(layer.height))));
        }
        return ShareRows(layer.height, speeds);
    }
    return WholeOn(0, devices, layer.height);
}

/**
 * Cuts that meet a deadline that can be met, as near to the target as it allows (papers.md, section
 * 7.6). From the end backwards: no device may begin below `lowest`, or the later ones cannot do the
 * rest; everything from there up to the largest feasible end is possible.
 */
RowCuts
NearTarget(const RowSchedule& schedule, int64_t deadline, const RowCuts& target)
{
    const uint32_t devices = schedule.Costs().Devices();
    RowCuts lowest(devices + 1, schedule.Layer().height);
    for (uint32_t k = devices; k-- > 0;)
    {
        lowest[k] = SmallestBegin(schedule, k, lowest[k + 1], deadline);
    }
    RowCuts cuts{0};
    for (uint32_t k = 0; k < devices; ++k)
    {
        cuts.push_back(std::clamp(target[k + 1],
                                  std::max(lowest[k + 1], cuts.back()),
                                  LargestEnd(schedule, k, cuts.back(), deadline)));
    }
    return cuts;
}

} // namespace

std::optional<RowCuts>
BestDeviceCuts(const RowSchedule& schedule)
{
    const uint32_t devices = schedule.Costs().Devices();
    std::optional<std::pair<RowScore, RowCuts>> best;
    for (uint32_t k = 0; k < devices; ++k)
    {
        const RowCuts cuts = WholeOn(k, devices, schedule.Layer().height);
        const auto score = schedule.Score(cuts);
        if (score && (!best || std::make_pair(*score, cuts) < *best))
        {
            best = {*score, cuts};
        }
    }
    return best ? std::make_optional(best->second) : std::nullopt;
}

std::optional<RowCuts>
ExactCuts(const RowSchedule& schedule, CutTarget target)
{
    if (!schedule.Layer().splittable)
    {
        return BestDeviceCuts(schedule);
    }
    const auto makespan = SmallestMakespan(schedule);
    if (!makespan)
    {
        return std::nullopt;
    }
    return NearTarget(schedule, *makespan, Target(schedule, target));
}

std::optional<RowPlan>
PlanProgressively(const RowModel& model, const RowCosts& costs, const LayerPlanner& planner)
{
    RowSchedule schedule(model, costs);
    while (schedule.Next() < model.layers.size())
    {
        const auto cuts = planner(schedule);
        if (!cuts)
        {
            return std::nullopt;
        }
        schedule.Add(*cuts);
    }
    return schedule.Plan();
}

RowPlan
BestOf(const std::vector<RowPlan>& plans, const RowModel& model, const RowCosts& costs, bool guard)
{
    std::optional<RowPlan> best;
    for (const RowPlan& plan : plans)
    {
        if (!best || Precedes(plan, *best))
        {
            best = plan;
        }
    }
    if (guard)
    {
        const auto single = BestSingleDevicePlan(model, costs);
        if (single && (!best || single->latency < best->latency))
        {
            best = single;
            best->guardUsed = true;
        }
    }
    if (!best)
    {
        throw std::invalid_argument("the model does not fit into the memory of the devices");
    }
    return *best;
}

RowPlan
PlanRows(const RowModel& model, const RowCosts& costs, bool guard)
{
    std::vector<RowPlan> plans;
    for (const CutTarget target :
         {CutTarget::PREDECESSOR, CutTarget::PROPORTIONAL, CutTarget::FRONT_LOADED})
    {
        const auto plan = PlanProgressively(model, costs, [target](const RowSchedule& schedule) {
            return ExactCuts(schedule, target);
        });
        if (plan)
        {
            plans.push_back(*plan);
        }
    }
    return BestOf(plans, model, costs, guard);
}

} // namespace mdi
} // namespace ns3

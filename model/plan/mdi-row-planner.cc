// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-planner.h"

#include "mdi-row-baselines.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>
#include <utility>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr uint32_t SUBSET_DEVICES = 6; //!< up to here, all 2^N - 1 subsets are tried

/// The next layer of a schedule, to be split as a goal says.
class ExactLayer
{
  public:
    ExactLayer(const RowSchedule& schedule, const RowGoal& goal)
        : m_schedule(schedule),
          m_goal(goal),
          m_devices(schedule.Costs().Devices()),
          m_height(schedule.Layer().height),
          m_expected(goal.lookAhead ? Expected() : RowCuts{})
    {
    }

    /// The smallest time by which cuts of the layer can be done; none if no cuts fit [ns].
    std::optional<int64_t> SmallestMakespan() const
    {
        const auto fitting = FrontLoaded(std::numeric_limits<int64_t>::max());
        if (!fitting)
        {
            return std::nullopt;
        }
        int64_t low = -1; // not feasible
        int64_t high = Makespan(*fitting);
        while (high - low > 1)
        {
            const int64_t middle = low + (high - low) / 2;
            const auto cuts = FrontLoaded(middle);
            if (cuts)
            {
                high = Makespan(*cuts);
            }
            else
            {
                low = middle;
            }
        }
        return high;
    }

    /**
     * Cuts that meet a deadline that can be met, as near to the target as it allows (papers.md,
     * section 7.6). From the end backwards: no device may begin below `lowest`, or the later ones
     * cannot do the rest; everything from there up to the largest feasible end is possible.
     */
    RowCuts NearTarget(int64_t deadline) const
    {
        RowCuts lowest(m_devices + 1, m_height);
        for (uint32_t k = m_devices; k-- > 0;)
        {
            lowest[k] = SmallestBegin(k, lowest[k + 1], deadline);
        }
        const RowCuts target = Target();
        RowCuts cuts{0};
        for (uint32_t k = 0; k < m_devices; ++k)
        {
            cuts.push_back(std::clamp(target[k + 1],
                                      std::max(lowest[k + 1], cuts.back()),
                                      LargestEnd(k, cuts.back(), deadline)));
        }
        return cuts;
    }

  private:
    /// Who needs the rows next; empty if that is not known.
    RowCuts Expected() const
    {
        const RowModel& model = m_schedule.Model();
        bool result = true;        // alone reads them
        bool cannotBeSplit = true; // none of the readers can
        for (uint32_t v = m_schedule.Next() + 1; v < model.layers.size(); ++v)
        {
            for (const RowInput& input : model.layers[v].inputs)
            {
                if (input.layer == m_schedule.Next())
                {
                    result = result && model.IsVirtual(v);
                    cannotBeSplit = cannotBeSplit && !model.layers[v].splittable;
                }
            }
        }
        if (result)
        {
            return WholeOn(m_schedule.Costs().source, m_devices, m_height);
        }
        if (cannotBeSplit && m_goal.hub)
        {
            return WholeOn(*m_goal.hub, m_devices, m_height);
        }
        return m_goal.shares.empty() ? RowCuts{} : ShareRows(m_height, m_goal.shares);
    }

    /// When the device is done with the strip; the more rows, the later [ns].
    int64_t Done(uint32_t k, RowRange rows) const
    {
        const int64_t finish = m_schedule.Finish(k, rows);
        int64_t sent = 0;
        for (uint32_t j = 0; !m_expected.empty() && j < m_devices; ++j)
        {
            const RowRange away = Overlap(rows, Strip(m_expected, j));
            if (j != k && !away.Empty())
            {
                const RowLink& link = m_schedule.Costs().links[k][j];
                const auto bytes = static_cast<uint64_t>(away.Size()) * m_schedule.Layer().rowBytes;
                sent = std::max(sent, std::min(ROW_TIME_MAX, link.latency + link.Busy(bytes)));
            }
        }
        return finish + sent;
    }

    bool Feasible(uint32_t k, RowRange rows, int64_t deadline) const
    {
        const bool allowed = m_goal.shares.empty() || m_goal.shares[k] > 0;
        return rows.Empty() || (allowed && m_schedule.Fits(k, rows) && Done(k, rows) <= deadline);
    }

    /// The largest end of a feasible strip that begins here; the beginning itself if there is none.
    int64_t LargestEnd(uint32_t k, int64_t begin, int64_t deadline) const
    {
        int64_t good = begin;
        int64_t bad = m_height + 1;
        while (bad - good > 1)
        {
            const int64_t middle = good + (bad - good) / 2;
            (Feasible(k, {begin, middle}, deadline) ? good : bad) = middle;
        }
        return good;
    }

    /// The smallest beginning of a feasible strip that ends here; the end itself if there is none.
    int64_t SmallestBegin(uint32_t k, int64_t end, int64_t deadline) const
    {
        int64_t good = end;
        int64_t bad = -1;
        while (good - bad > 1)
        {
            const int64_t middle = bad + (good - bad) / 2;
            (Feasible(k, {middle, end}, deadline) ? good : bad) = middle;
        }
        return good;
    }

    /// Cuts that meet the deadline, each strip as large as it can be; none if there are none.
    std::optional<RowCuts> FrontLoaded(int64_t deadline) const
    {
        RowCuts cuts{0};
        for (uint32_t k = 0; k < m_devices; ++k)
        {
            cuts.push_back(LargestEnd(k, cuts.back(), deadline));
        }
        return cuts.back() == m_height ? std::make_optional(cuts) : std::nullopt;
    }

    int64_t Makespan(const RowCuts& cuts) const
    {
        int64_t makespan = 0;
        for (uint32_t k = 0; k < m_devices; ++k)
        {
            makespan = std::max(makespan, Done(k, Strip(cuts, k)));
        }
        return makespan;
    }

    /// Where the cuts would best lie.
    RowCuts Target() const
    {
        const RowLayer& layer = m_schedule.Layer();
        if (m_goal.target == CutTarget::PREDECESSOR)
        {
            const auto input =
                std::find_if(layer.inputs.begin(), layer.inputs.end(), [](const RowInput& one) {
                    return one.rule.kind != RowKind::WHOLE;
                });
            const auto scale = static_cast<double>(m_height) /
                               static_cast<double>(m_schedule.Model().layers[input->layer].height);
            RowCuts cuts;
            for (const int64_t cut : m_schedule.Cuts(input->layer))
            {
                cuts.push_back(std::llround(static_cast<double>(cut) * scale));
            }
            return cuts;
        }
        if (m_goal.target == CutTarget::PROPORTIONAL)
        {
            std::vector<double> speeds;
            for (const RowTime& time : m_schedule.Costs().compute[m_schedule.Next()])
            {
                speeds.push_back(1.0 / std::max(1.0, static_cast<double>(time.At(m_height))));
            }
            return ShareRows(m_height, speeds);
        }
        return WholeOn(0, m_devices, m_height);
    }

    const RowSchedule& m_schedule;
    const RowGoal& m_goal;
    uint32_t m_devices;
    int64_t m_height;
    RowCuts m_expected; //!< by the shares of the goal; empty without
};

/// The speeds of the devices of a set; 0 for the others.
std::vector<double>
SharesOf(uint64_t set, std::vector<double> speeds)
{
    for (size_t k = 0; k < speeds.size(); ++k)
    {
        speeds[k] *= (set >> k) & 1 ? 1 : 0;
    }
    return speeds;
}

} // namespace

std::optional<RowCuts>
WholeLayerCuts(const RowSchedule& schedule, std::optional<uint32_t> hub)
{
    const uint32_t devices = schedule.Costs().Devices();
    const RowCuts onHub = WholeOn(hub.value_or(0), devices, schedule.Layer().height);
    if (hub && schedule.Score(onHub))
    {
        return onHub;
    }
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
ExactCuts(const RowSchedule& schedule, const RowGoal& goal)
{
    if (!schedule.Layer().splittable)
    {
        return WholeLayerCuts(schedule, goal.hub);
    }
    const ExactLayer layer(schedule, goal);
    const auto makespan = layer.SmallestMakespan();
    return makespan ? std::make_optional(layer.NearTarget(*makespan)) : std::nullopt;
}

std::optional<RowPlan>
PlanProgressively(const RowModel& model,
                  const RowCosts& costs,
                  const LayerPlanner& planner,
                  int64_t limit)
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
        for (uint32_t k = 0; k < costs.Devices(); ++k)
        {
            if (schedule.Available(k) > limit) // the result needs every layer
            {
                return std::nullopt;
            }
        }
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

std::vector<uint64_t>
DeviceSubsets(uint32_t devices)
{
    std::vector<uint64_t> sets;
    const uint64_t all = (uint64_t(1) << devices) - 1;
    for (uint64_t set = 1; devices <= SUBSET_DEVICES && set < all; ++set)
    {
        sets.push_back(set);
    }
    for (uint32_t k = 0; devices > SUBSET_DEVICES && k < devices; ++k)
    {
        sets.push_back(uint64_t(1) << k);
    }
    sets.push_back(all);
    return sets;
}

RowPlan
PlanRows(const RowModel& model, const RowCosts& costs, const RowPlannerOptions& options)
{
    const std::vector<double> speeds = ModelSpeeds(model, costs);
    std::vector<RowGoal> goals;
    for (const uint64_t set : DeviceSubsets(costs.Devices()))
    {
        const bool all = set + 1 == uint64_t(1) << costs.Devices();
        for (const CutTarget target :
             {CutTarget::PREDECESSOR, CutTarget::PROPORTIONAL, CutTarget::FRONT_LOADED})
        {
            if (all || options.subsets)
            {
                goals.push_back({target, SharesOf(set, speeds), false});
            }
            if ((all || options.subsets) && options.lookAhead)
            {
                const auto shares = SharesOf(set, speeds);
                const auto fastest = std::max_element(shares.begin(), shares.end());
                goals.push_back({target, shares, true});
                for (const uint32_t hub : std::set<uint32_t>{
                         costs.source, static_cast<uint32_t>(fastest - shares.begin())})
                {
                    goals.push_back({target, shares, true, hub});
                }
            }
        }
    }
    std::vector<RowPlan> plans;
    int64_t limit = ROW_TIME_MAX; // a plan that takes longer is not needed
    for (const RowGoal& goal : goals)
    {
        const auto planner = [&goal](const RowSchedule& schedule) {
            return ExactCuts(schedule, goal);
        };
        const auto plan = PlanProgressively(model, costs, planner, limit);
        if (plan)
        {
            limit = std::min(limit, plan->latency);
            plans.push_back(*plan);
        }
    }
    return BestOf(plans, model, costs, options.guard);
}

} // namespace mdi
} // namespace ns3

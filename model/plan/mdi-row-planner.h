// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_PLANNER_H
#define MDI_ROW_PLANNER_H

#include "mdi-row-plan.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Where the cuts of a layer should lie, as far as its makespan allows.
enum class CutTarget
{
    PREDECESSOR,  //!< where those of its first split predecessor lie: few bytes move
    PROPORTIONAL, //!< in proportion to the devices' speeds
    FRONT_LOADED, //!< as many rows as possible on the first devices
};

/// What the planner of a layer aims at.
struct RowGoal
{
    CutTarget target = CutTarget::PREDECESSOR; //!< decides between cuts of the same makespan
    /// Per device, the share of the rows that it is expected to have of later layers, too; devices
    /// whose share is 0 get no rows of layers that can be split. Empty: all devices may.
    std::vector<double> shares;
    /// A strip is done when its rows have been sent to the devices that need them next, as far as
    /// can be told: the source for the result, the hub, else those that have them by the shares. A
    /// look ahead at the next layer (papers.md, section 7.8).
    bool lookAhead = false;
    /// Runs every layer that cannot be split; none: each goes to the best device for it alone.
    std::optional<uint32_t> hub = {};
};

/**
 * Cuts of the next layer with the smallest makespan, exact for the order of the devices: bisection
 * in integer nanoseconds (EdgeFlow-style, reconstructed: papers.md, section 7.6, which solves the
 * integer program of 7.5). Memory limits are part of it. Of cuts of the same makespan, those
 * nearest to the target; a layer that cannot be split goes to the best device, ties as in RowScore,
 * then lexicographic.
 *
 * \return none if no cuts respect the memory limits in this order of the devices
 */
std::optional<RowCuts> ExactCuts(const RowSchedule& schedule, const RowGoal& goal = {});

/**
 * One device for the whole of the next layer: the hub, if there is one and the layer fits there;
 * else the best one, ties as in ExactCuts. None if it fits nowhere.
 */
std::optional<RowCuts> WholeLayerCuts(const RowSchedule& schedule, std::optional<uint32_t> hub);

/// Decides the cuts of the next layer; none if there are none.
using LayerPlanner = std::function<std::optional<RowCuts>(const RowSchedule&)>;

/**
 * Plan a model layer by layer, each given its predecessors.
 * \return none if a layer got no cuts, or the plan takes longer than `limit` [ns]
 */
std::optional<RowPlan> PlanProgressively(const RowModel& model,
                                         const RowCosts& costs,
                                         const LayerPlanner& planner,
                                         int64_t limit = ROW_TIME_MAX);

/**
 * Planning a layer at a time does not see what the next layer or the way back costs. The guard
 * keeps the best single device where it is faster than every one of these plans (papers.md, section
 * 7.8), and says so in RowPlan::guardUsed. It also steps in where there are no plans.
 *
 * \param plans of a planner, all within the memory limits
 * \param model of the plans
 * \param costs of the plans
 * \param guard whether single devices are considered
 * \return the first by Precedes
 * \throws std::invalid_argument if there is none: the model does not fit into the memories
 */
RowPlan BestOf(const std::vector<RowPlan>& plans,
               const RowModel& model,
               const RowCosts& costs,
               bool guard);

/**
 * The sets of devices to start from, as bits: every one that is not empty for up to 6 devices;
 * above that each device alone, and all of them.
 */
std::vector<uint64_t> DeviceSubsets(uint32_t devices);

/// Which plans PlanRows makes to choose from.
struct RowPlannerOptions
{
    bool guard = true;      //!< every single device, see BestOf
    bool subsets = false;   //!< plans on each of DeviceSubsets, not on all devices only
    bool lookAhead = false; //!< plans with RowGoal::lookAhead, too, and with several hubs
};

/**
 * Plan a model progressively in topological order, every layer exactly, with each CutTarget, and
 * keep the best (EdgeFlow-style, reconstructed: papers.md, sections 7.6 and 7.8; C. Hu, B. Li,
 * INFOCOM 2022).
 *
 * \param model the model
 * \param costs of idle devices in a fixed order, and private links
 * \param options the plans to choose from
 * \throws std::invalid_argument if the costs do not suit, or the model does not fit
 */
RowPlan PlanRows(const RowModel& model,
                 const RowCosts& costs,
                 const RowPlannerOptions& options = {});

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_PLANNER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_PLANNER_H
#define MDI_ROW_PLANNER_H

#include "mdi-row-plan.h"

#include <functional>
#include <optional>

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

/**
 * Cuts of the next layer with the smallest makespan, exact for the order of the devices: bisection
 * in integer nanoseconds (EdgeFlow-style, reconstructed: papers.md, section 7.6, which solves the
 * integer program of 7.5). Memory limits are part of it. Of cuts of the same makespan, those
 * nearest to the target; a layer that cannot be split goes to the best device, ties as in RowScore,
 * then lexicographic.
 *
 * \return none if no cuts respect the memory limits in this order of the devices
 */
std::optional<RowCuts> ExactCuts(const RowSchedule& schedule, CutTarget target);

/// The best device for the whole of the next layer, ties as in ExactCuts; none if it fits nowhere.
std::optional<RowCuts> BestDeviceCuts(const RowSchedule& schedule);

/// Decides the cuts of the next layer; none if there are none.
using LayerPlanner = std::function<std::optional<RowCuts>(const RowSchedule&)>;

/// Plan a model layer by layer, each given its predecessors; none if a layer got no cuts.
std::optional<RowPlan> PlanProgressively(const RowModel& model,
                                         const RowCosts& costs,
                                         const LayerPlanner& planner);

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
 * Plan a model progressively in topological order, every layer exactly, with each CutTarget, and
 * keep the best (EdgeFlow-style, reconstructed: papers.md, sections 7.6 and 7.8; C. Hu, B. Li,
 * INFOCOM 2022).
 *
 * \param model the model
 * \param costs of idle devices in a fixed order, and private links
 * \param guard compare with every single device, see BestOf
 * \throws std::invalid_argument if the costs do not suit, or the model does not fit
 */
RowPlan PlanRows(const RowModel& model, const RowCosts& costs, bool guard = true);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_PLANNER_H

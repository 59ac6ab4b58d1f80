// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_LP_H
#define MDI_ROW_LP_H

#include "mdi-row-plan.h"

#include <optional>

namespace ns3
{
namespace mdi
{

/// What the successive linear program does beyond solving and rounding.
struct RowLpOptions
{
    bool allSubsets =
        true; //!< start from every subset of up to 6 devices, not from all of them only
    bool hillClimb = true;       //!< move cuts by a row as long as that helps
    std::optional<uint32_t> hub = {}; //!< see RowGoal
};

/**
 * Cuts of the next layer by successive linear programs (EdgeFlow-style, reconstructed: papers.md,
 * section 7.7; the relaxation that the abstract of C. Hu, B. Li, INFOCOM 2022 speaks of is not
 * known). The rows that overlap with a sender's are linearised at reference cuts, lp_solve finds
 * the best fractional cuts, rounded ones are the next reference; the best by the exact cost model
 * is kept. Devices without rows in the reference stay without. Starts: rows in proportion to speed
 * on every subset of up to 6 devices; above that on all of them and on each alone.
 *
 * A heuristic: ExactCuts is never worse, and single layers can be several times slower than
 * necessary. Silent, and the same every time.
 *
 * \return none if no cuts that respect the memory limits were found
 */
std::optional<RowCuts> LpCuts(const RowSchedule& schedule, const RowLpOptions& options = {});

/**
 * Plan a model progressively in topological order, every layer by LpCuts, with the source as hub
 * and without a hub, and keep the better one.
 *
 * \param model the model
 * \param costs of idle devices in a fixed order, and private links
 * \param guard compare with every single device, see BestOf
 * \param options of the linear program; its hub is not used
 * \throws std::invalid_argument if the costs do not suit, or no plan that fits was found
 */
RowPlan PlanRowsByLp(const RowModel& model,
                     const RowCosts& costs,
                     bool guard = true,
                     const RowLpOptions& options = {});

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_LP_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_RELAXATION_H
#define MDI_ROW_RELAXATION_H

#include "mdi-row-plan.h"

#include <optional>

namespace ns3
{
namespace mdi
{

/**
 * Cuts of the next layer that are best for a linear program around reference cuts, rounded to rows
 * (EdgeFlow-style, reconstructed: papers.md, section 7.7, steps 1 and 2). The rows that a strip
 * needs of a sender are the smaller of two linear functions minus the larger of two: those that
 * are active at the reference are taken everywhere, which bounds them from above. Senders that
 * are idle for the strip at the reference are forgotten, so that the exact cost can be larger; a
 * device without rows in the reference stays without.
 *
 * \param schedule its next layer can be split
 * \param reference cuts of that layer
 * \return none if the memory limits allow no cuts of this shape
 */
std::optional<RowCuts> SolveRelaxation(const RowSchedule& schedule, const RowCuts& reference);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_RELAXATION_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_BASELINES_H
#define MDI_ROW_BASELINES_H

#include "mdi-row-plan.h"

#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Simple plans in row strips to compare others with, reconstructed from what is published of the
 * systems named. They look at no link, and except for the single device at no memory:
 * RowPlan::fits says whether a plan respects the limits. All of them throw std::invalid_argument if
 * the costs do not suit the model.
 */

/// Every layer on one device; the source sends it the input, and it sends back the result.
RowPlan SingleDevicePlan(const RowModel& model, const RowCosts& costs, uint32_t device);

/// The first of the single devices by Precedes; none if the model fits into none of them.
std::optional<RowPlan> BestSingleDevicePlan(const RowModel& model, const RowCosts& costs);

/**
 * Every layer in strips of as many rows on all devices (MoDNN-style, reconstructed: J. Mao et al.,
 * DATE 2017). What cannot be split runs on the source.
 */
RowPlan EqualStripsPlan(const RowModel& model, const RowCosts& costs);

/// Per device, one over its time for all layers [1/ns], above 0.
std::vector<double> ModelSpeeds(const RowModel& model, const RowCosts& costs);

/**
 * Every layer in strips in proportion to the devices' speeds on the whole model (CoEdge-style and
 * EdgeLD-style, reconstructed: arXiv 2012.03257; fangvv/EdgeLD). What cannot be split runs on the
 * fastest device.
 */
RowPlan ProportionalStripsPlan(const RowModel& model, const RowCosts& costs);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_BASELINES_H

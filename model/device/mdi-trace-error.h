// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TRACE_ERROR_H
#define MDI_TRACE_ERROR_H

#include "mdi-compute-trace.h"

#include "ns3/random-variable-stream.h"

namespace ns3
{
namespace mdi
{

/**
 * A factor by which a number with an error band may be off: log-uniform on [1 / (1 + band),
 * 1 + band], so that too slow and too fast are as likely, and the median is 1.
 * \param band half-width relative to the value, as in Provenance; 0 gives 1
 * \param u uniform on [0, 1]
 */
double ErrorFactor(double band, double u);

/**
 * What a device may really be like of which a compute trace is known: one factor per model for all
 * of its service times (layers, dispatch, least), one for both staging costs, by the error band of
 * each (times with a key/value cache by that of their own block, and by the model's draw); where there is none, the numbers stay. The call overhead stays, too, since no trace says
 * its band.
 *
 * Draws one number for the staging cost and then one per model, in the order of their names,
 * whether or not there is a band.
 * \param trace as read
 * \param uniform where the numbers come from
 */
ComputeTrace SampleError(const ComputeTrace& trace, Ptr<UniformRandomVariable> uniform);

} // namespace mdi
} // namespace ns3

#endif // MDI_TRACE_ERROR_H

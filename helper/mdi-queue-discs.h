// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_QUEUE_DISCS_H
#define MDI_QUEUE_DISCS_H

#include "mdi-link-trace.h"
#include "mdi-trace-shaper.h"

#include "ns3/net-device-container.h"

#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Queue discs in front of the devices of hosts. Flows take turns at each device (as with Linux's
 * fq_codel), but CoDel drops nothing: ns-3 has no TCP small queues, so that a sender's own window
 * would stand in its own queue and be dropped there. TCP's buffers bound what waits.
 *
 * \param devices whose
 * \param replay if given, a shaper that replays this trace stands behind the flows of each device
 * \return the shapers, in the order of the devices
 */
std::vector<Ptr<TraceShaper>> InstallQueueDiscs(const NetDeviceContainer& devices,
                                                const std::optional<LinkReplay>& replay);

} // namespace mdi
} // namespace ns3

#endif // MDI_QUEUE_DISCS_H

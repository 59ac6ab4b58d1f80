// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FLOW_BUILDER_H
#define MDI_FLOW_BUILDER_H

#include "mdi-flow-network.h"
#include "mdi-topology.h"

#include <memory>

namespace ns3
{
namespace mdi
{

/// The resources of a topology's links as a FlowNetwork, and a FlowTransport on each of its nodes.
/// NetworkHelper::Install calls it.
Ptr<FlowNetwork> BuildFlowNetwork(const std::shared_ptr<const Topology>& topology);

} // namespace mdi
} // namespace ns3

#endif // MDI_FLOW_BUILDER_H

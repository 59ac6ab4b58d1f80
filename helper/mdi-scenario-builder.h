// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SCENARIO_BUILDER_H
#define MDI_SCENARIO_BUILDER_H

#include "mdi-churn.h"
#include "mdi-helper.h"
#include "mdi-network-helper.h"
#include "mdi-scenario.h"

#include "ns3/node-container.h"

#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Packets or flows, as the scenario says.
NetworkHelper::Fidelity FidelityOf(const Scenario& scenario);

/**
 * The networks of a scenario, installed on nodes.
 * \param scenario read and checked
 * \param nodes one per device, in its order
 * \param outages by network: when it is off; empty: none fails
 * \param network of any fidelity
 */
void BuildNetwork(const Scenario& scenario,
                  const NodeContainer& nodes,
                  const std::vector<std::vector<Outage>>& outages,
                  NetworkHelper& network);

/**
 * Devices, sources and workers of one system on a network.
 * \param scenario read and checked, its models loaded
 * \param system one of its systems
 * \param nodes one per device, in its order
 * \param network from BuildNetwork
 * \param traceError as in Scenario
 * \param mdi receives them
 * \throws std::invalid_argument one line: the partitioner finds no plan
 * \throws MemoryShortage weights do not fit
 */
void InstallSystem(const Scenario& scenario,
                   const SystemSpec& system,
                   const NodeContainer& nodes,
                   const NetworkHelper& network,
                   const std::string& traceError,
                   MdiHelper& mdi);

} // namespace mdi
} // namespace ns3

#endif // MDI_SCENARIO_BUILDER_H

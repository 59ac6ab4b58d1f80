// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_CHURN_INSTALLER_H
#define MDI_CHURN_INSTALLER_H

#include "mdi-churn.h"
#include "mdi-helper.h"
#include "mdi-link-trace.h"

#include "ns3/nstime.h"

#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * A link trace that loses everything while a network is off.
 * \param replay of the network, if it has one
 * \param outages of the network
 * \param limit of the simulated time
 */
LinkReplay WithOutages(const std::optional<LinkReplay>& replay,
                       const std::vector<Outage>& outages,
                       Time limit);

/**
 * Let the devices of a simulation fail and come back, and its sources and transports notice.
 * \param churn time-outs
 * \param outages by worker, in the order in which these were added
 * \param mdi installed
 */
void InstallChurn(const Churn& churn,
                  const std::vector<std::vector<Outage>>& outages,
                  const MdiHelper& mdi);

} // namespace mdi
} // namespace ns3

#endif // MDI_CHURN_INSTALLER_H

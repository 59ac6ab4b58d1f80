// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MANIFEST_H
#define MDI_MANIFEST_H

#include "mdi-simulation.h"

#include <iosfwd>
#include <string>

namespace ns3
{
namespace mdi
{

/**
 * manifest.json: what the results were made from.
 * \param scenario read and checked
 * \param engine that ran it
 * \param forecasts from CheckSystems
 * \param commandLine that asked for it
 * \param os where to
 */
void WriteManifest(const Scenario& scenario,
                   const TensorEngine& engine,
                   const Forecasts& forecasts,
                   const std::string& commandLine,
                   std::ostream& os);

} // namespace mdi
} // namespace ns3

#endif // MDI_MANIFEST_H

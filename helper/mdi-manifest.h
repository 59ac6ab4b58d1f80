// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MANIFEST_H
#define MDI_MANIFEST_H

#include "mdi-scenario-check.h"

#include <nlohmann/json.hpp>
#include <string>

namespace ns3
{
namespace mdi
{

/**
 * manifest.json: what results were made from.
 * \param scenario read and checked
 * \param engine that ran it
 * \param forecasts from CheckSystems
 * \param commandLine that asked for it
 */
nlohmann::ordered_json MakeManifest(const Scenario& scenario,
                                    const TensorEngine& engine,
                                    const Forecasts& forecasts,
                                    const std::string& commandLine);

} // namespace mdi
} // namespace ns3

#endif // MDI_MANIFEST_H

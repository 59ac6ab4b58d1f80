// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SCENARIO_CHECK_H
#define MDI_SCENARIO_CHECK_H

#include "mdi-scenario.h"
#include "mdi-tensor-engine.h"

#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What planners of static plans expect, by system, then by source; none where a router decides.
using Forecasts = std::vector<std::vector<std::optional<PlanForecast>>>;

/**
 * Build a system of a scenario once without running it: does the network connect all devices, do
 * the weights fit?
 * \param scenario read and checked
 * \param system one of its systems; receives the plans, which are the same in all runs unless these
 *        draw their service times
 * \param engine from LoadModels
 * \return by source
 * \throws BadInput one line
 */
std::vector<std::optional<PlanForecast>> CheckSystem(const Scenario& scenario,
                                                     SystemSpec& system,
                                                     Ptr<TensorEngine> engine);

/// CheckSystem of all its systems.
Forecasts CheckSystems(Scenario& scenario, Ptr<TensorEngine> engine);

} // namespace mdi
} // namespace ns3

#endif // MDI_SCENARIO_CHECK_H

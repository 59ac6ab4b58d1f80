// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SIMULATOR_SCOPE_H
#define MDI_SIMULATOR_SCOPE_H

#include "ns3/simulator.h"

namespace ns3
{
namespace mdi
{

/// Ends the simulation and frees its nodes, also when something throws. An ns-3 process holds one.
struct SimulatorScope
{
    ~SimulatorScope()
    {
        Simulator::Destroy();
    }
};

} // namespace mdi
} // namespace ns3

#endif // MDI_SIMULATOR_SCOPE_H

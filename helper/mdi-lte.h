// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_LTE_H
#define MDI_LTE_H

#include "ns3/data-rate.h"
#include "ns3/ipv4-address.h"
#include "ns3/net-device-container.h"
#include "ns3/node-container.h"
#include "ns3/nstime.h"
#include "ns3/ptr.h"
#include "ns3/vector.h"

#include <cstdint>
#include <vector>

namespace ns3
{

class LteHelper;
class PointToPointEpcHelper;

namespace mdi
{

/// One LTE cell and the core behind it.
struct LteOptions
{
    uint8_t resourceBlocks = 25;                  //!< each way: 6, 15, 25, 50, 75 or 100
    DataRate nominalGoodput = DataRate("10Mbps"); //!< one TCP flow's, as planners assume it
    Time nominalDelay = MilliSeconds(20);         //!< one way, as planners assume it
    DataRate serverRate = DataRate("10Gbps");     //!< cable from the gateway to the server
    Time serverDelay = MilliSeconds(1);           //!< of that cable
};

/**
 * ns-3's LTE model with its core (EPC): terminals of one cell, each with a default bearer in
 * acknowledged mode (RLC AM), and at most one server behind the gateway. Packets between terminals
 * go up to the gateway and down again. The base station stands 30 m above the middle of the
 * terminals; path loss is free space, there is no fading. The base station's and the terminals'
 * buffers take what TCP gives them: nothing else bounds them.
 *
 * Two cells in one simulation are not possible: ns-3's core always uses the same addresses.
 */
class LteCell
{
  public:
    /**
     * \param terminals nodes that get a radio and a position
     * \param positions of the terminals in m
     * \param server behind the gateway, or null
     * \param options bandwidth and the server's cable
     */
    LteCell(NodeContainer terminals,
            const std::vector<Vector>& positions,
            Ptr<Node> server,
            const LteOptions& options);
    ~LteCell();

    /// Whether this ns-3 has its module lte; otherwise there are no cells (packets).
    static bool IsAvailable();

    /// Gives addresses, and attaches the terminals. Once, when all nodes have an IP stack.
    void Install();

    /// What a node has here; terminals first, the server after them.
    struct Place
    {
        Ipv4Address address; //!< its own
        Ipv4Address gateway; //!< through which it reaches all others
    };

    /// One for each node, after Install.
    const std::vector<Place>& Places() const;

    /// Of terminals, then of the server.
    NetDeviceContainer Devices() const;

    /// Fixes the random streams of radios and schedulers. \return how many
    int64_t AssignStreams(int64_t stream);

  private:
    Ptr<LteHelper> m_lte;
    Ptr<PointToPointEpcHelper> m_core;
    NetDeviceContainer m_base;      //!< of the base station
    NetDeviceContainer m_terminals; //!< radios
    NetDeviceContainer m_cable;     //!< the server's end, the gateway's end; empty without server
    std::vector<Place> m_places;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_LTE_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_NETWORK_HELPER_H
#define MDI_NETWORK_HELPER_H

#include "mdi-flow-network.h"
#include "mdi-topology.h"

#include "ns3/net-device-container.h"

#include <memory>

namespace ns3
{
namespace mdi
{

class PacketNetwork;

/**
 * Builds networks between nodes: links first, then Install once. A node may have any number of
 * links of all kinds; messages travel over the fewest hops.
 *
 * \code
 *   NetworkHelper network;
 *   network.AddPointToPoint(nodes.Get(0), nodes.Get(1), DataRate("100Mbps"), MilliSeconds(1));
 *   network.AddWifiAdhoc(nodes, positions, WifiOptions());
 *   network.Install();
 *   network.AssignStreams(1);
 *   nodes.Get(0)->GetObject<Transport>()->Send(nodes.Get(1)->GetId(), message);
 * \endcode
 */
class NetworkHelper
{
  public:
    /// How transfers are simulated.
    enum Fidelity
    {
        PACKET, //!< packet by packet through ns-3's devices, IP and TCP: PacketTransport
        FLOW,   //!< as fluid flows that share the links: FlowTransport
    };

    explicit NetworkHelper(Fidelity fidelity = PACKET); //!< without links

    /**
     * Links added from here on replay a trace: every node's device at such a link gets a
     * TraceShaper in front, which limits, delays and loses what the node sends into the link. The
     * link below keeps its own rate and delay. At a switch or a Wi-Fi channel, that is a limit of
     * each node's own.
     * \param replay what and how; nothing ends it
     */
    void SetTrace(const std::optional<LinkReplay>& replay);

    /**
     * A full-duplex cable.
     * \param a one end
     * \param b the other end
     * \param rate line rate in each direction
     * \param delay propagation delay, one way
     */
    void AddPointToPoint(Ptr<Node> a, Ptr<Node> b, DataRate rate, Time delay);

    /**
     * Full-duplex Ethernet with one learning, store-and-forward switch: a cable of its own from
     * each node to a port of the switch that holds 400 packets. The cables are ns-3's
     * SimpleNetDevice, whose frames have no octets of their own: they run at line rate times
     * 1500/1538, so that a full frame takes its time (preamble, header, check sequence and gap are
     * 38 octets).
     * \param nodes who is connected
     * \param rate line rate of every cable
     * \param delay propagation delay of every cable; two of them lie between two nodes
     */
    void AddSwitchedEthernet(NodeContainer nodes, DataRate rate, Time delay);

    /**
     * The same star with ns-3's CSMA model in each cable. It carries one direction at a time, so
     * that acknowledgements wait for data: in ns-3.37 one TCP flow gets about 0.8 of the line rate
     * at 100 Mb/s and 0.54 at 1 Gb/s (the nominal goodput here is 0.75).
     * \param nodes who is connected
     * \param rate line rate of every cable
     * \param delay propagation delay of every cable; two of them lie between two nodes
     */
    void AddCsma(NodeContainer nodes, DataRate rate, Time delay);

    /**
     * One ad hoc Wi-Fi channel with constant rates. Received power is the same at every distance
     * within the range: collisions and carrier sense count, fading does not. With a range,
     * stations can be hidden from each other, and frames of more than 500 bytes use RTS/CTS.
     * 802.11n sends aggregates of 5 packets (A-MSDU, no block acknowledgement: see the .cc).
     * \param nodes who has a radio; they get positions, too
     * \param positions of the nodes in m, in the same order
     * \param options standard, rates and range
     */
    void AddWifiAdhoc(NodeContainer nodes,
                      const std::vector<Vector>& positions,
                      const WifiOptions& options);

    /**
     * One LTE cell, see LteCell. All its nodes are one-hop neighbours of each other; broadcasts go
     * to each of them. No other links beside it, and no trace.
     * \param terminals nodes with a radio
     * \param positions of the terminals in m, in the same order
     * \param server a node behind the gateway, or null
     * \param options bandwidth and nominal figures
     */
    void AddLte(NodeContainer terminals,
                const std::vector<Vector>& positions,
                Ptr<Node> server,
                const LteOptions& options);

    /**
     * Gives every node that has a link a Transport that reaches all others over the fewest hops
     * (ties: the lowest node id first): a PacketTransport with devices, IPv4, addresses and host
     * routes under it, or a FlowTransport. Once, after all links.
     * \param alone nodes that get stack and transport even if no link leads to them
     */
    void Install(NodeContainer alone = NodeContainer());

    /// One-hop neighbours, ascending. Over a switch: all others at the switch.
    std::vector<uint32_t> Neighbors(uint32_t nodeId) const;

    /// Whether any path leads there.
    bool Reachable(uint32_t from, uint32_t to) const;

    /**
     * Nominal figures of the path that messages take. A link's goodput is its line rate times
     * 1448 / (1448 + 32 TCP + 20 IP + L2) with 2 bytes of PPP or 38 of Ethernet; a Wi-Fi channel's
     * is WifiOptions::nominalGoodput, also where its hops share the channel, and an LTE cell has
     * the figures of LteOptions. A trace limits it to
     * the trace's mean rate times 1448 / 1500 and adds its mean delay.
     */
    PathInfo Path(uint32_t from, uint32_t to) const;

    /**
     * Fixes the random streams of all that is random here: medium access, radios, ARP and
     * losses of traces. After Install.
     * \param stream the first stream to use
     * \return how many were used
     */
    int64_t AssignStreams(int64_t stream);

    /// The switches that Install made, where packets travel. They have no IP stack.
    NodeContainer Switches() const;

    /// Devices at the ends of links, in the order of their links, not those of switches; where
    /// packets travel, after Install.
    NetDeviceContainer Devices() const;

  private:
    void Add(NetworkLink link);

    Fidelity m_fidelity;
    std::shared_ptr<Topology> m_topology;
    std::optional<LinkReplay> m_replay;      //!< of the links that are added next
    std::shared_ptr<PacketNetwork> m_packet; //!< where packets travel, when installed
    Ptr<FlowNetwork> m_flow;                 //!< where fluid flows travel, when installed
};

} // namespace mdi
} // namespace ns3

#endif // MDI_NETWORK_HELPER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PACKET_NETWORK_H
#define MDI_PACKET_NETWORK_H

#include "mdi-topology.h"
#include "mdi-trace-shaper.h"

#include "ns3/net-device-container.h"
#include "ns3/yans-wifi-channel.h"

#include <functional>
#include <memory>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Puts ns-3's devices, queue discs, IPv4, addresses, host routes and a PacketTransport on the nodes
 * of a topology. NetworkHelper::Install makes one.
 */
class PacketNetwork
{
  public:
    explicit PacketNetwork(const std::shared_ptr<const Topology>& topology); //!< installs all of it

    /// See NetworkHelper.
    int64_t AssignStreams(int64_t stream);

    NodeContainer Switches() const;     //!< of Ethernet and CSMA
    NetDeviceContainer Devices() const; //!< of all links

  private:
    /// What lies at a link's nodes, in their order.
    struct Ends
    {
        NetDeviceContainer devices;
        std::vector<uint32_t> address;
    };

    NetDeviceContainer InstallDevices(const NetworkLink& link);
    NetDeviceContainer InstallStar(
        const NetworkLink& link,
        const std::function<NetDeviceContainer(Ptr<Node> host, Ptr<Node> center)>& cable);
    NetDeviceContainer InstallEthernet(const NetworkLink& link);
    NetDeviceContainer InstallCsma(const NetworkLink& link);
    NetDeviceContainer InstallRadios(const NetworkLink& link);
    NetDeviceContainer InstallCell(const NetworkLink& link);
    void InstallStacks();
    void AssignAddresses();
    void Route(Ptr<Node> node);
    void RouteInCell();
    uint32_t AddressAt(size_t link, uint32_t node) const;

    std::shared_ptr<const Topology> m_topology;
    std::vector<Ends> m_ends; //!< by link
    NodeContainer m_switches;
    NetDeviceContainer m_wifiDevices;
    std::vector<Ptr<YansWifiChannel>> m_wifiChannels;
    std::shared_ptr<LteCell> m_cell; //!< the only link, if there is one
    std::vector<Ptr<TraceShaper>> m_shapers;
    NetDeviceContainer m_csmaDevices; //!< of nodes and switches
};

} // namespace mdi
} // namespace ns3

#endif // MDI_PACKET_NETWORK_H

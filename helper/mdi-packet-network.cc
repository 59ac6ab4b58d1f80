// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-packet-network.h"

#include "mdi-packet-transport.h"
#include "mdi-queue-discs.h"
#include "mdi-wire.h"

#include "ns3/abort.h"
#include "ns3/arp-cache.h"
#include "ns3/bridge-helper.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/csma-helper.h"
#include "ns3/double.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-address-helper.h"
#include "ns3/ipv4-interface.h"
#include "ns3/ipv4-l3-protocol.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/simple-channel.h"
#include "ns3/simple-net-device-helper.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/wifi-helper.h"
#include "ns3/yans-wifi-helper.h"

namespace ns3
{
namespace mdi
{

namespace
{

/// Share of a cable's bits that IP packets take.
constexpr double FRAME_SHARE = static_cast<double>(MTU_BYTES) / (MTU_BYTES + ETHERNET_BYTES);

/// A switch has no queue disc: a port holds one TCP window of 512 KiB.
const char* const PORT_QUEUE = "400p";

} // namespace

PacketNetwork::PacketNetwork(const std::shared_ptr<const Topology>& topology)
    : m_topology(topology)
{
    for (const NetworkLink& link : topology->Links())
    {
        m_ends.emplace_back();
        m_ends.back().devices = InstallDevices(link);
    }
    InstallStacks();
    if (m_cell)
    {
        RouteInCell();
        return;
    }
    AssignAddresses();
    for (const auto& [id, node] : topology->Nodes())
    {
        Route(node);
    }
}

NetDeviceContainer
PacketNetwork::InstallDevices(const NetworkLink& link)
{
    switch (link.kind)
    {
    case NetworkLink::ETHERNET:
        return InstallEthernet(link);
    case NetworkLink::CSMA:
        return InstallCsma(link);
    case NetworkLink::WIFI:
        return InstallRadios(link);
    case NetworkLink::LTE:
        return InstallCell(link);
    case NetworkLink::POINT_TO_POINT:
        break;
    }
    PointToPointHelper helper;
    helper.SetDeviceAttribute("DataRate", DataRateValue(link.rate));
    helper.SetChannelAttribute("Delay", TimeValue(link.cableDelay));
    helper.SetQueue(
        "ns3::DropTailQueue", "MaxSize", StringValue(std::to_string(HOST_QUEUE_PACKETS) + "p"));
    return helper.Install(link.nodes);
}

NetDeviceContainer
PacketNetwork::InstallStar(
    const NetworkLink& link,
    const std::function<NetDeviceContainer(Ptr<Node> host, Ptr<Node> center)>& cable)
{
    auto center = CreateObject<Node>();
    m_switches.Add(center);
    NetDeviceContainer hosts;
    NetDeviceContainer ports;
    for (uint32_t i = 0; i < link.nodes.GetN(); ++i)
    {
        const NetDeviceContainer ends = cable(link.nodes.Get(i), center);
        hosts.Add(ends.Get(0));
        ports.Add(ends.Get(1));
    }
    BridgeHelper().Install(center, ports);
    return hosts;
}

NetDeviceContainer
PacketNetwork::InstallEthernet(const NetworkLink& link)
{
    SimpleNetDeviceHelper helper;
    const DataRate framed(static_cast<uint64_t>(link.rate.GetBitRate() * FRAME_SHARE));
    helper.SetDeviceAttribute("DataRate", DataRateValue(framed));
    return InstallStar(link, [&](Ptr<Node> host, Ptr<Node> center) {
        auto channel = CreateObject<SimpleChannel>();
        channel->SetAttribute("Delay", TimeValue(link.cableDelay));
        NetDeviceContainer ends;
        helper.SetQueue(
            "ns3::DropTailQueue", "MaxSize", StringValue(std::to_string(HOST_QUEUE_PACKETS) + "p"));
        ends.Add(helper.Install(host, channel));
        helper.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue(PORT_QUEUE));
        ends.Add(helper.Install(center, channel));
        ends.Get(0)->SetMtu(static_cast<uint16_t>(MTU_BYTES));
        ends.Get(1)->SetMtu(static_cast<uint16_t>(MTU_BYTES));
        return ends;
    });
}

NetDeviceContainer
PacketNetwork::InstallCsma(const NetworkLink& link)
{
    CsmaHelper helper;
    helper.SetChannelAttribute("DataRate", DataRateValue(link.rate));
    helper.SetChannelAttribute("Delay", TimeValue(link.cableDelay));
    helper.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue(PORT_QUEUE));
    return InstallStar(link, [&](Ptr<Node> host, Ptr<Node> center) {
        const NetDeviceContainer ends = helper.Install(NodeContainer(host, center));
        m_csmaDevices.Add(ends);
        return ends;
    });
}

NetDeviceContainer
PacketNetwork::InstallRadios(const NetworkLink& link)
{
    YansWifiChannelHelper helper;
    helper.SetPropagationDelay("ns3::ConstantSpeedPropagationDelayModel");
    // Strong enough for every rate, at any distance that is in range.
    helper.AddPropagationLoss("ns3::FixedRssLossModel", "Rss", DoubleValue(-50));
    if (link.wifi.rangeM > 0)
    {
        helper.AddPropagationLoss(
            "ns3::RangePropagationLossModel", "MaxRange", DoubleValue(link.wifi.rangeM));
    }
    Ptr<YansWifiChannel> channel = helper.Create();
    m_wifiChannels.push_back(channel);
    const NetDeviceContainer devices = InstallWifi(link.nodes, link.wifi, channel);
    m_wifiDevices.Add(devices);
    for (uint32_t i = 0; i < link.nodes.GetN(); ++i)
    {
        auto mobility = link.nodes.Get(i)->GetObject<MobilityModel>();
        if (!mobility)
        {
            mobility = CreateObject<ConstantPositionMobilityModel>();
            link.nodes.Get(i)->AggregateObject(mobility);
        }
        mobility->SetPosition(link.positions[i]);
    }
    return devices;
}

NetDeviceContainer
PacketNetwork::InstallCell(const NetworkLink& link)
{
    NodeContainer terminals;
    for (uint32_t i = 0; i < link.positions.size(); ++i)
    {
        terminals.Add(link.nodes.Get(i));
    }
    m_cell = std::make_shared<LteCell>(terminals, link.positions, link.server, link.lte);
    return m_cell->Devices();
}

void
PacketNetwork::InstallStacks()
{
    InternetStackHelper stack;
    stack.SetIpv6StackInstall(false);
    stack.SetRoutingHelper(Ipv4StaticRoutingHelper());
    for (const auto& [id, node] : m_topology->Nodes())
    {
        if (!node->GetObject<Ipv4>())
        {
            stack.Install(node);
        }
        node->AggregateObject(CreateObject<PacketTransport>());
    }
}

void
PacketNetwork::AssignAddresses()
{
    // One subnet a link, out of 10.0.0.0/8, each just large enough.
    uint32_t next = Ipv4Address("10.0.0.0").Get();
    for (size_t l = 0; l < m_ends.size(); ++l)
    {
        const NetworkLink& link = m_topology->Links()[l];
        const NetDeviceContainer& devices = m_ends[l].devices;
        uint32_t size = 4;
        while (size < link.nodes.GetN() + 2)
        {
            size *= 2;
        }
        const auto shapers = InstallQueueDiscs(devices, link.replay);
        m_shapers.insert(m_shapers.end(), shapers.begin(), shapers.end());
        next = (next + size - 1) / size * size;
        NS_ABORT_MSG_IF(next + size > Ipv4Address("11.0.0.0").Get(), "Too many links");
        Ipv4AddressHelper addresses(Ipv4Address(next), Ipv4Mask(~(size - 1)));
        const Ipv4InterfaceContainer interfaces = addresses.Assign(devices);
        for (uint32_t i = 0; i < interfaces.GetN(); ++i)
        {
            m_ends[l].address.push_back(interfaces.GetAddress(i).Get());
            auto ip = interfaces.Get(i).first->GetObject<Ipv4L3Protocol>();
            Ptr<ArpCache> arp = ip->GetInterface(interfaces.Get(i).second)->GetArpCache();
            if (arp)
            {
                // A first window of TCP waits for ARP whole, and an unanswered request (Wi-Fi
                // broadcasts are not repeated) does not silence a peer for ns-3's 100 s.
                arp->SetAttribute("PendingQueueSize", UintegerValue(1024));
                // Not the same for all: ns-3 repeats requests without jitter, and those of nodes
                // that began together would collide for ever.
                const uint32_t id = interfaces.Get(i).first->GetObject<Node>()->GetId();
                arp->SetAttribute("WaitReplyTimeout",
                                  TimeValue(MilliSeconds(100) + MicroSeconds(id % 100 * 1700)));
                arp->SetAttribute("MaxRetries", UintegerValue(30));
                arp->SetAttribute("DeadTimeout", TimeValue(Seconds(1)));
            }
        }
        next += size;
    }
}

uint32_t
PacketNetwork::AddressAt(size_t link, uint32_t node) const
{
    return m_ends[link].address[*m_topology->PlaceAt(link, node)];
}

void
PacketNetwork::Route(Ptr<Node> node)
{
    const uint32_t self = node->GetId();
    auto ip = node->GetObject<Ipv4>();
    auto transport = node->GetObject<PacketTransport>();
    Ptr<Ipv4StaticRouting> routing = Ipv4StaticRoutingHelper().GetStaticRouting(ip);
    for (const auto& [to, other] : m_topology->Nodes())
    {
        if (to == self || !m_topology->Reachable(self, to))
        {
            continue;
        }
        const std::vector<Topology::Hop> way = m_topology->Way(self, to);
        const size_t first = way.front().link;
        const Ipv4Address gateway(AddressAt(first, way.front().to));
        const int32_t out = ip->GetInterfaceForAddress(Ipv4Address(AddressAt(first, self)));
        transport->SetPeer(to, Ipv4Address(AddressAt(way.back().link, to)));
        // All addresses of a node are reachable: answers go to whichever it sent from.
        for (const size_t link : m_topology->LinksOf(to))
        {
            if (way.size() > 1 || link != first)
            {
                routing->AddHostRouteTo(Ipv4Address(AddressAt(link, to)), gateway, out);
            }
        }
    }
}

void
PacketNetwork::RouteInCell()
{
    NS_ABORT_MSG_IF(m_ends.size() != 1, "An LTE cell has no links beside it");
    m_cell->Install();
    const auto& places = m_cell->Places();
    const NodeContainer& nodes = m_topology->Links().front().nodes;
    for (uint32_t i = 0; i < nodes.GetN(); ++i)
    {
        auto ip = nodes.Get(i)->GetObject<Ipv4>();
        auto transport = nodes.Get(i)->GetObject<PacketTransport>();
        Ptr<Ipv4StaticRouting> routing = Ipv4StaticRoutingHelper().GetStaticRouting(ip);
        const int32_t out = ip->GetInterfaceForAddress(places[i].address);
        std::vector<uint32_t> others;
        for (uint32_t j = 0; j < nodes.GetN(); ++j)
        {
            if (j != i)
            {
                others.push_back(nodes.Get(j)->GetId());
                transport->SetPeer(others.back(), places[j].address);
                routing->AddHostRouteTo(places[j].address, places[i].gateway, out);
            }
        }
        transport->SetBroadcastPeers(others);
    }
}

int64_t
PacketNetwork::AssignStreams(int64_t stream)
{
    const int64_t begin = stream;
    for (const auto& channel : m_wifiChannels)
    {
        stream += channel->AssignStreams(stream);
    }
    stream += CsmaHelper().AssignStreams(m_csmaDevices, stream);
    stream += WifiHelper().AssignStreams(m_wifiDevices, stream);
    NodeContainer nodes;
    for (const auto& [id, node] : m_topology->Nodes())
    {
        nodes.Add(node);
    }
    stream += InternetStackHelper().AssignStreams(nodes, stream);
    if (m_cell)
    {
        stream += m_cell->AssignStreams(stream);
    }
    for (const auto& shaper : m_shapers)
    {
        stream += shaper->AssignStreams(stream);
    }
    return stream - begin;
}

NodeContainer
PacketNetwork::Switches() const
{
    return m_switches;
}

NetDeviceContainer
PacketNetwork::Devices() const
{
    NetDeviceContainer devices;
    for (const Ends& ends : m_ends)
    {
        devices.Add(ends.devices);
    }
    return devices;
}

} // namespace mdi
} // namespace ns3

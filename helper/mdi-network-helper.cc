// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-network-helper.h"

#include "mdi-packet-transport.h"
#include "mdi-queue-discs.h"

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
#include "ns3/point-to-point-helper.h"
#include "ns3/simple-channel.h"
#include "ns3/simple-net-device-helper.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/wifi-helper.h"
#include "ns3/yans-wifi-helper.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double SEGMENT = 1448;
constexpr double TCP_IP = 32 + 20;
constexpr double MTU = 1500;

/// Octets around an IP packet: preamble 8, header 14, check sequence 4, gap 12.
constexpr double ETHERNET = 38;

/// What one TCP flow gets of a CSMA cable's line rate, between what 100 Mb/s and 1 Gb/s measure.
constexpr double CSMA_SHARE = 0.75;

/// Short: behind it the queue disc lets flows take turns.
const char* const HOST_QUEUE = "10p";

/// A switch has no queue disc: a port holds one TCP window of 512 KiB.
const char* const PORT_QUEUE = "400p";

DataRate
Scaled(DataRate rate, double factor)
{
    return DataRate(static_cast<uint64_t>(rate.GetBitRate() * factor));
}

} // namespace

void
NetworkHelper::SetTrace(const std::optional<LinkReplay>& replay)
{
    m_replay = replay;
}

void
NetworkHelper::Add(Link link)
{
    if (m_replay)
    {
        const double mean = std::max(1.0, m_replay->trace->MeanRateBps() * SEGMENT / MTU);
        link.goodput = std::min(link.goodput, DataRate(static_cast<uint64_t>(mean)));
        link.delay += m_replay->trace->MeanDelay();
        link.replay = m_replay;
    }
    m_links.push_back(link);
}

void
NetworkHelper::Connect(uint32_t a, uint32_t b, size_t link)
{
    m_adjacent[a].emplace(b, link);
    m_adjacent[b].emplace(a, link);
}

void
NetworkHelper::AddPointToPoint(Ptr<Node> a, Ptr<Node> b, DataRate rate, Time delay)
{
    NS_ABORT_MSG_IF(a == b, "A link from node " << a->GetId() << " to itself");
    PointToPointHelper helper;
    helper.SetDeviceAttribute("DataRate", DataRateValue(rate));
    helper.SetChannelAttribute("Delay", TimeValue(delay));
    helper.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue(HOST_QUEUE));
    Link link;
    link.nodes = NodeContainer(a, b);
    link.devices = helper.Install(link.nodes);
    link.goodput = Scaled(rate, SEGMENT / (SEGMENT + TCP_IP + 2));
    link.delay = delay;
    Connect(a->GetId(), b->GetId(), m_links.size());
    Add(link);
}

void
NetworkHelper::AddStar(
    NodeContainer nodes,
    Time delay,
    DataRate goodput,
    const std::function<NetDeviceContainer(Ptr<Node> host, Ptr<Node> center)>& cable)
{
    auto center = CreateObject<Node>();
    m_switches.Add(center);
    Link link;
    link.nodes = nodes;
    NetDeviceContainer ports;
    for (uint32_t i = 0; i < nodes.GetN(); ++i)
    {
        const NetDeviceContainer ends = cable(nodes.Get(i), center);
        link.devices.Add(ends.Get(0));
        ports.Add(ends.Get(1));
        for (uint32_t j = 0; j < i; ++j)
        {
            Connect(nodes.Get(i)->GetId(), nodes.Get(j)->GetId(), m_links.size());
        }
    }
    BridgeHelper().Install(center, ports);
    link.goodput = goodput;
    link.delay = delay + delay;
    Add(link);
}

void
NetworkHelper::AddSwitchedEthernet(NodeContainer nodes, DataRate rate, Time delay)
{
    SimpleNetDeviceHelper helper;
    helper.SetDeviceAttribute("DataRate", DataRateValue(Scaled(rate, MTU / (MTU + ETHERNET))));
    AddStar(nodes,
            delay,
            Scaled(rate, SEGMENT / (MTU + ETHERNET)),
            [&helper, delay](Ptr<Node> host, Ptr<Node> center) {
                auto channel = CreateObject<SimpleChannel>();
                channel->SetAttribute("Delay", TimeValue(delay));
                NetDeviceContainer ends;
                helper.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue(HOST_QUEUE));
                ends.Add(helper.Install(host, channel));
                helper.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue(PORT_QUEUE));
                ends.Add(helper.Install(center, channel));
                ends.Get(0)->SetMtu(static_cast<uint16_t>(MTU));
                ends.Get(1)->SetMtu(static_cast<uint16_t>(MTU));
                return ends;
            });
}

void
NetworkHelper::AddCsma(NodeContainer nodes, DataRate rate, Time delay)
{
    CsmaHelper helper;
    helper.SetChannelAttribute("DataRate", DataRateValue(rate));
    helper.SetChannelAttribute("Delay", TimeValue(delay));
    helper.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue(PORT_QUEUE));
    AddStar(nodes, delay, Scaled(rate, CSMA_SHARE), [&](Ptr<Node> host, Ptr<Node> center) {
        const NetDeviceContainer ends = helper.Install(NodeContainer(host, center));
        m_csmaDevices.Add(ends);
        return ends;
    });
}

void
NetworkHelper::AddWifiAdhoc(NodeContainer nodes,
                            const std::vector<Vector>& positions,
                            const WifiOptions& options)
{
    NS_ABORT_MSG_IF(positions.size() != nodes.GetN(),
                    nodes.GetN() << " Wi-Fi nodes, but " << positions.size() << " positions");
    YansWifiChannelHelper helper;
    helper.SetPropagationDelay("ns3::ConstantSpeedPropagationDelayModel");
    // Strong enough for every rate, at any distance that is in range.
    helper.AddPropagationLoss("ns3::FixedRssLossModel", "Rss", DoubleValue(-50));
    if (options.rangeM > 0)
    {
        helper.AddPropagationLoss(
            "ns3::RangePropagationLossModel", "MaxRange", DoubleValue(options.rangeM));
    }
    Ptr<YansWifiChannel> channel = helper.Create();
    m_wifiChannels.push_back(channel);

    Link link;
    link.nodes = nodes;
    link.devices = InstallWifi(nodes, options, channel);
    link.goodput = options.nominalGoodput;
    m_wifiDevices.Add(link.devices);
    for (uint32_t i = 0; i < nodes.GetN(); ++i)
    {
        auto mobility = nodes.Get(i)->GetObject<MobilityModel>();
        if (!mobility)
        {
            mobility = CreateObject<ConstantPositionMobilityModel>();
            nodes.Get(i)->AggregateObject(mobility);
        }
        mobility->SetPosition(positions[i]);
        for (uint32_t j = 0; j < i; ++j)
        {
            if (options.rangeM <= 0 ||
                CalculateDistance(positions[i], positions[j]) <= options.rangeM)
            {
                Connect(nodes.Get(i)->GetId(), nodes.Get(j)->GetId(), m_links.size());
            }
        }
    }
    Add(link);
}

void
NetworkHelper::AddLte(NodeContainer terminals,
                      const std::vector<Vector>& positions,
                      Ptr<Node> server,
                      const LteOptions& options)
{
    NS_ABORT_MSG_IF(!m_links.empty() || m_replay, "An LTE cell has no links or traces beside it");
    m_cell = std::make_shared<LteCell>(terminals, positions, server, options);
    Link link;
    link.nodes = terminals;
    if (server)
    {
        link.nodes.Add(server);
    }
    link.devices = m_cell->Devices();
    link.goodput = options.nominalGoodput;
    link.delay = options.nominalDelay;
    for (uint32_t i = 0; i < link.nodes.GetN(); ++i)
    {
        for (uint32_t j = 0; j < i; ++j)
        {
            Connect(link.nodes.Get(i)->GetId(), link.nodes.Get(j)->GetId(), 0);
        }
    }
    Add(link);
}

void
NetworkHelper::AssignAddresses()
{
    // One subnet a link, out of 10.0.0.0/8, each just large enough.
    uint32_t next = Ipv4Address("10.0.0.0").Get();
    for (auto& link : m_links)
    {
        uint32_t size = 4;
        while (size < link.nodes.GetN() + 2)
        {
            size *= 2;
        }
        const auto shapers = InstallQueueDiscs(link.devices, link.replay);
        m_shapers.insert(m_shapers.end(), shapers.begin(), shapers.end());
        next = (next + size - 1) / size * size;
        NS_ABORT_MSG_IF(next + size > Ipv4Address("11.0.0.0").Get(), "Too many links");
        Ipv4AddressHelper addresses(Ipv4Address(next), Ipv4Mask(~(size - 1)));
        const Ipv4InterfaceContainer interfaces = addresses.Assign(link.devices);
        for (uint32_t i = 0; i < interfaces.GetN(); ++i)
        {
            link.address.push_back(interfaces.GetAddress(i).Get());
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

void
NetworkHelper::Install(NodeContainer alone)
{
    NS_ABORT_MSG_IF(m_installed, "The network is installed already");
    m_installed = true;
    for (const auto& link : m_links)
    {
        for (uint32_t i = 0; i < link.nodes.GetN(); ++i)
        {
            m_nodes[link.nodes.Get(i)->GetId()] = link.nodes.Get(i);
        }
    }
    for (uint32_t i = 0; i < alone.GetN(); ++i)
    {
        m_nodes[alone.Get(i)->GetId()] = alone.Get(i);
    }
    InternetStackHelper stack;
    stack.SetIpv6StackInstall(false);
    stack.SetRoutingHelper(Ipv4StaticRoutingHelper());
    for (const auto& [id, node] : m_nodes)
    {
        if (!node->GetObject<Ipv4>())
        {
            stack.Install(node);
        }
        node->AggregateObject(CreateObject<PacketTransport>());
    }
    if (m_cell)
    {
        RouteInCell();
        return;
    }
    AssignAddresses();
    for (const auto& [id, node] : m_nodes)
    {
        Route(node);
    }
}

int64_t
NetworkHelper::AssignStreams(int64_t stream)
{
    const int64_t begin = stream;
    for (const auto& channel : m_wifiChannels)
    {
        stream += channel->AssignStreams(stream);
    }
    stream += CsmaHelper().AssignStreams(m_csmaDevices, stream);
    stream += WifiHelper().AssignStreams(m_wifiDevices, stream);
    NodeContainer nodes;
    for (const auto& [id, node] : m_nodes)
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
NetworkHelper::Switches() const
{
    return m_switches;
}

NetDeviceContainer
NetworkHelper::Devices() const
{
    NetDeviceContainer devices;
    for (const auto& link : m_links)
    {
        devices.Add(link.devices);
    }
    return devices;
}

} // namespace mdi
} // namespace ns3

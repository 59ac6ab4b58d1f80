// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-flow-builder.h"

#include "mdi-flow-transport.h"
#include "mdi-wire.h"

#include "ns3/node.h"

#include <algorithm>
#include <memory>

namespace ns3
{
namespace mdi
{

namespace
{

/// Packets that a station holds, and puts into a frame; see InstallWifi.
constexpr uint32_t RADIO_PACKETS = 128;
constexpr uint32_t FRAME_PACKETS = 5;

/// Access to an idle Wi-Fi channel: AIFS of best effort 43 us, preamble and SIGNAL 36 us, and the
/// frame's own headers.
const Time WIFI_ACCESS = MicroSeconds(90);

/// Resources of a link.
struct LinkResources
{
    std::vector<FluidModel::Resource> out;    //!< by node: what it sends (half-duplex: both ways)
    std::vector<FluidModel::Resource> in;     //!< by node: what it receives
    uint32_t channel = 0;                     //!< of Wi-Fi
    std::vector<std::vector<uint32_t>> cells; //!< of Wi-Fi, by station
    std::vector<FluidModel::Resource> places; //!< of Wi-Fi
};

/// Makes routes out of a topology and the resources of its links.
class FlowBuilder
{
  public:
    explicit FlowBuilder(const std::shared_ptr<const Topology>& topology)
        : m_topology(topology)
    {
    }

    void AddResources(FlowNetwork& network);
    FlowRoute Route(uint32_t from, uint32_t to) const;

  private:
    void AddWifi(FlowNetwork& network, size_t link, LinkResources& resources);
    void AddHop(const Topology::Hop& hop, FlowRoute& route, double& slowest) const;

    std::shared_ptr<const Topology> m_topology;
    std::vector<LinkResources> m_links;
};

void
FlowBuilder::AddWifi(FlowNetwork& network, size_t link, LinkResources& resources)
{
    const NetworkLink& at = m_topology->Links()[link];
    const uint32_t stations = at.nodes.GetN();
    for (uint32_t i = 0; i < stations; ++i)
    {
        resources.cells.emplace_back();
        for (uint32_t j = 0; j < stations; ++j)
        {
            const bool hears =
                CalculateDistance(at.positions[i], at.positions[j]) <= at.wifi.rangeM;
            if (at.wifi.rangeM > 0 && hears)
            {
                resources.cells.back().push_back(j);
            }
        }
        if (at.wifi.rangeM <= 0)
        {
            resources.cells.back().push_back(0);
        }
    }
    std::tie(resources.channel, resources.places) =
        network.AddChannel(static_cast<double>(at.goodput.GetBitRate()),
                           at.wifi.standard == "802.11a" ? 1 : FRAME_PACKETS,
                           RADIO_PACKETS,
                           resources.cells);
    // What a trace leaves of a station is its own.
    for (uint32_t i = 0; i < stations && at.replay; ++i)
    {
        resources.out.push_back(network.AddResource(
            static_cast<double>(at.goodput.GetBitRate()), HOST_QUEUE_PACKETS, at.replay));
    }
}

void
FlowBuilder::AddResources(FlowNetwork& network)
{
    for (size_t link = 0; link < m_topology->Links().size(); ++link)
    {
        const NetworkLink& at = m_topology->Links()[link];
        const auto goodput = static_cast<double>(at.goodput.GetBitRate());
        m_links.emplace_back();
        LinkResources& resources = m_links.back();
        if (at.kind == NetworkLink::WIFI)
        {
            AddWifi(network, link, resources);
            continue;
        }
        if (at.kind == NetworkLink::LTE)
        {
            // All terminals share the cell's two directions; the server has its cable.
            const auto up = network.AddResource(goodput, 0);
            const auto down = network.AddResource(goodput, 0);
            for (uint32_t i = 0; i < at.nodes.GetN(); ++i)
            {
                const bool server = at.server && at.nodes.Get(i) == at.server;
                const auto cable = static_cast<double>(at.lte.serverRate.GetBitRate());
                resources.out.push_back(server ? network.AddResource(cable, 0) : up);
                resources.in.push_back(server ? network.AddResource(cable, 0) : down);
            }
            continue;
        }
        for (uint32_t i = 0; i < at.nodes.GetN(); ++i)
        {
            resources.out.push_back(network.AddResource(goodput, HOST_QUEUE_PACKETS, at.replay));
            if (at.kind == NetworkLink::ETHERNET)
            {
                resources.in.push_back(network.AddResource(goodput, 0));
            }
        }
        if (at.kind == NetworkLink::CSMA)
        {
            resources.in = resources.out;
        }
    }
}

void
AddUse(FlowRoute& route, FluidModel::Resource resource)
{
    const auto same = [resource](const FluidModel::Use& use) { return use.resource == resource; };
    const auto known = std::find_if(route.uses.begin(), route.uses.end(), same);
    if (known == route.uses.end())
    {
        route.uses.push_back({resource, 1});
    }
    else
    {
        known->cost += 1;
    }
}

void
FlowBuilder::AddHop(const Topology::Hop& hop, FlowRoute& route, double& slowest) const
{
    const NetworkLink& at = m_topology->Links()[hop.link];
    const LinkResources& resources = m_links[hop.link];
    const uint32_t from = *m_topology->PlaceAt(hop.link, hop.from);
    const uint32_t to = *m_topology->PlaceAt(hop.link, hop.to);
    const double perBit = 1.0 / static_cast<double>(at.goodput.GetBitRate());
    int stored = 1; // times that a packet is stored and forwarded
    route.delay += at.delay;
    if (!resources.out.empty())
    {
        AddUse(route, resources.out[from]);
    }
    if (!resources.in.empty())
    {
        AddUse(route, resources.in[to]);
    }
    if (at.kind == NetworkLink::WIFI)
    {
        // Who hears the sender or the receiver is silent meanwhile.
        std::vector<uint32_t> silent = resources.cells[from];
        silent.insert(silent.end(), resources.cells[to].begin(), resources.cells[to].end());
        std::sort(silent.begin(), silent.end());
        silent.erase(std::unique(silent.begin(), silent.end()), silent.end());
        for (const uint32_t place : silent)
        {
            AddUse(route, resources.places[place]);
        }
        route.radios.push_back({resources.channel, from, to});
        route.delay += WIFI_ACCESS;
    }
    if (at.kind == NetworkLink::ETHERNET || at.kind == NetworkLink::CSMA)
    {
        stored = 2; // at the sender and at the switch
    }
    if (at.kind != NetworkLink::POINT_TO_POINT && at.kind != NetworkLink::LTE)
    {
        route.addressed.emplace_back(hop.from, hop.to);
    }
    route.secondsPerBit += stored * perBit;
    slowest = std::max(slowest, perBit);
}

FlowRoute
FlowBuilder::Route(uint32_t from, uint32_t to) const
{
    FlowRoute route;
    route.nodes.push_back(from);
    double slowest = 0; // seconds per bit
    for (const auto& hop : m_topology->Way(from, to))
    {
        AddHop(hop, route, slowest);
        route.nodes.push_back(hop.to);
    }
    route.bottleneckBps = 1 / slowest;
    route.secondsPerBitAfter = route.secondsPerBit - slowest;
    return route;
}

/// What a broadcast takes in PacketNetwork: a packet for each link; a cell has no broadcasts.
uint32_t
BroadcastPackets(const Topology& topology, uint32_t node)
{
    uint32_t packets = 0;
    for (const size_t link : topology.LinksOf(node))
    {
        const NetworkLink& at = topology.Links()[link];
        packets += at.kind == NetworkLink::LTE ? at.nodes.GetN() - 1 : 1;
    }
    return packets;
}

} // namespace

Ptr<FlowNetwork>
BuildFlowNetwork(const std::shared_ptr<const Topology>& topology)
{
    const auto network = CreateObject<FlowNetwork>();
    const auto builder = std::make_shared<FlowBuilder>(topology);
    builder->AddResources(*network);
    network->SetRouteFunction(
        [builder](uint32_t from, uint32_t to) { return builder->Route(from, to); });
    network->SetNeighborFunction([topology](uint32_t node) { return topology->Neighbors(node); });
    for (const auto& [id, node] : topology->Nodes())
    {
        const auto transport = CreateObject<FlowTransport>();
        transport->Configure(network, id, BroadcastPackets(*topology, id));
        node->AggregateObject(transport);
    }
    return network;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// NetworkHelper: who reaches whom over which way.

#include "mdi-network-helper.h"
#include "mdi-packet-transport.h"

#include "ns3/abort.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"

#include <algorithm>
#include <deque>

namespace ns3
{
namespace mdi
{

uint32_t
NetworkHelper::AddressAt(uint32_t node, size_t link) const
{
    const Link& at = m_links[link];
    for (uint32_t i = 0; i < at.nodes.GetN(); ++i)
    {
        if (at.nodes.Get(i)->GetId() == node)
        {
            return at.address[i];
        }
    }
    NS_ABORT_MSG("Node " << node << " is not at link " << link);
}

void
NetworkHelper::Route(Ptr<Node> node)
{
    const uint32_t self = node->GetId();
    auto ip = node->GetObject<Ipv4>();
    auto transport = node->GetObject<PacketTransport>();
    Ptr<Ipv4StaticRouting> routing = Ipv4StaticRoutingHelper().GetStaticRouting(ip);
    const Tree& before = Fewest(self);
    std::map<uint32_t, std::vector<size_t>> linksOf;
    for (size_t l = 0; l < m_links.size(); ++l)
    {
        for (uint32_t i = 0; i < m_links[l].nodes.GetN(); ++i)
        {
            linksOf[m_links[l].nodes.Get(i)->GetId()].push_back(l);
        }
    }
    for (const auto& [to, last] : before)
    {
        if (to == self)
        {
            continue;
        }
        uint32_t hop = to;
        while (before.at(hop) != self)
        {
            hop = before.at(hop);
        }
        const size_t first = m_adjacent.at(self).at(hop);
        const Ipv4Address gateway(AddressAt(hop, first));
        const int32_t out = ip->GetInterfaceForAddress(Ipv4Address(AddressAt(self, first)));
        transport->SetPeer(to, Ipv4Address(AddressAt(to, m_adjacent.at(last).at(to))));
        // All addresses of a node are reachable: answers go to whichever it sent from.
        for (size_t link : linksOf[to])
        {
            if (hop != to || link != first)
            {
                routing->AddHostRouteTo(Ipv4Address(AddressAt(to, link)), gateway, out);
            }
        }
    }
}

const NetworkHelper::Tree&
NetworkHelper::Fewest(uint32_t from) const
{
    // Links never change after Install; before, a tree is not kept.
    const auto known = m_trees.find(from);
    if (m_installed && known != m_trees.end())
    {
        return known->second;
    }
    Tree& before = m_trees[from];
    before = Tree{{from, from}};
    std::deque<uint32_t> open{from};
    while (!open.empty())
    {
        const uint32_t at = open.front();
        open.pop_front();
        for (uint32_t neighbor : Neighbors(at))
        {
            if (before.emplace(neighbor, at).second)
            {
                open.push_back(neighbor);
            }
        }
    }
    return before;
}

std::vector<uint32_t>
NetworkHelper::Neighbors(uint32_t nodeId) const
{
    std::vector<uint32_t> ids;
    auto found = m_adjacent.find(nodeId);
    if (found != m_adjacent.end())
    {
        for (const auto& [id, link] : found->second)
        {
            ids.push_back(id);
        }
    }
    return ids;
}

bool
NetworkHelper::Reachable(uint32_t from, uint32_t to) const
{
    return Fewest(from).count(to) > 0;
}

PathInfo
NetworkHelper::Path(uint32_t from, uint32_t to) const
{
    const Tree& before = Fewest(from);
    NS_ABORT_MSG_IF(!before.count(to) || from == to, "No path from node " << from << " to " << to);
    PathInfo path;
    path.hops = 0;
    for (uint32_t at = to; at != from; at = before.at(at))
    {
        const Link& link = m_links[m_adjacent.at(at).at(before.at(at))];
        path.goodput = path.hops == 0 ? link.goodput : std::min(path.goodput, link.goodput);
        path.delay += link.delay;
        ++path.hops;
    }
    return path;
}

void
NetworkHelper::RouteInCell()
{
    NS_ABORT_MSG_IF(m_links.size() != 1, "An LTE cell has no links beside it");
    m_cell->Install();
    const auto& places = m_cell->Places();
    const NodeContainer& nodes = m_links.front().nodes;
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

} // namespace mdi
} // namespace ns3

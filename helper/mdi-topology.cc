// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-topology.h"

#include "mdi-wire.h"

#include "ns3/abort.h"
#include "ns3/node.h"

#include <algorithm>
#include <deque>
#include <limits>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr uint32_t NOBODY = std::numeric_limits<uint32_t>::max();

/// What one flow gets of a link.
DataRate
Goodput(const NetworkLink& link)
{
    if (!link.replay)
    {
        return link.goodput;
    }
    const double mean = std::max(1.0, link.replay->trace->MeanRateBps() * TCP_DATA_SHARE);
    return std::min(link.goodput, DataRate(static_cast<uint64_t>(mean)));
}

Time
Delay(const NetworkLink& link)
{
    return link.replay ? link.delay + link.replay->trace->MeanDelay() : link.delay;
}

} // namespace

void
Topology::Add(const NetworkLink& link)
{
    m_trees.clear();
    m_places.emplace_back();
    for (uint32_t i = 0; i < link.nodes.GetN(); ++i)
    {
        const Ptr<Node> node = link.nodes.Get(i);
        AddNode(node);
        m_places.back()[node->GetId()] = i;
        m_linksOf[node->GetId()].push_back(m_links.size());
    }
    m_links.push_back(link);
}

void
Topology::AddNode(Ptr<Node> node)
{
    m_nodes[node->GetId()] = node;
    m_linksOf[node->GetId()];
}

const std::vector<NetworkLink>&
Topology::Links() const
{
    return m_links;
}

const std::map<uint32_t, Ptr<Node>>&
Topology::Nodes() const
{
    return m_nodes;
}

const std::vector<size_t>&
Topology::LinksOf(uint32_t node) const
{
    static const std::vector<size_t> none;
    const auto found = m_linksOf.find(node);
    return found == m_linksOf.end() ? none : found->second;
}

std::optional<uint32_t>
Topology::PlaceAt(size_t link, uint32_t node) const
{
    const auto found = m_places.at(link).find(node);
    return found == m_places[link].end() ? std::nullopt : std::make_optional(found->second);
}

bool
Topology::Hears(size_t link, uint32_t a, uint32_t b) const
{
    const NetworkLink& at = m_links[link];
    const double range = at.wifi.rangeM;
    return at.kind != NetworkLink::WIFI || range <= 0 ||
           CalculateDistance(at.positions[*PlaceAt(link, a)], at.positions[*PlaceAt(link, b)]) <=
               range;
}

std::optional<size_t>
Topology::LinkBetween(uint32_t a, uint32_t b) const
{
    for (const size_t link : LinksOf(a))
    {
        if (PlaceAt(link, b) && Hears(link, a, b))
        {
            return link;
        }
    }
    return std::nullopt;
}

std::vector<uint32_t>
Topology::Neighbors(uint32_t node) const
{
    std::vector<uint32_t> ids;
    for (const size_t link : LinksOf(node))
    {
        for (const auto& [id, place] : m_places[link])
        {
            if (id != node && Hears(link, node, id))
            {
                ids.push_back(id);
            }
        }
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

const Topology::Tree&
Topology::Fewest(uint32_t from) const
{
    const auto [known, isNew] = m_trees.emplace(from, Tree());
    Tree& before = known->second;
    if (!isNew)
    {
        return before;
    }
    before.assign(m_nodes.empty() ? from + 1 : std::max(from, m_nodes.rbegin()->first) + 1, NOBODY);
    before[from] = from;
    std::vector<bool> seen(m_links.size()); // links whose nodes are all in the tree
    std::deque<uint32_t> open{from};
    std::vector<uint32_t> found;
    while (!open.empty())
    {
        const uint32_t at = open.front();
        open.pop_front();
        found.clear();
        for (const size_t link : LinksOf(at))
        {
            if (seen[link])
            {
                continue;
            }
            for (const auto& [id, place] : m_places[link])
            {
                if (before[id] == NOBODY && Hears(link, at, id))
                {
                    before[id] = at;
                    found.push_back(id);
                }
            }
            seen[link] = m_links[link].kind != NetworkLink::WIFI || m_links[link].wifi.rangeM <= 0;
        }
        std::sort(found.begin(), found.end());
        open.insert(open.end(), found.begin(), found.end());
    }
    return before;
}

bool
Topology::Reachable(uint32_t from, uint32_t to) const
{
    const Tree& before = Fewest(from);
    return to < before.size() && before[to] != NOBODY;
}

std::vector<Topology::Hop>
Topology::Way(uint32_t from, uint32_t to) const
{
    NS_ABORT_MSG_IF(from == to, "No path from node " << from << " to itself");
    if (const auto direct = LinkBetween(from, to))
    {
        return {{*direct, from, to}}; // no tree is needed where everybody is a neighbour
    }
    NS_ABORT_MSG_IF(!Reachable(from, to), "No path from node " << from << " to " << to);
    const Tree& before = Fewest(from);
    std::vector<Hop> way;
    for (uint32_t at = to; at != from; at = before[at])
    {
        way.push_back({*LinkBetween(before[at], at), before[at], at});
    }
    std::reverse(way.begin(), way.end());
    return way;
}

PathInfo
Topology::Path(uint32_t from, uint32_t to) const
{
    PathInfo path;
    path.hops = 0;
    for (const Hop& hop : Way(from, to))
    {
        const NetworkLink& link = m_links[hop.link];
        path.goodput = path.hops == 0 ? Goodput(link) : std::min(path.goodput, Goodput(link));
        path.delay += Delay(link);
        ++path.hops;
    }
    return path;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TOPOLOGY_H
#define MDI_TOPOLOGY_H

#include "mdi-deployment.h"
#include "mdi-link-trace.h"
#include "mdi-lte.h"
#include "mdi-wifi.h"

#include "ns3/data-rate.h"
#include "ns3/node-container.h"
#include "ns3/nstime.h"
#include "ns3/vector.h"

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace ns3
{
namespace mdi
{

/// A medium and who is at it.
struct NetworkLink
{
    /// Media.
    enum Kind
    {
        POINT_TO_POINT, //!< a full-duplex cable
        ETHERNET,       //!< full-duplex cables to a switch
        CSMA,           //!< half-duplex cables to a switch
        WIFI,           //!< one ad hoc channel
        LTE,            //!< one cell
    };

    Kind kind = POINT_TO_POINT;       //!< which medium
    NodeContainer nodes;              //!< who
    DataRate rate;                    //!< line rate of each cable
    Time cableDelay;                  //!< of each cable
    std::vector<Vector> positions;    //!< of radios [m], in the order of the nodes
    WifiOptions wifi;                 //!< of Wi-Fi
    LteOptions lte;                   //!< of LTE
    Ptr<Node> server;                 //!< of LTE: behind the gateway, the last node; or null
    DataRate goodput;                 //!< nominal, of one TCP flow
    Time delay;                       //!< nominal, between two of the nodes
    std::optional<LinkReplay> replay; //!< in front of every device
};

/**
 * Which nodes are connected by what, and the way between any two of them: the fewest hops (ties:
 * the lowest node id first). Knows no fidelity of simulation.
 */
class Topology
{
  public:
    /// A step of a way.
    struct Hop
    {
        size_t link;   //!< index in Links
        uint32_t from; //!< node id
        uint32_t to;   //!< node id
    };

    void Add(const NetworkLink& link); //!< a medium, and its nodes

    /// A node that may have no link.
    void AddNode(Ptr<Node> node);

    const std::vector<NetworkLink>& Links() const; //!< in the order of Add

    /// All nodes, by id.
    const std::map<uint32_t, Ptr<Node>>& Nodes() const;

    /// One-hop neighbours, ascending. Over a switch: all others at the switch.
    std::vector<uint32_t> Neighbors(uint32_t node) const;

    /// Indices of the links that a node is at, ascending.
    const std::vector<size_t>& LinksOf(uint32_t node) const;

    /// Place of a node at a link, in the order of the link's nodes, if it is there.
    std::optional<uint32_t> PlaceAt(size_t link, uint32_t node) const;

    /// Whether any path leads there.
    bool Reachable(uint32_t from, uint32_t to) const;

    /// The way from one node to another, which must be reachable.
    std::vector<Hop> Way(uint32_t from, uint32_t to) const;

    /// Nominal figures of the way, see NetworkHelper::Path.
    PathInfo Path(uint32_t from, uint32_t to) const;

  private:
    /// The tree of the fewest hops from a node: by node, who comes before it.
    using Tree = std::vector<uint32_t>;

    const Tree& Fewest(uint32_t from) const;
    std::optional<size_t> LinkBetween(uint32_t a, uint32_t b) const;
    bool Hears(size_t link, uint32_t a, uint32_t b) const;

    std::vector<NetworkLink> m_links;
    std::vector<std::unordered_map<uint32_t, uint32_t>> m_places; //!< by link, by node
    std::map<uint32_t, std::vector<size_t>> m_linksOf;            //!< by node
    std::map<uint32_t, Ptr<Node>> m_nodes;
    mutable std::map<uint32_t, Tree> m_trees; //!< Fewest, by its argument
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TOPOLOGY_H

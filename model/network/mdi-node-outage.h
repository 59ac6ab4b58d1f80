// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_NODE_OUTAGE_H
#define MDI_NODE_OUTAGE_H

#include "ns3/ipv4-address.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <vector>

namespace ns3
{

class Node;
class Socket;

namespace mdi
{

/**
 * A node's ns-3 stack while its device is off: interfaces down, radios off, queues empty. ns-3
 * drops the routes of interfaces that go down, so they are kept here until the end.
 */
class NodeOutage
{
  public:
    /// The node goes off. Not twice without End.
    void Begin(Ptr<Node> node);

    /// It is back, with the routes that it had.
    void End(Ptr<Node> node);

  private:
    /// A route of Ipv4StaticRouting.
    struct Route
    {
        Ipv4Address destination;
        Ipv4Mask mask;
        Ipv4Address gateway;
        uint32_t interface;
        uint32_t metric;
    };

    std::vector<Route> m_routes;
};

/// A TCP socket is gone without a word, as in a crash. It must not be the caller.
void CrashSocket(Ptr<Socket> socket);

/**
 * A TCP socket is gone as in a crash, and its node is back: segments that still come for it are
 * answered by a reset. (ns-3's listening sockets ignore segments of connections that they do not
 * know, so the old socket must answer.) CrashSocket ends that.
 */
void CloseByReset(Ptr<Socket> socket);

} // namespace mdi
} // namespace ns3

#endif // MDI_NODE_OUTAGE_H

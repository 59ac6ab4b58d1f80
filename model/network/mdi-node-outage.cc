// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-node-outage.h"

#include "mdi-trace-shaper.h"

#include "ns3/ipv4-list-routing.h"
#include "ns3/ipv4-routing-table-entry.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/net-device.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/pointer.h"
#include "ns3/queue-disc.h"
#include "ns3/queue.h"
#include "ns3/tcp-socket-base.h"
#include "ns3/traffic-control-layer.h"
#include "ns3/wifi-mac-queue.h"
#include "ns3/wifi-mac.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-phy.h"

namespace ns3
{
namespace mdi
{

namespace
{

/// Throws away what the device would send still.
void
Silence(Ptr<Node> node, Ptr<NetDevice> device)
{
    if (auto wifi = DynamicCast<WifiNetDevice>(device))
    {
        // Asleep rather than off: in ns-3.37, a radio that is switched off while it receives is
        // deaf when it is on again.
        wifi->GetPhy()->SetSleepMode();
        return;
    }
    auto trafficControl = node->GetObject<TrafficControlLayer>();
    Ptr<QueueDisc> disc =
        trafficControl ? trafficControl->GetRootQueueDiscOnDevice(device) : nullptr;
    if (auto shaper = DynamicCast<TraceShaper>(disc))
    {
        shaper->Flush();
    }
    while (disc && disc->GetNPackets() > 0 && disc->Dequeue())
    {
    }
    PointerValue queue;
    if (device->GetAttributeFailSafe("TxQueue", queue))
    {
        if (auto packets = queue.Get<Queue<Packet>>())
        {
            packets->Flush();
        }
    }
}

Ptr<Ipv4StaticRouting>
StaticRouting(Ptr<Ipv4> ip)
{
    if (auto direct = DynamicCast<Ipv4StaticRouting>(ip->GetRoutingProtocol()))
    {
        return direct;
    }
    const auto list = DynamicCast<Ipv4ListRouting>(ip->GetRoutingProtocol());
    for (uint32_t i = 0; list && i < list->GetNRoutingProtocols(); ++i)
    {
        int16_t priority;
        if (auto in = DynamicCast<Ipv4StaticRouting>(list->GetRoutingProtocol(i, priority)))
        {
            return in;
        }
    }
    return nullptr;
}

/// Opens what TcpSocketBase keeps for its own kind.
struct TcpInside : public TcpSocketBase
{
    static void Crash(TcpSocketBase& socket)
    {
        (socket.*(&TcpInside::CancelAllTimers))();
        (socket.*(&TcpInside::DeallocateEndPoint))();
    }

    static void CloseByReset(TcpSocketBase& socket)
    {
        (socket.*(&TcpInside::CancelAllTimers))();
        socket.*(&TcpInside::m_state) = CLOSED;
    }
};

} // namespace

void
NodeOutage::Begin(Ptr<Node> node)
{
    Ptr<Ipv4> ip = node->GetObject<Ipv4>();
    m_routes.clear();
    if (const auto routing = StaticRouting(ip))
    {
        for (uint32_t i = 0; i < routing->GetNRoutes(); ++i)
        {
            const Ipv4RoutingTableEntry route = routing->GetRoute(i);
            m_routes.push_back({route.GetDest(),
                                route.GetDestNetworkMask(),
                                route.GetGateway(),
                                route.GetInterface(),
                                routing->GetMetric(i)});
        }
    }
    for (uint32_t i = 1; i < ip->GetNInterfaces(); ++i) // 0 is the loopback
    {
        ip->SetDown(i);
        Silence(node, ip->GetNetDevice(i));
    }
}

void
NodeOutage::End(Ptr<Node> node)
{
    Ptr<Ipv4> ip = node->GetObject<Ipv4>();
    for (uint32_t i = 1; i < ip->GetNInterfaces(); ++i)
    {
        ip->SetUp(i);
        if (auto wifi = DynamicCast<WifiNetDevice>(ip->GetNetDevice(i)))
        {
            for (const char* name : {"Txop", "BE_Txop", "BK_Txop", "VI_Txop", "VO_Txop"})
            {
                PointerValue txop;
                wifi->GetMac()->GetAttribute(name, txop);
                if (const auto object = txop.GetObject()) // none of those that it has no use for
                {
                    PointerValue queue;
                    object->GetAttribute("Queue", queue);
                    queue.Get<WifiMacQueue>()->Flush();
                }
            }
            wifi->GetPhy()->ResumeFromSleep();
        }
    }
    const auto routing = StaticRouting(ip);
    if (!routing)
    {
        return;
    }
    // Those of the interfaces' own networks came back by themselves.
    while (routing->GetNRoutes() > 0)
    {
        routing->RemoveRoute(0);
    }
    for (const Route& route : m_routes)
    {
        routing->AddNetworkRouteTo(
            route.destination, route.mask, route.gateway, route.interface, route.metric);
    }
}

void
CrashSocket(Ptr<Socket> socket)
{
    if (auto tcp = DynamicCast<TcpSocketBase>(socket))
    {
        TcpInside::Crash(*tcp);
    }
}

void
CloseByReset(Ptr<Socket> socket)
{
    if (auto tcp = DynamicCast<TcpSocketBase>(socket))
    {
        TcpInside::CloseByReset(*tcp);
    }
}

} // namespace mdi
} // namespace ns3

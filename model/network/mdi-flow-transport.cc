// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-flow-transport.h"

#include "mdi-message-size.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiFlowTransport");
NS_OBJECT_ENSURE_REGISTERED(FlowTransport);

namespace
{

/// An acknowledgement without data.
constexpr uint64_t ACK_BYTES = 24; // and 28 that UdpBits adds: 52

/// ConnTimeout of PacketTransport.
const Time CONNECT_TIMEOUT = Seconds(1);

} // namespace

TypeId
FlowTransport::GetTypeId()
{
    using Self = FlowTransport;
    static TypeId tid =
        TypeId("ns3::mdi::FlowTransport")
            .SetParent<Transport>()
            .SetGroupName("Mdi")
            .AddConstructor<FlowTransport>()
            .AddAttribute("ControlBytes",
                          "Least size in bytes of the header of control messages, as that of "
                          "PacketTransport",
                          UintegerValue(64),
                          MakeUintegerAccessor(&Self::m_controlBytes),
                          MakeUintegerChecker<uint32_t>(0, MessageHeader::MAX_BYTES))
            .AddAttribute("DelAckTimeout",
                          "Longest wait before an acknowledgement, as that of PacketTransport",
                          TimeValue(MilliSeconds(5)),
                          MakeTimeAccessor(&Self::m_delAckTimeout),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("ReconnectDelay",
                          "Wait before a failed connection is opened again, as that of "
                          "PacketTransport",
                          TimeValue(MilliSeconds(500)),
                          MakeTimeAccessor(&Self::m_reconnectDelay),
                          MakeTimeChecker(Seconds(0)));
    return tid;
}

FlowTransport::FlowTransport() = default;
FlowTransport::~FlowTransport() = default;

void
FlowTransport::Configure(Ptr<FlowNetwork> network, uint32_t self, uint32_t broadcastPackets)
{
    m_broadcastPackets = broadcastPackets;
    m_network = network;
    m_self = self;
    network->AddTransport(self, this);
}

void
FlowTransport::DoDispose()
{
    m_off = true;
    m_network = nullptr;
    m_peers.clear();
    Transport::DoDispose();
}

FlowTransport::Peer&
FlowTransport::PeerOf(uint32_t to)
{
    const auto [found, isNew] = m_peers.try_emplace(to);
    Peer& peer = found->second;
    if (isNew)
    {
        NS_ABORT_MSG_IF(to == m_self, "Node " << m_self << " has no way to itself");
        const FlowRoute& out = m_network->Route(m_self, to);
        const FlowRoute& back = m_network->Route(to, m_self);
        peer.out = &out;
        peer.back = &back;
        peer.transfer = m_network->Open(m_self, to);
        peer.roundTrip =
            out.delay + back.delay + Seconds(TcpBits(TCP_SEGMENT_BYTES) * out.secondsPerBit);
        peer.bandwidthDelay = out.bottleneckBps / 8 * peer.roundTrip.GetSeconds();
    }
    return peer;
}

void
FlowTransport::Send(uint32_t to, const Message& message)
{
    NS_LOG_FUNCTION(this << to << MessageTypeName(message.type) << message.payloadBytes);
    if (m_off)
    {
        return;
    }
    Peer& peer = PeerOf(to);
    const uint64_t bytes = HeaderBytes(message, m_controlBytes) + message.payloadBytes;
    m_txTrace(m_self, to, message, bytes);
    m_queuedBytes += bytes;
    peer.queue.push_back({std::make_shared<const Message>(message), bytes, Simulator::Now()});
    Watch(to);
    if (peer.busy)
    {
        return;
    }
    if (peer.connected)
    {
        peer.busy = true;
        Next(to);
        return;
    }
    Connect(to, peer.stale ? m_reconnectDelay : Time(0));
}

void
FlowTransport::Connect(uint32_t to, Time wait)
{
    Peer& peer = m_peers.at(to);
    peer.busy = true;
    peer.stale = false;
    peer.tried = Simulator::Now() + wait;
    const Time addresses = m_network->Contact(*peer.out, true);
    Simulator::Schedule(wait + addresses + peer.roundTrip, [this, to, opened = peer.opened] {
        Peer& peer = m_peers.at(to);
        const FlowTransport* other = m_network->TransportOf(to);
        // While the other is off nobody answers; see OnPeerBack.
        if (peer.opened == opened && !m_off && other && !other->m_off)
        {
            peer.connected = true;
            Next(to);
        }
    });
}

void
FlowTransport::Close(Peer& peer)
{
    m_network->Cancel(peer.transfer);
    peer.opened++;
    peer.connected = false;
    peer.busy = false;
    peer.next = 0;
    peer.partial = 0;
    peer.arrived = 0;
    peer.oddSegments = true;
    peer.window = TcpWindow();
}

std::optional<uint64_t>
FlowTransport::Progress(uint32_t to) const
{
    const auto found = m_peers.find(to);
    if (m_off || found == m_peers.end() || found->second.queue.empty())
    {
        return std::nullopt;
    }
    const Peer& peer = found->second;
    // While bits flow, every moment differs from the last.
    return m_network->Flows(peer.transfer)
               ? static_cast<uint64_t>(Simulator::Now().GetNanoSeconds())
               : peer.progress;
}

std::vector<Message>
FlowTransport::GiveUp(uint32_t to)
{
    NS_LOG_FUNCTION(this << to);
    Peer& peer = m_peers.at(to);
    Close(peer);
    std::vector<Message> messages;
    for (const Outgoing& out : peer.queue)
    {
        m_queuedBytes -= out.bytes;
        messages.push_back(*out.message);
    }
    peer.queue.clear();
    return messages;
}

void
FlowTransport::OnPeerBack(uint32_t node, Time retry)
{
    const auto found = m_peers.find(node);
    if (m_off || found == m_peers.end())
    {
        return;
    }
    Peer& peer = found->second;
    const bool stale = peer.connected;
    Close(peer);
    peer.stale = stale && peer.queue.empty();
    if (!peer.queue.empty())
    {
        const Time now = Simulator::Now();
        if (!stale)
        {
            // A connection that was asked for meanwhile asks again by its own clock.
            Connect(node, RetryAfterOutage(Min(peer.tried, now), now, CONNECT_TIMEOUT) - now);
            return;
        }
        Connect(node, retry - now + m_reconnectDelay);
        Simulator::Schedule(retry - now, [this, node, opened = peer.opened] {
            Peer& peer = m_peers.at(node);
            peer.progress += peer.opened == opened ? 1 : 0; // it is reset: the other lives
        });
    }
}

void
FlowTransport::Next(uint32_t to)
{
    Peer& peer = m_peers.at(to);
    if (peer.next == peer.queue.size())
    {
        peer.busy = false;
        return;
    }
    const uint64_t left = peer.queue[peer.next].bytes - peer.partial;
    const Time now = Simulator::Now();
    const uint64_t open = peer.window.Available(now, peer.roundTrip, peer.bandwidthDelay);
    if (open == 0)
    {
        Simulator::Schedule(peer.window.NextRound(peer.roundTrip) - now,
                            [this, to, opened = peer.opened] {
                                if (!m_off && m_peers.at(to).opened == opened)
                                {
                                    Next(to);
                                }
                            });
        return;
    }
    const uint64_t bytes = std::min(left, open);
    peer.partial += bytes;
    peer.window.OnSent(bytes);
    m_network->Begin(peer.transfer, TcpBits(bytes));
}

void
FlowTransport::TransferDone(uint32_t to)
{
    if (m_off)
    {
        return;
    }
    Peer& peer = m_peers.at(to);
    peer.progress++;
    if (peer.partial == peer.queue[peer.next].bytes)
    {
        Left(to);
    }
    Next(to);
}

void
FlowTransport::Left(uint32_t to)
{
    Peer& peer = m_peers.at(to);
    const uint64_t bytes = peer.queue[peer.next].bytes;
    peer.partial = 0;
    ++peer.next;
    const Time now = Simulator::Now();
    Time arrival = now + m_network->Latency(peer.transfer,
                                            TcpBits(std::min<uint64_t>(bytes, TCP_SEGMENT_BYTES)));
    // The last segments have no successors whose acknowledgements would tell of their loss.
    const double loss = m_network->Loss(*peer.out);
    if (loss > 0)
    {
        double passes = 1;
        for (uint64_t sent = 0; sent < std::min<uint64_t>(bytes, 3 * TCP_SEGMENT_BYTES);
             sent += TCP_SEGMENT_BYTES)
        {
            passes *= 1 - loss;
        }
        arrival += m_network->Happens(1 - passes) ? TcpTimeout() : Time(0);
    }
    peer.arrival = Max(peer.arrival, arrival);
    Simulator::ScheduleWithContext(
        to, peer.arrival - now, &FlowTransport::Arrive, Ptr<FlowTransport>(this), to, peer.opened);
}

void
FlowTransport::Arrive(uint32_t to, uint32_t opened)
{
    FlowTransport* receiver = m_off ? nullptr : m_network->TransportOf(to);
    if (!receiver || receiver->m_off || m_peers.at(to).opened != opened)
    {
        return; // what waits here waits on, as in a TCP connection to a dead node
    }
    Peer& peer = m_peers.at(to);
    const Outgoing out = peer.queue[peer.arrived];
    ++peer.arrived;
    const uint64_t segments = (out.bytes + TCP_SEGMENT_BYTES - 1) / TCP_SEGMENT_BYTES;
    peer.oddSegments = peer.oddSegments != (segments % 2 == 1);
    if (const auto back = m_network->LoneLatency(*peer.back, UdpBits(ACK_BYTES), false))
    {
        // The next segment of a busy connection is acknowledged at once, and this one with it.
        const bool waits = peer.oddSegments && !peer.busy;
        peer.oddSegments = peer.oddSegments && !waits;
        Simulator::ScheduleWithContext(m_self,
                                       *back + (waits ? m_delAckTimeout : Time(0)),
                                       &FlowTransport::Delivered,
                                       Ptr<FlowTransport>(this),
                                       to,
                                       opened,
                                       peer.done + peer.arrived);
    }
    receiver->Hear(out.message, out.bytes);
}

void
FlowTransport::Delivered(uint32_t to, uint32_t opened, uint64_t count)
{
    while (!m_off && m_peers.at(to).opened == opened && m_peers.at(to).done < count)
    {
        Peer& peer = m_peers.at(to);
        const Outgoing out = std::move(peer.queue.front());
        peer.queue.pop_front();
        --peer.next;
        --peer.arrived;
        ++peer.done;
        ++peer.progress;
        m_queuedBytes -= out.bytes;
        if (!m_delivered.IsNull())
        {
            m_delivered(to, *out.message, Simulator::Now() - out.since);
        }
    }
}

void
FlowTransport::Hear(const std::shared_ptr<const Message>& message, uint64_t bytes)
{
    if (m_off)
    {
        return;
    }
    m_rxTrace(message->from, m_self, *message, bytes);
    if (!m_receive.IsNull())
    {
        m_receive(*message);
    }
}

void
FlowTransport::SendDatagram(uint32_t to, const Message& message)
{
    NS_LOG_FUNCTION(this << to << MessageTypeName(message.type));
    if (m_off)
    {
        return;
    }
    const uint32_t bytes = HeaderBytes(message, m_controlBytes);
    m_txTrace(m_self, to, message, bytes);
    SendAlone(to,
              std::make_shared<const Message>(message),
              bytes,
              m_network->Contact(m_network->Route(m_self, to), false));
}

void
FlowTransport::SendAlone(uint32_t to,
                         const std::shared_ptr<const Message>& message,
                         uint64_t bytes,
                         Time wait)
{
    NS_ABORT_MSG_IF(message->payloadBytes > 0, "A datagram has no payload");
    const FlowRoute& route = m_network->Route(m_self, to);
    const auto latency = m_network->LoneLatency(route, UdpBits(bytes), true);
    if (!latency || m_network->IsDown(route) || m_network->Happens(m_network->Loss(route)))
    {
        return;
    }
    Simulator::ScheduleWithContext(to,
                                   wait + *latency,
                                   &FlowTransport::Hear,
                                   Ptr<FlowTransport>(m_network->TransportOf(to)),
                                   message,
                                   bytes);
}

void
FlowTransport::Broadcast(const Message& message)
{
    NS_LOG_FUNCTION(this << MessageTypeName(message.type));
    if (m_off)
    {
        return;
    }
    const uint32_t bytes = HeaderBytes(message, m_controlBytes);
    for (uint32_t packet = 0; packet < m_broadcastPackets; ++packet)
    {
        m_txTrace(m_self, BROADCAST, message, bytes);
    }
    const auto shared = std::make_shared<const Message>(message);
    for (const uint32_t to : m_network->Neighbors(m_self))
    {
        SendAlone(to, shared, bytes, Time(0));
    }
}

uint64_t
FlowTransport::QueuedBytes() const
{
    return m_queuedBytes;
}

void
FlowTransport::Disconnect()
{
    NS_LOG_FUNCTION(this);
    if (m_off)
    {
        return;
    }
    m_off = true;
    Unwatch();
    m_queuedBytes = 0;
    for (auto& [to, peer] : m_peers)
    {
        Close(peer);
        peer.queue.clear();
        peer.stale = false;
    }
    m_network->Fail(m_self);
}

void
FlowTransport::Reconnect()
{
    NS_LOG_FUNCTION(this);
    if (m_off)
    {
        m_off = false;
        m_network->Recover(m_self);
    }
}

} // namespace mdi
} // namespace ns3

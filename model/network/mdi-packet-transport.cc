// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-packet-transport.h"

#include "mdi-message-size.h"
#include "mdi-wire.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/inet-socket-address.h"
#include "ns3/ipv4.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/tcp-socket-factory.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/uinteger.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiPacketTransport");

NS_OBJECT_ENSURE_REGISTERED(PacketTransport);

namespace
{

/// So many segments are written at a time, where a message has as many left.
constexpr uint64_t WRITE_SEGMENTS = 16;

} // namespace

TypeId
PacketTransport::GetTypeId()
{
    using Self = PacketTransport;
    static TypeId tid =
        TypeId("ns3::mdi::PacketTransport")
            .SetParent<Transport>()
            .SetGroupName("Mdi")
            .AddConstructor<PacketTransport>()
            .AddAttribute("Port",
                          "TCP port of messages, the same on all nodes",
                          UintegerValue(9000),
                          MakeUintegerAccessor(&Self::m_port),
                          MakeUintegerChecker<uint16_t>(1))
            .AddAttribute("ControlPort",
                          "UDP port of datagrams and broadcasts, the same on all nodes",
                          UintegerValue(9001),
                          MakeUintegerAccessor(&Self::m_controlPort),
                          MakeUintegerChecker<uint16_t>(1))
            .AddAttribute("ControlTos",
                          "IP type of service of datagrams. The default is DSCP VOICE-ADMIT (RFC "
                          "5865): AC_VI in ns-3's Wi-Fi, which takes the upper three bits, and the "
                          "first band of PfifoFastQueueDisc, which takes bits 1 to 4. 0xb8 "
                          "(expedited forwarding) would be AC_VI, too, but in the middle band",
                          UintegerValue(0xb0),
                          MakeUintegerAccessor(&Self::m_controlTos),
                          MakeUintegerChecker<uint8_t>())
            .AddAttribute("ControlBytes",
                          "Least size in bytes of the header of control messages",
                          UintegerValue(64),
                          MakeUintegerAccessor(&Self::m_controlBytes),
                          MakeUintegerChecker<uint32_t>(0, MessageHeader::MAX_BYTES))
            .AddAttribute("SegmentSize",
                          "Data bytes in a TCP segment; 1448 fills an MTU of 1500 with TCP "
                          "timestamps",
                          UintegerValue(TCP_SEGMENT_BYTES),
                          MakeUintegerAccessor(&Self::m_segmentSize),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("SndBufSize",
                          "TCP send buffer in bytes. 512 KiB keep 1 Gb/s busy at a round trip of 4 "
                          "ms, or 20 Mb/s at 200 ms; more would only stand in queues. Not more "
                          "than RcvBufSize: with the receiver's window full, ns-3.37 can crash "
                          "(TcpRateLinux::SkbSent without a segment)",
                          UintegerValue(524288),
                          MakeUintegerAccessor(&Self::m_sndBufSize),
                          MakeUintegerChecker<uint32_t>(2 * MessageHeader::MAX_BYTES))
            .AddAttribute("RcvBufSize",
                          "TCP receive buffer in bytes, also the largest window; as the send "
                          "buffer",
                          UintegerValue(524288),
                          MakeUintegerAccessor(&Self::m_rcvBufSize),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("InitialCwnd",
                          "First TCP congestion window in segments (RFC 6928)",
                          UintegerValue(10),
                          MakeUintegerAccessor(&Self::m_initialCwnd),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("DelAckTimeout",
                          "Longest wait before a TCP acknowledgement. With ns-3's 200 ms the end "
                          "of a tensor would count as delivered 200 ms late; Linux acknowledges "
                          "at once at the start and the end of a burst",
                          TimeValue(MilliSeconds(5)),
                          MakeTimeAccessor(&Self::m_delAckTimeout),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("MinRto",
                          "Shortest TCP retransmission time-out; 200 ms as in Linux",
                          TimeValue(MilliSeconds(200)),
                          MakeTimeAccessor(&Self::m_minRto),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("ConnTimeout",
                          "Wait for the answer to the first SYN; doubles up to six times. 1 s as "
                          "in Linux",
                          TimeValue(Seconds(1)),
                          MakeTimeAccessor(&Self::m_connTimeout),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("ReconnectDelay",
                          "Wait before a failed connection is opened again",
                          TimeValue(MilliSeconds(500)),
                          MakeTimeAccessor(&Self::m_reconnectDelay),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute(
                "FirstAckTimeout",
                "A connection of which nothing was acknowledged for so long since it was "
                "opened is opened anew: ns-3.37's TCP can stay open at one end alone where "
                "the answer to a SYN was late by many seconds, and finds out after 390 s",
                TimeValue(Seconds(5)),
                MakeTimeAccessor(&Self::m_firstAckTimeout),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("TcpNoDelay",
                          "Whether to send the last bytes of a message at once (no Nagle)",
                          BooleanValue(true),
                          MakeBooleanAccessor(&Self::m_noDelay),
                          MakeBooleanChecker());
    return tid;
}

PacketTransport::PacketTransport() = default;
PacketTransport::~PacketTransport() = default;

uint32_t
PacketTransport::Self() const
{
    return GetObject<Node>()->GetId();
}

void
PacketTransport::SetPeer(uint32_t nodeId, Ipv4Address address)
{
    NS_LOG_FUNCTION(this << nodeId << address);
    m_peers[nodeId].address = address;
}

void
PacketTransport::SetBroadcastPeers(const std::vector<uint32_t>& nodeIds)
{
    m_broadcastPeers = nodeIds;
}

void
PacketTransport::DoInitialize()
{
    NS_LOG_FUNCTION(this);
    OpenSockets();
    Transport::DoInitialize();
}

void
PacketTransport::DoDispose()
{
    NS_LOG_FUNCTION(this);
    m_off = true;
    for (const auto& [socket, to] : m_peerOf)
    {
        Release(socket);
    }
    for (const auto& [socket, incoming] : m_incoming)
    {
        Release(socket);
    }
    Release(m_listener);
    Release(m_udp);
    m_listener = nullptr;
    m_udp = nullptr;
    m_peerOf.clear();
    m_incoming.clear();
    m_stale.clear();
    m_peers.clear();
    Transport::DoDispose();
}

void
PacketTransport::Release(Ptr<Socket> socket)
{
    if (!socket)
    {
        return;
    }
    socket->SetConnectCallback(MakeNullCallback<void, Ptr<Socket>>(),
                               MakeNullCallback<void, Ptr<Socket>>());
    socket->SetCloseCallbacks(MakeNullCallback<void, Ptr<Socket>>(),
                              MakeNullCallback<void, Ptr<Socket>>());
    socket->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                              MakeNullCallback<void, Ptr<Socket>, const Address&>());
    socket->SetSendCallback(MakeNullCallback<void, Ptr<Socket>, uint32_t>());
    socket->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
}

Ptr<Socket>
PacketTransport::OpenTcp()
{
    Ptr<Socket> socket = Socket::CreateSocket(GetObject<Node>(), TcpSocketFactory::GetTypeId());
    // Accepted sockets are copies of the listening one, so these hold for them as well.
    socket->SetAttribute("SegmentSize", UintegerValue(m_segmentSize));
    socket->SetAttribute("SndBufSize", UintegerValue(m_sndBufSize));
    socket->SetAttribute("RcvBufSize", UintegerValue(m_rcvBufSize));
    socket->SetAttribute("InitialCwnd", UintegerValue(m_initialCwnd));
    socket->SetAttribute("DelAckTimeout", TimeValue(m_delAckTimeout));
    socket->SetAttribute("MinRto", TimeValue(m_minRto));
    socket->SetAttribute("ConnTimeout", TimeValue(m_connTimeout));
    socket->SetAttribute("TcpNoDelay", BooleanValue(m_noDelay));
    return socket;
}

void
PacketTransport::OpenSockets()
{
    if (m_off || m_listener)
    {
        return;
    }
    m_listener = OpenTcp();
    const int tcp = m_listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), m_port));
    NS_ABORT_MSG_IF(tcp != 0, "Node " << Self() << ": TCP port " << m_port << " is taken");
    m_listener->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                                  MakeCallback(&PacketTransport::HandleAccept, this));
    m_listener->Listen();

    if (!m_udp)
    {
        m_udp = Socket::CreateSocket(GetObject<Node>(), UdpSocketFactory::GetTypeId());
        const int udp = m_udp->Bind(InetSocketAddress(Ipv4Address::GetAny(), m_controlPort));
        NS_ABORT_MSG_IF(udp != 0,
                        "Node " << Self() << ": UDP port " << m_controlPort << " is taken");
        m_udp->SetAllowBroadcast(true);
        m_udp->SetIpTos(m_controlTos);
    }
    m_udp->SetRecvCallback(MakeCallback(&PacketTransport::HandleDatagram, this));
}

void
PacketTransport::Send(uint32_t to, const Message& message)
{
    NS_LOG_FUNCTION(this << to << MessageTypeName(message.type) << message.payloadBytes);
    if (m_off)
    {
        return;
    }
    auto found = m_peers.find(to);
    NS_ABORT_MSG_IF(found == m_peers.end() || to == Self(),
                    "Node " << Self() << " has no way to node " << to);
    Peer& peer = found->second;
    Outgoing out;
    out.message = message;
    out.headerBytes = HeaderBytes(message, m_controlBytes);
    out.bytes = out.headerBytes + message.payloadBytes;
    out.since = Simulator::Now();
    m_txTrace(Self(), to, message, out.bytes);
    m_queuedBytes += out.bytes;
    peer.queue.push_back(std::move(out));
    Watch(to);
    if (!peer.socket && !peer.retrying)
    {
        Connect(to);
    }
    else if (peer.connected)
    {
        Pump(to);
    }
}

void
PacketTransport::Connect(uint32_t to)
{
    NS_LOG_FUNCTION(this << to);
    Peer& peer = m_peers.at(to);
    peer.socket = OpenTcp();
    m_peerOf[peer.socket] = to;
    peer.connected = false;
    peer.next = 0;
    peer.partial = 0;
    peer.written = 0;
    peer.socket->SetConnectCallback(MakeCallback(&PacketTransport::HandleConnected, this),
                                    MakeCallback(&PacketTransport::Lost, this));
    peer.socket->SetCloseCallbacks(MakeCallback(&PacketTransport::Lost, this),
                                   MakeCallback(&PacketTransport::Lost, this));
    peer.socket->SetSendCallback(MakeCallback(&PacketTransport::HandleSend, this));
    peer.socket->Bind();
    if (peer.socket->Connect(InetSocketAddress(peer.address, m_port)) != 0)
    {
        Lost(peer.socket);
    }
}

void
PacketTransport::Lost(Ptr<Socket> socket)
{
    NS_LOG_FUNCTION(this << socket);
    auto found = m_peerOf.find(socket);
    if (m_off || found == m_peerOf.end() || m_peers.at(found->second).retrying)
    {
        return;
    }
    Peer& peer = m_peers.at(found->second);
    NS_LOG_WARN("Node " << Self() << " lost its connection to node " << found->second << ", "
                        << peer.queue.size() << " messages wait");
    peer.connected = false;
    peer.retrying = true;
    // The socket is at work on the stack above us: it is only let go in Retry.
    Release(socket);
    Simulator::Schedule(m_reconnectDelay, &PacketTransport::Retry, this, found->second);
}

void
PacketTransport::Retry(uint32_t to)
{
    if (m_off)
    {
        return;
    }
    Peer& peer = m_peers.at(to);
    if (!peer.retrying)
    {
        return; // the node was off meanwhile
    }
    peer.retrying = false;
    m_peerOf.erase(peer.socket);
    peer.socket = nullptr;
    if (!peer.queue.empty())
    {
        Connect(to);
    }
}

void
PacketTransport::HandleConnected(Ptr<Socket> socket)
{
    NS_LOG_FUNCTION(this << socket);
    const uint32_t to = m_peerOf.at(socket);
    m_peers.at(to).connected = true;
    Simulator::Schedule(m_firstAckTimeout, &PacketTransport::CheckFirstAck, this, socket);
    Pump(to);
}

void
PacketTransport::CheckFirstAck(Ptr<Socket> socket)
{
    const auto found = m_peerOf.find(socket);
    if (m_off || found == m_peerOf.end())
    {
        return;
    }
    const Peer& peer = m_peers.at(found->second);
    const uint64_t waiting = m_sndBufSize - socket->GetTxAvailable();
    if (peer.socket == socket && peer.connected && peer.written > 0 && waiting == peer.written)
    {
        Lost(socket);
    }
}

void
PacketTransport::Pump(uint32_t to)
{
    Peer& peer = m_peers.at(to);
    if (peer.pumping)
    {
        return;
    }
    peer.pumping = true;
    while (!m_off && peer.connected && peer.next < peer.queue.size())
    {
        Outgoing& out = peer.queue[peer.next];
        const uint64_t left = out.bytes - peer.partial;
        const uint64_t available = peer.socket->GetTxAvailable();
        uint64_t chunk = std::min(left, available);
        if (chunk < left)
        {
            // Whole segments only, or every acknowledgement would bring forth a small one; many
            // of them, or it would bring forth a write.
            chunk -= chunk % m_segmentSize;
            if (chunk < std::min<uint64_t>(WRITE_SEGMENTS * m_segmentSize, m_sndBufSize / 8))
            {
                break;
            }
        }
        const bool first = peer.partial == 0;
        if (chunk == 0 || (first && chunk < out.headerBytes))
        {
            break;
        }
        auto packet = Create<Packet>(static_cast<uint32_t>(chunk - (first ? out.headerBytes : 0)));
        if (first)
        {
            packet->AddHeader(MessageHeader(out.message, m_controlBytes));
        }
        // Accounted for before the socket works on it: sending may call back.
        peer.partial += chunk;
        peer.written += chunk;
        if (peer.partial == out.bytes)
        {
            out.end = peer.written;
            peer.partial = 0;
            ++peer.next;
        }
        if (peer.socket->Send(packet) < 0)
        {
            NS_LOG_WARN("Node " << Self() << ": TCP refused " << chunk << " bytes");
            Lost(peer.socket);
        }
    }
    peer.pumping = false;
}

void
PacketTransport::HandleSend(Ptr<Socket> socket, uint32_t available)
{
    auto found = m_peerOf.find(socket);
    if (m_off || found == m_peerOf.end())
    {
        return;
    }
    const uint32_t to = found->second;
    Peer& peer = m_peers.at(to);
    const uint64_t acknowledged = peer.written - (m_sndBufSize - socket->GetTxAvailable());
    std::vector<Outgoing> done;
    while (peer.next > 0 && peer.queue.front().end <= acknowledged)
    {
        m_queuedBytes -= peer.queue.front().bytes;
        peer.delivered++;
        done.push_back(std::move(peer.queue.front()));
        peer.queue.pop_front();
        --peer.next;
    }
    if (peer.connected)
    {
        Pump(to);
    }
    for (const auto& out : done)
    {
        if (!m_off && !m_delivered.IsNull())
        {
            m_delivered(to, out.message, Simulator::Now() - out.since);
        }
    }
}

void
PacketTransport::HandleAccept(Ptr<Socket> socket, const Address& from)
{
    NS_LOG_FUNCTION(this << socket);
    for (auto it = m_incoming.begin(); it != m_incoming.end();)
    {
        it = it->second.dead ? m_incoming.erase(it) : std::next(it);
    }
    m_incoming[socket];
    socket->SetRecvCallback(MakeCallback(&PacketTransport::HandleRead, this));
    socket->SetCloseCallbacks(MakeCallback(&PacketTransport::HandleClose, this),
                              MakeCallback(&PacketTransport::HandleClose, this));
}

void
PacketTransport::HandleClose(Ptr<Socket> socket)
{
    NS_LOG_FUNCTION(this << socket);
    auto found = m_incoming.find(socket);
    if (found != m_incoming.end() && !found->second.dead)
    {
        found->second.dead = true;
        Release(socket);
        socket->Close();
    }
}

void
PacketTransport::HandleRead(Ptr<Socket> socket)
{
    auto found = m_incoming.find(socket);
    while (!m_off && found != m_incoming.end() && !found->second.dead &&
           socket->GetRxAvailable() > 0)
    {
        MessageReader& reader = found->second.reader;
        const Ptr<Packet> packet = socket->Recv(reader.Wanted(), 0);
        if (!packet || packet->GetSize() == 0)
        {
            return;
        }
        if (!reader.Read(packet))
        {
            NS_LOG_WARN("Node " << Self() << " drops a connection: no valid header");
            HandleClose(socket);
            return;
        }
        if (const auto whole = reader.Take())
        {
            Receive(whole->message, whole->bytes);
        }
    }
}

void
PacketTransport::Receive(const Message& message, uint64_t bytes)
{
    m_rxTrace(message.from, Self(), message, bytes);
    if (!m_receive.IsNull())
    {
        m_receive(message);
    }
}

void
PacketTransport::SendDatagram(uint32_t to, const Message& message)
{
    NS_LOG_FUNCTION(this << to << MessageTypeName(message.type));
    if (m_off)
    {
        return;
    }
    auto found = m_peers.find(to);
    NS_ABORT_MSG_IF(found == m_peers.end() || to == Self(),
                    "Node " << Self() << " has no way to node " << to);
    m_txTrace(Self(), to, message, HeaderBytes(message, m_controlBytes));
    SendUdp(found->second.address, to, message);
}

void
PacketTransport::Broadcast(const Message& message)
{
    NS_LOG_FUNCTION(this << MessageTypeName(message.type));
    if (m_off)
    {
        return;
    }
    const auto send = [&](Ipv4Address address) {
        m_txTrace(Self(), BROADCAST, message, HeaderBytes(message, m_controlBytes));
        SendUdp(address, BROADCAST, message);
    };
    for (const uint32_t id : m_broadcastPeers)
    {
        send(m_peers.at(id).address);
    }
    if (!m_broadcastPeers.empty())
    {
        return;
    }
    Ptr<Ipv4> ip = GetObject<Ipv4>();
    for (uint32_t i = 1; i < ip->GetNInterfaces(); ++i) // 0 is the loopback
    {
        if (ip->IsUp(i) && ip->GetNAddresses(i) > 0)
        {
            send(ip->GetAddress(i, 0).GetBroadcast());
        }
    }
}

void
PacketTransport::SendUdp(Ipv4Address address, uint32_t to, const Message& message)
{
    NS_ABORT_MSG_IF(message.payloadBytes > 0, "A datagram has no payload");
    OpenSockets();
    auto packet = Create<Packet>();
    packet->AddHeader(MessageHeader(message, m_controlBytes));
    // SendTo of ns-3.37 ignores the socket's TOS; the tag works in all versions.
    SocketIpTosTag tos;
    tos.SetTos(m_controlTos);
    packet->AddPacketTag(tos);
    if (m_udp->SendTo(packet, 0, InetSocketAddress(address, m_controlPort)) < 0)
    {
        NS_LOG_WARN("Node " << Self() << ": no datagram to node " << to);
    }
}

void
PacketTransport::HandleDatagram(Ptr<Socket> socket)
{
    while (Ptr<Packet> packet = m_off ? nullptr : socket->Recv())
    {
        MessageHeader header;
        const uint32_t bytes = packet->RemoveHeader(header);
        if (bytes == 0 || packet->GetSize() > 0 || header.Get().payloadBytes > 0)
        {
            NS_LOG_WARN("Node " << Self() << " drops a datagram: no valid header");
            continue;
        }
        Receive(header.Get(), bytes);
    }
}

uint64_t
PacketTransport::QueuedBytes() const
{
    return m_queuedBytes;
}

void
PacketTransport::Disconnect()
{
    NS_LOG_FUNCTION(this);
    if (m_off)
    {
        return;
    }
    m_off = true;
    Unwatch();
    m_outage.Begin(GetObject<Node>());
    m_queuedBytes = 0;
    // The sockets stay, mute: one of them may be calling us.
    for (auto& [id, peer] : m_peers)
    {
        if (peer.socket)
        {
            Release(peer.socket);
        }
        peer.queue.clear();
        peer.next = 0;
        peer.connected = false;
    }
    for (auto& [socket, incoming] : m_incoming)
    {
        Release(socket);
    }
    Release(m_listener);
    Release(m_udp);
}

void
PacketTransport::Reconnect()
{
    NS_LOG_FUNCTION(this);
    if (!m_off)
    {
        return;
    }
    for (const auto& [socket, to] : m_peerOf)
    {
        CrashSocket(socket);
    }
    for (const auto& socket : m_stale)
    {
        CrashSocket(socket);
    }
    m_stale.clear();
    for (const auto& [socket, incoming] : m_incoming)
    {
        CloseByReset(socket);
        m_stale.push_back(socket);
    }
    CrashSocket(m_listener);
    m_listener = nullptr;
    m_peerOf.clear();
    m_incoming.clear();
    for (auto& [id, peer] : m_peers)
    {
        peer.socket = nullptr;
        peer.retrying = false;
        peer.pumping = false;
    }
    m_outage.End(GetObject<Node>());
    m_off = false;
    OpenSockets();
}

std::optional<uint64_t>
PacketTransport::Progress(uint32_t to) const
{
    const Peer& peer = m_peers.at(to);
    if (m_off || peer.queue.empty())
    {
        return std::nullopt;
    }
    const uint64_t waiting =
        peer.socket && peer.connected ? m_sndBufSize - peer.socket->GetTxAvailable() : 0;
    return peer.delivered + (peer.written - std::min(waiting, peer.written));
}

std::vector<Message>
PacketTransport::GiveUp(uint32_t to)
{
    NS_LOG_FUNCTION(this << to);
    Peer& peer = m_peers.at(to);
    if (peer.socket)
    {
        Release(peer.socket);
        CrashSocket(peer.socket);
        m_peerOf.erase(peer.socket);
        peer.socket = nullptr;
    }
    peer.connected = false;
    std::vector<Message> messages;
    for (Outgoing& out : peer.queue)
    {
        m_queuedBytes -= out.bytes;
        messages.push_back(std::move(out.message));
    }
    peer.queue.clear();
    return messages;
}

} // namespace mdi
} // namespace ns3

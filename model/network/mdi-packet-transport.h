// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PACKET_TRANSPORT_H
#define MDI_PACKET_TRANSPORT_H

#include "mdi-message-reader.h"
#include "mdi-node-outage.h"
#include "mdi-transport.h"

#include "ns3/address.h"
#include "ns3/ipv4-address.h"
#include "ns3/ptr.h"

#include <deque>
#include <map>
#include <vector>

namespace ns3
{

class Socket;

namespace mdi
{

/**
 * Messages in the packets of ns-3's own TCP and UDP, so that they meet queues, losses, medium
 * access and each other.
 *
 * Send uses one persistent TCP connection per receiver, opened when first needed; the reverse
 * direction has its own. Headers are real bytes on the wire, payloads are virtual: they take their
 * size everywhere, but no memory. A message counts as delivered when the peer's TCP has
 * acknowledged its last byte. If a connection fails, it is opened again after ReconnectDelay for as
 * long as messages wait, and those without acknowledgement are sent again: a receiver may see a
 * message twice if only the acknowledgement was lost.
 *
 * Datagrams are one UDP packet, marked with ControlTos to overtake bulk data where the network
 * lets them. TCP keeps timers for minutes after the last byte: stop the simulation explicitly.
 */
class PacketTransport : public Transport
{
  public:
    static TypeId GetTypeId();

    PacketTransport();
    ~PacketTransport() override;

    /**
     * \param nodeId a node's id
     * \param address where this node reaches it
     */
    void SetPeer(uint32_t nodeId, Ipv4Address address);

    /**
     * Where a medium has no broadcast (LTE): broadcasts go to these nodes one by one.
     * \param nodeIds all one-hop neighbours; each is a peer
     */
    void SetBroadcastPeers(const std::vector<uint32_t>& nodeIds);

    void Send(uint32_t to, const Message& message) override;
    void SendDatagram(uint32_t to, const Message& message) override;
    void Broadcast(const Message& message) override;
    uint64_t QueuedBytes() const override;

    /// Silences all sockets, sets all interfaces down and throws away what waits in their queues.
    void Disconnect() override;

    void Reconnect() override;

  protected:
    void DoInitialize() override;
    void DoDispose() override;
    std::optional<uint64_t> Progress(uint32_t to) const override;
    std::vector<Message> GiveUp(uint32_t to) override;

  private:
    /// A message on its way out.
    struct Outgoing
    {
        Message message;          //!< what to send
        uint32_t headerBytes = 0; //!< our header
        uint64_t bytes = 0;       //!< header and payload
        uint64_t end = 0;         //!< place of its last byte in the connection's stream
        Time since;               //!< when Send was called
    };

    /// The way to another node.
    struct Peer
    {
        Ipv4Address address;        //!< where it is
        Ptr<Socket> socket;         //!< our connection to it, or null
        bool connected = false;     //!< the handshake is over
        bool retrying = false;      //!< waits for ReconnectDelay
        std::deque<Outgoing> queue; //!< not delivered, in order
        size_t next = 0;            //!< first of the queue that is not yet written whole
        uint64_t partial = 0;       //!< bytes of it that are written
        uint64_t written = 0;       //!< bytes given to the socket since it was opened
        uint64_t delivered = 0;     //!< messages so far
        bool pumping = false;       //!< Pump is at work (the socket may call back out of it)
    };

    /// A peer's connection to us.
    struct Incoming
    {
        MessageReader reader; //!< of its bytes
        bool dead = false;    //!< closed
    };

    Ptr<Socket> OpenTcp();
    void OpenSockets();
    void Connect(uint32_t to);
    void Pump(uint32_t to);
    void Lost(Ptr<Socket> socket);
    void Retry(uint32_t to);
    void Release(Ptr<Socket> socket);

    void HandleConnected(Ptr<Socket> socket);
    void CheckFirstAck(Ptr<Socket> socket);
    void HandleSend(Ptr<Socket> socket, uint32_t available);
    void HandleAccept(Ptr<Socket> socket, const Address& from);
    void HandleRead(Ptr<Socket> socket);
    void HandleClose(Ptr<Socket> socket);
    void HandleDatagram(Ptr<Socket> socket);

    void Receive(const Message& message, uint64_t bytes);
    void SendUdp(Ipv4Address address, uint32_t to, const Message& message);
    uint32_t Self() const;

    uint16_t m_port = 0;                    //!< TCP
    uint16_t m_controlPort = 0;             //!< UDP
    uint8_t m_controlTos = 0;               //!< of datagrams
    uint32_t m_controlBytes = 0;            //!< least size of control messages
    uint32_t m_segmentSize = 0;             //!< octets of data in a segment
    uint32_t m_sndBufSize = 0;              //!< octets
    uint32_t m_rcvBufSize = 0;              //!< octets
    uint32_t m_initialCwnd = 0;             //!< segments
    Time m_delAckTimeout;                   //!< longest wait with an acknowledgement
    Time m_minRto;                          //!< shortest retransmission time-out
    Time m_connTimeout;                     //!< first wait for the answer to SYN
    Time m_firstAckTimeout;                 //!< longest wait for the first acknowledgement of data
    Time m_reconnectDelay;                  //!< wait after a connection failed
    bool m_noDelay = true;                  //!< no Nagle
    uint64_t m_queuedBytes = 0;             //!< of Send and not yet delivered
    bool m_off = false;                     //!< disconnected or disposed
    std::map<uint32_t, Peer> m_peers;       //!< by node id
    std::vector<uint32_t> m_broadcastPeers; //!< empty: broadcast on each interface
    std::map<Ptr<Socket>, uint32_t> m_peerOf;   //!< node id by outgoing connection
    std::map<Ptr<Socket>, Incoming> m_incoming; //!< by accepted connection
    std::vector<Ptr<Socket>> m_stale;           //!< accepted before the last Disconnect
    Ptr<Socket> m_listener;                     //!< TCP
    Ptr<Socket> m_udp;                          //!< datagrams
    NodeOutage m_outage;                        //!< while disconnected
};

} // namespace mdi
} // namespace ns3

#endif // MDI_PACKET_TRANSPORT_H

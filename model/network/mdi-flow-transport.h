// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FLOW_TRANSPORT_H
#define MDI_FLOW_TRANSPORT_H

#include "mdi-flow-network.h"
#include "mdi-tcp-model.h"
#include "mdi-transport.h"

#include <deque>
#include <map>
#include <memory>

namespace ns3
{
namespace mdi
{

/**
 * Messages as fluid flows: what PacketTransport does with TCP and UDP, in a few events a message.
 *
 * Messages of Send to one receiver leave one after another, as on PacketTransport's connection,
 * at the rate that FlowNetwork gives. Corrections on top, each as PacketTransport shows it: a
 * new connection first finds addresses (ARP) and shakes hands; slow start where the window is
 * smaller than what the path holds; headers of segments; the acknowledgement's way back, late by
 * DelAckTimeout after an odd number of segments; with traces, time-outs and the rate that random
 * loss leaves. Datagrams take the time of a lone packet on the network as it is at that moment.
 *
 * Not modelled: losses in full queues, what acknowledgements take of the other direction (1.7 %),
 * capture of a connection's window by another, retries of Wi-Fi frames beyond their mean.
 */
class FlowTransport : public Transport
{
  public:
    static TypeId GetTypeId();

    FlowTransport();
    ~FlowTransport() override;

    /**
     * \param network the network
     * \param self this node's id in it
     * \param broadcastPackets that a broadcast of this node takes, one per link or neighbour
     */
    void Configure(Ptr<FlowNetwork> network, uint32_t self, uint32_t broadcastPackets);

    void Send(uint32_t to, const Message& message) override;
    void SendDatagram(uint32_t to, const Message& message) override;
    void Broadcast(const Message& message) override;
    uint64_t QueuedBytes() const override;
    void Disconnect() override;
    void Reconnect() override;

    /// FlowNetwork: a node is back, which forgot its connections; TCP asks it again at `retry`.
    void OnPeerBack(uint32_t node, Time retry);

    /// FlowNetwork: the bits that were begun towards a receiver have left.
    void TransferDone(uint32_t to);

  protected:
    void DoDispose() override;
    std::optional<uint64_t> Progress(uint32_t to) const override;
    std::vector<Message> GiveUp(uint32_t to) override;

  private:
    /// A message on its way out.
    struct Outgoing
    {
        std::shared_ptr<const Message> message;
        uint64_t bytes = 0; //!< header and payload
        Time since;         //!< when Send was called
    };

    /// The connection to another node.
    struct Peer
    {
        FlowNetwork::Transfer transfer = 0;
        const FlowRoute* out = nullptr;  //!< the way there; a map's entries stay where they are
        const FlowRoute* back = nullptr; //!< and the other way
        uint32_t opened = 0;             //!< counts connections: what an earlier one did is void
        bool stale = false;              //!< the receiver forgot the connection
        bool connected = false;          //!< the handshake is over
        bool busy = false;               //!< connecting, sending or waiting for the window
        std::deque<Outgoing> queue;      //!< not delivered, in order
        size_t next = 0;                 //!< first of the queue that has not left whole
        uint64_t partial = 0;            //!< bytes of it that have left, the running ones included
        size_t arrived = 0;              //!< of the queue: are at the receiver
        uint64_t done = 0;               //!< messages delivered so far
        uint64_t progress = 0;           //!< counts what got on: no connection's end does
        Time tried;                      //!< when the connection was asked for
        bool oddSegments = true;         //!< one segment waits for DelAckTimeout: the handshake's
        Time arrival;                    //!< of the last message: TCP keeps the order
        Time roundTrip;                  //!< of the idle path
        double bandwidthDelay = 0;       //!< of the idle path [bytes]
        TcpWindow window;
    };

    Peer& PeerOf(uint32_t to);
    void Close(Peer& peer);
    void Connect(uint32_t to, Time wait);
    void Next(uint32_t to);
    void Left(uint32_t to);
    void Arrive(uint32_t to, uint32_t opened);
    void Delivered(uint32_t to, uint32_t opened, uint64_t count);
    void Hear(const std::shared_ptr<const Message>& message, uint64_t bytes);
    void SendAlone(uint32_t to,
                   const std::shared_ptr<const Message>& message,
                   uint64_t bytes,
                   Time wait);

    Ptr<FlowNetwork> m_network;
    uint32_t m_broadcastPackets = 0;
    uint32_t m_self = 0;
    uint32_t m_controlBytes = 0;      //!< least size of control messages
    Time m_delAckTimeout;             //!< longest wait with an acknowledgement
    Time m_reconnectDelay;            //!< wait after a connection failed
    uint64_t m_queuedBytes = 0;       //!< of Send and not yet delivered
    bool m_off = false;               //!< disconnected or disposed
    std::map<uint32_t, Peer> m_peers; //!< by node id
};

} // namespace mdi
} // namespace ns3

#endif // MDI_FLOW_TRANSPORT_H

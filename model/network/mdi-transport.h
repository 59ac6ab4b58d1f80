// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TRANSPORT_H
#define MDI_TRANSPORT_H

#include "mdi-message.h"

#include "ns3/callback.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"

namespace ns3
{
namespace mdi
{

/**
 * How messages travel from one node to another. One transport a node, aggregated to it; a
 * transport knows no policy. Nodes are named by their ns-3 node id.
 */
class Transport : public Object
{
  public:
    /// A message arrived here.
    using ReceiveCallback = Callback<void, const Message&>;

    /// A message of Send arrived whole at the peer's stack, after `elapsed` since Send.
    using DeliveredCallback = Callback<void, uint32_t /* to */, const Message&, Time /* elapsed */>;

    /// Trace signature: node ids of sender and receiver, the message, its bytes with our header.
    using MessageTracedCallback = void (*)(uint32_t from,
                                           uint32_t to,
                                           const Message& message,
                                           uint64_t bytes);

    /// Receiver id in traces of broadcasts.
    static constexpr uint32_t BROADCAST = 0xffffffff;

    static TypeId GetTypeId();

    /// Reliable, in order per receiver, over any number of hops. To itself: not allowed.
    virtual void Send(uint32_t to, const Message& message) = 0;

    /// Unreliable, one packet, over any number of hops.
    virtual void SendDatagram(uint32_t to, const Message& message) = 0;

    /// Unreliable, one packet to all one-hop neighbours.
    virtual void Broadcast(const Message& message) = 0;

    /// Bytes given to Send and not yet delivered, all receivers together.
    virtual uint64_t QueuedBytes() const = 0;

    /// The node leaves the network: nothing is sent, forwarded or received any more.
    virtual void Disconnect() = 0;

    void SetReceiveCallback(ReceiveCallback callback); //!< who takes what arrives here
    void SetDeliveredCallback(
        DeliveredCallback callback); //!< who is told when a sent message is delivered

  protected:
    void DoDispose() override;

    ReceiveCallback m_receive;     //!< null: nobody
    DeliveredCallback m_delivered; //!< null: nobody
    /// A message is handed to the network. Beacons and datagrams count, too.
    TracedCallback<uint32_t, uint32_t, const Message&, uint64_t> m_txTrace;
    /// A message has arrived whole.
    TracedCallback<uint32_t, uint32_t, const Message&, uint64_t> m_rxTrace;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TRANSPORT_H

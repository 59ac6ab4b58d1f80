// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TRANSPORT_H
#define MDI_TRANSPORT_H

#include "mdi-message.h"

#include "ns3/callback.h"
#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"

#include <map>
#include <optional>
#include <vector>

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

    /// A message of Send was given up, see UserTimeout: it may have arrived or not.
    using UndeliveredCallback = Callback<void, uint32_t /* to */, const Message&>;

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

    /// The node leaves the network: nothing is sent, forwarded or received any more. What it had to
    /// send is forgotten.
    virtual void Disconnect() = 0;

    /**
     * The node is back after Disconnect, without the connections that it had. Who still has one to
     * it finds that out when it next sends there, and opens another.
     */
    virtual void Reconnect() = 0;

    void SetReceiveCallback(ReceiveCallback callback); //!< who takes what arrives here
    void SetDeliveredCallback(
        DeliveredCallback callback); //!< who is told when a sent message is delivered
    void SetUndeliveredCallback(
        UndeliveredCallback callback); //!< who is told when a message is given up

  protected:
    void DoDispose() override;

    /// A message was queued for a node: give it up in time if nothing moves.
    void Watch(uint32_t to);

    /// Nothing is on its way any more.
    void Unwatch();

    /**
     * A number that changes while what was sent to a node gets on; none if nothing waits for it.
     */
    virtual std::optional<uint64_t> Progress(uint32_t to) const = 0;

    /// Close the connection to a node. \return the messages that were not delivered, in order
    virtual std::vector<Message> GiveUp(uint32_t to) = 0;

    ReceiveCallback m_receive;     //!< null: nobody
    DeliveredCallback m_delivered; //!< null: nobody
    /// A message is handed to the network. Beacons and datagrams count, too.
    TracedCallback<uint32_t, uint32_t, const Message&, uint64_t> m_txTrace;
    /// A message has arrived whole.
    TracedCallback<uint32_t, uint32_t, const Message&, uint64_t> m_rxTrace;

  private:
    /// What is sent to a node, since it last got on.
    struct Watched
    {
        std::optional<uint64_t> progress;
        Time since;
        EventId check; //!< the next
    };

    void Check(uint32_t to);
    void ScheduleCheck(uint32_t to);

    Time m_userTimeout; //!< attribute UserTimeout
    UndeliveredCallback m_undelivered;
    std::map<uint32_t, Watched> m_watched; //!< by receiver
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TRANSPORT_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TRACE_SHAPER_H
#define MDI_TRACE_SHAPER_H

#include "mdi-link-trace.h"

#include "ns3/data-rate.h"
#include "ns3/event-id.h"
#include "ns3/queue-disc.h"
#include "ns3/random-variable-stream.h"
#include "ns3/traced-value.h"

#include <deque>

namespace ns3
{
namespace mdi
{

/**
 * Sends what a node gives to a device as a link trace says. Packets wait in a child queue disc, are
 * served one at a time at the trace's rate (the bits of the IP packet; when the rate changes in the
 * middle of a packet, the bits left go on at the new one), are lost with the trace's probability,
 * and are held back for its delay. They never overtake each other: a delay that falls lets a packet
 * out together with the one before it. Delay and loss are those at the end of the service.
 *
 * While the device does not take what is due, no further packet is served, so that a device slower
 * than the trace makes packets wait in the child, where flows take turns. Nothing is polled: events
 * are the end of a packet, its release, and changes of the trace while a packet is served.
 */
class TraceShaper : public QueueDisc
{
  public:
    static TypeId GetTypeId();

    TraceShaper();
    ~TraceShaper() override;

    /// What to replay. Before the simulation begins.
    void SetReplay(const LinkReplay& replay);

    /// Throw away all that waits; nothing is sent until the next packet comes.
    void Flush();

    /// Fixes the stream of losses. \return 1
    int64_t AssignStreams(int64_t stream);

    /// Drop reason of what the trace's loss takes.
    static constexpr const char* LOST = "Lost as the link trace says";

  private:
    /// A packet that was served.
    struct Held
    {
        Ptr<QueueDiscItem> item;
        Time release; //!< when the device may have it
    };

    bool DoEnqueue(Ptr<QueueDiscItem> item) override;
    Ptr<QueueDiscItem> DoDequeue() override;
    bool CheckConfig() override;
    void InitializeParams() override;
    void DoDispose() override;

    void Serve();
    void Continue();
    void Served();

    void SetRepeat(bool repeat);
    bool GetRepeat() const;
    void SetStart(Time start);
    Time GetStart() const;

    LinkReplay m_replay;
    TracedValue<DataRate> m_rate; //!< at which the last packet was or is served
    Ptr<UniformRandomVariable> m_loss;
    Ptr<QueueDiscItem> m_serving; //!< or null
    double m_bitsLeft = 0;        //!< of m_serving, at m_since
    Time m_since;                 //!< when m_bitsLeft was true
    EventId m_service;            //!< end of m_serving or change of the trace
    std::deque<Held> m_held;      //!< in order; releases do not descend
    Time m_lastRelease;           //!< of what was served before
    EventId m_release;            //!< of the front of m_held
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TRACE_SHAPER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_HANDSHAKE_H
#define MDI_HANDSHAKE_H

#include "mdi-message.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/random-variable-stream.h"
#include "ns3/traced-callback.h"

#include <functional>
#include <map>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * The RTC/CTC exchange of PA-MDI, modelled on RTS/CTS of CSMA/CA (reported), **reconstructed** in
 * its fields and timers (papers.md section 5.3; the acronyms are not expanded in anything that was
 * available). It keeps several workers from sending tasks to one node at once.
 *
 * Sender: RTC{task, key, W, bytes} to the chosen worker, then wait T_ctc. Receiver: collect RTCs
 * for T_w, grant the one with the smallest key by a broadcast CTC that carries its backlog with the
 * grant counted in, refuse the others (NACK). A reservation ends when the tensor arrives, is
 * cancelled, or after T_res = 2 D + T_ctc. A refused sender backs off uniform[0, 2^i * unit]; a
 * neighbour that overhears a CTC defers its own RTCs to that worker until the window closes.
 */
class Handshake : public Object
{
  public:
    /// What the protocol needs of its worker.
    struct Host
    {
        uint32_t self = 0;                                             //!< node id
        std::function<void(uint32_t to, const Message&)> sendDatagram; //!< unreliable, to one node
        std::function<void(const Message&)> broadcast;                 //!< to all neighbours
        std::function<WorkerReport()> report; //!< own state, reservations counted
        std::function<Time(uint32_t from, uint64_t bytes)> transferTime; //!< D for a grant's tensor
        std::function<void(const TaskId&, uint32_t to)> granted;         //!< may send now
        std::function<void(const TaskId&)> refused; //!< may not; try again after the back-off
        std::function<void()> retry;                //!< a back-off or deferral is over
    };

    /// Trace signature: the task that was granted.
    using GrantTracedCallback = void (*)(const TaskId& task);

    static TypeId GetTypeId();

    Handshake();

    /// Before anything else.
    void SetHost(Host host);

    /// Sender: ask `to`. Only if CanRequest.
    void Request(uint32_t to, const Message& request);

    /// Sender: no request is out and no back-off runs.
    bool CanRequest() const;

    /// Sender: a grant to somebody else was overheard; wait.
    bool IsDeferred(uint32_t to) const;

    /// RTC, CTC, NACK or CANCEL arrived.
    void Receive(const Message& message);

    /// Receiver: the granted tensor is here.
    void OnArrived(const TaskId& task);

    /// The worker failed: forget all requests and grants.
    void Reset();

    /// Receiver: work granted and not yet arrived, by priority [FLOP].
    std::map<float, double> Reserved() const;

    /// Receiver: number of tasks granted and not yet arrived.
    uint32_t Reservations() const;

    /// \return number of streams used
    int64_t AssignStreams(int64_t stream);

  protected:
    void DoDispose() override;

  private:
    struct Reservation
    {
        float priority;
        double flop;
        EventId expiry;
    };

    void Grant();
    void Release(const TaskId& task);
    void EndRequest(bool granted);
    Time ReplyTimeout() const;
    void OnReply(const Message& message);

    Host m_host;
    Time m_window;         //!< attribute Window, T_w
    Time m_initialRtt;     //!< attribute InitialRtt
    Time m_backoffUnit;    //!< attribute BackoffUnit
    uint32_t m_maxBackoff; //!< attribute MaxBackoffExponent
    bool m_sendNack;       //!< attribute SendNack
    Ptr<UniformRandomVariable> m_backoff;

    // sender
    bool m_requesting = false;
    TaskId m_requested;
    uint32_t m_requestedFrom = 0;
    Time m_requestedAt;
    uint32_t m_failures = 0;
    Time m_rtt;
    EventId m_timeout;
    EventId m_backoffEnd;
    std::map<uint32_t, Time> m_deferredUntil;
    EventId m_deferralEnd;

    // receiver
    std::vector<Message> m_requests; //!< of the open window
    EventId m_windowEnd;
    std::map<TaskId, Reservation> m_reservations;

    TracedCallback<const TaskId&> m_grantTrace;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_HANDSHAKE_H

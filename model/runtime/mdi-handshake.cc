// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-handshake.h"

#include "ns3/boolean.h"
#include "ns3/log.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <tuple>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiHandshake");
NS_OBJECT_ENSURE_REGISTERED(Handshake);

namespace
{

/// Weight of a new sample in the smoothed round trip (TCP's, RFC 6298).
constexpr double RTT_WEIGHT = 0.125;

} // namespace

TypeId
Handshake::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::Handshake")
            .SetParent<Object>()
            .SetGroupName("Mdi")
            .AddConstructor<Handshake>()
            .AddAttribute(
                "Window",
                "T_w: how long a receiver collects requests (tunable default, unverified)",
                TimeValue(MilliSeconds(5)),
                MakeTimeAccessor(&Handshake::m_window),
                MakeTimeChecker(Seconds(0)))
            .AddAttribute("InitialRtt",
                          "Round trip of a control message before one was measured; the reply is "
                          "awaited for T_ctc = 3 RTT + T_w (tunable default, unverified)",
                          TimeValue(MilliSeconds(5)),
                          MakeTimeAccessor(&Handshake::m_initialRtt),
                          MakeTimeChecker(MicroSeconds(1)))
            .AddAttribute("BackoffUnit",
                          "Back-off is uniform in [0, 2^i * unit] (tunable default, unverified)",
                          TimeValue(MilliSeconds(10)),
                          MakeTimeAccessor(&Handshake::m_backoffUnit),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("MaxBackoffExponent",
                          "Largest i of the back-off (tunable default, unverified)",
                          UintegerValue(5),
                          MakeUintegerAccessor(&Handshake::m_maxBackoff),
                          MakeUintegerChecker<uint32_t>(0, 20))
            .AddAttribute("SendNack",
                          "Refuse by a message rather than by silence",
                          BooleanValue(true),
                          MakeBooleanAccessor(&Handshake::m_sendNack),
                          MakeBooleanChecker())
            .AddTraceSource("Grant",
                            "A worker granted a task",
                            MakeTraceSourceAccessor(&Handshake::m_grantTrace),
                            "ns3::mdi::Handshake::GrantTracedCallback");
    return tid;
}

Handshake::Handshake()
    : m_backoff(CreateObject<UniformRandomVariable>())
{
}

void
Handshake::SetHost(Host host)
{
    m_host = std::move(host);
    m_rtt = m_initialRtt;
}

uint32_t
Handshake::Reservations() const
{
    return static_cast<uint32_t>(m_reservations.size());
}

int64_t
Handshake::AssignStreams(int64_t stream)
{
    m_backoff->SetStream(stream);
    return 1;
}

void
Handshake::DoDispose()
{
    m_host = Host();
    Reset();
    Object::DoDispose();
}

void
Handshake::Reset()
{
    m_timeout.Cancel();
    m_backoffEnd.Cancel();
    m_deferralEnd.Cancel();
    m_windowEnd.Cancel();
    for (auto& [task, reservation] : m_reservations)
    {
        reservation.expiry.Cancel();
    }
    m_reservations.clear();
    m_requests.clear();
    m_deferredUntil.clear();
    m_requesting = false;
    m_failures = 0;
}

Time
Handshake::ReplyTimeout() const
{
    return 3 * m_rtt + m_window;
}

void
Handshake::Request(uint32_t to, const Message& request)
{
    NS_LOG_FUNCTION(this << to);
    m_requesting = true;
    m_requested = request.task;
    m_requestedFrom = to;
    m_requestedAt = Simulator::Now();
    m_host.sendDatagram(to, request);
    m_timeout = Simulator::Schedule(ReplyTimeout(), [this] { EndRequest(false); });
}

bool
Handshake::CanRequest() const
{
    return !m_requesting && m_backoffEnd.IsExpired();
}

bool
Handshake::IsDeferred(uint32_t to) const
{
    const auto found = m_deferredUntil.find(to);
    return found != m_deferredUntil.end() && Simulator::Now() < found->second;
}

void
Handshake::Receive(const Message& message)
{
    switch (message.type)
    {
    case MessageType::RTC:
        m_requests.push_back(message);
        if (m_windowEnd.IsExpired())
        {
            m_windowEnd = Simulator::Schedule(m_window, [this] { Grant(); });
        }
        break;
    case MessageType::CTC:
    case MessageType::NACK:
        OnReply(message);
        break;
    case MessageType::CANCEL:
        Release(message.task);
        break;
    default:
        break;
    }
}

void
Handshake::OnReply(const Message& message)
{
    const bool mine = m_requesting && message.from == m_requestedFrom &&
                      message.task == m_requested && message.node == m_host.self;
    if (mine)
    {
        const Time waited = Simulator::Now() - m_requestedAt;
        const Time sample = Max(waited - m_window, MicroSeconds(1));
        m_rtt = m_rtt + Seconds(RTT_WEIGHT * (sample - m_rtt).GetSeconds());
        EndRequest(message.type == MessageType::CTC);
    }
    else if (message.type == MessageType::CTC && message.node == m_host.self)
    {
        // Granted after the time-out: the reservation must not linger.
        Message cancel = message;
        cancel.type = MessageType::CANCEL;
        m_host.sendDatagram(message.from, cancel);
    }
    else if (message.type == MessageType::CTC)
    {
        m_deferredUntil[message.from] = Simulator::Now() + m_window;
        m_deferralEnd.Cancel();
        m_deferralEnd = Simulator::Schedule(m_window, [this] { m_host.retry(); });
    }
}

void
Handshake::EndRequest(bool granted)
{
    NS_LOG_FUNCTION(this << granted);
    m_timeout.Cancel();
    m_requesting = false;
    if (granted)
    {
        m_failures = 0;
        m_host.granted(m_requested, m_requestedFrom);
        return;
    }
    const uint32_t exponent = std::min(m_failures++, m_maxBackoff);
    const double limit = m_backoffUnit.GetSeconds() * static_cast<double>(1U << exponent);
    m_backoffEnd =
        Simulator::Schedule(Seconds(m_backoff->GetValue(0, limit)), [this] { m_host.retry(); });
    m_host.refused(m_requested);
}

void
Handshake::Grant()
{
    auto first = [](const Message& a, const Message& b) {
        return std::tie(a.key, a.admitted, a.task) < std::tie(b.key, b.admitted, b.task);
    };
    const auto best = std::min_element(m_requests.begin(), m_requests.end(), first);
    const Message granted = *best;

    // A repeated request for a task that is already granted renews its reservation.
    Release(granted.task);
    const Time lifetime =
        2 * m_host.transferTime(granted.from, granted.requestBytes) + ReplyTimeout();
    const TaskId task = granted.task;
    m_reservations[task] = {granted.priority,
                            granted.workFlop,
                            Simulator::Schedule(lifetime, [this, task] { Release(task); })};
    m_grantTrace(task);

    for (const auto& request : m_requests)
    {
        Message reply;
        reply.task = request.task;
        reply.priority = request.priority;
        reply.admitted = request.admitted;
        reply.node = request.from;
        reply.report = m_host.report();
        if (request.task == granted.task && request.from == granted.from)
        {
            reply.type = MessageType::CTC;
            m_host.broadcast(reply);
        }
        else if (m_sendNack)
        {
            reply.type = MessageType::NACK;
            m_host.sendDatagram(request.from, reply);
        }
    }
    m_requests.clear();
}

void
Handshake::Release(const TaskId& task)
{
    const auto found = m_reservations.find(task);
    if (found == m_reservations.end())
    {
        return;
    }
    found->second.expiry.Cancel();
    m_reservations.erase(found);
}

void
Handshake::OnArrived(const TaskId& task)
{
    Release(task);
}

std::map<float, double>
Handshake::Reserved() const
{
    std::map<float, double> reserved;
    for (const auto& [task, reservation] : m_reservations)
    {
        reserved[reservation.priority] += reservation.flop;
    }
    return reserved;
}

} // namespace mdi
} // namespace ns3

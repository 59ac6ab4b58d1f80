// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-transport.h"

#include "ns3/simulator.h"
#include "ns3/trace-source-accessor.h"

namespace ns3
{
namespace mdi
{

namespace
{

/// Of progress, within the user time-out.
constexpr int CHECKS = 4;

} // namespace

NS_OBJECT_ENSURE_REGISTERED(Transport);

TypeId
Transport::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::Transport")
            .SetParent<Object>()
            .SetGroupName("Mdi")
            .AddAttribute("UserTimeout",
                          "A connection on which nothing has moved for so long, though messages "
                          "wait, is closed, and they are given up (RFC 5482); 0: never",
                          TimeValue(Seconds(0)),
                          MakeTimeAccessor(&Transport::m_userTimeout),
                          MakeTimeChecker(Seconds(0)))
            .AddTraceSource("Tx",
                            "A message is handed to the network; bytes with our header",
                            MakeTraceSourceAccessor(&Transport::m_txTrace),
                            "ns3::mdi::Transport::MessageTracedCallback")
            .AddTraceSource("Rx",
                            "A message has arrived whole; bytes with our header",
                            MakeTraceSourceAccessor(&Transport::m_rxTrace),
                            "ns3::mdi::Transport::MessageTracedCallback");
    return tid;
}

void
Transport::SetReceiveCallback(ReceiveCallback callback)
{
    m_receive = callback;
}

void
Transport::SetDeliveredCallback(DeliveredCallback callback)
{
    m_delivered = callback;
}

void
Transport::SetUndeliveredCallback(UndeliveredCallback callback)
{
    m_undelivered = callback;
}

void
Transport::Watch(uint32_t to)
{
    if (!m_userTimeout.IsZero() && m_watched.count(to) == 0)
    {
        m_watched[to] = {Progress(to), Simulator::Now(), EventId()};
        ScheduleCheck(to);
    }
}

void
Transport::ScheduleCheck(uint32_t to)
{
    m_watched.at(to).check =
        Simulator::Schedule(m_userTimeout / CHECKS, &Transport::Check, this, to);
}

void
Transport::Unwatch()
{
    for (auto& [to, watched] : m_watched)
    {
        watched.check.Cancel();
    }
    m_watched.clear();
}

void
Transport::Check(uint32_t to)
{
    const auto progress = Progress(to);
    if (!progress)
    {
        m_watched.erase(to);
        return;
    }
    Watched& watched = m_watched[to];
    if (progress != watched.progress)
    {
        watched.progress = progress;
        watched.since = Simulator::Now();
    }
    if (Simulator::Now() - watched.since < m_userTimeout)
    {
        ScheduleCheck(to);
        return;
    }
    m_watched.erase(to);
    for (const Message& message : GiveUp(to))
    {
        if (!m_undelivered.IsNull())
        {
            m_undelivered(to, message);
        }
    }
}

void
Transport::DoDispose()
{
    Unwatch();
    m_undelivered = UndeliveredCallback();
    m_receive = ReceiveCallback();
    m_delivered = DeliveredCallback();
    Object::DoDispose();
}

} // namespace mdi
} // namespace ns3

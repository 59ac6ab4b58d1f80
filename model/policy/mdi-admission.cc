// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-admission.h"

#include "ns3/pointer.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <utility>

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(Admission);
NS_OBJECT_ENSURE_REGISTERED(RandomAdmission);
NS_OBJECT_ENSURE_REGISTERED(TraceAdmission);
NS_OBJECT_ENSURE_REGISTERED(ClosedLoopAdmission);

TypeId
Admission::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::Admission").SetParent<Object>().SetGroupName("Mdi");
    return tid;
}

void
Admission::Start(std::function<bool()> release, std::function<uint32_t()> queuedTasks)
{
    m_release = std::move(release);
    m_queuedTasks = std::move(queuedTasks);
    m_startsLater = m_paused && Waits();
    if (!m_startsLater)
    {
        DoStart();
    }
}

bool
Admission::Waits() const
{
    return false;
}

void
Admission::ItemEnded()
{
    if (m_paused)
    {
        m_endedPaused++;
        return;
    }
    DoItemEnded();
}

void
Admission::Pause()
{
    m_paused = true;
    DoPause();
}

void
Admission::Resume()
{
    m_paused = false;
    if (std::exchange(m_startsLater, false))
    {
        DoStart();
        return;
    }
    DoResume();
    for (uint32_t ended = std::exchange(m_endedPaused, 0); ended > 0; --ended)
    {
        DoItemEnded();
    }
}

void
Admission::Stop()
{
    m_event.Cancel();
    m_release = nullptr;
    m_queuedTasks = nullptr;
    DoStop();
}

void
Admission::DoStop()
{
}

void
Admission::DoItemEnded()
{
}

void
Admission::DoPause()
{
}

void
Admission::DoResume()
{
}

int64_t
Admission::AssignStreams(int64_t stream)
{
    return 0;
}

void
Admission::DoDispose()
{
    Stop();
    Object::DoDispose();
}

bool
Admission::Release()
{
    return m_release && m_release();
}

uint32_t
Admission::QueuedTasks() const
{
    return m_queuedTasks();
}

void
Admission::ScheduleAfter(Time delay, std::function<void()> next)
{
    m_event = Simulator::Schedule(delay, std::move(next));
}

void
Admission::CancelScheduled()
{
    m_event.Cancel();
}

TypeId
RandomAdmission::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::RandomAdmission")
            .SetParent<Admission>()
            .SetGroupName("Mdi")
            .AddConstructor<RandomAdmission>()
            .AddAttribute("Gap",
                          "Seconds between one item and the next; the first comes after one gap",
                          StringValue("ns3::ConstantRandomVariable[Constant=1]"),
                          MakePointerAccessor(&RandomAdmission::m_gap),
                          MakePointerChecker<RandomVariableStream>());
    return tid;
}

int64_t
RandomAdmission::AssignStreams(int64_t stream)
{
    m_gap->SetStream(stream);
    return 1;
}

void
RandomAdmission::DoStart()
{
    ScheduleAfter(Seconds(std::max(0.0, m_gap->GetValue())), [this] { Next(); });
}

void
RandomAdmission::Next()
{
    if (Release())
    {
        DoStart();
    }
}

TypeId
TraceAdmission::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::TraceAdmission")
                            .SetParent<Admission>()
                            .SetGroupName("Mdi")
                            .AddConstructor<TraceAdmission>();
    return tid;
}

void
TraceAdmission::SetTimes(std::vector<Time> times)
{
    m_times = std::move(times);
}

void
TraceAdmission::DoStart()
{
    m_started = Simulator::Now();
    m_at = 0;
    if (!m_times.empty())
    {
        ScheduleAfter(m_times.front(), [this] { Next(); });
    }
}

void
TraceAdmission::Next()
{
    if (Release() && ++m_at < m_times.size())
    {
        ScheduleAfter(m_started + m_times[m_at] - Simulator::Now(), [this] { Next(); });
    }
}

TypeId
ClosedLoopAdmission::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::ClosedLoopAdmission")
                            .SetParent<Admission>()
                            .SetGroupName("Mdi")
                            .AddConstructor<ClosedLoopAdmission>()
                            .AddAttribute("Window",
                                          "Items in flight",
                                          UintegerValue(1),
                                          MakeUintegerAccessor(&ClosedLoopAdmission::m_window),
                                          MakeUintegerChecker<uint32_t>(1));
    return tid;
}

bool
ClosedLoopAdmission::Waits() const
{
    return true;
}

void
ClosedLoopAdmission::DoStart()
{
    for (uint32_t i = 0; i < m_window && Release(); ++i)
    {
    }
}

void
ClosedLoopAdmission::DoItemEnded()
{
    // Not inside the event that ended the item: its traces come first.
    Simulator::ScheduleNow([this] { Release(); });
}

} // namespace mdi
} // namespace ns3

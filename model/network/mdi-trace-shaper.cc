// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-trace-shaper.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/log.h"
#include "ns3/net-device-queue-interface.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiTraceShaper");

NS_OBJECT_ENSURE_REGISTERED(TraceShaper);

TypeId
TraceShaper::GetTypeId()
{
    using Self = TraceShaper;
    static TypeId tid =
        TypeId("ns3::mdi::TraceShaper")
            .SetParent<QueueDisc>()
            .SetGroupName("Mdi")
            .AddConstructor<TraceShaper>()
            .AddAttribute("Repeat",
                          "Whether the trace begins again after its end; else its last row stays",
                          BooleanValue(false),
                          MakeBooleanAccessor(&Self::SetRepeat, &Self::GetRepeat),
                          MakeBooleanChecker())
            .AddAttribute("Start",
                          "Where in the trace simulated time 0 is",
                          TimeValue(Time(0)),
                          MakeTimeAccessor(&Self::SetStart, &Self::GetStart),
                          MakeTimeChecker(Time(0)))
            .AddTraceSource("Rate",
                            "The rate at which packets are served; changes that find nothing to "
                            "serve show with the next packet",
                            MakeTraceSourceAccessor(&Self::m_rate),
                            "ns3::TracedValueCallback::DataRate");
    return tid;
}

TraceShaper::TraceShaper()
    : QueueDisc(QueueDiscSizePolicy::SINGLE_CHILD_QUEUE_DISC),
      m_loss(CreateObject<UniformRandomVariable>())
{
}

TraceShaper::~TraceShaper() = default;

void
TraceShaper::SetReplay(const LinkReplay& replay)
{
    m_replay = replay;
}

void
TraceShaper::SetRepeat(bool repeat)
{
    m_replay.repeat = repeat;
}

bool
TraceShaper::GetRepeat() const
{
    return m_replay.repeat;
}

void
TraceShaper::SetStart(Time start)
{
    m_replay.start = start;
}

Time
TraceShaper::GetStart() const
{
    return m_replay.start;
}

int64_t
TraceShaper::AssignStreams(int64_t stream)
{
    m_loss->SetStream(stream);
    return 1;
}

bool
TraceShaper::CheckConfig()
{
    NS_ABORT_MSG_IF(!m_replay.trace || m_replay.trace->rows.empty(), "A shaper without a trace");
    NS_ABORT_MSG_IF(GetNPacketFilters() > 0 || GetNInternalQueues() > 0 ||
                        GetNQueueDiscClasses() != 1,
                    "A shaper has one child queue disc, no filters and no internal queues");
    return true;
}

void
TraceShaper::InitializeParams()
{
    // Releases can come in clusters. ns-3 ends a run after 64 packets, and nothing begins another.
    SetQuota(std::numeric_limits<uint32_t>::max());
    // FqCoDel takes its quantum from the device's MTU and does not end without one.
    GetQueueDiscClass(0)->GetQueueDisc()->SetNetDeviceQueueInterface(GetNetDeviceQueueInterface());
}

void
TraceShaper::DoDispose()
{
    m_service.Cancel();
    m_release.Cancel();
    m_serving = nullptr;
    m_held.clear();
    QueueDisc::DoDispose();
}

void
TraceShaper::Flush()
{
    NS_LOG_FUNCTION(this);
    m_service.Cancel();
    m_release.Cancel();
    m_serving = nullptr;
    m_held.clear();
    auto child = GetQueueDiscClass(0)->GetQueueDisc();
    while (child->GetNPackets() > 0 && child->Dequeue())
    {
    }
}

bool
TraceShaper::DoEnqueue(Ptr<QueueDiscItem> item)
{
    const bool taken = GetQueueDiscClass(0)->GetQueueDisc()->Enqueue(item);
    Serve();
    return taken;
}

void
TraceShaper::Serve()
{
    const bool blocked = !m_held.empty() && m_held.front().release <= Simulator::Now();
    if (m_serving || blocked)
    {
        return;
    }
    m_serving = GetQueueDiscClass(0)->GetQueueDisc()->Dequeue();
    if (m_serving)
    {
        m_bitsLeft = m_serving->GetSize() * 8.0;
        Continue();
    }
}

void
TraceShaper::Continue()
{
    const Time now = Simulator::Now();
    const uint64_t rate = m_replay.At(now).rateBps;
    m_rate = DataRate(rate);
    m_since = now;
    const auto change = m_replay.NextChange(now);
    if (rate > 0)
    {
        const double ns = std::round(m_bitsLeft * 1e9 / static_cast<double>(rate));
        if (!change || ns <= static_cast<double>((*change - now).GetNanoSeconds()))
        {
            m_service = Simulator::Schedule(
                NanoSeconds(static_cast<int64_t>(ns)), &TraceShaper::Served, this);
            return;
        }
    }
    if (change)
    {
        m_service = Simulator::Schedule(*change - now, [this, rate] {
            const double seconds = (Simulator::Now() - m_since).GetSeconds();
            m_bitsLeft = std::max(0.0, m_bitsLeft - static_cast<double>(rate) * seconds);
            Continue();
        });
    }
}

void
TraceShaper::Served()
{
    const Time now = Simulator::Now();
    const LinkTrace::Row& row = m_replay.At(now);
    Ptr<QueueDiscItem> item = m_serving;
    m_serving = nullptr;
    if (row.loss > 0 && m_loss->GetValue() < row.loss)
    {
        NS_LOG_LOGIC("loses a packet");
        DropAfterDequeue(item, LOST);
        Serve();
        return;
    }
    m_lastRelease = Max(m_lastRelease, now + row.delay);
    m_held.push_back({item, m_lastRelease});
    if (m_held.size() == 1)
    {
        if (m_lastRelease <= now)
        {
            Run();
        }
        else
        {
            m_release = Simulator::Schedule(m_lastRelease - now, &QueueDisc::Run, this);
        }
    }
    Serve();
}

Ptr<QueueDiscItem>
TraceShaper::DoDequeue()
{
    const Time now = Simulator::Now();
    if (m_held.empty() || m_held.front().release > now)
    {
        return nullptr;
    }
    Ptr<QueueDiscItem> item = m_held.front().item;
    auto device = GetNetDeviceQueueInterface();
    if (device && device->GetTxQueue(item->GetTxQueueIndex())->IsStopped())
    {
        return nullptr; // the device calls Run when it takes packets again
    }
    m_held.pop_front();
    m_release.Cancel();
    if (!m_held.empty())
    {
        // Also what is due now: a run ends early when the child is empty.
        m_release =
            Simulator::Schedule(Max(m_held.front().release - now, Time(0)), &QueueDisc::Run, this);
    }
    Serve();
    return item;
}

} // namespace mdi
} // namespace ns3

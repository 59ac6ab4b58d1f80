// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-source.h"

#include "ns3/log.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <sstream>
#include <utility>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiSource");
NS_OBJECT_ENSURE_REGISTERED(Source);

TypeId
Source::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::Source")
            .SetParent<Application>()
            .SetGroupName("Mdi")
            .AddConstructor<Source>()
            .AddAttribute("ItemTimeout",
                          "An item (or pass of one that generates) of which nothing "
                          "came back for so long is issued again; 0: never",
                          TimeValue(Seconds(0)),
                          MakeTimeAccessor(&Source::m_itemTimeout),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("Retries",
                          "How often that is done before the item is lost",
                          UintegerValue(2),
                          MakeUintegerAccessor(&Source::m_retries),
                          MakeUintegerChecker<uint32_t>(0, 1000))
            .AddTraceSource("ItemAdmitted",
                            "An item was admitted",
                            MakeTraceSourceAccessor(&Source::m_admittedTrace),
                            "ns3::mdi::Source::ItemTracedCallback")
            .AddTraceSource("TokenReady",
                            "A pass of a generation has given its token; the last "
                            "one of an item, too",
                            MakeTraceSourceAccessor(&Source::m_tokenTrace),
                            "ns3::mdi::Source::ResultTracedCallback")
            .AddTraceSource("ItemCompleted",
                            "An item's result is here, for the first time",
                            MakeTraceSourceAccessor(&Source::m_completedTrace),
                            "ns3::mdi::Source::ResultTracedCallback")
            .AddTraceSource("ItemLost",
                            "An item has ended without a result",
                            MakeTraceSourceAccessor(&Source::m_lostTrace),
                            "ns3::mdi::Source::LostTracedCallback")
            .AddTraceSource("ItemRetried",
                            "An item is issued again",
                            MakeTraceSourceAccessor(&Source::m_retryTrace),
                            "ns3::mdi::Source::RetryTracedCallback")
            .AddTraceSource("Closed",
                            "The device has failed for good, and the admission would wait for it: "
                            "items that are left",
                            MakeTraceSourceAccessor(&Source::m_closedTrace),
                            "ns3::mdi::Source::ClosedTracedCallback");
    return tid;
}

Source::Source() = default;
Source::~Source() = default;

void
Source::Configure(uint32_t index,
                  Ptr<const Deployment> deployment,
                  Ptr<Worker> worker,
                  Ptr<Admission> admission)
{
    m_index = index;
    m_deployment = deployment;
    m_worker = worker;
    m_admission = admission;
    m_worker->SetResultCallback(index, [this](const Message& end) { OnEnd(end); });
    m_worker->SetStateCallback(index, [this](Worker::State state) { OnState(state); });
}

uint32_t
Source::GetAdmitted() const
{
    return static_cast<uint32_t>(m_items.End());
}

uint32_t
Source::GetCompleted() const
{
    return m_completed;
}

uint32_t
Source::GetEnded() const
{
    return m_ended;
}

int64_t
Source::AssignStreams(int64_t stream)
{
    m_admission->AssignStreams(stream);
    return 1;
}

void
Source::DoDispose()
{
    m_nextDeadline.Cancel();
    if (m_admission)
    {
        m_admission->Dispose();
    }
    m_admission = nullptr;
    m_worker = nullptr;
    m_deployment = nullptr;
    Application::DoDispose();
}

void
Source::StartApplication()
{
    if (m_closed)
    {
        return;
    }
    m_admission->Start([this] { return Admit(); }, [this] { return m_worker->GetReadyTasks(); });
}

void
Source::StopApplication()
{
    m_admission->Stop();
}

bool
Source::Admit()
{
    const uint32_t limit = m_deployment->Sources()[m_index].items;
    if (m_items.End() == limit)
    {
        return false;
    }
    const uint32_t number = static_cast<uint32_t>(m_items.End());
    const ItemId item{m_index, number};
    Item& admitted = m_items.Push() = Item();
    admitted.admitted = Simulator::Now();
    m_admittedTrace(item);
    if (m_off)
    {
        m_worker->GiveUp(item, 0, "the device of its source was off");
    }
    else
    {
        Await(number);
        m_worker->Admit(item, Simulator::Now());
    }
    return m_items.End() < limit;
}

void
Source::Await(uint32_t item)
{
    if (m_itemTimeout.IsZero())
    {
        return;
    }
    m_deadlines.push_back({Simulator::Now() + m_itemTimeout, item, ++m_items[item].issues});
    if (m_nextDeadline.IsExpired())
    {
        m_nextDeadline = Simulator::Schedule(m_itemTimeout, &Source::CheckDeadlines, this);
    }
}

void
Source::CheckDeadlines()
{
    while (!m_deadlines.empty() && m_deadlines.front().at <= Simulator::Now())
    {
        const Deadline due = m_deadlines.front();
        m_deadlines.pop_front();
        if (m_items.Holds(due.item) && !m_items[due.item].ended &&
            m_items[due.item].issues == due.issue)
        {
            OnTimeout(due.item);
        }
    }
    m_nextDeadline.Cancel(); // Await has scheduled one if an item was due
    if (!m_deadlines.empty())
    {
        m_nextDeadline = Simulator::Schedule(
            m_deadlines.front().at - Simulator::Now(), &Source::CheckDeadlines, this);
    }
}

void
Source::OnTimeout(uint32_t number)
{
    NS_LOG_FUNCTION(this << number);
    const ItemId id{m_index, number};
    Item& item = m_items[number];
    if (m_worker->Holds(id))
    {
        Await(number);
        return;
    }
    const bool caches = m_deployment->Sources()[m_index].Caches();
    const auto last = m_last.find(number);
    if (item.retries == m_retries || caches)
    {
        std::ostringstream reason;
        reason << "no " << (last != m_last.end() || caches ? "token" : "result") << " within "
               << m_itemTimeout.GetSeconds() << " s";
        if (caches)
        {
            reason << "; its keys and values may be gone";
        }
        else if (item.retries > 0)
        {
            reason << ", " << item.retries + 1 << " times";
        }
        m_worker->GiveUp(id, item.attempt, reason.str());
        return;
    }
    item.retries++;
    item.attempt = m_worker->NextAttempt(m_index, item.attempt, item.retries == m_retries);
    m_retryTrace(id, item.attempt);
    Await(number);
    if (last != m_last.end())
    {
        m_worker->Continue(Message(last->second), item.attempt);
    }
    else
    {
        m_worker->Admit(id, item.admitted, item.attempt);
    }
}

void
Source::OnState(Worker::State state)
{
    m_off = state != Worker::State::BACK;
    if (!m_off)
    {
        m_admission->Resume();
        return;
    }
    m_admission->Pause();
    m_deadlines.clear();
    m_nextDeadline.Cancel();
    for (uint64_t number = m_items.Begin(); number < m_items.End(); ++number)
    {
        if (m_items.Holds(number) && !m_items[number].ended)
        {
            m_worker->GiveUp({m_index, static_cast<uint32_t>(number)},
                             m_items[number].attempt,
                             "the device of its source failed");
        }
    }
    if (state == Worker::State::GONE && m_admission->Waits())
    {
        m_closed = true;
        m_admission->Stop();
        m_closedTrace(m_deployment->Sources()[m_index].items -
                      static_cast<uint32_t>(m_items.End()));
    }
}

void
Source::OnEnd(const Message& end)
{
    const uint32_t number = end.task.item.item;
    NS_LOG_FUNCTION(this << number);
    if (!m_items.Holds(number) || m_items[number].ended)
    {
        return; // a duplicate
    }
    const Deployment::Source& source = m_deployment->Sources()[m_index];
    Item& item = m_items[number];
    if (end.type == MessageType::LOST && end.task.epoch != item.attempt)
    {
        return; // that attempt was given up before: the next one is on its way
    }
    if (end.type == MessageType::RESULT && source.generation)
    {
        if (end.task.pass != item.passes)
        {
            return; // a duplicate
        }
        m_tokenTrace(end);
        if (++item.passes < source.Passes())
        {
            item.retries = 0;
            item.attempt = m_worker->AttemptOf(end.task); // the one that goes on
            if (!m_itemTimeout.IsZero())
            {
                m_last[number] = end;
            }
            Await(number);
            m_worker->Continue(end);
            return;
        }
    }
    item.ended = true;
    m_ended++;
    m_last.erase(number);
    while (!m_items.Empty() && m_items.Front().ended)
    {
        m_items.Pop();
    }
    if (end.type == MessageType::RESULT)
    {
        m_completed++;
        m_completedTrace(end);
    }
    else
    {
        m_lostTrace(end.task.item, end.reason);
    }
    m_admission->ItemEnded();
}

} // namespace mdi
} // namespace ns3

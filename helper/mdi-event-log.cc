// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-event-log.h"

#include "ns3/node.h"
#include "ns3/simulator.h"

#include <cstring>
#include <type_traits>

namespace ns3
{
namespace mdi
{

EventLog::EventLog(const MdiHelper& mdi, bool spans)
{
    ListenTo(mdi, spans);
    for (uint32_t index = 0; index < mdi.GetSources().size(); ++index)
    {
        const auto source = mdi.GetSources()[index];
        if (IsSimulatedHere(source->GetNode()))
        {
            m_sources.push_back(source);
            m_items += mdi.GetDeployment()->Sources()[index].items;
        }
    }
    for (uint32_t index = 0; index < mdi.GetWorkers().size(); ++index)
    {
        const Ptr<Node> node = mdi.GetWorkers()[index]->GetNode();
        if (IsSimulatedHere(node))
        {
            node->GetObject<ComputeDevice>()->TraceConnectWithoutContext(
                "BusySlots", MakeCallback(&EventLog::OnBusy, this).Bind(index));
        }
    }
}

uint64_t
EventLog::Unfinished() const
{
    uint64_t unfinished = m_items;
    for (const auto& source : m_sources)
    {
        unfinished -= source->GetEnded();
    }
    return unfinished;
}

const std::string&
EventLog::Text() const
{
    return m_text;
}

void
EventLog::Add(Event event, const std::string& text)
{
    static_assert(std::is_trivially_copyable_v<Event>);
    event.time = Simulator::Now().GetTimeStep();
    event.number = Simulator::GetEventCount();
    event.textBytes = static_cast<uint32_t>(text.size());
    m_text.append(reinterpret_cast<const char*>(&event), sizeof(event));
    m_text += text;
}

void
EventLog::AddMessage(Event event, const Message& message)
{
    event.task = message.task;
    event.tensor = message.tensor;
    event.sequence = message.sequence;
    event.hops = message.hops;
    event.type = message.type;
    Add(event);
}

void
EventLog::OnAdmitted(ItemId item)
{
    Event event;
    event.kind = ADMITTED;
    event.task.item = item;
    Add(event);
}

void
EventLog::OnToken(const Message& result)
{
    Event event;
    event.kind = TOKEN;
    AddMessage(event, result);
}

void
EventLog::OnCompleted(const Message& result)
{
    Event event;
    event.kind = COMPLETED;
    AddMessage(event, result);
}

void
EventLog::OnLost(ItemId item, const std::string& reason)
{
    Event event;
    event.kind = LOST;
    event.task.item = item;
    Add(event, reason);
}

void
EventLog::OnClosed(uint32_t items)
{
    Event event;
    event.kind = CLOSED;
    event.first = items;
    Add(event);
}

void
EventLog::OnTx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes)
{
    Event event;
    event.kind = TX;
    event.first = from;
    event.second = to;
    event.bytes = bytes;
    AddMessage(event, message);
}

void
EventLog::OnRx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes)
{
    Event event;
    event.kind = RX;
    event.first = from;
    event.second = to;
    event.bytes = bytes;
    AddMessage(event, message);
}

void
EventLog::OnStarted(uint32_t node, const Task& task)
{
    Event event;
    event.kind = STARTED;
    event.first = node;
    event.task = task.id;
    Add(event);
}

void
EventLog::OnFinished(uint32_t node, const Task& task)
{
    Event event;
    event.kind = FINISHED;
    event.first = node;
    event.task = task.id;
    Add(event);
}

void
EventLog::OnQueues(uint32_t node, uint32_t inputTasks, uint32_t outputTasks)
{
    Event event;
    event.kind = QUEUES;
    event.first = node;
    event.second = inputTasks;
    event.third = outputTasks;
    Add(event);
}

void
EventLog::OnServed(uint32_t worker, TaskId task, Time took)
{
    Event event;
    event.kind = SERVED;
    event.first = worker;
    event.task = task;
    event.bytes = static_cast<uint64_t>(took.GetTimeStep());
    Add(event);
}

void
EventLog::OnBusy(uint32_t worker, uint32_t /* before */, uint32_t now)
{
    Event event;
    event.kind = BUSY;
    event.first = worker;
    event.second = now;
    Add(event);
}

EventReplay::EventReplay(std::vector<std::string> logs, const MdiHelper& mdi, RunListener& listener)
    : m_listener(listener)
{
    for (const auto& worker : mdi.GetWorkers())
    {
        m_energyModels.push_back(ComputeEnergyModel::Of(worker->GetNode()));
    }
    for (auto& log : logs)
    {
        m_logs.push_back({std::move(log)});
    }
    ScheduleNext();
}

EventLog::Event
EventReplay::At(const Log& log)
{
    EventLog::Event event;
    std::memcpy(&event, log.text.data() + log.next, sizeof(event));
    return event;
}

void
EventReplay::ScheduleNext()
{
    Log* earliest = nullptr;
    for (Log& log : m_logs)
    {
        if (log.next < log.text.size() && (!earliest || At(log).time < At(*earliest).time))
        {
            earliest = &log;
        }
    }
    if (earliest)
    {
        Simulator::Schedule(Time(At(*earliest).time) - Simulator::Now(), [this, earliest] {
            TellEvent(*earliest);
            ScheduleNext();
        });
    }
}

void
EventReplay::TellEvent(Log& log)
{
    const uint64_t number = At(log).number;
    while (log.next < log.text.size() && At(log).number == number)
    {
        const EventLog::Event event = At(log);
        const std::string text = log.text.substr(log.next + sizeof(event), event.textBytes);
        log.next += sizeof(event) + event.textBytes;
        Tell(event, text);
    }
}

void
EventReplay::Tell(const EventLog::Event& event, const std::string& text)
{
    Message message;
    message.task = event.task;
    message.tensor = event.tensor;
    message.sequence = event.sequence;
    message.hops = event.hops;
    message.type = event.type;
    Task task;
    task.id = event.task;
    switch (event.kind)
    {
    case EventLog::ADMITTED:
        m_listener.OnAdmitted(event.task.item);
        break;
    case EventLog::TOKEN:
        m_listener.OnToken(message);
        break;
    case EventLog::COMPLETED:
        m_listener.OnCompleted(message);
        break;
    case EventLog::LOST:
        m_listener.OnLost(event.task.item, text);
        break;
    case EventLog::CLOSED:
        m_listener.OnClosed(event.first);
        break;
    case EventLog::TX:
        m_listener.OnTx(event.first, event.second, message, event.bytes);
        break;
    case EventLog::RX:
        m_listener.OnRx(event.first, event.second, message, event.bytes);
        break;
    case EventLog::STARTED:
        m_listener.OnStarted(event.first, task);
        break;
    case EventLog::FINISHED:
        m_listener.OnFinished(event.first, task);
        break;
    case EventLog::QUEUES:
        m_listener.OnQueues(event.first, event.second, event.third);
        break;
    case EventLog::SERVED:
        m_listener.OnServed(event.first, event.task, Time(static_cast<int64_t>(event.bytes)));
        break;
    case EventLog::BUSY:
        if (const auto& model = m_energyModels[event.first])
        {
            model->ChangeState(static_cast<int>(event.second));
        }
        break;
    }
}

} // namespace mdi
} // namespace ns3

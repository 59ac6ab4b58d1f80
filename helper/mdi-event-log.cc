// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-event-log.h"

#include "mdi-compute-energy-model.h"

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
    const auto isHere = [](Ptr<Node> node) {
        return node->GetSystemId() == Simulator::GetSystemId();
    };
    const auto deployment = mdi.GetDeployment();
    for (uint32_t index = 0; index < mdi.GetSources().size(); ++index)
    {
        const auto source = mdi.GetSources()[index];
        if (!isHere(source->GetNode()))
        {
            continue;
        }
        m_sources.push_back(source);
        m_items += deployment->Sources()[index].items;
        source->TraceConnectWithoutContext("ItemAdmitted",
                                           MakeCallback(&EventLog::OnAdmitted, this));
        source->TraceConnectWithoutContext("TokenReady", MakeCallback(&EventLog::OnToken, this));
        source->TraceConnectWithoutContext("ItemCompleted",
                                           MakeCallback(&EventLog::OnCompleted, this));
        source->TraceConnectWithoutContext("ItemLost", MakeCallback(&EventLog::OnLost, this));
    }
    for (uint32_t index = 0; index < mdi.GetWorkers().size(); ++index)
    {
        const auto worker = mdi.GetWorkers()[index];
        const Ptr<Node> node = worker->GetNode();
        if (!isHere(node))
        {
            continue;
        }
        const auto device = node->GetObject<ComputeDevice>();
        device->TraceConnectWithoutContext("TaskFinished",
                                           MakeCallback(&EventLog::OnServed, this).Bind(index));
        device->TraceConnectWithoutContext("BusySlots",
                                           MakeCallback(&EventLog::OnBusy, this).Bind(index));
        const auto transport = node->GetObject<Transport>();
        transport->TraceConnectWithoutContext("Tx", MakeCallback(&EventLog::OnTx, this));
        if (spans)
        {
            const uint32_t id = node->GetId();
            transport->TraceConnectWithoutContext("Rx", MakeCallback(&EventLog::OnRx, this));
            worker->TraceConnectWithoutContext("TaskStarted",
                                               MakeCallback(&EventLog::OnStarted, this).Bind(id));
            worker->TraceConnectWithoutContext("TaskFinished",
                                               MakeCallback(&EventLog::OnFinished, this).Bind(id));
            worker->TraceConnectWithoutContext("Queues",
                                               MakeCallback(&EventLog::OnQueues, this).Bind(id));
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

EventReplay::EventReplay(std::vector<std::string> logs, Recorder& recorder)
    : m_recorder(recorder)
{
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
    EnergyAccount& energy = m_recorder.m_energy;
    switch (event.kind)
    {
    case EventLog::ADMITTED:
        m_recorder.OnAdmitted(event.task.item);
        energy.OnAdmitted(event.task.item);
        break;
    case EventLog::TOKEN:
        m_recorder.OnToken(message);
        break;
    case EventLog::COMPLETED:
        m_recorder.OnCompleted(message);
        break;
    case EventLog::LOST:
        m_recorder.OnLost(event.task.item, text);
        break;
    case EventLog::TX:
        m_recorder.OnTx(event.first, event.second, message, event.bytes);
        break;
    case EventLog::RX:
        m_recorder.OnRx(event.first, event.second, message, event.bytes);
        break;
    case EventLog::STARTED:
        m_recorder.OnStarted(event.first, task);
        break;
    case EventLog::FINISHED:
        m_recorder.OnFinished(event.first, task);
        break;
    case EventLog::QUEUES:
        m_recorder.OnQueues(event.first, event.second, event.third);
        break;
    case EventLog::SERVED:
        energy.OnFinished(event.first, event.task, Time(static_cast<int64_t>(event.bytes)));
        break;
    case EventLog::BUSY:
        if (const auto& model = energy.m_meters[event.first].model)
        {
            model->ChangeState(static_cast<int>(event.second));
        }
        break;
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-recorder.h"

#include "ns3/assert.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

Recorder::Recorder(const MdiHelper& mdi, bool spans)
    : m_deployment(mdi.GetDeployment()),
      m_keepSpans(spans),
      m_items(mdi.GetSources().size()),
      m_energy(mdi)
{
    for (const auto& source : m_deployment->Sources())
    {
        m_open += source.items;
    }
    for (const auto& source : mdi.GetSources())
    {
        source->TraceConnectWithoutContext("ItemAdmitted",
                                           MakeCallback(&Recorder::OnAdmitted, this));
        source->TraceConnectWithoutContext("TokenReady", MakeCallback(&Recorder::OnToken, this));
        source->TraceConnectWithoutContext("ItemCompleted",
                                           MakeCallback(&Recorder::OnCompleted, this));
    }
    for (const auto& worker : mdi.GetWorkers())
    {
        Ptr<Node> node = worker->GetNode();
        worker->TraceConnectWithoutContext("ItemLost", MakeCallback(&Recorder::OnLost, this));
        const auto transport = node->GetObject<Transport>();
        transport->TraceConnectWithoutContext("Tx", MakeCallback(&Recorder::OnTx, this));
        if (m_keepSpans)
        {
            transport->TraceConnectWithoutContext("Rx", MakeCallback(&Recorder::OnRx, this));
            worker->TraceConnectWithoutContext(
                "TaskStarted", MakeCallback(&Recorder::OnStarted, this).Bind(node->GetId()));
            worker->TraceConnectWithoutContext(
                "TaskFinished", MakeCallback(&Recorder::OnFinished, this).Bind(node->GetId()));
            worker->TraceConnectWithoutContext(
                "Queues", MakeCallback(&Recorder::OnQueues, this).Bind(node->GetId()));
        }
    }
    if (m_open == 0)
    {
        Simulator::Stop();
    }
}

const std::vector<std::vector<ItemRecord>>&
Recorder::Items() const
{
    return m_items;
}

const std::vector<Span>&
Recorder::Spans() const
{
    return m_spans;
}

const std::vector<QueueSample>&
Recorder::Queues() const
{
    return m_queues;
}

uint64_t
Recorder::ControlBytes() const
{
    return m_controlBytes;
}

const EnergyAccount&
Recorder::Energy() const
{
    return m_energy;
}

uint64_t
Recorder::InFlight() const
{
    uint64_t count = 0;
    for (const auto& items : m_items)
    {
        for (const auto& item : items)
        {
            count += !item.completed && item.lost.empty() ? 1 : 0;
        }
    }
    return count;
}

void
Recorder::OnAdmitted(ItemId item)
{
    ItemRecord record;
    record.id = item;
    record.priority = m_deployment->Sources()[item.source].priority;
    record.admitted = Simulator::Now();
    m_items[item.source].push_back(record);
}

void
Recorder::Judge(const Message& result, ItemRecord& record)
{
    const auto engine = m_deployment->Engine();
    for (const auto& prediction : engine->Predict(result.tensor))
    {
        record.predictions.push_back(prediction.label);
    }
    if (const auto error = engine->MaxError(result.tensor))
    {
        record.outputError = std::max(record.outputError.value_or(0), *error);
    }
}

void
Recorder::OnToken(const Message& result)
{
    auto& record = m_items[result.task.item.source].at(result.task.item.item);
    if (record.tokens++ == 0)
    {
        record.firstToken = Simulator::Now();
    }
    Judge(result, record);
}

void
Recorder::OnCompleted(const Message& result)
{
    auto& record = m_items[result.task.item.source].at(result.task.item.item);
    if (!record.lost.empty())
    {
        return; // the item was given up before, and stays so
    }
    record.completed = Simulator::Now();
    record.hops = result.hops;
    const auto engine = m_deployment->Engine();
    if (record.tokens == 0)
    {
        Judge(result, record);
    }
    record.labels = engine->Labels(result.tensor.model, result.tensor.input);
    const LayerGraph& graph = engine->Graph(result.tensor.model);
    const auto exits = graph.Exits();
    if (!exits.empty())
    {
        const uint32_t boundary = result.tensor.boundary;
        record.exit = 1 + std::count_if(exits.begin(), exits.end(), [&](const Exit& exit) {
                          return exit.boundary < boundary;
                      });
        record.layerFraction = double(boundary) / graph.Size();
    }
    OnEnded();
}

void
Recorder::OnLost(ItemId item, const std::string& reason)
{
    auto& record = m_items[item.source].at(item.item);
    if (!record.completed && record.lost.empty())
    {
        record.lost = reason;
        OnEnded();
    }
}

void
Recorder::OnQueues(uint32_t node, uint32_t inputTasks, uint32_t outputTasks)
{
    m_queues.push_back({node, Simulator::Now(), inputTasks, outputTasks});
}

void
Recorder::OnEnded()
{
    if (--m_open == 0)
    {
        Simulator::Stop();
    }
}

void
Recorder::OnTx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes)
{
    switch (message.type)
    {
    case MessageType::BEACON:
    case MessageType::TOKEN:
    case MessageType::HEARTBEAT:
    case MessageType::FAILED:
        m_controlBytes += bytes;
        break;
    default:
        m_items[message.task.item.source].at(message.task.item.item).bytesOnWire += bytes;
    }
    const bool tensor = message.type == MessageType::TENSOR || message.type == MessageType::RESULT;
    if (m_keepSpans && tensor)
    {
        m_travelling[{from, to, message.type, message.sequence}] = Simulator::Now();
    }
}

void
Recorder::OnRx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes)
{
    const auto sent = m_travelling.find({from, to, message.type, message.sequence});
    if (sent != m_travelling.end())
    {
        Span span;
        span.transfer = true;
        span.from = from;
        span.to = to;
        span.begin = sent->second;
        span.end = Simulator::Now();
        span.task = message.task;
        span.bytes = bytes;
        span.type = message.type;
        m_spans.push_back(span);
        m_travelling.erase(sent);
    }
}

void
Recorder::OnStarted(uint32_t node, const Task& task)
{
    m_running[{node, task.id}] = Simulator::Now();
}

void
Recorder::OnFinished(uint32_t node, const Task& task)
{
    const auto started = m_running.find({node, task.id});
    NS_ASSERT(started != m_running.end());
    Span span;
    span.from = node;
    span.begin = started->second;
    span.end = Simulator::Now();
    span.task = task.id;
    m_spans.push_back(span);
    m_running.erase(started);
}

} // namespace mdi
} // namespace ns3

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

Recorder::Recorder(const MdiHelper& mdi, RunSink& sink, bool spans)
    : m_deployment(mdi.GetDeployment()),
      m_sink(sink),
      m_recordSpans(spans),
      m_judges(m_deployment->Engine()->HasValues()),
      m_items(mdi.GetSources().size()),
      m_energy(mdi),
      m_lateBytes(mdi.GetSources().size())
{
    for (const auto& source : m_deployment->Sources())
    {
        m_unfinished += source.items;
    }
    ListenTo(mdi, spans);
    if (m_unfinished == 0)
    {
        Simulator::Stop();
    }
}

uint64_t
Recorder::ControlBytes() const
{
    return m_controlBytes;
}

const std::vector<uint64_t>&
Recorder::LateBytes() const
{
    return m_lateBytes;
}

const EnergyAccount&
Recorder::Energy() const
{
    return m_energy;
}

uint64_t
Recorder::NeverAdmitted() const
{
    return m_neverAdmitted;
}

uint64_t
Recorder::InFlight() const
{
    return m_inFlight;
}

uint64_t
Recorder::Unfinished() const
{
    return m_unfinished;
}

void
Recorder::Finish()
{
    for (auto& items : m_items)
    {
        while (!items.window.Empty())
        {
            Release(items);
        }
    }
    m_releasable.clear();
}

Recorder::Open*
Recorder::Find(ItemId item)
{
    auto& window = m_items[item.source].window;
    NS_ASSERT(item.item < window.End());
    return window.Holds(item.item) ? &window[item.item] : nullptr;
}

void
Recorder::OnAdmitted(ItemId item)
{
    auto& window = m_items[item.source].window;
    NS_ASSERT(item.item == window.End());
    Open& open = window.Push();
    // The vectors of an earlier item keep their memory.
    ItemRecord fresh;
    std::swap(fresh.predictions, open.record.predictions);
    fresh.predictions.clear();
    fresh.id = item;
    fresh.priority = m_deployment->Sources()[item.source].priority;
    fresh.admitted = Simulator::Now();
    open.record = std::move(fresh);
    open.unjudged = 0;
    open.ended = false;
    m_inFlight++;
    m_energy.Begin();
}

void
Recorder::ToJudge(const Message& result, Open& open)
{
    if (!m_judges)
    {
        return;
    }
    m_deployment->Engine()->Prepare(result.tensor);
    m_results.push_back({result.task.item, result.tensor});
    open.unjudged++;
    if (m_results.size() > JUDGE_LAG)
    {
        JudgeOldest();
    }
}

void
Recorder::JudgeOldest()
{
    const Result result = m_results.front();
    m_results.pop_front();
    Open& open = *Find(result.item); // is not given away before
    open.unjudged--;
    const auto engine = m_deployment->Engine();
    for (const auto& prediction : engine->Predict(result.tensor))
    {
        open.record.predictions.push_back(prediction.label);
    }
    if (const auto error = engine->MaxError(result.tensor))
    {
        auto& largest = open.record.outputError;
        largest = std::max(largest.value_or(0), *error);
    }
}

void
Recorder::OnToken(const Message& result)
{
    Open& open = *Find(result.task.item);
    if (open.record.tokens++ == 0)
    {
        open.record.firstToken = Simulator::Now();
    }
    ToJudge(result, open);
}

void
Recorder::OnCompleted(const Message& result)
{
    Open& open = *Find(result.task.item);
    ItemRecord& record = open.record;
    record.completed = Simulator::Now();
    record.hops = result.hops;
    const auto engine = m_deployment->Engine();
    if (record.tokens == 0)
    {
        ToJudge(result, open);
    }
    if (m_judges)
    {
        record.labels = engine->Labels(result.tensor.model, result.tensor.input);
    }
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
    OnEnded(open);
}

void
Recorder::OnLost(ItemId item, const std::string& reason)
{
    Open& open = *Find(item);
    open.record.lost = reason;
    OnEnded(open);
}

void
Recorder::OnEnded(Open& open)
{
    open.ended = true;
    m_inFlight--;
    const uint32_t source = open.record.id.source;
    Items& items = m_items[source];
    while (items.ended < items.window.End() && items.window[items.ended].ended)
    {
        items.ended++;
        m_releasable.push_back(source);
    }
    while (m_releasable.size() > LAG)
    {
        Release(m_items[m_releasable.front()]);
        m_releasable.pop_front();
    }
    CountEnded(1);
}

void
Recorder::OnClosed(uint32_t items)
{
    m_neverAdmitted += items;
    CountEnded(items);
}

void
Recorder::CountEnded(uint64_t items)
{
    m_unfinished -= items;
    if (items > 0 && m_unfinished == 0) // once, for who simulates on
    {
        Simulator::Stop();
    }
}

void
Recorder::Release(Items& items)
{
    while (items.window.Front().unjudged > 0)
    {
        JudgeOldest();
    }
    m_sink.OnItem(items.window.Front().record);
    items.window.Pop();
}

void
Recorder::OnServed(uint32_t worker, TaskId task, Time took)
{
    m_energy.AddService(worker, task.item.source, took);
}

void
Recorder::OnQueues(uint32_t node, uint32_t inputTasks, uint32_t outputTasks)
{
    m_sink.OnQueue({node, Simulator::Now(), inputTasks, outputTasks});
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
        if (Open* open = Find(message.task.item))
        {
            open->record.bytesOnWire += bytes;
        }
        else
        {
            m_lateBytes[message.task.item.source] += bytes;
        }
    }
    const bool tensor = message.type == MessageType::TENSOR || message.type == MessageType::RESULT;
    if (m_recordSpans && tensor)
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
        m_sink.OnSpan(span);
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
    m_sink.OnSpan(span);
    m_running.erase(started);
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The way of a task through a Worker (its set-up and its messages are in mdi-worker.cc).

#include "mdi-seconds.h"
#include "mdi-worker.h"

#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <tuple>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiWorkerTasks");

const Plan*
Worker::FindPlan(const TaskId& task) const
{
    return m_pipeline ? m_pipeline->FindPlan(task.item.source, task.epoch)
                      : &m_deployment->GetPlan(task.item.source);
}

void
Worker::Admit(ItemId item)
{
    if (m_failed)
    {
        return;
    }
    const auto& source = m_deployment->Sources()[item.source];
    Message input;
    input.type = MessageType::TENSOR;
    input.from = GetNode()->GetId();
    input.task.item = item;
    input.task.epoch = m_pipeline ? m_pipeline->CurrentEpoch(item.source) : 0;
    input.priority = source.priority;
    input.admitted = Simulator::Now();
    const auto engine = m_deployment->Engine();
    input.tensor = {source.model, engine->InputOf(source.model, source.InputNumber(item.item)), 0};
    if (m_exit && !m_exitStarted)
    {
        m_exitStarted = true;
        m_exit->Start([this] { return GetReadyTasks(); });
    }
    StartPass(input);
}

void
Worker::Continue(const Message& result)
{
    if (m_failed)
    {
        return;
    }
    Message input = result;
    input.type = MessageType::TENSOR;
    input.from = GetNode()->GetId();
    input.task.pass++;
    input.tensor = m_deployment->Engine()->Extend(result.tensor);
    input.stages.clear();
    StartPass(input);
}

void
Worker::StartPass(Message input)
{
    if (m_exit)
    {
        input.exitThreshold = m_exit->Threshold();
    }
    const Plan& plan = *FindPlan(input.task);
    for (uint16_t unit = 0; unit < plan.units.size(); ++unit)
    {
        const auto& inputs = plan.units[unit].inputs;
        for (uint16_t i = 0; i < inputs.size(); ++i)
        {
            if (inputs[i].from == UnitInput::ITEM)
            {
                input.task.unit = unit;
                input.input = i;
                SetTensors(input, plan.units[unit].op, inputs[i]);
                Offer(input, false);
            }
        }
    }
}

void
Worker::Offer(const Message& input, bool arrived)
{
    const Plan* plan = FindPlan(input.task);
    if (!plan)
    {
        m_early.push_back(input);
        return;
    }
    // What was sent here stays here; what was made here goes where the plan says.
    int32_t planned = arrived ? ExecutionUnit::NONE : plan->units[input.task.unit].node;
    Message message = input;
    if (m_pipeline && planned != ExecutionUnit::NONE)
    {
        planned = m_pipeline->Redirect(message);
    }
    const auto way = m_ways.find({input.task.item, input.task.unit});
    if (!arrived && way != m_ways.end() && m_deployment->IsBound(input.task))
    {
        planned = static_cast<int32_t>(way->second);
        if (input.task.pass + 1 == m_deployment->Sources()[input.task.item.source].Passes())
        {
            m_ways.erase(way);
        }
    }
    if (planned != ExecutionUnit::NONE && static_cast<uint32_t>(planned) != GetNode()->GetId())
    {
        HandOver(message, static_cast<uint32_t>(planned));
    }
    else
    {
        Collect(message, arrived);
    }
}

void
Worker::Collect(const Message& input, bool arrived)
{
    const ItemId item = input.task.item;
    const auto waiting = m_inbox.find(input.task);
    if (m_fired.count(input.task) > 0 || m_dropped.count(item) > 0 ||
        (waiting != m_inbox.end() && waiting->second.count(input.input) > 0))
    {
        return; // a second copy: a connection was repeated, or a live worker was taken for dead
    }
    const ExecutionUnit& unit = FindPlan(input.task)->units[input.task.unit];
    const bool standsIn =
        unit.node != ExecutionUnit::NONE && unit.node != int32_t(GetNode()->GetId());
    if (standsIn && m_deployment->IsBound(input.task) &&
        m_caches.count({item, input.task.unit}) == 0)
    {
        Lose(item, "its keys and values were on a worker that failed");
        return;
    }
    if (!m_device->Allocate(InputBytes(input)))
    {
        Lose(item, "no memory for its tensor");
        return;
    }
    auto& inputs = m_inbox[input.task];
    inputs[input.input] = input;
    if (inputs.size() < unit.inputs.size())
    {
        return;
    }
    Task task;
    task.id = input.task;
    task.op = unit.op;
    if (unit.op.kind == UnitKind::SLICE)
    {
        // A worker that stands in for a failed one runs from the tensor on; a tail that lost its
        // successors, to the end.
        task.op.begin = input.tensor.boundary;
        task.op.end = standsIn ? m_deployment->GraphOf(item.source).Size() : unit.op.end;
    }
    task.priority = input.priority;
    task.admitted = input.admitted;
    for (const auto& [number, message] : inputs)
    {
        task.inputs.push_back(message);
    }
    task.committed =
        arrived || unit.node != ExecutionUnit::NONE || m_deployment->IsBound(input.task);
    task.handedBy = input.from;
    m_inbox.erase(input.task);
    m_fired.insert(input.task);
    if (unit.op.kind == UnitKind::GATHER)
    {
        FreeInputs(task);
        Forward(task, RunLayers(task));
        return;
    }
    TaskReady(task);
}

void
Worker::TaskReady(Task task)
{
    NS_LOG_FUNCTION(this << task.id.item.source << task.id.item.item << task.id.unit);
    m_readyTrace(task);
    if (!task.committed && !m_router->IsImmediate())
    {
        task.committed = m_router->Keeps(task, m_view);
    }
    else if (!task.committed)
    {
        const Estimate estimate = m_router->Choose(task, m_view);
        if (estimate.node != GetNode()->GetId())
        {
            FreeInputs(task);
            HandOver(task.Input(), estimate.node);
            return;
        }
        task.committed = true;
        task.handedBy = GetNode()->GetId();
    }
    AddReady(task);
    Dispatch();
}

void
Worker::AddReady(const Task& task)
{
    Ready ready;
    ready.task = task;
    ready.service = m_view.Service(task);
    m_view.AddReady(task, ready.service);
    m_ready.push_back(ready);
    m_queuesTrace(m_view.InputTasks(m_view.Self()), m_view.OutputTasks());
}

void
Worker::RemoveReady(std::vector<Ready>::iterator which)
{
    m_view.RemoveReady(which->task, which->service);
    m_ready.erase(which);
    m_queuesTrace(m_view.InputTasks(m_view.Self()), m_view.OutputTasks());
}

std::vector<Worker::Ready>::iterator
Worker::FindReady(const TaskId& task)
{
    return std::find_if(m_ready.begin(), m_ready.end(), [&task](const Ready& ready) {
        return ready.task.id == task;
    });
}

bool
Worker::RadioIdle() const
{
    return m_transport->QueuedBytes() == 0 && m_toPack.empty() && !m_packing &&
           (!m_handshake || m_handshake->CanRequest());
}

void
Worker::Dispatch()
{
    // Starting, asking and sending can each bring us back here.
    if (m_dispatching || m_failed)
    {
        return;
    }
    m_dispatching = true;
    while (DispatchOne())
    {
    }
    m_dispatching = false;
}

bool
Worker::DispatchOne()
{
    const bool processorIdle = m_device->HasIdleSlot();
    const bool radioIdle = RadioIdle();
    if (!processorIdle && !radioIdle)
    {
        return false;
    }
    if (processorIdle && !m_toPack.empty() && !m_packing)
    {
        StartPacking();
        return true;
    }
    auto best = m_ready.end();
    Estimate bestEstimate;
    double bestKey = 0;
    for (auto ready = m_ready.begin(); ready != m_ready.end(); ++ready)
    {
        const Task& task = ready->task;
        if (ready->pending || (task.committed && !processorIdle))
        {
            continue;
        }
        m_view.Consider(ready->service);
        const Estimate estimate = task.committed ? m_view.Predict(task, m_view.Self(), false)
                                                 : m_router->Choose(task, m_view);
        const double key = m_queue->Key(task, estimate, m_view);
        m_view.Consider(Time(0));
        const bool here = estimate.node == GetNode()->GetId();
        if (here ? !processorIdle
                 : !radioIdle || (m_handshake && m_handshake->IsDeferred(estimate.node)))
        {
            continue;
        }
        if (best == m_ready.end() || std::tie(key, task.admitted, task.id) <
                                         std::tie(bestKey, best->task.admitted, best->task.id))
        {
            best = ready;
            bestEstimate = estimate;
            bestKey = key;
        }
    }
    if (best == m_ready.end())
    {
        return false;
    }
    if (bestEstimate.node == GetNode()->GetId())
    {
        StartTask(best);
    }
    else if (m_handshake)
    {
        Ask(best, bestEstimate, bestKey);
    }
    else
    {
        const Task task = best->task;
        RemoveReady(best);
        FreeInputs(task);
        HandOver(task.Input(), bestEstimate.node);
    }
    return true;
}

bool
Worker::KeepCache(const Task& task)
{
    const ItemUnit key{task.id.item, task.id.unit};
    if (!m_deployment->Sources()[task.id.item.source].Caches() || m_caches.count(key) > 0)
    {
        return true;
    }
    const uint64_t bytes = m_deployment->CacheBytes(task.id.item.source, task.op);
    if (!m_device->Allocate(bytes))
    {
        return false;
    }
    m_caches[key] = bytes;
    return true;
}

void
Worker::FreeCache(const ItemUnit& key)
{
    const auto kept = m_caches.find(key);
    if (kept != m_caches.end())
    {
        m_device->Free(kept->second);
        m_caches.erase(kept);
    }
}

void
Worker::Ask(std::vector<Ready>::iterator which, const Estimate& estimate, double key)
{
    which->pending = true;
    const Task& task = which->task;
    Message request;
    request.type = MessageType::RTC;
    request.task = task.id;
    request.priority = task.priority;
    request.admitted = task.admitted;
    request.key = key;
    // What the receiver will count: the time that the unit takes there, in its own FLOP.
    request.workFlop =
        ToSeconds(estimate.service) * m_view.Neighbors().Report(estimate.node).speedFlopPerS;
    const auto coded = task.Input().coded ? std::nullopt : m_deployment->Coded(task.Input());
    request.requestBytes = coded ? coded->bytes : task.Input().payloadBytes;
    m_handshake->Request(estimate.node, request);
}

void
Worker::OnGranted(const TaskId& id, uint32_t to)
{
    const auto ready = FindReady(id);
    NS_ASSERT(ready != m_ready.end() && ready->pending);
    const Task task = ready->task;
    RemoveReady(ready);
    FreeInputs(task);
    HandOver(task.Input(), to);
    Dispatch();
}

void
Worker::HandOver(const Message& message, uint32_t to)
{
    const ExecutionUnit& unit = FindPlan(message.task)->units[message.task.unit];
    // A grant is counted by the one who gave it.
    if (m_beacons && m_countOwnPlacements && !m_handshake)
    {
        m_view.OnPlaced(to, message, unit.op);
    }
    if (unit.node == ExecutionUnit::NONE && message.task.pass == 0 &&
        m_deployment->Sources()[message.task.item.source].Caches())
    {
        m_ways[{message.task.item, message.task.unit}] = to;
    }
    if (NeedsPacking(message))
    {
        Pack(message, to);
    }
    else
    {
        Transmit(message, to);
    }
}

bool
Worker::NeedsPacking(const Message& message) const
{
    // A codec that takes no time still changes what is sent.
    const bool codes =
        message.type == MessageType::TENSOR && !message.coded && m_deployment->Coded(message);
    return codes || m_deployment->StagingTime(m_deployment->ProfileOf(GetNode()->GetId()),
                                              message.payloadBytes) > Time(0);
}

void
Worker::Pack(const Message& message, uint32_t to)
{
    const bool fits = m_device->Allocate(message.payloadBytes);
    m_toPack.push_back({message, to, fits ? message.payloadBytes : 0});
    Dispatch();
}

void
Worker::StartPacking()
{
    Unpacked next = std::move(m_toPack.front());
    m_toPack.pop_front();
    m_packing = true;
    Message& message = next.message;
    const uint16_t profile = m_deployment->ProfileOf(GetNode()->GetId());
    Time time = m_deployment->StagingTime(profile, message.payloadBytes);
    if (message.type == MessageType::TENSOR)
    {
        time = m_deployment->PackingTime(profile, message);
        if (const auto coded = message.coded ? std::nullopt : m_deployment->Coded(message))
        {
            message.coded = true;
            message.payloadBytes = coded->bytes;
            message.tensor = m_deployment->Engine()->Transcode(message.tensor, coded->values);
        }
    }
    m_device->Occupy(time, [this, next] {
        m_packing = false;
        m_device->Free(next.bytes);
        SendPacked(next.message, next.to);
        Dispatch();
    });
}

void
Worker::SendPacked(Message message, uint32_t to)
{
    if (message.type == MessageType::RESULT)
    {
        Send(to, message);
        return;
    }
    if (!m_pipeline)
    {
        Transmit(message, to);
        return;
    }
    // Who it is for may have failed meanwhile; then the next one alive runs from this tensor on.
    const TaskId before = message.task;
    const int32_t planned = m_pipeline->Redirect(message);
    const auto made = m_unsafe.find(before);
    if (made != m_unsafe.end() && !(before == message.task))
    {
        m_unsafe[message.task] = made->second;
        m_unsafe.erase(before);
    }
    if (planned == ExecutionUnit::NONE || static_cast<uint32_t>(planned) == GetNode()->GetId())
    {
        Collect(message, true);
    }
    else
    {
        Transmit(message, static_cast<uint32_t>(planned));
    }
}

uint64_t
Worker::InputBytes(const Message& input) const
{
    // Coded tensors are decoded when their unit runs: their place is kept from the start.
    return input.coded ? TotalBytes(input.tensors) : input.payloadBytes;
}

void
Worker::FreeInputs(const Task& task)
{
    for (const Message& input : task.inputs)
    {
        m_device->Free(InputBytes(input));
    }
}

void
Worker::Transmit(Message message, uint32_t to)
{
    message.hops++;
    if (m_beacons)
    {
        message.report = m_view.Report();
    }
    Task task;
    task.id = message.task;
    task.priority = message.priority;
    task.admitted = message.admitted;
    task.inputs = {message};
    m_handOverTrace(task, to);
    if (m_pipeline)
    {
        m_pipeline->OnHandedOver(to, message);
    }
    if (m_transport->QueuedBytes() == 0)
    {
        m_soloTransfers.insert({message.task, message.input});
    }
    Send(to, message);
}

void
Worker::StartTask(std::vector<Ready>::iterator which)
{
    Task task = which->task;
    const Time expected = which->service;
    RemoveReady(which);
    if (!KeepCache(task))
    {
        FreeInputs(task);
        Lose(task.id.item, "no memory for its keys and values");
        return;
    }
    m_startedTrace(task);
    const TensorId output = RunLayers(task);
    const Time started = Simulator::Now();
    // Less than is expected where the item leaves on the way, as nobody knows before it is there.
    m_device->Start(
        task.id,
        m_view.Service(task),
        m_view.Table(task.id.item.source).Spread(),
        [=] { FinishTask(task, output, started); },
        expected);
}

TensorId
Worker::RunLayers(Task& task) const
{
    const auto engine = m_deployment->Engine();
    if (task.op.kind != UnitKind::SLICE)
    {
        const auto& inputs = FindPlan(task.id)->units[task.id.unit].inputs;
        const TensorId& first = task.Input().tensor;
        std::vector<StripPart> parts;
        for (size_t i = 0; i < inputs.size(); ++i)
        {
            if (!inputs[i].rows.Empty())
            {
                parts.push_back({inputs[i].layer, inputs[i].rows, task.inputs[i].tensor});
            }
        }
        return engine->RunRows({first.model, first.input, task.op.members, task.op.rows}, parts);
    }
    TensorId at = task.Input().tensor;
    uint32_t number = 0;
    for (const Exit& exit :
         m_exit ? m_deployment->GraphOf(task.id.item.source).Exits() : std::vector<Exit>())
    {
        number++;
        if (exit.boundary > task.op.begin && exit.boundary <= task.op.end)
        {
            at = engine->Run(at, exit.boundary);
            if (m_exit->Leaves(number, engine->Predict(at), *task.Input().exitThreshold))
            {
                task.op.end = exit.boundary;
                task.leaves = true;
                return at;
            }
        }
    }
    return engine->Run(at, task.op.end);
}

void
Worker::FinishTask(Task task, TensorId output, Time started)
{
    FreeInputs(task);
    m_finishedTrace(task);
    m_view.OnServed(Simulator::Now() - started);
    if (m_pipeline)
    {
        // The speed is that of the layers: without decoding.
        const uint16_t profile = m_deployment->ProfileOf(GetNode()->GetId());
        const uint32_t source = task.id.item.source;
        const Time unit = m_deployment->UnitTime(profile, source, task.op, task.id.pass);
        const Time first = m_deployment->UnitTime(profile, source, task.op);
        const Time busy = Simulator::Now() - started - (m_view.Service(task) - unit);
        // What passes of all lengths have in common is how long the first would have taken.
        m_pipeline->OnFinished(task, task.id.pass == 0 ? busy : busy * (first / unit));
        task.inputs.front().stages.push_back(m_pipeline->Stage(task));
    }
    if (task.id.pass + 1 == m_deployment->Sources()[task.id.item.source].Passes())
    {
        FreeCache({task.id.item, task.id.unit});
    }
    Forward(task, output);
    Dispatch();
}

Message
Worker::MakeTensorMessage(const Task& task, TensorId output) const
{
    Message message = task.Input();
    for (const Message& input : task.inputs)
    {
        message.hops = std::max(message.hops, input.hops);
    }
    message.from = GetNode()->GetId();
    message.tensor = output;
    message.coded = false;
    return message;
}

void
Worker::SetTensors(Message& message, const Operator& reader, const UnitInput& input) const
{
    const LayerGraph& graph = m_deployment->GraphOf(message.task.item.source);
    message.tensors = m_deployment->TensorsOf(message.task,
                                              reader.kind == UnitKind::SLICE
                                                  ? graph.CutTensors(message.tensor.boundary)
                                                  : RowTensors(graph, input.layer, input.rows));
    message.payloadBytes = TotalBytes(message.tensors);
}

void
Worker::Forward(const Task& task, TensorId output)
{
    const Plan& plan = *FindPlan(task.id);
    const LayerGraph& graph = m_deployment->GraphOf(task.id.item.source);
    const uint32_t home = m_deployment->Sources()[task.id.item.source].node;
    const auto& forwards = plan.units[task.id.unit].forwards;
    // Of slices by the layers, not by the plan: one that stood in for the tail has made the result.
    const bool ends = task.op.kind == UnitKind::SLICE
                          ? task.leaves || output.boundary == graph.Size()
                          : task.op.kind == UnitKind::GATHER;
    if (ends)
    {
        Message result = MakeTensorMessage(task, output);
        result.type = MessageType::RESULT;
        result.input = 0;
        result.tensors = graph.CutTensors(output.boundary);
        result.payloadBytes = TotalBytes(result.tensors);
        result.exitThreshold.reset(); // of no use any more
        if (task.leaves)
        {
            // The answer goes back, not the features behind it.
            const auto exits = graph.Exits();
            const auto exit = std::find_if(exits.begin(), exits.end(), [&](const Exit& e) {
                return e.boundary == output.boundary;
            });
            result.tensors = graph.Layers()[exit->layer].outputs;
            result.payloadBytes = result.tensors.front().Bytes();
        }
        if (m_deployment->Sources()[task.id.item.source].generation)
        {
            result.tensors = {TensorSpec{{1}, Dtype::INT32}}; // the token that is most likely
            result.payloadBytes = result.tensors.front().Bytes();
        }
        if (home == GetNode()->GetId())
        {
            if (m_pipeline)
            {
                m_pipeline->OnOutputSafe(task);
            }
            DeliverResult(result);
            return;
        }
        if (m_pipeline)
        {
            m_unsafe[result.task] = task;
        }
        if (NeedsPacking(result))
        {
            Pack(result, home);
        }
        else
        {
            Send(home, result);
        }
        return;
    }
    for (const UnitForward& forward : forwards)
    {
        const ExecutionUnit& reader = plan.units[forward.unit];
        Message message = MakeTensorMessage(task, output);
        message.task.unit = static_cast<uint16_t>(forward.unit);
        message.input = forward.input;
        SetTensors(message, reader.op, reader.inputs[forward.input]);
        if (m_pipeline)
        {
            Message redirected = message;
            m_pipeline->Redirect(redirected);
            m_unsafe[redirected.task] = task;
        }
        Offer(message, false);
    }
}

void
Worker::DeliverResult(const Message& result)
{
    const auto callback = m_resultCallbacks.find(result.task.item.source);
    if (callback == m_resultCallbacks.end())
    {
        NS_LOG_WARN("a result of source " << result.task.item.source << " at the wrong node");
        return;
    }
    if (m_pipeline)
    {
        m_pipeline->OnResult(result);
    }
    callback->second(result);
}

void
Worker::DeliverLoss(const Message& lost)
{
    Drop(lost.task.item);
    const auto callback = m_resultCallbacks.find(lost.task.item.source);
    if (callback != m_resultCallbacks.end())
    {
        callback->second(lost);
    }
}

void
Worker::Lose(ItemId item, const std::string& reason)
{
    NS_LOG_FUNCTION(this << item.source << item.item << reason);
    m_lostTrace(item, reason);
    Message lost;
    lost.type = MessageType::LOST;
    lost.task.item = item;
    std::set<uint32_t> concerned{m_deployment->Sources()[item.source].node};
    const Plan& plan = m_deployment->GetPlan(item.source);
    if (plan.HasStrips() || m_deployment->Sources()[item.source].Caches())
    {
        // Elsewhere, inputs of its other units wait for one that will never come, or keys and
        // values for its next pass. (Where a router decides, see Drop.)
        for (const ExecutionUnit& unit : plan.units)
        {
            if (unit.node != ExecutionUnit::NONE)
            {
                concerned.insert(static_cast<uint32_t>(unit.node));
            }
        }
    }
    for (const uint32_t node : concerned)
    {
        if (node == GetNode()->GetId())
        {
            DeliverLoss(lost);
        }
        else
        {
            Send(node, lost);
        }
    }
}

void
Worker::Drop(ItemId item)
{
    m_dropped.insert(item);
    while (true)
    {
        const auto kept = m_caches.lower_bound({item, 0});
        if (kept == m_caches.end() || !(kept->first.first == item))
        {
            break;
        }
        FreeCache(kept->first);
    }
    std::set<uint32_t> told;
    for (auto way = m_ways.lower_bound({item, 0}); way != m_ways.end() && way->first.first == item;)
    {
        told.insert(way->second);
        way = m_ways.erase(way);
    }
    for (const uint32_t node : told)
    {
        Message lost;
        lost.type = MessageType::LOST;
        lost.task.item = item;
        Send(node, lost);
    }
    for (auto waiting = m_inbox.begin(); waiting != m_inbox.end();)
    {
        if (!(waiting->first.item == item))
        {
            ++waiting;
            continue;
        }
        for (const auto& [number, input] : waiting->second)
        {
            m_device->Free(InputBytes(input));
        }
        waiting = m_inbox.erase(waiting);
    }
}

} // namespace mdi
} // namespace ns3

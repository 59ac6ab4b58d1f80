// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// What a Worker sends: tensors to the workers that run the next units, through the packer where
// that is due, results to their sources, and word of losses.

#include "mdi-worker.h"

#include "ns3/log.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <limits>
#include <set>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiWorkerSending");

void
Worker::HandOver(Message message, uint32_t to)
{
    const ExecutionUnit& unit = FindPlan(message.task)->units[message.task.unit];
    // A grant is counted by the one who gave it.
    if (m_beacons && m_countOwnPlacements && !m_handshake)
    {
        m_view.OnPlaced(to, message, unit.op);
    }
    if (unit.node == ExecutionUnit::NONE)
    {
        m_caches.OnPlaced(message.task, to);
    }
    if (m_packer.Needs(message))
    {
        m_packer.Add(std::move(message), to);
    }
    else
    {
        Transmit(std::move(message), to);
    }
}

void
Worker::SendPacked(Message message, uint32_t to)
{
    if (message.type == MessageType::RESULT)
    {
        Send(to, std::move(message));
        return;
    }
    if (!m_pipeline)
    {
        Transmit(std::move(message), to);
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
    if (planned == ExecutionUnit::NONE || static_cast<uint32_t>(planned) == m_self)
    {
        Collect(std::move(message), true);
    }
    else
    {
        Transmit(std::move(message), static_cast<uint32_t>(planned));
    }
}

void
Worker::Transmit(Message message, uint32_t to)
{
    message.hops += message.hops < std::numeric_limits<uint16_t>::max() ? 1 : 0;
    if (m_beacons)
    {
        message.report = m_view.Report();
    }
    if (!m_handOverTrace.IsEmpty())
    {
        Task task;
        task.id = message.task;
        task.priority = message.priority;
        task.admitted = message.admitted;
        task.inputs = {message};
        m_handOverTrace(task, to);
    }
    if (m_pipeline)
    {
        m_pipeline->OnHandedOver(to, message);
    }
    const std::pair transfer(message.task, message.input);
    if (m_transport->QueuedBytes() == 0 &&
        std::find(m_soloTransfers.begin(), m_soloTransfers.end(), transfer) ==
            m_soloTransfers.end())
    {
        m_soloTransfers.push_back(transfer);
    }
    Send(to, std::move(message));
}

Message
Worker::MakeTensorMessage(Task& task, TensorId output, bool last) const
{
    uint16_t hops = 0;
    for (const Message& input : task.inputs)
    {
        hops = std::max(hops, input.hops);
    }
    Message message = last ? std::move(task.inputs.front()) : task.Input();
    message.hops = hops;
    message.from = m_self;
    message.tensor = output;
    message.coded = false;
    return message;
}

void
Worker::SetTensors(Message& message, const Operator& reader, const UnitInput& input) const
{
    if (reader.kind == UnitKind::SLICE)
    {
        message.tensors = m_deployment->CutTensors(message.task, message.tensor.boundary);
    }
    else
    {
        const LayerGraph& graph = m_deployment->GraphOf(message.task.item.source);
        message.tensors =
            m_deployment->TensorsOf(message.task, RowTensors(graph, input.layer, input.rows));
    }
    message.payloadBytes = message.tensors.Bytes();
}

void
Worker::Forward(Task task, TensorId output)
{
    const Plan& plan = *FindPlan(task.id);
    // Of slices by the layers, not by the plan: one that stood in for the tail has made the result.
    const bool ends =
        task.op.kind == UnitKind::SLICE
            ? task.leaves || output.boundary == m_deployment->GraphOf(task.id.item.source).Size()
            : task.op.kind == UnitKind::GATHER;
    if (ends)
    {
        ForwardResult(std::move(task), output);
        return;
    }
    const auto& forwards = plan.units[task.id.unit].forwards;
    for (size_t i = 0; i < forwards.size(); ++i)
    {
        const UnitForward& forward = forwards[i];
        const ExecutionUnit& reader = plan.units[forward.unit];
        const bool last = i + 1 == forwards.size() && !m_pipeline;
        Message message = MakeTensorMessage(task, output, last);
        message.task.unit = static_cast<uint16_t>(forward.unit);
        message.input = forward.input;
        SetTensors(message, reader.op, reader.inputs[forward.input]);
        if (m_pipeline)
        {
            Message redirected = message;
            m_pipeline->Redirect(redirected);
            m_unsafe[redirected.task] = task;
        }
        Offer(std::move(message), false);
    }
}

void
Worker::ForwardResult(Task task, TensorId output)
{
    const Deployment::Source& source = m_deployment->Sources()[task.id.item.source];
    Message result = MakeTensorMessage(task, output, !m_pipeline);
    result.type = MessageType::RESULT;
    result.input = 0;
    result.tensors = m_deployment->ResultTensors(task.id.item.source, output.boundary);
    result.payloadBytes = result.tensors.Bytes();
    result.exitThreshold.reset(); // of no use any more
    if (task.leaves && !source.generation)
    {
        // The answer goes back, not the features behind it.
        const LayerGraph& graph = m_deployment->GraphOf(task.id.item.source);
        const auto exits = graph.Exits();
        const auto exit = std::find_if(exits.begin(), exits.end(), [&](const Exit& e) {
            return e.boundary == output.boundary;
        });
        result.tensors = TensorSpecs(graph.Layers()[exit->layer].outputs);
        result.payloadBytes = result.tensors.Get().front().Bytes();
    }
    if (source.node == m_self)
    {
        if (m_pipeline)
        {
            m_pipeline->OnOutputSafe(task);
        }
        OutputSafe(task.id);
        DeliverResult(result);
        return;
    }
    if (m_pipeline)
    {
        // Where this worker stood in for the next one, the task before is what was sent here.
        m_unsafe.emplace(result.task, task);
    }
    if (m_packer.Needs(result))
    {
        m_packer.Add(std::move(result), source.node);
    }
    else
    {
        Send(source.node, std::move(result));
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
    Drop(lost);
    const auto callback = m_resultCallbacks.find(lost.task.item.source);
    if (callback != m_resultCallbacks.end())
    {
        callback->second(lost);
    }
}

Message
Worker::Lost(const TaskId& task, const std::string& reason) const
{
    Message lost;
    lost.type = MessageType::LOST;
    lost.task = Attempt(task);
    lost.reason = reason;
    return lost;
}

TaskId
Worker::Attempt(const TaskId& task) const
{
    TaskId attempt;
    attempt.item = task.item;
    attempt.epoch = AttemptOf(task);
    return attempt;
}

void
Worker::Lose(const TaskId& task, const std::string& reason)
{
    const ItemId item = task.item;
    NS_LOG_FUNCTION(this << item.source << item.item << reason);
    const Message lost = Lost(task, reason);
    Drop(lost);
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
        if (node == m_self)
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
Worker::OutputSafe(const TaskId& output)
{
    const auto made = m_unsafe.find(output);
    if (made != m_unsafe.end())
    {
        m_pipeline->OnOutputSafe(made->second);
        m_unsafe.erase(made);
    }
}

void
Worker::Drop(const Message& lost)
{
    const ItemId item = lost.task.item;
    m_dropped.Insert(lost.task);
    TaskId first;
    first.item = item;
    for (auto made = m_unsafe.lower_bound(first);
         made != m_unsafe.end() && made->first.item == item;)
    {
        m_pipeline->OnOutputSafe(made->second); // nobody needs it any more
        made = m_unsafe.erase(made);
    }
    for (const uint32_t node : m_caches.Drop(item))
    {
        Send(node, lost);
    }
    m_inbox.Drop([&](const TaskId& task, Time /* since */) { return Attempt(task) == lost.task; });
}

} // namespace mdi
} // namespace ns3

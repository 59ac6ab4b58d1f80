// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// What a Worker sends: tensors to the workers that run the next units, encoded and staged where
// that is due, results to their sources, and word of losses.

#include "mdi-worker.h"

#include "ns3/log.h"
#include "ns3/node.h"
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
Worker::HandOver(const Message& message, uint32_t to)
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
    const Unpacked next{message, to, fits ? message.payloadBytes : 0};
    const bool codes =
        message.type == MessageType::TENSOR && !message.coded && m_deployment->Coded(message);
    if (!codes && m_deployment->GetStaging() == Deployment::Staging::BESIDE)
    {
        StageBeside(next);
        return;
    }
    m_toPack.push_back(next);
    Dispatch();
}

void
Worker::StartPacking()
{
    Unpacked next = std::move(m_toPack.front());
    m_toPack.pop_front();
    m_packing = true;
    Message& message = next.message;
    const Time time =
        m_deployment->PackingTime(m_deployment->ProfileOf(GetNode()->GetId()), message);
    const bool tensor = message.type == MessageType::TENSOR;
    if (const auto coded = tensor && !message.coded ? m_deployment->Coded(message) : std::nullopt)
    {
        message.coded = true;
        message.payloadBytes = coded->bytes;
        message.tensor = m_deployment->Engine()->Transcode(message.tensor, coded->values);
    }
    m_device->Occupy(time, [this, next] {
        m_packing = false;
        if (m_deployment->GetStaging() == Deployment::Staging::BESIDE)
        {
            StageBeside(next);
        }
        else
        {
            m_device->Free(next.bytes);
            SendPacked(next.message, next.to);
        }
        Dispatch();
    });
}

void
Worker::StageBeside(const Unpacked& packed)
{
    const Time now = Simulator::Now();
    m_stagingFree = Max(m_stagingFree, now) +
                    m_deployment->StagingTime(m_deployment->ProfileOf(GetNode()->GetId()),
                                              packed.message.payloadBytes);
    m_staged++;
    Simulator::Schedule(m_stagingFree - now, [this, packed] {
        m_staged--;
        if (m_failed)
        {
            return;
        }
        m_device->Free(packed.bytes);
        SendPacked(packed.message, packed.to);
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

void
Worker::Transmit(Message message, uint32_t to)
{
    message.hops += message.hops < std::numeric_limits<uint16_t>::max() ? 1 : 0;
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
        result.tensors = m_deployment->ResultTensors(task.id.item.source, output.boundary);
        result.payloadBytes = TotalBytes(result.tensors);
        result.exitThreshold.reset(); // of no use any more
        if (task.leaves && !m_deployment->Sources()[task.id.item.source].generation)
        {
            // The answer goes back, not the features behind it.
            const auto exits = graph.Exits();
            const auto exit = std::find_if(exits.begin(), exits.end(), [&](const Exit& e) {
                return e.boundary == output.boundary;
            });
            result.tensors = graph.Layers()[exit->layer].outputs;
            result.payloadBytes = result.tensors.front().Bytes();
        }
        if (home == GetNode()->GetId())
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
    Drop(item);
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
Worker::Drop(ItemId item)
{
    m_dropped.Insert(item);
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

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// How a Worker collects the inputs of tasks: of items that are admitted here, of what its own tasks
// made, and of what arrives. What becomes of a task then is in mdi-worker-tasks.cc.

#include "mdi-worker.h"

#include "ns3/node.h"
#include "ns3/simulator.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

const Plan*
Worker::FindPlan(const TaskId& task) const
{
    if (task.epoch == ALONE)
    {
        return &m_alonePlans.at(task.item.source);
    }
    return m_pipeline ? m_pipeline->FindPlan(task.item.source, task.epoch)
                      : &m_deployment->GetPlan(task.item.source);
}

void
Worker::Admit(ItemId item, Time admitted, uint16_t attempt)
{
    if (m_failed)
    {
        return;
    }
    const auto& source = m_deployment->Sources()[item.source];
    Message input;
    input.type = MessageType::TENSOR;
    input.from = m_self;
    input.task.item = item;
    // Attempts count in the place of a pipeline's epochs: what an earlier one left is no copy.
    input.task.epoch =
        m_pipeline && attempt != ALONE ? m_pipeline->CurrentEpoch(item.source) : attempt;
    input.priority = source.priority;
    input.admitted = admitted;
    const auto engine = m_deployment->Engine();
    input.tensor = {source.model, engine->InputOf(source.model, source.InputNumber(item.item)), 0};
    if (m_exit && !m_exitStarted)
    {
        m_exitStarted = true;
        m_exit->Start([this] { return GetReadyTasks(); });
    }
    StartPass(std::move(input));
}

void
Worker::Continue(const Message& result, std::optional<uint16_t> attempt)
{
    if (m_failed)
    {
        return;
    }
    Message input = result;
    input.type = MessageType::TENSOR;
    input.from = m_self;
    input.task.pass++;
    input.tensor = m_deployment->Engine()->Extend(result.tensor);
    input.stages.clear();
    input.task.epoch = attempt.value_or(result.task.epoch);
    StartPass(std::move(input));
}

void
Worker::StartPass(Message item)
{
    if (m_exit)
    {
        item.exitThreshold = m_exit->Threshold();
    }
    if (item.task.epoch == ALONE && !HoldsWhole(item.task.item.source))
    {
        Lose(item.task,
             "other workers gave no result, and its device has no memory for all "
             "layers");
        return;
    }
    const Plan& plan = *FindPlan(item.task);
    for (uint16_t unit = 0; unit < plan.units.size(); ++unit)
    {
        const auto& inputs = plan.units[unit].inputs;
        for (uint16_t i = 0; i < inputs.size(); ++i)
        {
            if (inputs[i].from == UnitInput::ITEM)
            {
                Message input = item;
                input.task.unit = unit;
                input.input = i;
                SetTensors(input, plan.units[unit].op, inputs[i]);
                Offer(std::move(input), false);
            }
        }
    }
}

void
Worker::Offer(Message input, bool arrived)
{
    const Plan* plan = FindPlan(input.task);
    if (!plan)
    {
        m_early.push_back(std::move(input));
        return;
    }
    // What was sent here stays here; what was made here goes where the plan says.
    if (arrived)
    {
        Collect(std::move(input), true);
        return;
    }
    int32_t planned = plan->units[input.task.unit].node;
    const auto place = m_caches.PlaceOf(input.task);
    if (m_pipeline && planned != ExecutionUnit::NONE && input.task.epoch != ALONE)
    {
        planned = m_pipeline->Redirect(input);
    }
    if (place)
    {
        planned = static_cast<int32_t>(*place);
    }
    if (planned != ExecutionUnit::NONE && static_cast<uint32_t>(planned) != m_self)
    {
        HandOver(std::move(input), static_cast<uint32_t>(planned));
    }
    else
    {
        Collect(std::move(input), false);
    }
}

void
Worker::LoseInput(const Message& input, const std::string& reason)
{
    if (m_pipeline)
    {
        m_pipeline->OnInputDropped(input);
    }
    Lose(input.task, reason);
}

void
Worker::Collect(Message input, bool arrived)
{
    const ExecutionUnit& unit = FindPlan(input.task)->units[input.task.unit];
    const bool dropped = m_dropped.Contains(Attempt(input.task));
    if (dropped && m_pipeline)
    {
        m_pipeline->OnInputDropped(input);
    }
    if (dropped || m_inbox.IsCopy(input, unit.inputs.size()))
    {
        return;
    }
    if (unit.op.kind == UnitKind::SLICE && m_deployment->IsBound(input.task) &&
        !m_caches.Holds(input.task, input.tensor.boundary))
    {
        LoseInput(input, "its keys and values were on a worker that failed");
        return;
    }
    Accept(std::move(input), unit, arrived);
}

void
Worker::Accept(Message input, const ExecutionUnit& unit, bool arrived)
{
    const ItemId item = input.task.item;
    if (!m_device->Allocate(InputBytes(input)))
    {
        LoseInput(input, "no memory for its tensor");
        return;
    }
    Task task;
    task.id = input.task;
    task.op = unit.op;
    if (unit.op.kind == UnitKind::SLICE)
    {
        // A worker that stands in for a failed one runs from the tensor on; a tail that lost its
        // successors, to the end. So does one whose slice has been run by a worker that its token
        // had gone around.
        const bool standsIn = unit.node != ExecutionUnit::NONE && unit.node != int32_t(m_self);
        const bool passed = m_pipeline && input.tensor.boundary >= unit.op.end;
        task.op.begin = input.tensor.boundary;
        task.op.end = standsIn || passed ? m_deployment->GraphOf(item.source).Size() : unit.op.end;
    }
    task.priority = input.priority;
    task.admitted = input.admitted;
    task.committed =
        arrived || unit.node != ExecutionUnit::NONE || m_deployment->IsBound(input.task);
    task.handedBy = input.from;
    auto inputs = m_inbox.Add(std::move(input), unit.inputs.size());
    if (!inputs)
    {
        AwaitMore();
        return;
    }
    task.inputs = std::move(*inputs);
    if (unit.op.kind == UnitKind::GATHER)
    {
        FreeInputs(task);
        const TensorId output = RunLayers(task);
        Forward(std::move(task), output);
        return;
    }
    TaskReady(std::move(task));
}

void
Worker::AwaitMore()
{
    if (!m_patience.IsZero() && m_forgetEvent.IsExpired())
    {
        m_forgetEvent = Simulator::Schedule(m_patience, &Worker::ForgetOld, this);
    }
}

void
Worker::ForgetOld()
{
    const Time since = Simulator::Now() - m_patience;
    m_inbox.Drop([since](const TaskId& /* task */, Time begin) { return begin < since; });
    m_caches.Forget(since, [this](ItemId item) { return Holds(item); });
    if (!m_inbox.Empty() || !m_caches.Empty())
    {
        AwaitMore();
    }
}

} // namespace mdi
} // namespace ns3

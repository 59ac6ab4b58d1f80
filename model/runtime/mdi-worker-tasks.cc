// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The way of a task through a Worker, from when its inputs are here (mdi-worker-inputs.cc) until it
// has run. What it sends then is in mdi-worker-sending.cc, its set-up and what it receives in
// mdi-worker.cc.

#include "mdi-seconds.h"
#include "mdi-worker.h"

#include "ns3/log.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <tuple>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiWorkerTasks");

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
        if (estimate.node != m_self)
        {
            FreeInputs(task);
            HandOver(std::move(task.inputs.front()), estimate.node);
            return;
        }
        task.committed = true;
        task.handedBy = m_self;
    }
    AddReady(std::move(task));
    Dispatch();
}

void
Worker::AddReady(Task task)
{
    Ready ready;
    ready.task = std::move(task);
    ready.service = m_view.Service(ready.task);
    m_view.AddReady(ready.task, ready.service);
    m_ready.push_back(std::move(ready));
    m_queuesTrace(m_view.InputTasks(m_self), m_view.OutputTasks());
}

Task
Worker::TakeReady(std::vector<Ready>::iterator which)
{
    m_view.RemoveReady(which->task, which->service);
    Task task = std::move(which->task);
    m_ready.erase(which);
    m_queuesTrace(m_view.InputTasks(m_self), m_view.OutputTasks());
    return task;
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
    return m_transport->QueuedBytes() == 0 && m_packer.Idle() &&
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
    if (m_ready.empty() && !m_packer.Waits())
    {
        return false;
    }
    const bool processorIdle = m_device->HasIdleSlot();
    const bool radioIdle = RadioIdle();
    if (!processorIdle && !radioIdle)
    {
        return false;
    }
    if (processorIdle && m_packer.Waits())
    {
        m_packer.Start();
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
        if (task.committed && m_ready.size() == 1)
        {
            StartTask(ready); // nothing to choose
            return true;
        }
        m_view.Consider(ready->service);
        const Estimate estimate =
            task.committed ? m_view.PredictHere(ready->service) : m_router->Choose(task, m_view);
        const double key = m_queue->Key(task, estimate, m_view);
        m_view.Consider(Time(0));
        const bool here = estimate.node == m_self;
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
    if (bestEstimate.node == m_self)
    {
        StartTask(best);
    }
    else if (m_handshake)
    {
        Ask(best, bestEstimate, bestKey);
    }
    else
    {
        Task task = TakeReady(best);
        FreeInputs(task);
        HandOver(std::move(task.inputs.front()), bestEstimate.node);
    }
    return true;
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
    Task task = TakeReady(ready);
    FreeInputs(task);
    HandOver(std::move(task.inputs.front()), to);
    Dispatch();
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
Worker::StartTask(std::vector<Ready>::iterator which)
{
    const Time expected = which->service;
    Task task = TakeReady(which);
    if (!m_caches.Keep(task))
    {
        FreeInputs(task);
        LoseInput(task.Input(), "no memory for its keys and values");
        return;
    }
    if (!m_caches.Empty())
    {
        AwaitMore();
    }
    m_startedTrace(task);
    m_atWork.push_back(task.id.item);
    const TensorId output = RunLayers(task);
    const Time started = Simulator::Now();
    // Less than is expected where the item leaves on the way, as nobody knows before it is there.
    const TaskId id = task.id;
    const Time mean = task.leaves ? m_view.Service(task) : expected;
    m_device->Start(
        id,
        mean,
        m_view.Table(id.item.source).Spread(),
        [this, task = std::move(task), output, started]() mutable {
            FinishTask(std::move(task), output, started);
        },
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
    if (!m_exit)
    {
        return engine->Run(at, task.op.end);
    }
    for (const Exit& exit : m_deployment->GraphOf(task.id.item.source).Exits())
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
    EndWork(task.id.item);
    m_finishedTrace(task);
    m_view.OnServed(Simulator::Now() - started);
    if (m_pipeline)
    {
        // The speed is that of the layers: without decoding.
        const uint32_t source = task.id.item.source;
        const Time unit = m_deployment->UnitTime(m_profile, source, task.op, task.id.pass);
        Time busy = Simulator::Now() - started - (m_view.Service(task) - unit);
        if (m_deployment->Sources()[source].generation && !unit.IsZero())
        {
            // What passes of all lengths have in common is what the model's own input would take.
            busy = busy * (m_view.Table(source).Mean(task.op.begin, task.op.end) / unit);
        }
        m_pipeline->OnFinished(task, busy);
        task.inputs.front().stages.push_back(m_pipeline->Stage(task));
    }
    m_caches.OnFinished(task.id);
    Forward(std::move(task), output);
    Dispatch();
}

} // namespace mdi
} // namespace ns3

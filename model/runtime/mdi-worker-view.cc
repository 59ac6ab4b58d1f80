// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-worker-view.h"

#include "mdi-seconds.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <limits>

namespace ns3
{
namespace mdi
{

namespace
{

/// Every backlog counts.
constexpr float ANY_PRIORITY = -std::numeric_limits<float>::infinity();

/// What is in service is served before anything that waits: nobody is preempted.
constexpr float IN_SERVICE = std::numeric_limits<float>::infinity();

} // namespace

void
WorkerView::Configure(const Node& node,
                      Time neighborLifetime,
                      double goodputWeight,
                      bool reportReady,
                      double taskTimeWeight)
{
    m_node = node;
    m_profile = node.deployment->ProfileOf(node.self);
    m_goodputWeight = goodputWeight;
    m_reportReady = reportReady;
    m_taskTimeWeight = taskTimeWeight;
    m_neighbors.Configure(neighborLifetime, goodputWeight);
}

void
WorkerView::Clear()
{
    m_node = Node();
}

NeighborTable&
WorkerView::Neighbors()
{
    return m_neighbors;
}

const ServiceTable&
WorkerView::Table(uint32_t source) const
{
    return m_node.deployment->Table(m_profile, source);
}

Time
WorkerView::Service(const Task& task) const
{
    return ServiceOn(m_profile, task, false);
}

Time
WorkerView::ServiceOn(uint16_t profile, const Task& task, bool arrives) const
{
    const uint32_t source = task.id.item.source;
    const Deployment& deployment = *m_node.deployment;
    Time time = deployment.UnitTime(profile, source, task.op, task.id.pass);
    for (const Message& input : task.inputs)
    {
        if (input.coded || arrives)
        {
            const auto coded = deployment.Coded(input);
            time += coded ? deployment.WorkTime(profile, source, coded->decodeFlop) : Time(0);
        }
    }
    return time;
}

void
WorkerView::AddReady(const Task& task, Time service)
{
    m_readyWork[task.priority] += service;
    if (task.committed)
    {
        m_inputTasks++;
    }
    else
    {
        m_output.emplace(task.admitted, task.id);
    }
}

void
WorkerView::RemoveReady(const Task& task, Time service)
{
    m_readyWork[task.priority] -= service;
    if (m_output.erase({task.admitted, task.id}) == 0)
    {
        m_inputTasks--;
    }
}

void
WorkerView::OnServed(Time elapsed)
{
    const double smoothed = ToSeconds(ServicePerTask(Self()));
    const double sample = ToSeconds(elapsed) / m_node.device->GetSlots();
    m_servicePerTask = FromSeconds(smoothed + m_taskTimeWeight * (sample - smoothed));
}

void
WorkerView::Consider(Time service)
{
    m_considered = service;
}

void
WorkerView::OnPlaced(uint32_t to, const Message& tensor, const Operator& op)
{
    Operator left = op;
    left.begin = tensor.tensor.boundary; // of a slice
    // Of a slice that only its worker knows (after a re-allocation) nothing can be counted; a unit
    // with several inputs counts once.
    if (!m_neighbors.Knows(to) || tensor.input > 0 ||
        (op.kind == UnitKind::SLICE && left.end <= left.begin))
    {
        return;
    }
    const auto& report = m_neighbors.Report(to);
    const Time service = m_node.deployment->UnitTime(
        report.profile, tensor.task.item.source, left, tensor.task.pass);
    m_neighbors.OnPlaced(
        to, tensor.task, tensor.priority, ToSeconds(service) * report.speedFlopPerS);
}

void
WorkerView::OnTransfer(uint32_t to, uint64_t bytes, Time elapsed, bool solo)
{
    m_neighbors.OnTaskSent(to, elapsed, m_taskTimeWeight);
    if (solo && m_goodputWeight > 0)
    {
        m_neighbors.OnTransfer(to, bytes, elapsed, m_node.deployment->Path(m_node.self, to));
    }
}

void
WorkerView::OnSent()
{
    m_news++;
}

void
WorkerView::OnReport(uint32_t from, const WorkerReport& report)
{
    m_news++;
    m_neighbors.OnReport(from, report);
}

void
WorkerView::OnUndelivered(uint32_t to, const Message& message, Time silence)
{
    m_news++;
    m_silent[to] = Simulator::Now() + silence;
    if (message.type == MessageType::TENSOR)
    {
        m_neighbors.OnUndelivered(to, message.task);
    }
}

void
WorkerView::OnHeard(uint32_t from)
{
    m_silent.erase(from);
}

bool
WorkerView::IsSilent(uint32_t node) const
{
    const auto silent = m_silent.find(node);
    return silent != m_silent.end() && Simulator::Now() < silent->second;
}

Time
WorkerView::TransferFrom(uint32_t from, uint64_t bytes) const
{
    const Deployment& deployment = *m_node.deployment;
    return m_neighbors.Transfer(from, bytes, 0, deployment.Path(from, m_node.self)) +
           deployment.StagingTime(deployment.ProfileOf(from), bytes);
}

WorkerReport
WorkerView::Report() const
{
    WorkerReport report;
    report.time = Simulator::Now();
    report.profile = m_profile;
    report.speedFlopPerS = m_node.deployment->SpeedFlopPerS(m_profile);
    if (m_node.reportQueues)
    {
        const uint32_t granted = m_node.handshake ? m_node.handshake->Reservations() : 0;
        report.queue = QueueReport{m_inputTasks + granted, ServicePerTask(Self())};
    }
    const double perSlot = report.speedFlopPerS / m_node.device->GetSlots();
    std::map<float, double> backlog;
    backlog[IN_SERVICE] = ToSeconds(m_node.device->Remaining()) * perSlot;
    if (m_reportReady)
    {
        for (const auto& [priority, work] : m_readyWork)
        {
            backlog[priority] += ToSeconds(work) * perSlot;
        }
    }
    if (m_node.handshake)
    {
        for (const auto& [priority, flop] : m_node.handshake->Reserved())
        {
            backlog[priority] += flop / m_node.device->GetSlots();
        }
    }
    for (const auto& [priority, flop] : backlog)
    {
        if (flop > 0)
        {
            report.backlog.push_back({priority, flop});
        }
    }
    return report;
}

uint32_t
WorkerView::Self() const
{
    return m_node.self;
}

const Deployment&
WorkerView::GetDeployment() const
{
    return *m_node.deployment;
}

std::vector<uint32_t>
WorkerView::Candidates() const
{
    auto live = m_neighbors.Live();
    live.erase(std::remove_if(
                   live.begin(),
                   live.end(),
                   [this](uint32_t node) { return !m_node.deployment->MayHandOver(Self(), node); }),
               live.end());
    return live;
}

uint32_t
WorkerView::InputTasks(uint32_t node) const
{
    return node == Self() ? m_inputTasks : m_neighbors.InputTasks(node);
}

uint32_t
WorkerView::OutputTasks() const
{
    return static_cast<uint32_t>(m_output.size());
}

std::optional<TaskId>
WorkerView::OutputHead() const
{
    return m_output.empty() ? std::nullopt : std::make_optional(m_output.begin()->second);
}

Time
WorkerView::ServicePerTask(uint32_t node) const
{
    if (node != Self())
    {
        const auto& told = m_neighbors.Report(node).queue;
        return told ? told->servicePerTask : Time(0);
    }
    return m_servicePerTask ? *m_servicePerTask
                            : m_node.deployment->MeanUnitTime(m_profile) /
                                  static_cast<int64_t>(m_node.device->GetSlots());
}

Time
WorkerView::TransferPerTask(const Task& task, uint32_t node) const
{
    const auto smoothed = m_neighbors.TransferPerTask(node);
    if (!smoothed)
    {
        return Predict(task, node, false).transfer;
    }
    return *smoothed + PackingTime(task);
}

uint64_t
WorkerView::News() const
{
    return m_news;
}

Estimate
WorkerView::PredictHere(Time service) const
{
    Estimate estimate;
    estimate.node = m_node.self;
    estimate.wait = WaitHere(ANY_PRIORITY);
    estimate.service = service;
    return estimate;
}

Estimate
WorkerView::Predict(const Task& task, uint32_t node, bool urgentOnly) const
{
    const float minPriority = urgentOnly ? task.priority : ANY_PRIORITY;
    Estimate estimate;
    estimate.node = node;
    if (node == Self())
    {
        estimate.wait = WaitHere(minPriority);
        estimate.service = Service(task);
    }
    else
    {
        const Message& input = task.Input();
        const auto coded = input.coded ? std::nullopt : m_node.deployment->Coded(input);
        estimate.transfer = m_neighbors.Transfer(node,
                                                 coded ? coded->bytes : input.payloadBytes,
                                                 m_node.transport->QueuedBytes(),
                                                 m_node.deployment->Path(Self(), node));
        estimate.transfer += PackingTime(task);
        estimate.wait = m_neighbors.Wait(node, minPriority);
        const uint16_t profile = m_neighbors.Report(node).profile;
        estimate.service = ServiceOn(profile, task, true);
        estimate.lossProbability = m_neighbors.LossProbability(node);
    }
    return estimate;
}

Time
WorkerView::PackingTime(const Task& task) const
{
    const Deployment& deployment = *m_node.deployment;
    const Message& input = task.Input();
    const Time packing = deployment.PackingTime(m_profile, input);
    const auto coded = input.coded ? std::nullopt : deployment.Coded(input);
    const Time staging =
        deployment.GetStaging() == Deployment::Staging::BESIDE
            ? deployment.StagingTime(m_profile, coded ? coded->bytes : input.payloadBytes)
            : Time(0);
    if (packing.IsZero())
    {
        return staging;
    }
    // It waits for the processor.
    const Time wait =
        m_node.device->HasIdleSlot()
            ? Time(0)
            : m_node.device->Remaining() / static_cast<int64_t>(m_node.device->GetSlots());
    return wait + packing + staging;
}

Time
WorkerView::WaitHere(float minPriority) const
{
    Time waiting = m_node.device->Remaining();
    if (!m_node.device->HasIdleSlot())
    {
        // An idle processor would start the task at once: nothing that waits is ahead of it. (With
        // the ready set counted here as well, a full ready set could prefer the busy radio to the
        // idle processor.)
        waiting -= m_considered;
        for (const auto& [priority, work] : m_readyWork)
        {
            waiting += priority >= minPriority ? work : Time(0);
        }
    }
    if (m_node.handshake)
    {
        for (const auto& [priority, flop] : m_node.handshake->Reserved())
        {
            waiting += priority >= minPriority
                           ? FromSeconds(flop / m_node.deployment->SpeedFlopPerS(m_profile))
                           : Time(0);
        }
    }
    return Max(Time(0), waiting / static_cast<int64_t>(m_node.device->GetSlots()));
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-neighbor-table.h"

#include "mdi-seconds.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>

namespace ns3
{
namespace mdi
{

namespace
{

/// Weight of one beacon in the smoothed loss (tunable default, unverified).
constexpr double LOSS_WEIGHT = 0.1;

/// Shorter transfers measure latency and slow start, not goodput.
constexpr uint64_t MIN_SAMPLE_BYTES = 4096;

} // namespace

void
NeighborTable::Configure(Time lifetime, double goodputWeight)
{
    m_lifetime = lifetime;
    m_goodputWeight = goodputWeight;
}

void
NeighborTable::OnReport(uint32_t from, const WorkerReport& report)
{
    Neighbor& neighbor = m_neighbors[from];
    if (neighbor.heard && report.time < neighbor.report.time)
    {
        return;
    }
    neighbor.heard = true;
    neighbor.heardAt = Simulator::Now();
    neighbor.report = report;
    auto counted = [&report](const Placement& p) {
        return p.delivered && p.deliveredAt <= report.time;
    };
    neighbor.placed.erase(std::remove_if(neighbor.placed.begin(), neighbor.placed.end(), counted),
                          neighbor.placed.end());
}

void
NeighborTable::OnBeacon(uint32_t from, uint32_t sequence)
{
    Neighbor& neighbor = m_neighbors[from];
    if (neighbor.beaconed && sequence > neighbor.lastSequence)
    {
        for (uint32_t missed = sequence - neighbor.lastSequence - 1; missed > 0; --missed)
        {
            neighbor.loss += LOSS_WEIGHT * (1 - neighbor.loss);
        }
        neighbor.loss -= LOSS_WEIGHT * neighbor.loss;
    }
    neighbor.beaconed = true;
    neighbor.lastSequence = sequence;
}

void
NeighborTable::OnPlaced(uint32_t to, const TaskId& task, float priority, double flop)
{
    Placement placement{};
    placement.task = task;
    placement.priority = priority;
    placement.flop = flop;
    m_neighbors[to].placed.push_back(placement);
}

void
NeighborTable::OnDelivered(uint32_t to, const TaskId& task)
{
    for (auto& placement : m_neighbors[to].placed)
    {
        if (placement.task == task)
        {
            placement.delivered = true;
            placement.deliveredAt = Simulator::Now();
        }
    }
}

void
NeighborTable::OnUndelivered(uint32_t to, const TaskId& task)
{
    auto& placed = m_neighbors[to].placed;
    placed.erase(std::remove_if(placed.begin(),
                                placed.end(),
                                [&task](const Placement& p) { return p.task == task; }),
                 placed.end());
}

void
NeighborTable::OnTransfer(uint32_t to, uint64_t bytes, Time elapsed, const PathInfo& nominal)
{
    const double seconds = ToSeconds(elapsed - nominal.delay - nominal.delay);
    if (bytes < MIN_SAMPLE_BYTES || seconds <= 0)
    {
        return;
    }
    Neighbor& neighbor = m_neighbors[to];
    const double old = neighbor.goodputBps > 0 ? neighbor.goodputBps
                                               : static_cast<double>(nominal.goodput.GetBitRate());
    neighbor.goodputBps = old + m_goodputWeight * (8.0 * bytes / seconds - old);
}

void
NeighborTable::OnTaskSent(uint32_t to, Time elapsed, double weight)
{
    auto& smoothed = m_neighbors[to].transferPerTask;
    smoothed = smoothed ? FromSeconds(ToSeconds(*smoothed) +
                                      weight * (ToSeconds(elapsed) - ToSeconds(*smoothed)))
                        : elapsed;
}

std::optional<Time>
NeighborTable::TransferPerTask(uint32_t node) const
{
    const auto found = m_neighbors.find(node);
    return found == m_neighbors.end() ? std::nullopt : found->second.transferPerTask;
}

uint32_t
NeighborTable::InputTasks(uint32_t node) const
{
    const Neighbor& neighbor = m_neighbors.at(node);
    const uint32_t told = neighbor.report.queue ? neighbor.report.queue->tasks : 0;
    return told + static_cast<uint32_t>(neighbor.placed.size());
}

std::vector<uint32_t>
NeighborTable::Live() const
{
    std::vector<uint32_t> live;
    for (const auto& [node, neighbor] : m_neighbors)
    {
        if (neighbor.heard && Simulator::Now() - neighbor.heardAt <= m_lifetime)
        {
            live.push_back(node);
        }
    }
    return live;
}

bool
NeighborTable::Knows(uint32_t node) const
{
    const auto found = m_neighbors.find(node);
    return found != m_neighbors.end() && found->second.heard;
}

const WorkerReport&
NeighborTable::Report(uint32_t node) const
{
    return m_neighbors.at(node).report;
}

Time
NeighborTable::Wait(uint32_t node, float minPriority) const
{
    const Neighbor& neighbor = m_neighbors.at(node);
    double reported = 0;
    for (const auto& entry : neighbor.report.backlog)
    {
        reported += entry.priority >= minPriority ? entry.backlogFlop : 0;
    }
    double placed = 0;
    for (const auto& placement : neighbor.placed)
    {
        placed += placement.priority >= minPriority ? placement.flop : 0;
    }
    const double speed = neighbor.report.speedFlopPerS;
    const Time drained = Simulator::Now() - neighbor.report.time;
    return Max(Time(0), FromSeconds(reported / speed) - drained) + FromSeconds(placed / speed);
}

Time
NeighborTable::Transfer(uint32_t node,
                        uint64_t bytes,
                        uint64_t queuedBytes,
                        const PathInfo& nominal) const
{
    const auto found = m_neighbors.find(node);
    const double rate = found != m_neighbors.end() && found->second.goodputBps > 0
                            ? found->second.goodputBps
                            : static_cast<double>(nominal.goodput.GetBitRate());
    return nominal.delay + FromSeconds(8.0 * (bytes + queuedBytes) / rate);
}

double
NeighborTable::LossProbability(uint32_t node) const
{
    const auto found = m_neighbors.find(node);
    return found == m_neighbors.end() ? 0 : found->second.loss;
}

} // namespace mdi
} // namespace ns3

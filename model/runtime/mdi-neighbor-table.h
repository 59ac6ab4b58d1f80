// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_NEIGHBOR_TABLE_H
#define MDI_NEIGHBOR_TABLE_H

#include "mdi-deployment.h"
#include "mdi-message.h"

#include "ns3/nstime.h"

#include <map>
#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * What a worker has heard of its neighbours and measured of the links to them, however stale. It
 * learns only from messages that arrived and from its own transmissions.
 */
class NeighborTable
{
  public:
    /**
     * \param lifetime a neighbour not heard of for so long is no candidate
     * \param goodputWeight weight of a new sample in the smoothed goodput; 0 keeps the nominal one
     */
    void Configure(Time lifetime, double goodputWeight);

    /// A report arrived, on whatever message. Older ones than the last are ignored.
    void OnReport(uint32_t from, const WorkerReport& report);

    /// A beacon arrived: gaps in its sequence numbers are losses.
    void OnBeacon(uint32_t from, uint32_t sequence);

    /// This worker gave a task to a neighbour, which does not count it in its reports yet.
    void OnPlaced(uint32_t to, const TaskId& task, float priority, double flop);

    /// The neighbour has it: its next report will count it.
    void OnDelivered(uint32_t to, const TaskId& task);

    /// A task did not get there, as far as this worker knows.
    void OnUndelivered(uint32_t to, const TaskId& task);

    /// A transfer that had the radio for itself took so long.
    void OnTransfer(uint32_t to, uint64_t bytes, Time elapsed, const PathInfo& nominal);

    /// A tensor took that long to a neighbour, its wait for the radio included.
    void OnTaskSent(uint32_t to, Time elapsed, double weight);

    /// D_nm: smoothed time of a tensor to a neighbour; nothing before the first.
    std::optional<Time> TransferPerTask(uint32_t node) const;

    /// |I_m| as last told, and what was placed there since.
    uint32_t InputTasks(uint32_t node) const;

    /// Neighbours heard of within the lifetime, ascending.
    std::vector<uint32_t> Live() const;

    /// Whether a report of the node ever arrived.
    bool Knows(uint32_t node) const;

    /// The last report of a neighbour that Knows.
    const WorkerReport& Report(uint32_t node) const;

    /**
     * w_j: backlog at the neighbour as waiting time, tfree_j - now of papers.md section 4:
     * max(0, report_time_j + B_j / F_j - now) + own placements since, over F_j.
     * \param minPriority count only backlog of this priority and above
     */
    Time Wait(uint32_t node, float minPriority) const;

    /// D_nj: latency + 8 (bytes + queued) / R_nj.
    Time Transfer(uint32_t node,
                  uint64_t bytes,
                  uint64_t queuedBytes,
                  const PathInfo& nominal) const;

    /// P_nj: smoothed share of beacons that did not arrive.
    double LossProbability(uint32_t node) const;

  private:
    struct Placement
    {
        TaskId task;
        float priority;
        double flop;
        bool delivered = false;
        Time deliveredAt;
    };

    struct Neighbor
    {
        bool heard = false;
        Time heardAt;
        WorkerReport report;
        std::vector<Placement> placed;
        double goodputBps = 0; //!< 0: not measured yet
        std::optional<Time> transferPerTask;
        bool beaconed = false;
        uint32_t lastSequence = 0;
        double loss = 0;
    };

    Time m_lifetime;
    double m_goodputWeight = 0;
    std::map<uint32_t, Neighbor> m_neighbors;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_NEIGHBOR_TABLE_H

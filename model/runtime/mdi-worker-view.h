// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_WORKER_VIEW_H
#define MDI_WORKER_VIEW_H

#include "mdi-compute-device.h"
#include "mdi-handshake.h"
#include "mdi-local-view.h"
#include "mdi-neighbor-table.h"
#include "mdi-transport.h"

#include <map>
#include <set>

namespace ns3
{
namespace mdi
{

/**
 * What one worker knows, and so what its policies may know: its own backlog, what neighbours have
 * told it, and the deployment. The worker keeps it up to date.
 */
class WorkerView : public LocalView
{
  public:
    /// Where the knowledge of its own node comes from. The handshake may be null.
    struct Node
    {
        uint32_t self = 0;                //!< node id
        Ptr<const Deployment> deployment; //!< known before the start
        Ptr<const ComputeDevice> device;  //!< its own
        Ptr<const Transport> transport;   //!< its own
        Ptr<const Handshake> handshake;   //!< its own, or null
        bool reportQueues = false;        //!< whether reports tell the input queue
    };

    /**
     * \param node where from
     * \param neighborLifetime a neighbour not heard of for so long is no candidate
     * \param goodputWeight weight of a new sample in the smoothed goodput; 0 keeps the nominal one
     * \param reportReady whether the reported backlog counts the ready set
     * \param taskTimeWeight weight of a new sample in Gamma_n and D_nm
     */
    void Configure(const Node& node,
                   Time neighborLifetime,
                   double goodputWeight,
                   bool reportReady,
                   double taskTimeWeight);

    /// Let go of the node.
    void Clear();

    /// Heard and measured.
    NeighborTable& Neighbors();

    /// Service times of a source's model here.
    const ServiceTable& Table(uint32_t source) const;

    /// t_{n,m,k} of a task that runs here, the decoding of its input included.
    Time Service(const Task& task) const;

    /// A task joined the ready set: the input queue, if it is committed, else the output queue.
    void AddReady(const Task& task, Time service);

    /// A task left the ready set.
    void RemoveReady(const Task& task, Time service);

    /// A task took that long here.
    void OnServed(Time elapsed);

    /// The task that is being placed is in the ready set itself, with that service time; 0: it is
    /// not.
    void Consider(Time service);

    /// A tensor goes to a neighbour that will not count it before its next report.
    void OnPlaced(uint32_t to, const Message& tensor, const Operator& op);

    /// A message that took time has reached a neighbour: the radio may be free.
    void OnSent();

    /// A tensor has reached a neighbour. \param solo it had the radio for itself
    void OnTransfer(uint32_t to, uint64_t bytes, Time elapsed, bool solo);

    /// A neighbour has told its state.
    void OnReport(uint32_t from, const WorkerReport& report);

    /**
     * A message to a node was given up; if it was a tensor for a task, that one did not get there.
     * \param silence the node IsSilent for so long, unless it is heard of
     */
    void OnUndelivered(uint32_t to, const Message& message, Time silence);

    /// Anything arrived from a node.
    void OnHeard(uint32_t from);

    /// D for a tensor that shall come from a neighbour.
    Time TransferFrom(uint32_t from, uint64_t bytes) const;

    /// F_n and B_n of this worker, for messages.
    WorkerReport Report() const;

    /// Predict for this worker, of a task that waits here. \param service its service time
    Estimate PredictHere(Time service) const;

    uint32_t Self() const override;
    const Deployment& GetDeployment() const override;
    std::vector<uint32_t> Candidates() const override;
    Estimate Predict(const Task& task, uint32_t node, bool urgentOnly) const override;
    uint32_t InputTasks(uint32_t node) const override;
    uint32_t OutputTasks() const override;
    std::optional<TaskId> OutputHead() const override;
    Time ServicePerTask(uint32_t node) const override;
    Time TransferPerTask(const Task& task, uint32_t node) const override;
    bool IsSilent(uint32_t node) const override;
    uint64_t News() const override;

  private:
    Time WaitHere(float minPriority) const;
    Time PackingTime(const Task& task) const;
    Time ServiceOn(uint16_t profile, const Task& task, bool arrives) const;

    Node m_node;
    uint16_t m_profile = 0;
    double m_goodputWeight = 0;
    bool m_reportReady = true;
    NeighborTable m_neighbors;
    std::map<float, Time> m_readyWork; //!< service time of the ready set by priority
    Time m_considered;
    uint32_t m_inputTasks = 0;
    std::set<std::pair<Time, TaskId>> m_output; //!< by admission
    double m_taskTimeWeight = 0;
    std::optional<Time> m_servicePerTask;
    std::map<uint32_t, Time> m_silent; //!< see IsSilent: until when
    uint64_t m_news = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_WORKER_VIEW_H

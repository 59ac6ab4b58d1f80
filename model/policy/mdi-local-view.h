// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_LOCAL_VIEW_H
#define MDI_LOCAL_VIEW_H

#include "mdi-deployment.h"
#include "mdi-message.h"
#include "mdi-task.h"

#include "ns3/nstime.h"

#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/// A task whose inputs are all at this worker: tau = (m, d, k) of papers.md, section 1.
struct Task
{
    TaskId id;                   //!< item, unit, epoch and pass
    Operator op;                 //!< what it computes; of a slice, the layers that are left to run
    float priority = 1;          //!< gamma_m
    Time admitted;               //!< when the item was admitted; the origin of the task's age
    std::vector<Message> inputs; //!< what brought (or would bring) the tensors, in their order
    bool leaves = false;         //!< the item leaves at the exit where this task ends
    bool committed =
        false; //!< it must run here: the input queue; else it may leave: the output queue
    uint32_t handedBy = 0; //!< the worker that sent it here (only if it was sent)

    /// The input of a unit with a single one: all units that a router places.
    const Message& Input() const
    {
        return inputs.front();
    }
};

/// What this worker expects if a task runs on a worker.
struct Estimate
{
    uint32_t node = 0;          //!< j
    Time transfer;              //!< D_nj(b): latency + 8b/R + own transmit queue; 0 for j = n
    Time wait;                  //!< w_j: backlog ahead of the task, the task itself excluded
    Time service;               //!< t_{j,m,k}
    double lossProbability = 0; //!< P_nj

    /**
     * Expected time from now to the end of the task, X of papers.md section 5.2.
     * \param overlap backlog drains while the tensor travels: max(D, w) + t (section 4) instead of
     *        D + w + t
     */
    Time Completion(bool overlap) const
    {
        return (overlap ? Max(transfer, wait) : transfer + wait) + service;
    }
};

/**
 * All that a policy at one node may know: the deployment, its own worker, and what neighbours have
 * told it. Nothing teleports: there is no way from here to another node's state.
 */
class LocalView
{
  public:
    virtual ~LocalView() = default;

    /// Node id of this worker, n.
    virtual uint32_t Self() const = 0;

    /// What was known before the start.
    virtual const Deployment& GetDeployment() const = 0;

    /// Neighbours heard of lately that this worker may hand tasks to, N(n), ascending.
    virtual std::vector<uint32_t> Candidates() const = 0;

    /**
     * \param task the task to place
     * \param node this worker or one of Candidates
     * \param urgentOnly count only backlog of the task's priority and above (option (c) of
     *        papers.md section 5.2)
     */
    virtual Estimate Predict(const Task& task, uint32_t node, bool urgentOnly) const = 0;

    /// |I|: tasks that wait for the processor of this worker or one of Candidates, as last told
    /// (where Router::NeedsQueues).
    virtual uint32_t InputTasks(uint32_t node) const = 0;

    /// |O_n|: tasks at this worker that may leave.
    virtual uint32_t OutputTasks() const = 0;

    /// The task that came first of those that may leave: of the item that was admitted first.
    virtual std::optional<TaskId> OutputHead() const = 0;

    /// Gamma: smoothed time that a task takes at this worker or one of Candidates, as last told
    /// (where Router::NeedsQueues); over the number of its slots.
    virtual Time ServicePerTask(uint32_t node) const = 0;

    /**
     * D_nm: smoothed time that a task takes to one of Candidates. Before the first: what is
     * expected for this one.
     */
    virtual Time TransferPerTask(const Task& task, uint32_t node) const = 0;

    /// Whether this worker gave up what it had to send to a node lately, and has heard nothing of
    /// it since.
    virtual bool IsSilent(uint32_t node) const = 0;

    /// Counts what changes this view from outside: reports of neighbours, ends of transfers.
    virtual uint64_t News() const = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_LOCAL_VIEW_H

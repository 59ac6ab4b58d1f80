// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROUTER_H
#define MDI_ROUTER_H

#include "mdi-local-view.h"

#include "ns3/object.h"

namespace ns3
{
namespace mdi
{

/**
 * Which worker gets the next unit, where the plan does not say. Each worker has a router of its
 * own, which knows only what that worker knows. To write one: derive, implement Choose, register
 * the TypeId, name it in a scenario.
 */
class Router : public Object
{
  public:
    static TypeId GetTypeId();

    /**
     * Place a task that is ready here.
     * \return what is expected at the chosen worker (Estimate::node; this worker to run it here, or
     *         to let it wait here for now)
     */
    virtual Estimate Choose(const Task& task, const LocalView& view) = 0;

    /**
     * Whether a task is placed once, when it is created (true), or whenever the processor or the
     * radio falls idle, until it starts or leaves (false).
     */
    virtual bool IsImmediate() const;

    /**
     * For a router that is not immediate: whether a task that was made here shall run here, from
     * the first (true), or may leave until it starts (false). MDI-Exit's input and output queue.
     */
    virtual bool Keeps(const Task& task, const LocalView& view) const;

    /// Whether workers tell each other of their load: without it there are no Candidates.
    virtual bool NeedsReports() const;

    /// Whether these tell the queues, too: LocalView::InputTasks and ServicePerTask of Candidates.
    virtual bool NeedsQueues() const;

    /**
     * Fix the random streams, if there are any: at most STREAMS.
     * \return number of streams used
     */
    virtual int64_t AssignStreams(int64_t stream);

    /// The worker's device has failed: what was learned while it ran is gone.
    virtual void Forget();

    /// Streams set aside for one strategy of one worker.
    static constexpr int64_t STREAMS = 16;
};

/// Runs everything where it is: Local, and plans that name the worker of each unit themselves.
class StayRouter : public Router
{
  public:
    static TypeId GetTypeId();
    Estimate Choose(const Task& task, const LocalView& view) override;
    bool NeedsReports() const override;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_ROUTER_H

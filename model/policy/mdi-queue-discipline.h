// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_QUEUE_DISCIPLINE_H
#define MDI_QUEUE_DISCIPLINE_H

#include "mdi-local-view.h"

#include "ns3/object.h"

namespace ns3
{
namespace mdi
{

/**
 * Which ready task a worker treats next: the one with the smallest key. PA-MDI's receivers also
 * grant requests in this order. Equal keys are served by admission time, source, item, unit.
 */
class QueueDiscipline : public Object
{
  public:
    static TypeId GetTypeId();

    /**
     * \param task a ready task
     * \param estimate what is expected where it would run
     * \param view what this node knows
     */
    virtual double Key(const Task& task, const Estimate& estimate, const LocalView& view) const = 0;

    /**
     * Fix the random streams, if there are any: at most STREAMS.
     * \return number of streams used
     */
    virtual int64_t AssignStreams(int64_t stream);

    /// Streams set aside for one strategy of one worker.
    static constexpr int64_t STREAMS = 16;
};

/**
 * First come, first served, by the time at which the item was admitted, regardless of source: an
 * item's later units do not queue again behind younger items, so one device alone behaves like
 * Local wherever the model is cut.
 */
class FifoQueue : public QueueDiscipline
{
  public:
    static TypeId GetTypeId();
    double Key(const Task& task, const Estimate& estimate, const LocalView& view) const override;
};

/// Strict priority between sources (larger gamma_m first), FIFO among equals.
class PriorityQueue : public QueueDiscipline
{
  public:
    static TypeId GetTypeId();
    double Key(const Task& task, const Estimate& estimate, const LocalView& view) const override;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_QUEUE_DISCIPLINE_H

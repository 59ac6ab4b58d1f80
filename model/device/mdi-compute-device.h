// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_COMPUTE_DEVICE_H
#define MDI_COMPUTE_DEVICE_H

#include "mdi-task.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/random-variable-stream.h"
#include "ns3/traced-callback.h"
#include "ns3/traced-value.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * The processor and the memory of one node, aggregated to it: a non-preemptive server with `Slots`
 * places. The queue before it belongs to the worker, who alone knows priorities.
 *
 * A service takes mean / SpeedFactor times a random factor of mean 1. Each Start makes exactly one
 * uniform draw, whatever the distribution, and inverts it: runs with the same stream number stay
 * comparable service by service when the distribution, the spread or the policy changes.
 */
class ComputeDevice : public Object
{
  public:
    static TypeId GetTypeId();

    ComputeDevice();
    ~ComputeDevice() override;

    /// Whether Start may be called. Not between Stop and Resume.
    bool HasIdleSlot() const;

    /**
     * Occupy an idle slot.
     * \param task for the trace sources
     * \param mean mean service time at SpeedFactor 1, not negative
     * \param spread standard deviation over mean; 0 takes exactly the mean. Of no meaning for the
     *        distributions "deterministic" and "exponential"
     * \param done called when the slot is free again, after the trace source TaskFinished; it may
     *        call Start
     * \param expected what the node can know of the mean beforehand, if it is not `mean`: of a unit
     *        that turns out to end at an early exit, the time of the whole unit
     */
    void Start(const TaskId& task,
               Time mean,
               double spread,
               std::function<void()> done,
               std::optional<Time> expected = std::nullopt);

    /**
     * Occupy an idle slot with work that is no task, such as a codec's: exactly that time at
     * SpeedFactor 1. No trace source, and no random number: the services of tasks stay the same
     * ones with it and without.
     * \param time not negative
     * \param done called when the slot is free again; it may call Start
     */
    void Occupy(Time time, std::function<void()> done);

    /**
     * Work left in service, as a node can know it: the sum over the occupied slots of what is left
     * of the expected time (never of the drawn one), at least 0 each. With several slots this is
     * work, not a waiting time: divide it by GetSlots().
     */
    Time Remaining() const;

    /// Attribute Slots.
    uint32_t GetSlots() const;

    /**
     * Take memory.
     * \return false, and nothing is taken, where less than that is free
     */
    bool Allocate(uint64_t bytes);

    /// Give back memory taken before.
    void Free(uint64_t bytes);

    /// Memory taken at present [bytes].
    uint64_t MemoryInUse() const;

    /// Largest memory taken so far [bytes].
    uint64_t MemoryPeak() const;

    /// The device fails: its memory is empty, nothing in service ever finishes, and nothing can
    /// start before Resume.
    void Stop();

    /**
     * The device works again, with idle slots.
     * \param memoryBytes that are taken from the start: the weights
     */
    void Resume(uint64_t memoryBytes);

    /// Busy time so far: the sum over slots, services under way counted up to now (or to Stop).
    Time BusyTime() const;

    /**
     * Fix the random stream.
     * \param stream first stream number
     * \return number of streams used, 1
     */
    int64_t AssignStreams(int64_t stream);

    /**
     * \param [in] task the task
     * \param [in] time the expected service time (TaskStarted) or the time that it took
     *        (TaskFinished)
     */
    typedef void (*TaskTracedCallback)(TaskId task, Time time);

  protected:
    void DoDispose() override;

  private:
    /// Attribute Distribution.
    enum class Law
    {
        LOGNORMAL,
        DETERMINISTIC,
        EXPONENTIAL,
    };

    /// One occupied slot.
    struct Service
    {
        uint64_t number;            //!< counts services
        std::optional<TaskId> task; //!< for the trace sources
        Time start;
        Time expected;
        std::function<void()> done;
        EventId end;
    };

    void Begin(std::optional<TaskId> task,
               Time mean,
               double factor,
               Time expected,
               std::function<void()> done);
    Time AtSpeed(Time time, double factor) const;
    void Finish(uint64_t service);
    double DrawFactor(double spread);
    bool SetDistribution(std::string name);
    std::string GetDistribution() const;

    uint32_t m_slots;       //!< attribute Slots
    uint64_t m_memoryBytes; //!< attribute MemoryBytes
    double m_speedFactor;   //!< attribute SpeedFactor
    Law m_law = Law::LOGNORMAL;

    std::vector<Service> m_services; //!< in the order of their start
    uint64_t m_nextService = 0;
    uint64_t m_memoryInUse = 0;
    uint64_t m_memoryPeak = 0;
    Time m_finishedBusy; //!< of services that ended
    bool m_stopped = false;
    Ptr<UniformRandomVariable> m_uniform;

    TracedValue<uint32_t> m_busySlots;
    TracedCallback<TaskId, Time> m_taskStarted;
    TracedCallback<TaskId, Time> m_taskFinished;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_COMPUTE_DEVICE_H

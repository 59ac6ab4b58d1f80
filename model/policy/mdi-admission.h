// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ADMISSION_H
#define MDI_ADMISSION_H

#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/random-variable-stream.h"

#include <functional>
#include <vector>

namespace ns3
{
namespace mdi
{

/// When a source releases the next datum.
class Admission : public Object
{
  public:
    static TypeId GetTypeId();

    /**
     * Begin.
     * \param release admits one item; false when the source has no more
     * \param queuedTasks |I| + |O|: tasks that wait at the source's worker
     */
    void Start(std::function<bool()> release, std::function<uint32_t()> queuedTasks);

    /// An item of this source has ended (completed or lost).
    void ItemEnded();

    /// The device of the source is off: what follows from ends and queues waits for Resume.
    void Pause();

    /// Whether it releases nothing while it pauses; else what is due then is released, to be lost.
    virtual bool Waits() const;

    /// The device is back.
    void Resume();

    /// No more items.
    void Stop();

    /// \return number of streams used
    virtual int64_t AssignStreams(int64_t stream);

  protected:
    void DoDispose() override;

    /// Stop what else goes on.
    virtual void DoStop();

    /// See ItemEnded; not while it pauses.
    virtual void DoItemEnded();

    /// See Pause: stop what follows the queue.
    virtual void DoPause();

    /// See Resume: go on with it.
    virtual void DoResume();

    /// Schedule the first release.
    virtual void DoStart() = 0;

    /// Admit one item now. \return false when there are no more
    bool Release();

    /// Tasks that wait at the source's worker.
    uint32_t QueuedTasks() const;

    /// Call `next` after a delay, unless stopped.
    void ScheduleAfter(Time delay, std::function<void()> next);

    /// Call no `next` any more.
    void CancelScheduled();

  private:
    std::function<bool()> m_release;
    std::function<uint32_t()> m_queuedTasks;
    EventId m_event;
    bool m_paused = false;
    bool m_startsLater = false; //!< at Resume
    uint32_t m_endedPaused = 0; //!< items that ended since Pause
};

/// Open loop: the gaps between items are independent draws (constant: periodic; exponential:
/// Poisson).
class RandomAdmission : public Admission
{
  public:
    static TypeId GetTypeId();
    int64_t AssignStreams(int64_t stream) override;

  protected:
    void DoStart() override;

  private:
    void Next();

    Ptr<RandomVariableStream> m_gap; //!< attribute Gap
};

/// Open loop: at given times after the start, such as a recorded trace.
class TraceAdmission : public Admission
{
  public:
    static TypeId GetTypeId();

    /// \param times ascending, after the source's start
    void SetTimes(std::vector<Time> times);

  protected:
    void DoStart() override;

  private:
    void Next();

    std::vector<Time> m_times;
    size_t m_at = 0;
    Time m_started;
};

/// Closed loop: always Window items in flight; a new one when one ends.
class ClosedLoopAdmission : public Admission
{
  public:
    static TypeId GetTypeId();
    bool Waits() const override;

  protected:
    void DoStart() override;
    void DoItemEnded() override;

  private:
    uint32_t m_window; //!< attribute Window
};

} // namespace mdi
} // namespace ns3

#endif // MDI_ADMISSION_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_WORK_QUEUE_H
#define MDI_WORK_QUEUE_H

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Threads that take jobs in the order in which they were posted. One thread posts; the others
 * begin with the first job and end in Drain, so a process without work on its way may fork.
 *
 * A job may wait for what another one makes only if that has begun before it: the one that has
 * begun first of all that are unfinished then waits for nothing, so there is no deadlock.
 */
class WorkQueue
{
  public:
    /// What a thread does.
    struct Job
    {
        std::function<void()> begin; //!< may be empty; jobs begin one after another, in order
        std::function<void()> work;  //!< on any thread
    };

    /**
     * \param onStart what each thread does first
     * \param most jobs that may be waiting: who posts one more waits itself
     */
    WorkQueue(std::function<void()> onStart, size_t most);

    /// Jobs that have not begun never do.
    ~WorkQueue();

    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;

    /**
     * \param threads how many there shall be; at least 1
     * \param urgent whether the job goes before all that have not begun, and does not wait for room
     * \return a ticket for Hurry
     * \throws std::system_error if not even one thread can begin; the job never does, then
     */
    uint64_t Post(uint32_t threads, Job job, bool urgent = false);

    /// Put a job that has not begun before all others.
    void Hurry(uint64_t ticket);

    /// Of a job, at work: another one goes behind all others, unless there are none. It has this
    /// one's ticket.
    bool PostBehind(Job job);

    /// Wait until all jobs are done, and end the threads. \throws what a job threw, the first
    void Drain();

    /// \throws what a job threw, the first; once
    void Rethrow();

  private:
    struct Waiting
    {
        uint64_t ticket;
        Job job;
    };

    void StartThreads(uint32_t threads);
    void Serve();
    void EndThreads();

    std::function<void()> m_onStart;
    size_t m_most;
    std::mutex m_mutex; //!< guards what follows, but the threads, which are the poster's
    std::condition_variable m_changed;
    std::deque<Waiting> m_waiting;
    uint64_t m_posted = 0;
    std::map<std::thread::id, uint64_t> m_running; //!< tickets of jobs at work
    bool m_ending = false;
    std::exception_ptr m_error; //!< the first
    std::vector<std::thread> m_threads;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_WORK_QUEUE_H

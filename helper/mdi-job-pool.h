// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_JOB_POOL_H
#define MDI_JOB_POOL_H

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Thrown by a job after which no other can succeed, such as on a full disk: the pool stops.
 */
class PoolStop : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

/**
 * Runs independent jobs on all cores, in processes that share what was loaded before (an ns-3
 * process holds one simulation at a time). A job that fails takes down no other.
 */
class JobPool
{
  public:
    /// Why a job failed; empty if it did not.
    using Outcome = std::string;

    /**
     * \param processes how many at once; 0: one per core
     * \param progress called in this process each time that the number of finished jobs changed
     * \param together so many neighbours share what is costly to make, such as a plan, and a
     * process takes them together, or several times as many, fewer towards the end; 1: takes each
     *        job alone
     */
    explicit JobPool(uint32_t processes,
                     std::function<void(uint64_t done)> progress = nullptr,
                     uint64_t together = 1);

    /**
     * Run jobs 0..count-1, each once, in a process of the pool; what it computes it must write to
     * files. An exception or a crash is the job's outcome.
     * \return by job
     * \throws std::runtime_error if a signal of InterruptScope came, a process cannot be started or
     * a job threw PoolStop: the processes are ended first, as they are where this one is killed
     */
    std::vector<Outcome> Run(uint64_t count, const std::function<void(uint64_t job)>& work);

  private:
    uint32_t m_processes;
    std::function<void(uint64_t)> m_progress;
    uint64_t m_together;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_JOB_POOL_H

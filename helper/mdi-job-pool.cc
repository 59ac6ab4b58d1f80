// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-job-pool.h"

#include "mdi-interrupt.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <set>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr size_t REASON_BYTES = 512;

enum State : uint8_t
{
    WAITING,
    RUNNING,
    DONE,
    FAILED,
};

/// One job's place in the memory that all processes share.
struct Slot
{
    std::atomic<uint8_t> state;
    std::atomic<pid_t> process; //!< that has taken it
    char reason[REASON_BYTES];
};

/// The shared memory: counters and a slot per job. Zeros, as mmap gives them, are its start.
struct Board
{
    std::atomic<uint64_t> next;
    std::atomic<uint64_t> done;
    std::atomic<uint64_t> stopped; //!< 1 + the job that threw PoolStop
};

/// Memory for a board and its slots.
class SharedMemory
{
  public:
    explicit SharedMemory(size_t bytes)
        : m_bytes(bytes),
          m_start(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
    {
        if (m_start == MAP_FAILED)
        {
            throw std::runtime_error(std::string("no memory for the job pool: ") + strerror(errno));
        }
    }

    ~SharedMemory()
    {
        munmap(m_start, m_bytes);
    }

    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    char* Start() const
    {
        return static_cast<char*>(m_start);
    }

  private:
    size_t m_bytes;
    void* m_start;
};

/// The processes of a pool. Those that run when something throws are ended.
struct Processes
{
    std::set<pid_t> alive;

    ~Processes()
    {
        for (pid_t child : alive)
        {
            kill(child, SIGKILL);
        }
        for (pid_t child : alive)
        {
            while (waitpid(child, nullptr, 0) < 0 && errno == EINTR)
            {
            }
        }
    }
};

/// Jobs begin..end-1.
struct Range
{
    uint64_t begin = 0;
    uint64_t end = 0;
};

/// How many of the jobs that are left a process takes, see JobPool.
uint64_t
Stretch(uint64_t left, uint64_t processes, uint64_t together)
{
    const uint64_t share = left / (2 * processes);
    if (together == 1)
    {
        return std::min<uint64_t>(left, 1);
    }
    if (left > together * processes)
    {
        return std::max(together, share - share % together);
    }
    return std::min(left, std::max<uint64_t>(1, share));
}

/// Take jobs that nobody has.
Range
Take(Board* board, uint64_t count, uint64_t processes, uint64_t together)
{
    Range range{board->next, 0};
    do
    {
        range.end = range.begin + Stretch(count - range.begin, processes, together);
    } while (!board->next.compare_exchange_weak(range.begin, range.end));
    return range;
}

/// What a process had taken and not begun when it ended.
Range
LeftBy(pid_t process, const Slot* slots, uint64_t count)
{
    Range range;
    for (uint64_t job = 0; job < count; ++job)
    {
        if (slots[job].process == process && slots[job].state == WAITING)
        {
            range = {range.end > 0 ? range.begin : job, job + 1};
        }
    }
    return range;
}

/// Jobs of a range, one by one. \return whether others may follow
bool
Work(Board* board, Slot* slots, Range range, const std::function<void(uint64_t)>& work)
{
    for (uint64_t job = range.begin; job < range.end; ++job)
    {
        slots[job].process = getpid();
    }
    for (uint64_t job = range.begin; job < range.end; ++job)
    {
        Slot& slot = slots[job];
        slot.state = RUNNING;
        try
        {
            work(job);
            slot.state = DONE;
        }
        catch (const PoolStop& stop)
        {
            std::strncpy(slot.reason, stop.what(), REASON_BYTES - 1);
            board->stopped = job + 1;
            return false;
        }
        catch (const std::exception& error)
        {
            std::strncpy(slot.reason, *error.what() ? error.what() : "failed", REASON_BYTES - 1);
            slot.state = FAILED;
        }
        board->done++;
    }
    return true;
}

std::string
DeathOf(int status)
{
    if (WIFSIGNALED(status))
    {
        return std::string("its process was ended by signal ") + strsignal(WTERMSIG(status));
    }
    return "its process ended with exit status " + std::to_string(WEXITSTATUS(status));
}

} // namespace

JobPool::JobPool(uint32_t processes, std::function<void(uint64_t)> progress, uint64_t together)
    : m_processes(processes > 0 ? processes : std::max(1U, std::thread::hardware_concurrency())),
      m_progress(std::move(progress)),
      m_together(std::max<uint64_t>(1, together))
{
}

std::vector<JobPool::Outcome>
JobPool::Run(uint64_t count, const std::function<void(uint64_t)>& work)
{
    const SharedMemory memory(sizeof(Board) + count * sizeof(Slot));
    auto* board = reinterpret_cast<Board*>(memory.Start());
    auto* slots = reinterpret_cast<Slot*>(memory.Start() + sizeof(Board));

    const InterruptScope interrupts;
    Processes processes;
    auto& alive = processes.alive;
    const pid_t parent = getpid();
    auto start = [&](Range range) {
        const pid_t child = fork();
        if (child == 0)
        {
            InterruptScope::Leave();
            // A parent that is killed cannot end its processes.
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent)
            {
                _exit(1);
            }
            while (Work(board, slots, range, work) && range.end < count)
            {
                range = Take(board, count, m_processes, m_together);
            }
            // Not exit(): what the parent has buffered or registered is the parent's to flush.
            _exit(0);
        }
        if (child < 0)
        {
            throw std::runtime_error(std::string("cannot start a process: ") + strerror(errno));
        }
        alive.insert(child);
    };
    for (uint64_t i = 0; i < std::min<uint64_t>(m_processes, count); ++i)
    {
        start({});
    }
    auto throwIfStopped = [&] {
        if (const uint64_t stopped = board->stopped; stopped > 0)
        {
            throw std::runtime_error(slots[stopped - 1].reason);
        }
    };
    uint64_t shown = 0;
    while (!alive.empty())
    {
        InterruptScope::Check();
        throwIfStopped();
        int status = 0;
        const pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended > 0)
        {
            alive.erase(ended);
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            {
                for (uint64_t job = 0; job < count; ++job)
                {
                    if (slots[job].process == ended && slots[job].state == RUNNING)
                    {
                        std::strncpy(slots[job].reason, DeathOf(status).c_str(), REASON_BYTES - 1);
                        slots[job].state = FAILED;
                        board->done++;
                    }
                }
                const Range left = LeftBy(ended, slots, count);
                if (board->next < count || left.end > 0)
                {
                    start(left);
                }
            }
            continue;
        }
        if (m_progress && board->done != shown)
        {
            shown = board->done;
            m_progress(shown);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    throwIfStopped();
    std::vector<Outcome> outcomes;
    for (uint64_t job = 0; job < count; ++job)
    {
        const bool fine = slots[job].state == DONE;
        outcomes.emplace_back(fine                         ? ""
                              : slots[job].state == FAILED ? slots[job].reason
                                                           : "not run");
    }
    return outcomes;
}

} // namespace mdi
} // namespace ns3

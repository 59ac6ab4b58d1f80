// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-job-pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <set>
#include <stdexcept>
#include <sys/mman.h>
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
    std::atomic<pid_t> process;
    char reason[REASON_BYTES];
};

/// The shared memory: counters and a slot per job. Zeros, as mmap gives them, are its start.
struct Board
{
    std::atomic<uint64_t> next;
    std::atomic<uint64_t> done;
};

/// Ctrl-C or a request to end came while a pool ran.
volatile std::sig_atomic_t g_interrupted = 0;

extern "C" void
OnInterrupt(int)
{
    g_interrupted = 1;
}

/// While a pool runs, the parent itself ends what it started.
class InterruptScope
{
  public:
    InterruptScope()
    {
        g_interrupted = 0;
        struct sigaction action = {};
        action.sa_handler = OnInterrupt;
        for (size_t i = 0; i < SIGNALS.size(); ++i)
        {
            sigaction(SIGNALS[i], &action, &m_before[i]);
        }
    }

    ~InterruptScope()
    {
        Restore();
    }

    void Restore()
    {
        for (size_t i = 0; i < SIGNALS.size(); ++i)
        {
            sigaction(SIGNALS[i], &m_before[i], nullptr);
        }
    }

  private:
    static constexpr std::array<int, 2> SIGNALS{SIGINT, SIGTERM};
    std::array<struct sigaction, 2> m_before;
};

/// Work of one process of the pool: take jobs until none is left.
void
Serve(Board* board, Slot* slots, uint64_t count, const std::function<void(uint64_t)>& work)
{
    for (uint64_t job = board->next++; job < count; job = board->next++)
    {
        Slot& slot = slots[job];
        slot.process = getpid();
        slot.state = RUNNING;
        try
        {
            work(job);
            slot.state = DONE;
        }
        catch (const std::exception& error)
        {
            std::strncpy(slot.reason, *error.what() ? error.what() : "failed", REASON_BYTES - 1);
            slot.state = FAILED;
        }
        board->done++;
    }
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

JobPool::JobPool(uint32_t processes, std::function<void(uint64_t)> progress)
    : m_processes(processes > 0 ? processes : std::max(1U, std::thread::hardware_concurrency())),
      m_progress(std::move(progress))
{
}

std::vector<JobPool::Outcome>
JobPool::Run(uint64_t count, const std::function<void(uint64_t)>& work)
{
    const size_t bytes = sizeof(Board) + count * sizeof(Slot);
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
    {
        throw std::runtime_error(std::string("no memory for the job pool: ") + strerror(errno));
    }
    auto* board = static_cast<Board*>(memory);
    auto* slots = reinterpret_cast<Slot*>(static_cast<char*>(memory) + sizeof(Board));

    InterruptScope interrupts;
    std::set<pid_t> alive;
    auto start = [&] {
        const pid_t child = fork();
        if (child == 0)
        {
            interrupts.Restore();
            Serve(board, slots, count, work);
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
        start();
    }
    uint64_t shown = 0;
    while (!alive.empty())
    {
        if (g_interrupted)
        {
            for (pid_t child : alive)
            {
                kill(child, SIGKILL);
                waitpid(child, nullptr, 0);
            }
            munmap(memory, bytes);
            throw std::runtime_error("interrupted");
        }
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
                if (board->next < count)
                {
                    start();
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
    std::vector<Outcome> outcomes;
    for (uint64_t job = 0; job < count; ++job)
    {
        const bool fine = slots[job].state == DONE;
        outcomes.emplace_back(fine                         ? ""
                              : slots[job].state == FAILED ? slots[job].reason
                                                           : "not run");
    }
    munmap(memory, bytes);
    return outcomes;
}

} // namespace mdi
} // namespace ns3

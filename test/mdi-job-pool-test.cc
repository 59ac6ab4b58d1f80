// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// What becomes of a pool's processes, and of files half written, if something comes between.

#include "mdi-interrupt.h"
#include "mdi-job-pool.h"

#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace ns3::mdi;

namespace
{

/// A process that runs `body` and ends with its number. Its pipe is open as long as it or a process
/// that it has started lives.
class Process
{
  public:
    explicit Process(const std::function<int()>& body)
    {
        EXPECT_EQ(pipe(m_pipe), 0);
        m_id = fork();
        if (m_id == 0)
        {
            close(m_pipe[0]);
            // One that failed to end must not hang the test forever.
            alarm(60);
            _exit(body());
        }
        close(m_pipe[1]);
    }

    ~Process()
    {
        close(m_pipe[0]);
    }

    pid_t Id() const
    {
        return m_id;
    }

    /// Its exit status; minus the signal that ended it.
    int Wait() const
    {
        int status = 0;
        EXPECT_EQ(waitpid(m_id, &status, 0), m_id);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

    /// Whether all have ended within seconds, of jobs that last a minute.
    bool AllEnded() const
    {
        pollfd pipe{m_pipe[0], POLLIN, 0};
        char word;
        while (poll(&pipe, 1, 10000) == 1)
        {
            if (read(m_pipe[0], &word, 1) == 0)
            {
                return true;
            }
        }
        return false;
    }

  private:
    int m_pipe[2];
    pid_t m_id;
};

void
LastLong()
{
    alarm(30);
    pause();
}

} // namespace

TEST(JobPool, EndsItsProcessesIfItCannotStartAnother)
{
    const Process process([] {
        // The limit is none for root.
        if (geteuid() == 0 && setuid(65534) != 0)
        {
            return 77;
        }
        auto progress = [](uint64_t) {
            const rlimit none{0, 0};
            setrlimit(RLIMIT_NPROC, &none);
        };
        auto work = [](uint64_t job) {
            if (job == 0)
            {
                LastLong();
            }
            if (job == 2)
            {
                usleep(500000);
                raise(SIGKILL); // so another process is to be started for job 3
            }
        };
        try
        {
            JobPool(2, progress).Run(4, work);
        }
        catch (const std::runtime_error& error)
        {
            return std::string(error.what()).find("cannot start a process") == 0 ? 0 : 2;
        }
        return 1;
    });
    const int status = process.Wait();
    if (status == 77)
    {
        GTEST_SKIP() << "no user without rights";
    }
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(process.AllEnded());
}

TEST(JobPool, ItsProcessesEndWithTheirParent)
{
    for (const int signal : {SIGKILL, SIGHUP, SIGTERM, SIGINT})
    {
        int ready[2];
        ASSERT_EQ(pipe(ready), 0);
        const Process process([&] {
            try
            {
                JobPool(3).Run(3, [&](uint64_t) {
                    EXPECT_EQ(write(ready[1], "x", 1), 1);
                    LastLong();
                });
            }
            catch (const std::runtime_error& error)
            {
                return std::string(error.what()) == "interrupted" ? 7 : 8;
            }
            return 9;
        });
        for (int i = 0; i < 3; ++i)
        {
            char word;
            ASSERT_EQ(read(ready[0], &word, 1), 1);
        }
        kill(process.Id(), signal);
        EXPECT_EQ(process.Wait(), signal == SIGKILL ? -SIGKILL : 7) << signal;
        EXPECT_TRUE(process.AllEnded()) << signal;
        close(ready[0]);
        close(ready[1]);
    }
}

TEST(JobPool, DoesEveryJobOnceWhicheverProcessesDie)
{
    constexpr uint64_t JOBS = 500;
    int done[2];
    ASSERT_EQ(pipe(done), 0);
    const auto dies = [](uint64_t job) { return job % 7 == 3; };
    JobPool pool(3, nullptr, 20);
    const auto outcomes = pool.Run(JOBS, [&](uint64_t job) {
        if (dies(job))
        {
            raise(SIGKILL);
        }
        EXPECT_EQ(write(done[1], &job, sizeof job), static_cast<ssize_t>(sizeof job));
    });
    close(done[1]);
    std::vector<int> times(JOBS);
    uint64_t job = 0;
    while (read(done[0], &job, sizeof job) == sizeof job)
    {
        times.at(job)++;
    }
    close(done[0]);
    ASSERT_EQ(outcomes.size(), JOBS);
    for (job = 0; job < JOBS; ++job)
    {
        EXPECT_EQ(times[job], dies(job) ? 0 : 1) << job;
        EXPECT_EQ(outcomes[job].empty(), !dies(job)) << outcomes[job];
    }
}

TEST(JobPool, StopsAtAJobAfterWhichNoOtherCanSucceed)
{
    const Process process([] {
        try
        {
            JobPool(2).Run(1000, [](uint64_t job) {
                if (job == 0)
                {
                    LastLong();
                }
                if (job == 5)
                {
                    throw PoolStop("full");
                }
                throw std::runtime_error("only this one");
            });
        }
        catch (const std::runtime_error& error)
        {
            return std::string(error.what()) == "full" ? 0 : 2;
        }
        return 1;
    });
    EXPECT_EQ(process.Wait(), 0);
    EXPECT_TRUE(process.AllEnded());
}

TEST(Interrupt, TheOutermostScopeCounts)
{
    for (const int signal : {SIGHUP, SIGTERM, SIGINT})
    {
        const Process process([signal] {
            const InterruptScope outer;
            {
                const InterruptScope inner;
                raise(signal);
            }
            try
            {
                JobPool(1).Run(1, [](uint64_t) {}); // begins one, too
                return 1;
            }
            catch (const std::runtime_error&)
            {
            }
            try
            {
                InterruptScope::Check();
                return 2;
            }
            catch (const std::runtime_error& error)
            {
                return std::string(error.what()) == "interrupted" ? 0 : 3;
            }
        });
        EXPECT_EQ(process.Wait(), 0) << signal;
    }
}

TEST(Interrupt, EndsWithItsScopeAndRespectsNohup)
{
    const Process process([] {
        std::signal(SIGHUP, SIG_IGN);
        {
            const InterruptScope scope;
            raise(SIGHUP);
            InterruptScope::Check(); // throws where it was not ignored: the process aborts
            raise(SIGINT);
        }
        const InterruptScope scope;
        InterruptScope::Check();
        InterruptScope::Leave();
        raise(SIGTERM);
        return 1;
    });
    EXPECT_EQ(process.Wait(), -SIGTERM);
}

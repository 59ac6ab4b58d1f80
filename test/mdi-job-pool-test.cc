// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// What a pool says of its jobs, and what becomes of its processes, and of files half written, if
// something comes between.

#include "mdi-interrupt.h"
#include "mdi-job-pool.h"
#include "mdi-working-folder.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
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
using namespace mdi_files_test;

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

void
NoCoreFile()
{
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

} // namespace

TEST(JobPool, RunsEveryJobOnce)
{
    for (uint32_t processes : {0U, 1U, 3U, 50U})
    {
        const WorkingFolder here;
        uint64_t shown = 0;
        JobPool pool(processes, [&shown](uint64_t done) {
            EXPECT_GE(done, shown);
            shown = done;
        });
        const auto outcomes = pool.Run(20, [](uint64_t job) {
            std::ofstream("job-" + std::to_string(job), std::ios::app) << "x";
        });
        EXPECT_EQ(outcomes, std::vector<std::string>(20));
        EXPECT_EQ(here.Content().size(), 20u);
        for (int job = 0; job < 20; ++job)
        {
            EXPECT_EQ(Read("job-" + std::to_string(job)), "x");
        }
        EXPECT_LE(shown, 20u);
    }
    EXPECT_TRUE(JobPool(2).Run(0, [](uint64_t) {}).empty());
}

TEST(JobPool, FailuresAreOutcomes)
{
    for (uint32_t processes : {1U, 2U, 4U})
    {
        const WorkingFolder here;
        const auto outcomes = JobPool(processes).Run(12, [](uint64_t job) {
            switch (job)
            {
            case 1:
                throw std::runtime_error("reason of job 1");
            case 3:
                NoCoreFile();
                std::abort();
            case 5:
                NoCoreFile();
                raise(SIGKILL);
                break;
            case 7:
                _exit(9);
            case 8:
                throw std::runtime_error("");
            case 9:
                throw std::runtime_error(std::string(10000, 'y'));
            case 11:
                throw std::runtime_error("reason of job 11");
            }
            Write("job-" + std::to_string(job), "");
        });
        ASSERT_EQ(outcomes.size(), 12u);
        for (int job : {0, 2, 4, 6, 10})
        {
            EXPECT_EQ(outcomes[job], "") << job;
            EXPECT_TRUE(fs::exists("job-" + std::to_string(job))) << job;
        }
        EXPECT_EQ(here.Content().size(), 5u);
        EXPECT_EQ(outcomes[1], "reason of job 1");
        EXPECT_NE(outcomes[3].find("Abort"), std::string::npos) << outcomes[3];
        EXPECT_NE(outcomes[5].find("Kill"), std::string::npos) << outcomes[5];
        EXPECT_NE(outcomes[7].find("exit status 9"), std::string::npos) << outcomes[7];
        EXPECT_NE(outcomes[8], ""); // a failure without words is one, too
        EXPECT_EQ(outcomes[9].substr(0, 3), "yyy");
        EXPECT_EQ(outcomes[11], "reason of job 11");
    }
}

TEST(JobPool, LastJobMayCrash)
{
    const auto outcomes = JobPool(2).Run(3, [](uint64_t job) {
        if (job == 2)
        {
            NoCoreFile();
            std::abort();
        }
    });
    EXPECT_EQ(outcomes[0], "");
    EXPECT_EQ(outcomes[1], "");
    EXPECT_NE(outcomes[2], "");
}

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

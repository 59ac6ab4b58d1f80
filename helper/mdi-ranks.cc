// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-ranks.h"

#include "mdi-json-reader.h"
#include "mdi-program.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <cstring>
#include <exception>

#ifdef NS3_MPI
#include "ns3/global-value.h"
#include "ns3/mpi-interface.h"
#include "ns3/string.h"

#include <cstdio>
#include <mpi.h>
#include <unistd.h>
#endif

namespace ns3
{
namespace mdi
{

namespace
{

uint32_t g_ranks = 1;
uint32_t g_rank = 0;

/// The text of --ranks, or -ranks as ns-3 reads it, too; empty if there is none.
std::string
RanksFlag(int argc, char* argv[])
{
    for (const std::string flag : {"--ranks=", "-ranks="})
    {
        for (int i = 1; i < argc; ++i)
        {
            if (std::strncmp(argv[i], flag.c_str(), flag.size()) == 0)
            {
                return argv[i] + flag.size();
            }
        }
    }
    return "";
}

} // namespace

uint32_t
GetRanks()
{
    return g_ranks;
}

uint32_t
GetRank()
{
    return g_rank;
}

uint32_t
RankOf(uint32_t device, uint32_t devices)
{
    return static_cast<uint32_t>(uint64_t{device} * g_ranks / devices);
}

#ifdef NS3_MPI

namespace
{

/// Simulated time between two questions; what all ranks simulate too much is about twice that.
constexpr uint64_t ASK_EVERY_MS = 100;

/// Messages of MPI have at most 2^31 - 1 elements.
constexpr size_t MOST_BYTES = size_t{1} << 30;

/// What ranks but 0 say goes nowhere: they would say the same. \return where it went before
int
Silence()
{
    const int before = dup(STDERR_FILENO);
    const bool silent =
        std::freopen("/dev/null", "w", stdout) && std::freopen("/dev/null", "w", stderr);
    return silent ? before : STDERR_FILENO;
}

} // namespace

int
RunProgramOnRanks(const std::string& program,
                  int argc,
                  char* argv[],
                  const std::function<int()>& body)
{
    if (RanksFlag(argc, argv).empty())
    {
        return RunProgram(program, body);
    }
    MPI_Init(&argc, &argv);
    int rank = 0;
    int ranks = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    g_rank = static_cast<uint32_t>(rank);
    const int loud = rank > 0 ? Silence() : STDERR_FILENO;
    std::string reason;
    int status = RunProgram(program, [&] {
        const uint32_t asked = PositiveFlag("ranks", RanksFlag(argc, argv), 100000);
        if (asked != static_cast<uint32_t>(ranks))
        {
            const std::string n = std::to_string(asked);
            throw BadInput("--ranks=" + n + ": this runs on " + std::to_string(ranks) +
                           (ranks == 1 ? " rank" : " ranks") + " of MPI; call it with mpirun -np " +
                           n);
        }
        g_ranks = asked;
        try
        {
            return body();
        }
        catch (const std::exception& error)
        {
            reason = error.what();
            throw;
        }
    });
    if (status != SUCCESS)
    {
        if (rank > 0)
        {
            sleep(2); // mostly rank 0 fails alike, says so and ends all
            dprintf(loud, "%s: rank %d: %s\n", program.c_str(), rank, reason.c_str());
        }
        MPI_Abort(MPI_COMM_WORLD, status);
    }
    MPI_Finalize();
    return status;
}

RanksScope::RanksScope()
{
    GlobalValue::Bind("SimulatorImplementationType", StringValue("ns3::DistributedSimulatorImpl"));
    MpiInterface::Enable(MPI_COMM_WORLD);
}

RanksScope::~RanksScope()
{
    Simulator::Destroy();
    MpiInterface::Disable();
    GlobalValue::Bind("SimulatorImplementationType", StringValue("ns3::DefaultSimulatorImpl"));
}

/// How much work all ranks have left, asked in the background.
class CommonEnd::Question
{
  public:
    Question()
    {
        MPI_Comm_dup(MPI_COMM_WORLD, &m_ranks);
    }

    ~Question()
    {
        // A time limit can end the ranks between two questions: all must have asked the same ones.
        uint64_t most = 0;
        MPI_Allreduce(&m_asked, &most, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
        Wait();
        while (m_asked < most)
        {
            Ask(0);
            Wait();
        }
        MPI_Comm_free(&m_ranks);
    }

    bool IsPending() const
    {
        return m_pending;
    }

    void Ask(uint64_t unfinished)
    {
        m_mine = unfinished;
        MPI_Iallreduce(&m_mine, &m_all, 1, MPI_UINT64_T, MPI_SUM, m_ranks, &m_request);
        m_asked++;
        m_pending = true;
    }

    /// Whether the answer has come, and is that nothing is left.
    bool NothingIsLeft()
    {
        int answered = 0;
        MPI_Test(&m_request, &answered, MPI_STATUS_IGNORE);
        m_pending = answered == 0;
        return answered != 0 && m_all == 0;
    }

  private:
    void Wait()
    {
        if (m_pending)
        {
            MPI_Wait(&m_request, MPI_STATUS_IGNORE);
            m_pending = false;
        }
    }

    MPI_Comm m_ranks{}; //!< of its own: the simulator talks meanwhile
    MPI_Request m_request{};
    uint64_t m_mine = 0;
    uint64_t m_all = 0;
    uint64_t m_asked = 0; //!< questions
    bool m_pending = false;
};

CommonEnd::CommonEnd(std::function<uint64_t()> unfinished)
    : m_unfinished(std::move(unfinished)),
      m_question(std::make_unique<Question>())
{
    Simulator::Schedule(MilliSeconds(ASK_EVERY_MS), &CommonEnd::Ask, this);
}

CommonEnd::~CommonEnd() = default;

void
CommonEnd::Ask()
{
    if (m_question->IsPending() && m_question->NothingIsLeft())
    {
        Simulator::Stop();
        return;
    }
    if (!m_question->IsPending())
    {
        m_question->Ask(m_unfinished());
    }
    Simulator::Schedule(MilliSeconds(ASK_EVERY_MS), &CommonEnd::Ask, this);
}

std::vector<std::string>
GatherAtRank0(const std::string& text)
{
    const auto parts = [](uint64_t bytes, const auto& call) {
        for (uint64_t at = 0; at < bytes; at += MOST_BYTES)
        {
            call(at, static_cast<int>(std::min<uint64_t>(bytes - at, MOST_BYTES)));
        }
    };
    uint64_t bytes = text.size();
    if (g_rank > 0)
    {
        MPI_Send(&bytes, 1, MPI_UINT64_T, 0, 0, MPI_COMM_WORLD);
        parts(bytes, [&](uint64_t at, int size) {
            MPI_Send(text.data() + at, size, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
        });
        return {};
    }
    std::vector<std::string> all{text};
    for (int from = 1; from < static_cast<int>(g_ranks); ++from)
    {
        MPI_Recv(&bytes, 1, MPI_UINT64_T, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        std::string& other = all.emplace_back(bytes, '\0');
        parts(bytes, [&](uint64_t at, int size) {
            MPI_Recv(other.data() + at, size, MPI_BYTE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        });
    }
    return all;
}

#else // without MPI there is one rank, and only RunProgramOnRanks is called

int
RunProgramOnRanks(const std::string& program,
                  int argc,
                  char* argv[],
                  const std::function<int()>& body)
{
    return RunProgram(program, [&] {
        const std::string asked = RanksFlag(argc, argv);
        if (PositiveFlag("ranks", asked, 100000) > 1)
        {
            throw BadInput("--ranks=" + asked +
                           ": this build has no MPI; build the module in an ns-3 tree that was "
                           "configured with --enable-mpi");
        }
        return body();
    });
}

RanksScope::RanksScope() = default;
RanksScope::~RanksScope() = default;

class CommonEnd::Question
{
};

CommonEnd::CommonEnd(std::function<uint64_t()> unfinished)
    : m_unfinished(std::move(unfinished))
{
}

CommonEnd::~CommonEnd() = default;

void
CommonEnd::Ask()
{
}

std::vector<std::string>
GatherAtRank0(const std::string& text)
{
    return {text};
}

#endif

} // namespace mdi
} // namespace ns3

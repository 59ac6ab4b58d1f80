// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RANKS_H
#define MDI_RANKS_H

#include "ns3/nstime.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Processes of MPI that share one simulation; 1 without MPI.
uint32_t GetRanks();

/// This process's number among them, from 0.
uint32_t GetRank();

/// The rank that simulates a device: blocks of neighbours in the scenario's order. \return from 0
uint32_t RankOf(uint32_t device, uint32_t devices);

/**
 * RunProgram for a program with a flag --ranks=N, run by mpirun -np N: starts MPI before `body` and
 * ends it after. Rank 0 speaks; another one does only where it fails alone. A rank that fails ends
 * all.
 */
int RunProgramOnRanks(const std::string& program,
                      int argc,
                      char* argv[],
                      const std::function<int()>& body);

/// While it lives, ns-3 simulates on all ranks; nodes are made, and freed, meanwhile.
class RanksScope
{
  public:
    RanksScope();
    ~RanksScope();

    RanksScope(const RanksScope&) = delete;
    RanksScope& operator=(const RanksScope&) = delete;
};

/**
 * Stops the simulation on all ranks when none has work left, some time after: ranks ask each other
 * at fixed simulated times, and go on meanwhile.
 */
class CommonEnd
{
  public:
    /// \param unfinished how much work this rank has left
    explicit CommonEnd(std::function<uint64_t()> unfinished);

    /// After the simulation; the ranks wait for each other.
    ~CommonEnd();

    CommonEnd(const CommonEnd&) = delete;
    CommonEnd& operator=(const CommonEnd&) = delete;

  private:
    class Question;

    void Ask();

    std::function<uint64_t()> m_unfinished;
    std::unique_ptr<Question> m_question;
};

/// Takes text from every rank to rank 0. \return there: by rank; elsewhere: nothing
std::vector<std::string> GatherAtRank0(const std::string& text);

} // namespace mdi
} // namespace ns3

#endif // MDI_RANKS_H

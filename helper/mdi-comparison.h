// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_COMPARISON_H
#define MDI_COMPARISON_H

#include "mdi-scenario-check.h"
#include "mdi-simulation.h"
#include "mdi-summary.h"
#include "mdi-tensor-engine.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

class ResultsFolder;

/// What a comparison of systems gave, beside its files.
struct Comparison
{
    std::vector<SummaryRow> rows;      //!< by system, run and source
    uint64_t unfinished = 0;           //!< items without an end when the time limit came
    std::vector<std::string> failures; //!< one line per run that failed
    std::map<std::pair<std::string, std::string>, uint64_t> lost; //!< items by system and reason
};

/**
 * Run every system of a scenario as often as it says, on all cores, and write summary.csv,
 * items.csv, timeline.json (the first run of each system) and manifest.json (design.md section 4).
 * The files are the same bytes on any number of cores.
 *
 * \param scenario read and checked
 * \param engine from LoadModels
 * \param forecasts from CheckSystems, for the manifest
 * \param folder where to
 * \param commandLine for the manifest
 * \param progress called with the number of finished runs
 * \throws std::runtime_error one line, if a file cannot be written or read again, or a signal of
 * InterruptScope came
 */
Comparison CompareSystems(const Scenario& scenario,
                          Ptr<TensorEngine> engine,
                          const Forecasts& forecasts,
                          const ResultsFolder& folder,
                          const std::string& commandLine,
                          const std::function<void(uint64_t)>& progress);

/// What the ranks of MPI other than 0 do while rank 0 compares the systems.
void SimulateForRank0(const Scenario& scenario, Ptr<TensorEngine> engine);

} // namespace mdi
} // namespace ns3

#endif // MDI_COMPARISON_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RUN_JOB_H
#define MDI_RUN_JOB_H

#include "mdi-simulation.h"
#include "mdi-summary.h"

#include <map>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// One replication of one system of a scenario.
struct RunJob
{
    uint32_t system = 0;   //!< index in the scenario
    uint32_t run = 0;      //!< number of the replication, first_run included
    bool timeline = false; //!< write one
};

/// The files of one run, which are joined with those of others: rows without a header, events
/// without brackets.
struct RunFiles
{
    /// \param part path that the names of all of them begin with
    explicit RunFiles(const std::string& part);

    std::string items;    //!< rows of items.csv
    std::string timeline; //!< events; empty without a timeline
    std::string summary;  //!< see RunSummary
    std::string spool;    //!< only while the job runs
};

/// What a run's summary says.
struct RunSummary
{
    std::vector<SummaryRow> rows;         //!< one per source and one for all
    uint64_t unfinished = 0;              //!< items without an end when the time limit came
    std::map<std::string, uint64_t> lost; //!< items by reason
};

/**
 * Simulate and write what comes of it, in memory that does not grow with the items.
 * \param scenario read and checked
 * \param engine from LoadModels
 * \param job which run
 * \param files where to
 * \throws std::runtime_error one line, if the scenario cannot be built or a file not be written
 */
void DoRunJob(const Scenario& scenario,
              Ptr<TensorEngine> engine,
              const RunJob& job,
              const RunFiles& files);

/**
 * Read the summary of a run that is done, and delete its file.
 * \param files of DoRunJob
 * \param sources how many the scenario has
 * \throws std::runtime_error one line, if it is not there or cut short
 */
RunSummary TakeRunSummary(const RunFiles& files, size_t sources);

} // namespace mdi
} // namespace ns3

#endif // MDI_RUN_JOB_H

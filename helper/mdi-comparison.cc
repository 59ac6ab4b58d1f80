// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-comparison.h"

#include "mdi-interrupt.h"
#include "mdi-item-rows.h"
#include "mdi-job-pool.h"
#include "mdi-manifest.h"
#include "mdi-output-file.h"
#include "mdi-ranks.h"
#include "mdi-results-folder.h"
#include "mdi-run-job.h"
#include "mdi-timeline.h"

namespace ns3
{
namespace mdi
{

namespace
{

/// Job `number` of a comparison.
RunJob
JobOf(const Scenario& scenario, uint64_t number)
{
    const auto run = static_cast<uint32_t>(number % scenario.runs);
    RunJob job;
    job.system = static_cast<uint32_t>(number / scenario.runs);
    job.run = scenario.firstRun + run;
    job.timeline = run == 0; // one run of each system: a timeline is to be looked at
    return job;
}

uint64_t
CountJobs(const Scenario& scenario)
{
    return scenario.systems.size() * scenario.runs;
}

/// Runs the jobs on all cores; or, with ranks of MPI, one after the other on all of them.
std::vector<JobPool::Outcome>
RunJobs(uint64_t jobs,
        const std::function<void(uint64_t)>& work,
        const std::function<void(uint64_t)>& progress)
{
    if (GetRanks() == 1)
    {
        JobPool pool(0, progress);
        return pool.Run(jobs, work);
    }
    for (uint64_t number = 0; number < jobs; ++number)
    {
        work(number); // what it throws ends all ranks
        progress(number + 1);
    }
    return std::vector<JobPool::Outcome>(jobs);
}

} // namespace

Comparison
CompareSystems(const Scenario& scenario,
               Ptr<TensorEngine> engine,
               const Forecasts& forecasts,
               const ResultsFolder& folder,
               const std::string& commandLine,
               const std::function<void(uint64_t)>& progress)
{
    const uint64_t jobs = CountJobs(scenario);
    auto filesOf = [&folder](uint64_t number) {
        return RunFiles(folder.File("job-" + std::to_string(number)));
    };

    const InterruptScope interrupts; // to the end: the caller removes what is half joined
    const auto outcomes = RunJobs(
        jobs,
        [&](uint64_t number) {
            DoRunJob(scenario, engine, JobOf(scenario, number), filesOf(number));
        },
        progress);

    Comparison comparison;
    OutputFile summary(folder.File("summary.csv"));
    OutputFile items(folder.File("items.csv"));
    OutputFile timeline(folder.File("timeline.json"));
    OutputFile manifest(folder.File("manifest.json"));
    summary.Stream() << SummaryHeader(Generates(scenario)) << '\n';
    items.Stream() << ITEMS_HEADER << '\n';
    timeline.Stream() << TIMELINE_BEGIN;
    for (uint64_t number = 0; number < jobs; ++number)
    {
        InterruptScope::Check();
        const RunJob job = JobOf(scenario, number);
        const RunFiles files = filesOf(number);
        const std::string& system = scenario.systems[job.system].name;
        if (!outcomes[number].empty())
        {
            comparison.failures.push_back(system + ", run " + std::to_string(job.run) + ": " +
                                          outcomes[number]);
            continue;
        }
        const RunSummary part = TakeRunSummary(files, scenario.sources.size());
        for (const auto& row : part.rows)
        {
            comparison.rows.push_back(row);
            WriteSummaryRow(summary.Stream(), row);
        }
        comparison.unfinished += part.unfinished;
        for (const auto& [reason, count] : part.lost)
        {
            comparison.lost[{system, reason}] += count;
        }
        items.Take(files.items);
        timeline.Take(files.timeline);
    }
    timeline.Stream() << TIMELINE_END;
    manifest.Stream() << MakeManifest(scenario, *engine, forecasts, commandLine).dump(2) << '\n';
    for (OutputFile* file : {&summary, &items, &timeline, &manifest})
    {
        file->Close();
    }
    InterruptScope::Check();
    return comparison;
}

void
SimulateForRank0(const Scenario& scenario, Ptr<TensorEngine> engine)
{
    for (uint64_t number = 0; number < CountJobs(scenario); ++number)
    {
        const RunJob job = JobOf(scenario, number);
        RunCollector nothing;
        Simulate(scenario, scenario.systems[job.system], job.run, engine, nothing, job.timeline);
    }
}

} // namespace mdi
} // namespace ns3

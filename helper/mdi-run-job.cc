// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-run-job.h"

#include "mdi-output-file.h"
#include "mdi-run-writer.h"
#include "mdi-scenario-names.h"

#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

RunFiles::RunFiles(const std::string& part)
    : items(part + ".items"),
      timeline(part + ".timeline"),
      summary(part + ".summary"),
      spool(part + ".spool")
{
}

void
DoRunJob(const Scenario& scenario,
         Ptr<TensorEngine> engine,
         const RunJob& job,
         const RunFiles& files)
{
    const auto sources = NamesOf(scenario.sources);
    const SystemSpec& system = scenario.systems[job.system];
    Spool spool(files.spool);
    RunWriter writer(spool, system.name, job.run, sources);
    const RunOutcome outcome = Simulate(scenario, system, job.run, engine, writer, job.timeline);

    OutputFile items(files.items);
    writer.WriteItems(items.Stream());
    items.Close();
    OutputFile timeline(files.timeline);
    if (job.timeline)
    {
        writer.WriteTimeline(timeline.Stream(), outcome, job.system, NamesOf(scenario.devices));
    }
    timeline.Close();
    OutputFile summary(files.summary);
    for (const auto& row : writer.Summary().Rows(outcome, sources))
    {
        WriteSummaryRow(summary.Stream(), row);
    }
    summary.Stream() << outcome.unfinished << '\n';
    for (const auto& [reason, count] : writer.Summary().Lost())
    {
        summary.Stream() << count << ' ' << reason << '\n';
    }
    if (outcome.neverAdmitted > 0)
    {
        summary.Stream() << outcome.neverAdmitted
                         << " never admitted, the device of their source failed for good\n";
    }
    summary.Close();
}

RunSummary
TakeRunSummary(const RunFiles& files, size_t sources)
{
    RunSummary summary;
    std::ifstream stream(files.summary);
    std::string line;
    while (summary.rows.size() < sources + 1 && std::getline(stream, line))
    {
        summary.rows.push_back(ParseSummaryRow(line));
    }
    if (!std::getline(stream, line))
    {
        throw std::runtime_error(files.summary + ": the summary of a run is cut short");
    }
    summary.unfinished = std::stoull(line);
    while (std::getline(stream, line))
    {
        const size_t space = line.find(' ');
        summary.lost[line.substr(space + 1)] += std::stoull(line.substr(0, space));
    }
    std::remove(files.summary.c_str());
    return summary;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Runs the systems of a scenario, prints a table and writes a results folder: ./mdi run.

#include "ns3/command-line.h"
#include "ns3/mdi-comparison.h"
#include "ns3/mdi-interrupt.h"
#include "ns3/mdi-plugin.h"
#include "ns3/mdi-program.h"
#include "ns3/mdi-ranks.h"
#include "ns3/mdi-results-folder.h"
#include "ns3/mdi-scenario-check.h"
#include "ns3/mdi-scenario-models.h"
#include "ns3/mdi-scenario.h"
#include "ns3/mdi-torch-engine.h"
#include "ns3/rng-seed-manager.h"

#include <algorithm>
#include <iostream>
#include <limits>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// Each --set adds one.
std::vector<std::string> g_sets;

bool
AddSet(FlagText set)
{
    g_sets.push_back(set);
    return true;
}

/// Why the exit rules of a scenario have no effect; empty if they have, or there is none.
std::string
WhyNothingLeaves(const Scenario& scenario, const TensorEngine& engine)
{
    bool exits = false;
    for (const auto& source : scenario.sources)
    {
        exits = exits || !engine.Graph(source.loaded).Exits().empty();
    }
    if (exits && engine.HasValues())
    {
        return "";
    }
    const auto presets = PresetNames();
    for (const auto& system : scenario.systems)
    {
        // A preset as it is goes with any model; who asks for an exit expects one.
        const bool asked = std::find(presets.begin(), presets.end(), system.name) == presets.end();
        if (system.exit && (exits || asked))
        {
            return exits ? "there are no values (tensors: none)" : "no model has early exits";
        }
    }
    return "";
}

int
Run(int argc, char* argv[])
{
    CheckFlags(argc,
               argv,
               {"systems",
                "set",
                "load",
                "network",
                "tensors",
                "trace-error",
                "runs",
                "seed",
                "ranks",
                "out",
                "overwrite"});
    std::string file = "traces/scenarios/five-xavier-mesh.json";
    ScenarioChanges changes;
    std::string runs;
    std::string seed;
    std::string ranks;
    std::string out;
    bool overwrite = false;
    CommandLine cmd(__FILE__);
    cmd.Usage("Runs every chosen system on one scenario, prints a table and writes a results "
              "folder.");
    cmd.AddNonOption("scenario", "the scenario file", file);
    cmd.AddValue("systems", "names, separated by commas", changes.systems);
    cmd.AddValue("set",
                 "path=value: change any field of the scenario, such as sources.ts.priority=5; "
                 "may be repeated",
                 MakeCallback(&AddSet));
    AddLoadFlag(cmd, argc, argv);
    cmd.AddValue("network",
                 "fidelity of the network: packet, or flow (fluid, much faster)",
                 changes.network);
    cmd.AddValue(
        "tensors", "execute, memo (run no slice twice on one input) or none", changes.tensors);
    cmd.AddValue("trace-error",
                 "none, or sample: each run draws the devices' service times within the error "
                 "bands of their traces, the same ones for all systems",
                 changes.traceError);
    cmd.AddValue("runs", "replications with different random numbers", runs);
    cmd.AddValue("seed", "seed of all random numbers", seed);
    cmd.AddValue("ranks",
                 "processes of MPI that share each run: mpirun -np N mdi-run --ranks=N",
                 ranks); // RunProgramOnRanks reads it
    AddTextFlag(cmd, "out", "results folder [mdi-results/SCENARIO-N]", out);
    cmd.AddValue("overwrite", "replace an existing results folder", overwrite);
    ParseFlags(cmd, argc, argv);
    const std::string named = FileArgument(argc, argv);
    file = named.empty() ? ModuleFile(file) : named;
    changes.sets = g_sets;
    changes.runs = PositiveFlag("runs", runs, 1000000);
    changes.seed = PositiveFlag("seed", seed, std::numeric_limits<uint32_t>::max());
    if (changes.seed == 0 && RngSeedManager::GetSeed() != 1)
    {
        changes.seed = RngSeedManager::GetSeed(); // --RngSeed
    }

    Scenario scenario = ReadScenario(file, changes);
    scenario.firstRun = static_cast<uint32_t>(RngSeedManager::GetRun() - 1); // --RngRun
    const auto engine = LoadModels(scenario, CreateObject<TorchEngine>());
    for (const auto& estimate : scenario.estimates)
    {
        std::cerr << "mdi-run: " << EstimateText(estimate) << '\n';
    }
    const Forecasts forecasts = CheckSystems(scenario, engine);
    if (const auto why = WhyNothingLeaves(scenario, *engine); !why.empty())
    {
        std::cerr << "mdi-run: no item leaves early, although a system has an exit rule: " << why
                  << '\n';
    }

    for (const auto& source : scenario.sources)
    {
        const LayerGraph& graph = engine->Graph(source.loaded);
        if (source.generation && source.generation->cache && graph.CacheBytes(0, graph.Size()) == 0)
        {
            std::cerr
                << "mdi-run: source " << source.name << ": nothing says how many bytes keys "
                << "and values of model " << graph.Name()
                << " take ('cache_bytes' of a layer graph), so no memory is counted for them\n";
        }
    }

    std::string commandLine = "mdi-run";
    for (int i = 1; i < argc; ++i)
    {
        commandLine += std::string(" ") + argv[i];
    }
    if (GetRank() > 0)
    {
        SimulateForRank0(scenario, engine);
        return SUCCESS;
    }
    const InterruptScope interrupts; // as long as the folder, which removes what is unfinished
    ResultsFolder folder(out, scenario.name, overwrite);
    Comparison comparison;
    {
        ProgressLine line("runs", scenario.systems.size() * scenario.runs);
        comparison = CompareSystems(
            scenario, engine, forecasts, folder, commandLine, [&line](uint64_t done) {
                line.Show(done);
            });
    }
    for (const auto& failure : comparison.failures)
    {
        std::cerr << "mdi-run: " << failure << '\n';
    }
    if (!comparison.failures.empty())
    {
        return RUN_FAILED;
    }
    const bool sampled = scenario.traceError == "sample";
    std::cout << scenario.name << ", " << scenario.runs << (scenario.runs == 1 ? " run" : " runs")
              << (sampled ? "; service times drawn from their error bands" : "")
              << (scenario.runs == 1 ? "" : "; mean +- half-width of the 95 % interval") << "\n\n";
    PrintTable(std::cout, comparison.rows);
    const std::string results = folder.Commit(); // before anything says where they are
    std::cout << "\nresults in " << results << std::endl;
    for (const auto& [what, items] : comparison.lost)
    {
        std::cerr << "mdi-run: " << what.first << ": " << items << (items == 1 ? " item" : " items")
                  << " lost: " << what.second << '\n';
    }
    if (comparison.unfinished > 0)
    {
        std::cerr << "mdi-run: " << comparison.unfinished
                  << " items had no end when the time limit came; raise time_limit_s\n";
        return RUN_FAILED;
    }
    return SUCCESS;
}

} // namespace

int
main(int argc, char* argv[])
{
    return RunProgramOnRanks("mdi-run", argc, argv, [&] { return Run(argc, argv); });
}

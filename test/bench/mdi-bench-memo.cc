// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// A comparison of all systems with real tensors against LibTorch alone.

#include "mdi-bench.h"
#include "mdi-torch-slicer.h"

#include "ns3/mdi-comparison.h"
#include "ns3/mdi-results-folder.h"
#include "ns3/mdi-scenario-check.h"
#include "ns3/mdi-scenario-models.h"
#include "ns3/mdi-torch-engine.h"

#include <ATen/ATen.h>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <unistd.h>

namespace ns3
{
namespace mdi
{
namespace bench
{

namespace
{

/// The default scenario in flow mode, with as many items per source.
Scenario
ReadDefault(uint32_t items)
{
    ScenarioChanges changes;
    changes.network = "flow";
    changes.tensors = "memo";
    changes.runs = 1;
    for (const std::string source : {"ts", "nts"})
    {
        changes.sets.push_back("sources." + source + ".items=" + std::to_string(items));
    }
    return ReadScenario(MDI_SOURCE_DIR "/traces/scenarios/five-xavier-mesh.json", changes);
}

/// All systems, as ./mdi run does it, without loading the models. \return wall-clock time [s]
std::vector<double>
CompareAll(uint32_t items)
{
    Scenario scenario = ReadDefault(items);
    const auto engine = LoadModels(scenario, CreateObject<TorchEngine>());
    const Forecasts forecasts = CheckSystems(scenario, engine);
    const auto path =
        std::filesystem::temp_directory_path() / ("mdi-bench-" + std::to_string(getpid()));
    uint64_t unfinished = 0;
    const double seconds = SecondsOf([&] {
        ResultsFolder folder(path.string(), scenario.name, true);
        const Comparison comparison =
            CompareSystems(scenario, engine, forecasts, folder, "mdi-bench", nullptr);
        unfinished = comparison.unfinished + comparison.failures.size();
        folder.Commit();
    });
    std::filesystem::remove_all(path);
    if (unfinished > 0)
    {
        throw std::runtime_error("not all items were completed");
    }
    return {seconds};
}

/// The distinct inputs of the same items through the whole model, one by one. \return wall-clock
/// time [s], and how many they are
std::vector<double>
PassOnce(uint32_t items)
{
    Scenario scenario = ReadDefault(items);
    const auto engine = LoadModels(scenario, CreateObject<TorchEngine>());
    std::set<uint32_t> inputs;
    for (const auto& source : scenario.sources)
    {
        for (uint32_t item = 0; item < source.items; ++item)
        {
            const uint32_t number =
                source.inputs.empty() ? source.inputOffset + item : source.inputs.at(item);
            inputs.insert(engine->InputOf(source.loaded, number));
        }
    }
    TorchSlicer slicer(scenario.models.front());
    std::vector<std::vector<at::Tensor>> values;
    for (const uint32_t input : inputs)
    {
        values.push_back(RandomInputs(scenario.models.front().inputs, input));
    }
    slicer.RunWhole(values.front()); // LibTorch prepares itself
    const double seconds = SecondsOf([&] {
        for (const auto& value : values)
        {
            slicer.RunWhole(value);
        }
    });
    return {seconds, static_cast<double>(values.size())};
}

Record
MemoAgainstPass()
{
    const uint32_t items = Size(250, 3);
    double inputs = 0;
    const auto number = [](const std::vector<double>& numbers) {
        if (numbers.empty())
        {
            throw std::runtime_error("a run failed");
        }
        return numbers.front();
    };
    const Turns turns = InTurns(
        3,
        [&] { return number(InChild([&] { return CompareAll(items); })); },
        [&] {
            const auto numbers = InChild([&] { return PassOnce(items); });
            inputs = numbers.empty() ? 0 : numbers.back();
            return number(numbers);
        });
    Record record;
    record.what = "comparison of all systems of five-xavier-mesh, memo, flow, on all cores";
    record.reference = "one LibTorch pass over the distinct inputs, one thread";
    record.ratio = turns.Ratio();
    record.spread = turns.Spread(false);
    record.goal = Goal::AT_MOST;
    record.target = 1.3;
    record.details = {{"distinct_inputs", inputs},
                      {"comparison_s", Median(turns.ours)},
                      {"pass_s", Median(turns.reference)}};
    return record;
}

} // namespace

void
AddMemo()
{
    Add("memo/all_systems_against_one_pass", MemoAgainstPass);
}

} // namespace bench
} // namespace mdi
} // namespace ns3

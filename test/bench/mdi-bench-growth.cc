// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// How costs grow with nodes and with items, flow mode.

#include "mdi-bench-scenarios.h"
#include "mdi-bench.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <stdexcept>

namespace ns3
{
namespace mdi
{
namespace bench
{

namespace
{

/// One simulation of cells in a process of its own.
struct CellRun
{
    double seconds = 0;   //!< of the processor, setting up included
    double peakBytes = 0; //!< of memory that it took
    double items = 0;
};

CellRun
RunCells(const std::string& system, uint32_t devices, uint32_t itemsPerSource)
{
    const auto numbers = InChild([&]() -> std::vector<double> {
        const double before = PeakBytes();
        const Generated made = MakeCells(devices, itemsPerSource);
        CountingSink sink;
        const auto start = std::clock();
        const RunOutcome outcome =
            Simulate(made.scenario, MakePreset(system), 0, made.engine, sink, false);
        const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
        const uint64_t all = uint64_t(made.scenario.sources.size()) * itemsPerSource;
        if (outcome.unfinished > 0 || sink.ended.completed != all)
        {
            throw std::runtime_error("not all items were completed");
        }
        return {seconds, PeakBytes() - before, static_cast<double>(all)};
    });
    if (numbers.size() != 3)
    {
        throw std::runtime_error("a run of " + std::to_string(devices) + " devices failed");
    }
    return {numbers[0], numbers[1], numbers[2]};
}

/// The processor's time per item of a system, from 10 devices to 1,000.
Record
GrowthWithNodes(const std::string& system)
{
    std::vector<uint32_t> counts{10, 30, 100, 300, 1000};
    counts.resize(Size<size_t>(counts.size(), 2));
    const uint32_t items = Size(300, 5);
    std::vector<std::vector<double>> costs(counts.size());
    for (uint32_t turn = 0; turn < Size(7u, 1u); ++turn)
    {
        for (size_t i = 0; i < counts.size(); ++i)
        {
            const CellRun run = RunCells(system, counts[i], items);
            costs[i].push_back(run.seconds / run.items);
        }
    }
    Record record;
    record.what =
        "time per item with up to " + std::to_string(counts.back()) + " devices, " + system;
    record.reference = "with 10 devices, times the logarithm of how many more";
    const double first = Median(costs[0]);
    for (size_t i = 0; i < counts.size(); ++i)
    {
        const double cost = Median(costs[i]);
        record.details["us_per_item_" + std::to_string(counts[i])] = cost * 1e6;
        const double ratio = cost / first / std::log10(counts[i]);
        if (i > 0 && ratio > record.ratio)
        {
            record.ratio = ratio;
            const double spread = Quantile(costs[i], 0.75) - Quantile(costs[i], 0.25);
            record.spread = ratio * spread / cost / 2;
        }
    }
    record.goal = Goal::AT_MOST;
    record.target = 1;
    return record;
}

/// Memory of 1,000,000 items. The last tasks that a worker remembers are many, but not more with
/// more items: after 300,000 all workers have as many as they keep.
Record
GrowthWithItems(const std::string& system)
{
    std::vector<uint32_t> counts{10000, 300000, 1000000};
    counts.resize(Size<size_t>(counts.size(), 2));
    Record record;
    record.what = "peak memory of " + std::to_string(counts.back()) + " items, " + system;
    record.reference = "of " + std::to_string(counts[counts.size() - 2]);
    std::vector<CellRun> runs;
    for (const uint32_t count : counts)
    {
        constexpr uint32_t DEVICES = 20; // two sources
        runs.push_back(RunCells(system, DEVICES, count / Size(2, 200)));
        const std::string items = std::to_string(count) + "_items";
        record.details["MB_" + items] = runs.back().peakBytes / 1e6;
        record.details["us_per_item_" + items] = runs.back().seconds / runs.back().items * 1e6;
    }
    record.ratio = runs.back().peakBytes / runs[runs.size() - 2].peakBytes;
    record.goal = Goal::AT_MOST;
    record.target = 1.1;
    return record;
}

} // namespace

void
AddGrowth()
{
    for (const std::string system : {"local", "ms-mdi", "pa-mdi", "mdi-exit"})
    {
        Add("growth/nodes/" + system, [system] { return GrowthWithNodes(system); });
    }
    for (const std::string system : {"local", "ms-mdi", "pa-mdi"})
    {
        Add("growth/items/" + system, [system] { return GrowthWithItems(system); });
    }
}

} // namespace bench
} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// ./mdi bench: runs the benchmarks with Google Benchmark and writes its JSON with our records.

#include "mdi-bench.h"

#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>

namespace ns3
{
namespace mdi
{
namespace bench
{

namespace
{

bool g_smoke = false;
std::vector<Record> g_records;
std::vector<std::string> g_failures;

const char*
GoalText(Goal goal)
{
    switch (goal)
    {
    case Goal::AT_MOST:
        return "at most";
    case Goal::AT_LEAST:
        return "at least";
    case Goal::NONE:
        break;
    }
    return "none";
}

/// Google Benchmark's own file, with the records added.
void
AddRecords(const std::string& file)
{
    std::ifstream in(file);
    auto document = nlohmann::ordered_json::parse(in);
    in.close();
    auto& list = document["mdi"] = nlohmann::ordered_json::array();
    for (const Record& record : g_records)
    {
        nlohmann::ordered_json entry;
        entry["name"] = record.name;
        entry["what"] = record.what;
        entry["reference"] = record.reference;
        entry["ratio"] = record.ratio;
        entry["spread"] = record.spread;
        if (record.goal != Goal::NONE)
        {
            entry["goal"] = GoalText(record.goal);
            entry["target"] = record.target;
            entry["met"] = record.Met();
        }
        entry["details"] = record.details;
        list.push_back(entry);
    }
    std::ofstream(file) << document.dump(2) << "\n";
}

} // namespace

bool
Smoke()
{
    return g_smoke;
}

void
Add(const std::string& name, std::function<Record()> work)
{
    const auto run = [name, work](benchmark::State& state) {
        Record record;
        for (auto iteration : state)
        {
            double seconds = 0;
            try
            {
                seconds = SecondsOf([&] { record = work(); });
            }
            catch (const std::exception& error)
            {
                g_failures.push_back(name + ": " + error.what());
                state.SkipWithError(error.what());
                return;
            }
            state.SetIterationTime(seconds);
        }
        record.name = name;
        if (!std::isfinite(record.ratio))
        {
            g_failures.push_back(name + ": the ratio is no number");
            state.SkipWithError("the ratio is no number");
            return;
        }
        state.counters["ratio"] = record.ratio;
        state.counters["spread"] = record.spread;
        for (const auto& [key, value] : record.details)
        {
            state.counters[key] = value;
        }
        if (record.goal != Goal::NONE)
        {
            state.counters["target"] = record.target;
            state.counters["met"] = record.Met() ? 1 : 0;
        }
        g_records.push_back(record);
    };
    benchmark::RegisterBenchmark(name.c_str(), run)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kSecond);
}

} // namespace bench
} // namespace mdi
} // namespace ns3

int
main(int argc, char** argv)
{
    using namespace ns3::mdi;
    // Our flags are short forms of Google Benchmark's.
    std::vector<std::string> flags;
    std::string out;
    for (int i = 1; i < argc; ++i)
    {
        const std::string flag = argv[i];
        if (flag == "--smoke")
        {
            bench::g_smoke = true;
        }
        else if (flag.rfind("--out=", 0) == 0)
        {
            out = flag.substr(6);
            flags.push_back("--benchmark_out_format=json");
            flags.push_back("--benchmark_out=" + out);
        }
        else if (flag.rfind("--filter=", 0) == 0)
        {
            flags.push_back("--benchmark_" + flag.substr(2));
        }
        else
        {
            flags.push_back(flag);
        }
    }
    std::vector<char*> arguments{argv[0]};
    for (auto& flag : flags)
    {
        arguments.push_back(flag.data());
    }
    argc = static_cast<int>(arguments.size());
    benchmark::Initialize(&argc, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(argc, arguments.data()))
    {
        return 2;
    }
    for (const auto& [key, value] : bench::Versions())
    {
        benchmark::AddCustomContext(key, value);
    }
    bench::AddSlices();
    bench::AddMemory();
    bench::AddMemo();
    bench::AddPacket();
    bench::AddFlow();
    bench::AddSimGrid();
    bench::AddGrowth();
    bench::AddSweep();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    if (!out.empty())
    {
        bench::AddRecords(out);
    }
    for (const auto& failure : bench::g_failures)
    {
        std::fprintf(stderr, "mdi-bench: %s\n", failure.c_str());
    }
    return bench::g_failures.empty() ? 0 : 1;
}

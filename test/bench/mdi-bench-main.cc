// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// ./mdi bench: runs the benchmarks with Google Benchmark and writes its JSON with our records.

#include "mdi-bench.h"

#include "ns3/mdi-json-reader.h"
#include "ns3/mdi-program.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

namespace ns3
{
namespace mdi
{
namespace bench
{

namespace
{

bool g_smoke = false;
std::vector<std::string> g_names; // of all benchmarks
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

/// What stands behind a flag such as --out=; false if it is another flag.
bool
TakeFlag(const std::string& argument, const std::string& flag, std::string& value)
{
    if (argument.substr(0, argument.find('=')) != flag)
    {
        return false;
    }
    const auto equals = argument.find('=');
    value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (value.empty())
    {
        throw BadInput("flag " + argument + " has no value; write " + flag + "=VALUE");
    }
    return true;
}

/// Before minutes of work: can its results be written? Leaves no file where there was none.
void
CheckPlace(const std::string& out)
{
    std::error_code ignored;
    const bool there = std::filesystem::exists(out, ignored);
    if (!std::ofstream(out, std::ios::app))
    {
        throw BadInput("--out=" + out +
                       ": cannot write there; name a file in a folder that exists");
    }
    if (!there)
    {
        std::filesystem::remove(out, ignored);
    }
}

/// Google Benchmark says two lines to a filter that it cannot read, and nothing to one that matches
/// no name.
void
CheckFilter(const std::string& filter)
{
    bool any = false;
    try
    {
        const bool negative = filter[0] == '-';
        const std::regex regex(filter.substr(negative ? 1 : 0), std::regex::extended);
        any = std::any_of(g_names.begin(), g_names.end(), [&](const auto& name) {
            return std::regex_search(name + "/iterations:1/manual_time", regex) != negative;
        });
    }
    catch (const std::regex_error&)
    {
        throw BadInput("--filter=" + filter +
                       ": no regular expression (extended, as of grep -E); write ^flow/, say");
    }
    if (!any)
    {
        std::string groups;
        for (const auto& name : g_names)
        {
            const std::string group = name.substr(0, name.find('/'));
            if ((", " + groups + ", ").find(", " + group + ", ") == std::string::npos)
            {
                groups += (groups.empty() ? "" : ", ") + group;
            }
        }
        throw BadInput("--filter=" + filter + ": no benchmark has such a name; they begin with " +
                       groups);
    }
}

void
PrintHelp()
{
    std::puts("usage: ./mdi bench [--out=FILE.json] [--filter=REGEX]\n"
              "       ./mdi bench --table FILE.json...\n"
              "\n"
              "Runs the benchmarks: each is a ratio of ours against a named reference.\n"
              "\n"
              "  --out=FILE.json  write the figures there, too\n"
              "  --filter=REGEX   only benchmarks whose name has a match, such as ^flow/; with -\n"
              "                   before it those whose name has none\n"
              "  --table          print doc/benchmarks.rst of files that --out wrote; of a\n"
              "                   benchmark in several of them the last one counts\n"
              "  --smoke          tiny sizes: whether all work, not how fast they are\n"
              "\n"
              "Flags of Google Benchmark (--benchmark_list_tests, say) work, too.");
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
    g_names.push_back(name);
    benchmark::RegisterBenchmark(name.c_str(), run)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kSecond);
}

namespace
{

int
Run(int argc, char** argv)
{
    // Our flags are short forms of Google Benchmark's.
    std::vector<std::string> flags;
    std::string out;
    std::string filter;
    for (int i = 1; i < argc; ++i)
    {
        const std::string flag = argv[i];
        if (flag == "--help" || flag == "-h")
        {
            PrintHelp();
            return SUCCESS;
        }
        if (flag == "--smoke")
        {
            g_smoke = true;
        }
        else if (TakeFlag(flag, "--out", out))
        {
            flags.push_back("--benchmark_out_format=json");
            flags.push_back("--benchmark_out=" + out);
        }
        else if (TakeFlag(flag, "--filter", filter))
        {
            flags.push_back("--benchmark_filter=" + filter);
        }
        else if (flag.rfind("--benchmark_", 0) == 0)
        {
            flags.push_back(flag);
        }
        else
        {
            throw BadInput("unknown flag " + flag + "; --help explains them");
        }
    }
    std::vector<char*> arguments{argv[0]};
    for (auto& flag : flags)
    {
        arguments.push_back(flag.data());
    }
    AddSlices();
    AddMemory();
    AddMemo();
    AddPacket();
    AddFlow();
    AddSimGrid();
    AddGrowth();
    AddSweep();
    if (!filter.empty())
    {
        CheckFilter(filter);
    }
    if (!out.empty())
    {
        CheckPlace(out);
    }
    argc = static_cast<int>(arguments.size());
    benchmark::Initialize(&argc, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(argc, arguments.data()))
    {
        return BAD_INPUT;
    }
    for (const auto& [key, value] : Versions())
    {
        benchmark::AddCustomContext(key, value);
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    if (!out.empty())
    {
        AddRecords(out);
    }
    for (const auto& failure : g_failures)
    {
        std::fprintf(stderr, "mdi-bench: %s\n", failure.c_str());
    }
    return g_failures.empty() ? SUCCESS : RUN_FAILED;
}

} // namespace

} // namespace bench
} // namespace mdi
} // namespace ns3

int
main(int argc, char** argv)
{
    return ns3::mdi::RunProgram("mdi-bench", [&] { return ns3::mdi::bench::Run(argc, argv); });
}

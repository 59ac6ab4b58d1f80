// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Runs all points of a sweep, on all cores or as one of many shards: ./mdi sweep.

#include "ns3/command-line.h"
#include "ns3/mdi-job-pool.h"
#include "ns3/mdi-json-reader.h"
#include "ns3/mdi-machine.h"
#include "ns3/mdi-manifest.h"
#include "ns3/mdi-output-file.h"
#include "ns3/mdi-plugin.h"
#include "ns3/mdi-program.h"
#include "ns3/mdi-scenario-names.h"
#include "ns3/mdi-sweep-results.h"
#include "ns3/mdi-sweep-runner.h"
#include "ns3/mdi-torch-engine.h"
#include "ns3/rng-seed-manager.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iostream>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

namespace fs = std::filesystem;

/// Jobs of one call of the pool, whose memory is per job.
constexpr size_t POOL_JOBS = 50000;

/// Part I of N of a sweep; 1 of 1 is all of it.
struct Shard
{
    uint32_t number = 1;
    uint32_t of = 1;

    bool Has(size_t point) const
    {
        return point % of == number - 1;
    }

    std::string StoreName() const
    {
        return "store-" + std::to_string(number) + "-of-" + std::to_string(of) + SweepStore::SUFFIX;
    }
};

Shard
ParseShard(const std::string& text)
{
    Shard shard;
    if (text.empty())
    {
        return shard;
    }
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, shard.number);
    const bool slash = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
    const auto second = slash ? std::from_chars(first.ptr + 1, end, shard.of) : first;
    if (!slash || second.ec != std::errc() || second.ptr != end || shard.number < 1 ||
        shard.number > shard.of || shard.of > 100000)
    {
        throw BadInput("--shard=" + text +
                       ": no part of a sweep; write --shard=I/N with I from 1 "
                       "to N, such as --shard=3/8");
    }
    return shard;
}

/// Every simulation sets ns-3's own numbers: who gives others would not get what they ask for.
void
RefuseRandomFlags(int argc, char* argv[])
{
    std::string flag;
    for (int i = 1; i < argc; ++i)
    {
        const std::string argument = argv[i];
        const auto begin = std::min(argument.find_first_not_of('-'), argument.size());
        const std::string name = argument.substr(begin, argument.find('=') - begin);
        flag = begin > 0 && (name == "RngRun" || name == "RngSeed") ? argument : flag;
    }
    if (flag.empty() && (RngSeedManager::GetSeed() != 1 || RngSeedManager::GetRun() != 1))
    {
        flag = "NS_GLOBAL_VALUE"; // of the environment
    }
    if (!flag.empty())
    {
        throw BadInput(flag + ": a sweep has its random numbers from \"seed\" and \"runs\" of the "
                              "sweep file or the scenario; set them there");
    }
}

/// Make the folder of the results, which must be new or, to go on, one of a sweep.
void
OpenFolder(const std::string& folder, const Shard& shard, bool goOn)
{
    std::error_code error;
    const bool there = fs::exists(folder, error);
    if (there && !fs::is_directory(folder, error))
    {
        throw BadInput("--out=" + folder + ": not a folder; name another one");
    }
    // A damaged store was perhaps deleted: results are then still there.
    bool stores = fs::exists(fs::path(folder) / "results.csv", error) &&
                  fs::exists(fs::path(folder) / "manifest.json", error);
    for (const auto& entry : fs::directory_iterator(folder, error))
    {
        stores = stores || entry.path().extension().string().rfind(SweepStore::SUFFIX, 0) == 0;
    }
    const bool own = fs::exists(fs::path(folder) / shard.StoreName(), error);
    if (there && !stores && !fs::is_empty(folder, error))
    {
        throw BadInput("--out=" + folder + ": the folder holds something else; name another one");
    }
    if (!goOn && (own || (stores && shard.of == 1)))
    {
        throw BadInput("--out=" + folder +
                       ": the folder has results; add --resume to go on with "
                       "what is missing, or name another one");
    }
    fs::create_directories(folder, error);
    if (error)
    {
        throw BadInput("--out=" + folder + ": cannot make the folder (" + error.message() +
                       "); name a place where you may write");
    }
}

/// What is missing in the stores, of a shard.
std::vector<SweepJob>
Missing(const std::vector<SweepPoint>& points, const SweepStores& stores, const Shard& shard)
{
    std::vector<SweepJob> jobs;
    for (size_t number = 0; number < points.size(); ++number)
    {
        const SweepPoint& point = points[number];
        for (size_t system = 0; system < point.systems.size() && point.error.empty(); ++system)
        {
            SweepJob job{number, system, {}};
            for (const auto& key : point.Runs(point.systems[system]))
            {
                if (!stores.Has(key))
                {
                    job.runs.push_back(std::get<3>(key));
                }
            }
            if (!job.runs.empty() && shard.Has(number))
            {
                jobs.push_back(job);
            }
        }
    }
    return jobs;
}

/// How many neighbouring jobs share the values of fields that change least: plans and what else
/// depends on these is then made by one process only.
uint64_t
JobsTogether(const Sweep& sweep, size_t jobs, uint32_t processes)
{
    uint64_t groups = 1;
    for (const auto& field : sweep.fields)
    {
        if (groups >= 2 * processes || sweep.method != "grid")
        {
            break;
        }
        groups *= std::max<size_t>(1, field.values.size());
    }
    return jobs / groups;
}

/// Do jobs on all cores. What fails is noted in the store.
void
DoJobs(const std::vector<SweepJob>& jobs,
       const std::vector<SweepPoint>& points,
       uint32_t processes,
       uint64_t together,
       const std::string& store,
       SweepRunner& runner)
{
    ProgressLine line("simulations of a system", jobs.size());
    for (size_t begin = 0; begin < jobs.size(); begin += POOL_JOBS)
    {
        const size_t count = std::min(POOL_JOBS, jobs.size() - begin);
        const auto show = [&](uint64_t done) { line.Show(begin + done); };
        JobPool pool(processes, show, together);
        const auto outcomes = pool.Run(count, [&](uint64_t number) {
            const SweepJob& job = jobs[begin + number];
            runner.Do(job, points[job.point]);
        });
        SweepStore opened(store); // after the pool: no other process may have this connection
        for (size_t i = 0; i < count; ++i)
        {
            const SweepJob& job = jobs[begin + i];
            if (!outcomes[i].empty())
            {
                const SweepPoint& point = points[job.point];
                opened.PutFailure(point.key, point.systems[job.system].key, outcomes[i]);
            }
        }
    }
}

nlohmann::ordered_json
Manifest(const Sweep& sweep,
         const SweepRunner& runner,
         const SweepResults& results,
         const std::string& commandLine)
{
    using Json = nlohmann::ordered_json;
    const Scenario& scenario = runner.Loaded();
    Json manifest =
        MakeManifest(scenario, runner.Engine(), Forecasts(scenario.systems.size()), commandLine);
    manifest["scenario"] = Json::parse(sweep.scenario.dump());
    Json fields = Json::array();
    for (const auto& field : sweep.fields)
    {
        Json entry{{"name", field.name}, {"scale", field.scale}};
        entry["paths"] = Json::array();
        for (const auto& target : field.targets)
        {
            entry["paths"].push_back(target.path);
        }
        if (!field.unit.empty())
        {
            entry["unit"] = field.unit;
        }
        if (!field.values.empty())
        {
            entry["values"] = field.values;
        }
        fields.push_back(entry);
    }
    manifest["sweep"] = {{"name", sweep.name},
                         {"description", sweep.description},
                         {"file", sweep.file},
                         {"method", sweep.method},
                         {"points", sweep.points.size()},
                         {"systems", NamesOf(scenario.systems)},
                         {"fields", fields},
                         {"unchanged", results.unchanged},
                         {"document", sweep.document}};
    return manifest;
}

/// results.csv and what goes with it, from stores that have everything.
int
WriteResults(const Sweep& sweep,
             const std::vector<SweepPoint>& points,
             const SweepRunner& runner,
             const std::string& folder,
             const std::string& commandLine)
{
    const SweepResults results = WriteSweepResults(sweep, points, SweepStores(folder), folder);
    OutputFile manifest((fs::path(folder) / "manifest.json").string());
    manifest.Stream() << Manifest(sweep, runner, results, commandLine).dump(2) << '\n';
    manifest.Close();
    std::cout << sweep.name << ": " << points.size() << " points, " << results.simulations
              << " simulations\nresults in " << (fs::path(folder) / "results.csv").string()
              << std::endl;
    for (const auto& field : results.unchanged)
    {
        std::cerr << "mdi-sweep: field '" << field
                  << "' changed no result at all; does anything depend on it?\n";
    }
    if (results.lost > 0)
    {
        std::cerr << "mdi-sweep: " << results.lost << " items were lost (column items_lost)\n";
    }
    if (results.failed > 0)
    {
        std::cerr << "mdi-sweep: " << results.failed
                  << " simulations of a system at a point failed, see failures.csv; the first: "
                  << results.firstFailure << '\n';
    }
    if (results.unfinished > 0)
    {
        std::cerr << "mdi-sweep: " << results.unfinished
                  << " items had no end when the time limit came; raise time_limit_s\n";
    }
    return results.failed + results.unfinished > 0 ? RUN_FAILED : SUCCESS;
}

int
Run(int argc, char* argv[])
{
    CheckFlags(argc, argv, {"jobs", "out", "resume", "shard", "merge", "load"});
    std::string file;
    std::string jobsText;
    std::string out;
    std::string shardText;
    bool resume = false;
    bool merge = false;
    CommandLine cmd(__FILE__);
    cmd.Usage("Runs every point of a sweep file and writes one results.csv. What is done is kept: "
              "after an interruption, or with more points in the file, --resume goes on.");
    cmd.AddNonOption("sweep", "the sweep file", file);
    cmd.AddValue("jobs", "processes at a time [one per core]", jobsText);
    AddTextFlag(cmd, "out", "results folder [mdi-results/NAME]", out);
    cmd.AddValue("resume", "go on with a folder that has results", resume);
    cmd.AddValue("shard", "I/N: only part I of N, for many machines with one folder", shardText);
    cmd.AddValue("merge", "run nothing: make results.csv of what all shards have done", merge);
    AddLoadFlag(cmd, argc, argv);
    RefuseRandomFlags(argc, argv);
    ParseFlags(cmd, argc, argv);
    file = FileArgument(argc, argv);
    if (file.empty())
    {
        throw BadInput("no sweep file; write ./mdi sweep SWEEP.json (--help explains)");
    }
    const uint32_t asked = PositiveFlag("jobs", jobsText, 10000);
    const uint32_t processes = asked > 0 ? asked : ThisMachine().processors;
    const Shard shard = ParseShard(shardText);
    if (merge && !shardText.empty())
    {
        throw BadInput("--merge takes what all shards have done; leave out --shard");
    }
    std::string commandLine = "mdi-sweep";
    for (int i = 1; i < argc; ++i)
    {
        commandLine += std::string(" ") + argv[i];
    }

    const Sweep sweep = ReadSweep(file);
    SweepKeys keys(sweep);
    std::vector<SweepPoint> points;
    for (size_t number = 0; number < sweep.points.size(); ++number)
    {
        points.push_back(keys.Of(number));
    }
    const auto engine = CreateObject<TorchEngine>();
    const std::string folder = out.empty() ? (fs::path("mdi-results") / sweep.name).string() : out;
    const std::string store = (fs::path(folder) / shard.StoreName()).string();
    SweepRunner runner(sweep, engine, store);
    runner.LoadAny(); // before anything is written
    for (const auto& estimate : runner.Loaded().estimates)
    {
        std::cerr << "mdi-sweep: " << EstimateText(estimate) << '\n';
    }
    if (merge && SweepStores(folder).Empty())
    {
        throw BadInput("--out=" + folder +
                       ": no such results folder; --merge takes what shards have done there");
    }
    OpenFolder(folder, shard, resume || merge);
    auto jobs = Missing(points, SweepStores(folder), merge ? Shard() : shard);
    if (merge)
    {
        const SweepStores stores(folder);
        uint64_t missing = 0;
        for (const SweepJob& job : jobs)
        {
            const SweepPoint& point = points[job.point];
            missing += stores.FailureOf(point.key, point.systems[job.system].key).empty();
        }
        if (missing > 0)
        {
            throw std::runtime_error(folder + ": " + std::to_string(missing) +
                                     " simulations of a system at a point are missing; run the "
                                     "shards that have not ended, with --resume");
        }
        return WriteResults(sweep, points, runner, folder, commandLine);
    }
    if (!jobs.empty())
    {
        SweepStore(store).Failures(); // before anything runs: is there a place to write?
        try
        {
            const uint64_t together = JobsTogether(sweep, jobs.size(), processes);
            DoJobs(jobs, points, processes, together, store, runner);
        }
        catch (const std::runtime_error& error)
        {
            throw std::runtime_error(error.what() + std::string("; what is done is kept in ") +
                                     folder + ", --resume goes on");
        }
    }
    if (shard.of > 1)
    {
        std::cout << sweep.name << ": shard " << shard.number << " of " << shard.of << ", "
                  << jobs.size() << " simulations of a system in " << folder
                  << "\n--merge makes results.csv when all shards are done" << std::endl;
        return SUCCESS;
    }
    return WriteResults(sweep, points, runner, folder, commandLine);
}

} // namespace

int
main(int argc, char* argv[])
{
    return RunProgram("mdi-sweep", [&] { return Run(argc, argv); });
}

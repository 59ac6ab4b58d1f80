// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// A sweep on two cores against its points one by one, and what a point costs besides its
// simulations. Programs as users call them.

#include "mdi-bench.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
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

namespace fs = std::filesystem;

const char* const SCENARIO = MDI_SOURCE_DIR "/traces/scenarios/five-xavier-mesh.json";

/// A folder that goes with this object.
class Folder
{
  public:
    Folder()
        : m_path(fs::temp_directory_path() / ("mdi-bench-sweep-" + std::to_string(getpid())))
    {
        fs::remove_all(m_path);
        fs::create_directories(m_path);
    }

    ~Folder()
    {
        std::error_code ignored;
        fs::remove_all(m_path, ignored);
    }

    std::string File(const std::string& name) const
    {
        return (m_path / name).string();
    }

  private:
    fs::path m_path;
};

/// A sweep file over the Wi-Fi's rate (or, where nothing shall change what is planned, the patient
/// source's load), the urgent source's load and its priority, with as many values of each.
std::string
WriteSweep(const Folder& folder, uint32_t values, uint32_t items, bool rates = true)
{
    const auto range = [&](const char* name, const char* path, double from, double to) {
        return nlohmann::json{
            {"name", name},
            {"path", path},
            {"range", {{"from", from}, {"to", to}, {"steps", values}, {"scale", "log"}}}};
    };
    nlohmann::json sweep = {{"format", "mdi-sweep"},
                            {"version", 1},
                            {"name", "bench"},
                            {"scenario", SCENARIO},
                            {"runs", 1}};
    sweep["set"] = {{"network", "flow"},
                    {"tensors", "memo"},
                    {"sources.ts.items", items},
                    {"sources.nts.items", items}};
    sweep["fields"] = {rates ? range("rate", "networks.0.goodput_bps", 1e7, 1e8)
                             : range("others", "sources.nts.admission.rate_hz", 10, 100),
                       range("load", "sources.ts.admission.rate_hz", 10, 100),
                       range("urgency", "sources.ts.priority", 1, 100)};
    const std::string file = folder.File("sweep.json");
    std::ofstream(file) << sweep.dump(2);
    return file;
}

/// Wall-clock time of a command [s].
double
SecondsOfCommand(const std::string& command)
{
    int status = 0;
    const double seconds =
        SecondsOf([&] { status = std::system((command + " >/dev/null").c_str()); });
    if (status != 0)
    {
        throw std::runtime_error("failed: " + command);
    }
    return seconds;
}

/// Wall-clock time of a sweep from nothing [s].
double
SweepSeconds(const Folder& folder, const std::string& file, uint32_t processes)
{
    const std::string out = folder.File("results");
    const double seconds =
        SecondsOfCommand("'" MDI_BINARY_DIR "/mdi-sweep' '" + file +
                         "' --jobs=" + std::to_string(processes) + " --out='" + out + "'");
    fs::remove_all(out);
    return seconds;
}

Record
TwoCoresAgainstOne()
{
    const Folder folder;
    const uint32_t values = Size(10, 2);
    const std::string file = WriteSweep(folder, values, Size(100, 2));
    const Turns turns = InTurns(
        Size(3, 1), // of minutes
        [&] { return SweepSeconds(folder, file, 2); },
        [&] { return SweepSeconds(folder, file, 1); },
        false);
    const double points = std::pow(values, 3);
    Record record;
    record.what = "sweep of five-xavier-mesh, flow, memo, all systems, two processes: points/s";
    record.reference = "one process, point by point";
    record.ratio = turns.Speedup();
    record.spread = turns.Spread(true);
    record.goal = Goal::AT_LEAST;
    record.target = 1.8;
    record.details = {{"points", points},
                      {"ms_per_point", 1e3 * Median(turns.ours) / points},
                      {"one_process_ms_per_point", 1e3 * Median(turns.reference) / points}};
    return record;
}

Record
TwoCoresAgainstCalls()
{
    const Folder folder;
    const uint32_t values = Size(10, 2);
    const uint32_t items = Size(100, 2);
    const std::string file = WriteSweep(folder, values, items);
    const double points = std::pow(values, 3);
    const double swept = SweepSeconds(folder, file, 2) / points;
    const uint32_t calls = Size(20, 1); // of the thousand
    double called = 0;
    for (uint32_t i = 0; i < calls; ++i)
    {
        // What changes is of no consequence to the time of a call.
        const std::string out = folder.File("run");
        called += SecondsOfCommand(
            std::string("'" MDI_BINARY_DIR "/mdi-run' '") + SCENARIO +
            "' --network=flow --runs=1 --set=sources.ts.items=" + std::to_string(items) +
            " --set=sources.nts.items=" + std::to_string(items) +
            " --set=sources.ts.priority=" + std::to_string(i + 1) + " --out='" + out + "'");
        fs::remove_all(out);
    }
    called /= calls;
    Record record;
    record.what = "the same sweep on two processes: points/s";
    record.reference = "a call of ./mdi run for each point, which uses both cores (20 of them)";
    record.ratio = called / swept;
    record.goal = Goal::AT_LEAST;
    record.target = 1.8;
    record.details = {
        {"points", points}, {"ms_per_point", 1e3 * swept}, {"ms_per_call", 1e3 * called}};
    return record;
}

Record
OverheadOfAPoint()
{
    const Folder folder;
    const uint32_t values = Size(10, 2);
    const std::string file = WriteSweep(folder, values, 1, false);
    const double seconds = SweepSeconds(folder, file, 1) / std::pow(values, 3);
    Record record;
    record.what =
        "a point of a sweep with one item per source, start and end of the sweep included";
    record.reference = "30 ms, the most that a point may cost besides its simulations";
    record.ratio = seconds / 0.03;
    record.goal = Goal::AT_MOST;
    record.target = 1;
    record.details = {{"points", std::pow(values, 3)}, {"ms_per_point", 1e3 * seconds}};
    return record;
}

} // namespace

void
AddSweep()
{
    Add("sweep/1000_points_two_processes_against_one", TwoCoresAgainstOne);
    Add("sweep/1000_points_against_calls", TwoCoresAgainstCalls);
    Add("sweep/overhead_of_a_point", OverheadOfAPoint);
}

} // namespace bench
} // namespace mdi
} // namespace ns3

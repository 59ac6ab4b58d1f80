// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Flow mode against packet mode: how much faster, and how far off.

#include "mdi-bench-scenarios.h"
#include "mdi-bench.h"
#include "mdi-seconds.h"

#include "ns3/mdi-torch-engine.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <optional>
#include <stdexcept>

namespace ns3
{
namespace mdi
{
namespace bench
{

namespace
{

/// A network of the grid.
struct Medium
{
    std::string name; //!< such as p2p-2-5Mbps-100us
    bool wifi = false;
    uint32_t devices = 2;
    std::function<void(Scenario&)> connect; //!< the devices
    double rateBps = 0;                     //!< of data from end to end
};

/// One of the grid's scenarios, for both fidelities.
struct GridPoint
{
    Medium medium;
    std::string sizes; //!< name of a model
    double load = 0;   //!< of all devices together, or of the way between two if that is more
    uint32_t sources = 1;
};

/// Small pictures whose cuts are larger, and large ones whose cuts are smaller.
const std::map<std::string, ChainSizes> MODELS = {
    {"small", {8, 1e9, 12000, 40000, 40}},
    {"large", {8, 8e9, 600000, 400000, 4000}},
};

std::vector<Medium>
Media()
{
    std::vector<Medium> media;
    const auto add = [&media](const std::string& name,
                              uint32_t devices,
                              double rate,
                              std::function<void(Scenario&)> connect) {
        media.push_back({name, name.find("wifi") == 0, devices, std::move(connect), rate});
    };
    for (const double mbps : {5.0, 20.0, 100.0, 1000.0})
    {
        const auto rate = static_cast<uint64_t>(mbps * 1e6);
        for (const double ms : {0.1, 2.0, 20.0})
        {
            const Time delay = FromSeconds(ms / 1000);
            const std::string text =
                std::to_string(int(mbps)) + "Mbps-" + std::to_string(int(ms * 1000)) + "us";
            add("p2p-2-" + text, 2, mbps * 1e6, [=](Scenario& scenario) {
                AddWired(scenario, "point-to-point", {0, 1}, rate, delay);
            });
            add("p2p-chain-4-" + text, 4, mbps * 1e6 / 2, [=](Scenario& scenario) {
                for (uint32_t i = 0; i < 3; ++i)
                {
                    AddWired(scenario, "point-to-point", {i, i + 1}, rate, delay);
                }
            });
        }
        for (const uint32_t devices : {3, 5})
        {
            for (const double ms : {0.1, 2.0})
            {
                const std::string text = std::to_string(devices) + "-" + std::to_string(int(mbps)) +
                                         "Mbps-" + std::to_string(int(ms * 1000)) + "us";
                std::vector<uint32_t> all(devices);
                std::iota(all.begin(), all.end(), 0);
                add("ethernet-" + text, devices, mbps * 1e6, [=](Scenario& scenario) {
                    AddWired(scenario, "ethernet", all, rate, FromSeconds(ms / 1000));
                });
            }
        }
    }

    struct Mode
    {
        const char* standard;
        const char* mode;
        double goodput;
    };

    for (const Mode& mode : {Mode{"802.11n", "HtMcs3", 20e6},
                             Mode{"802.11n", "HtMcs7", 50e6},
                             Mode{"802.11a", "OfdmRate24Mbps", 16e6}})
    {
        for (const uint32_t devices : {2, 3, 5})
        {
            for (const bool hops : {false, true})
            {
                if (hops && devices == 2)
                {
                    continue;
                }
                add("wifi-" + std::string(hops ? "chain-" : "") + std::to_string(devices) + "-" +
                        mode.mode,
                    devices,
                    mode.goodput / (hops ? devices - 1 : 1),
                    [=](Scenario& scenario) {
                        Scenario::Network network;
                        network.type = "wifi-adhoc";
                        network.standard = mode.standard;
                        network.dataMode = mode.mode;
                        network.goodputBps = static_cast<uint64_t>(mode.goodput);
                        network.rangeM = hops ? 12 : 0;
                        for (uint32_t i = 0; i < devices; ++i)
                        {
                            network.nodes.push_back(i);
                            // On a ring, or in a row of which only neighbours hear each other.
                            const double angle = 2 * M_PI * i / devices;
                            scenario.devices[i].position =
                                hops ? Vector(10.0 * i, 0, 0)
                                     : Vector(2 * std::cos(angle), 2 * std::sin(angle), 0);
                        }
                        scenario.networks.push_back(network);
                    });
            }
        }
    }
    return media;
}

std::vector<GridPoint>
Grid()
{
    std::vector<GridPoint> grid;
    for (const Medium& medium : Media())
    {
        for (const auto& [name, sizes] : MODELS)
        {
            const size_t number = grid.size();
            grid.push_back(
                {medium, name, number % 4 < 2 ? 0.5 : 0.8, 1 + uint32_t(number % 3) / 2});
        }
    }
    return grid;
}

Generated
MakePoint(const GridPoint& point, const std::string& fidelity, uint32_t items)
{
    const ChainSizes& sizes = MODELS.at(point.sizes);
    Generated made = MakeDevices(fidelity, point.medium.devices, sizes);
    point.medium.connect(made.scenario);
    // What devices and way can take, if every item crosses it twice with its largest cut: more than
    // a source's own device serves, where the way allows it.
    const double compute = sizes.flop / 1e11 / point.medium.devices;
    const double transfer = 8.0 * std::max(sizes.inputBytes, sizes.cutBytes) / point.medium.rateBps;
    const double rate = point.load / std::max(compute, 2 * transfer) / point.sources;
    AddSource(made.scenario, 0, items, rate, 10);
    if (point.sources > 1)
    {
        AddSource(made.scenario, point.medium.devices - 1, items, rate, 1);
    }
    return made;
}

/// Relative errors of latencies, wired or on Wi-Fi.
struct Errors
{
    std::vector<double> items;                           //!< of all systems
    std::vector<double> sameHops;                        //!< items that made as many hops in both
    std::map<std::string, std::vector<double>> bySystem; //!< items
    std::vector<double> means;                           //!< of a system's items at a point

    std::map<std::string, double> Details() const
    {
        std::map<std::string, double> details = {
            {"items", static_cast<double>(items.size())},
            {"same_hops_share", double(sameHops.size()) / double(items.size())},
            {"same_hops_p95", Quantile(sameHops, 0.95)},
            {"means_median", Median(means)},
            {"means_p95", Quantile(means, 0.95)}};
        for (const auto& [system, errors] : bySystem)
        {
            if (!errors.empty())
            {
                details["p95_" + system] = Quantile(errors, 0.95);
            }
        }
        return details;
    }
};

/// Latencies of the items of a run, and their hops; empty of those that were lost.
using Latencies = std::vector<std::optional<std::pair<double, uint32_t>>>;

Latencies
RunPoint(const GridPoint& point,
         const std::string& system,
         uint32_t items,
         const std::string& fidelity,
         Time longer = Time(0))
{
    Generated made = MakePoint(point, fidelity, items);
    for (auto& network : made.scenario.networks)
    {
        network.delay += longer;
    }
    const auto record = Simulate(made.scenario, MakePreset(system), 0, made.engine, false);
    if (record.unfinished > 0)
    {
        throw std::runtime_error(point.medium.name + ", " + system + ": items without an end");
    }
    Latencies latencies;
    for (const auto& source : record.items)
    {
        for (const auto& item : source)
        {
            latencies.emplace_back();
            if (item.completed)
            {
                latencies.back() = {(*item.completed - item.admitted).GetSeconds(), item.hops};
            }
        }
    }
    return latencies;
}

/// Compare runs of a system, by the items that crossed the network in one of them.
/// \return their errors
std::vector<double>
Compare(const Latencies& truths, const Latencies& guesses, const std::string& system, Errors& all)
{
    std::vector<double> errors;
    double truth = 0;
    double guess = 0;
    for (size_t i = 0; i < truths.size(); ++i)
    {
        if (!truths[i] || !guesses[i] || truths[i]->second + guesses[i]->second == 0)
        {
            continue;
        }
        errors.push_back(std::abs(guesses[i]->first - truths[i]->first) / truths[i]->first);
        truth += truths[i]->first;
        guess += guesses[i]->first;
        if (truths[i]->second == guesses[i]->second)
        {
            all.sameHops.push_back(errors.back());
        }
    }
    all.items.insert(all.items.end(), errors.begin(), errors.end());
    auto& mine = all.bySystem[system];
    mine.insert(mine.end(), errors.begin(), errors.end());
    if (!errors.empty())
    {
        all.means.push_back(std::abs(guess - truth) / truth);
    }
    return errors;
}

/// What is compared with packets.
enum Subject
{
    WIRED,
    WIFI,
    LONGER, //!< wired, packets again, on links that are longer by 1 us
};

/// The errors of the whole grid, measured once for the records that share them.
const Errors&
GridErrors(Subject subject)
{
    static std::map<Subject, Errors> all;
    if (all.empty())
    {
        const char* file = std::getenv("MDI_BENCH_GRID"); // a line per scenario and system
        FILE* csv = file ? std::fopen(file, "w") : nullptr;
        const auto grid = Grid();
        const size_t step = Size<size_t>(1, 35);
        for (size_t i = 0; i < grid.size(); i += step)
        {
            const GridPoint& point = grid[i];
            const bool wifi = point.medium.wifi;
            for (const std::string system : {"ddi", "ar-mdi", "ms-mdi", "pa-mdi"})
            {
                const uint32_t items = Size(30u, 5u);
                const auto packet = RunPoint(point, system, items, "packet");
                const auto flow = RunPoint(point, system, items, "flow");
                const auto some = Compare(packet, flow, system, all[wifi ? WIFI : WIRED]);
                if (!wifi)
                {
                    const auto again = RunPoint(point, system, items, "packet", MicroSeconds(1));
                    Compare(packet, again, system, all[LONGER]);
                }
                if (csv && !some.empty())
                {
                    std::fprintf(csv,
                                 "%s,%s,%g,%u,%s,%zu,%g,%g,%g\n",
                                 point.medium.name.c_str(),
                                 point.sizes.c_str(),
                                 point.load,
                                 point.sources,
                                 system.c_str(),
                                 some.size(),
                                 Median(some),
                                 Quantile(some, 0.95),
                                 Quantile(some, 1));
                    std::fflush(csv);
                }
            }
        }
        if (csv)
        {
            std::fclose(csv);
        }
    }
    return all.at(subject);
}

Record
Error(Subject subject, double share, double target)
{
    const Errors& errors = GridErrors(subject);
    Record record;
    record.what = std::string(share == 0.5 ? "median" : "95th percentile") +
                  " of the relative errors of item latencies, " +
                  (subject == WIRED  ? "flow, wired"
                   : subject == WIFI ? "flow, Wi-Fi"
                                     : "packet, wired, links longer by 1 us (a control)");
    record.reference = "packet";
    record.details = errors.Details();
    record.ratio = Quantile(errors.items, share);
    record.goal = target > 0 ? Goal::AT_MOST : Goal::NONE;
    record.target = target;
    return record;
}

/// The default scenario, all systems, sizes only.
Record
FlowAgainstPacket()
{
    const auto simulate = [](const std::string& fidelity) {
        ScenarioChanges changes;
        changes.network = fidelity;
        changes.tensors = "none";
        Scenario scenario =
            ReadScenario(MDI_SOURCE_DIR "/traces/scenarios/five-xavier-mesh.json", changes);
        const auto engine = LoadModels(scenario, CreateObject<TorchEngine>());
        const uint32_t runs = fidelity == "flow" ? Size(20, 1) : 1;
        const auto start = std::clock();
        for (const auto& system : scenario.systems)
        {
            if (Smoke() && system.name != "ddi")
            {
                continue;
            }
            for (uint32_t run = 0; run < runs; ++run)
            {
                CountingSink sink;
                Simulate(scenario, system, run, engine, sink, false);
            }
        }
        return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / runs;
    };
    const Turns turns = InTurns(
        3, [&] { return simulate("flow"); }, [&] { return simulate("packet"); });
    Record record;
    record.what = "five-xavier-mesh, all systems, no tensors, flow";
    record.reference = "packet";
    record.ratio = turns.Speedup();
    record.spread = turns.Spread(true);
    record.goal = Goal::AT_LEAST;
    record.target = 100;
    record.details = {{"flow_cpu_s", Median(turns.ours)},
                      {"packet_cpu_s", Median(turns.reference)}};
    return record;
}

} // namespace

void
AddFlow()
{
    Add("flow/five_xavier_mesh_against_packet", FlowAgainstPacket);
    Add("flow/error_wired_median", [] { return Error(WIRED, 0.5, 0.05); });
    Add("flow/error_wired_p95", [] { return Error(WIRED, 0.95, 0.15); });
    Add("flow/error_control_p95", [] { return Error(LONGER, 0.95, 0); });
    Add("flow/error_wifi_median", [] { return Error(WIFI, 0.5, 0.15); });
    Add("flow/error_wifi_p95", [] { return Error(WIFI, 0.95, 0); });
}

} // namespace bench
} // namespace mdi
} // namespace ns3

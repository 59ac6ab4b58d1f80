// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-simulation.h"

#include "mdi-churn-installer.h"
#include "mdi-event-log.h"
#include "mdi-ranks.h"
#include "mdi-recorder.h"
#include "mdi-scenario-builder.h"
#include "mdi-simulator-scope.h"

#include "ns3/rng-seed-manager.h"

#include <optional>

namespace ns3
{
namespace mdi
{

namespace
{

/// Streams of the network start here, those of devices and applications at 0.
constexpr int64_t NETWORK_STREAMS = 1000000;

/// Streams of failures start here, one per target of a random rule; the same holds.
constexpr int64_t CHURN_STREAMS = 2000000000;

/// Ends the engine's work for a run, also when something throws: what went wrong in it meanwhile
/// would else be told to the next run of this process.
struct EngineScope
{
    ~EngineScope()
    {
        try
        {
            engine->Finish();
        }
        catch (...)
        {
            // Something else went wrong before; or nobody needed it.
        }
    }

    Ptr<TensorEngine> engine;
};

/// What has been off until now.
std::vector<OffSpan>
Off(const Outages& outages)
{
    const Time now = Simulator::Now();
    std::vector<OffSpan> spans;
    const auto add = [&](bool network, const std::vector<std::vector<Outage>>& all) {
        for (uint32_t i = 0; i < all.size(); ++i)
        {
            for (const Outage& outage : all[i])
            {
                if (outage.begin < now)
                {
                    spans.push_back({network, i, outage.begin, Min(now, outage.end.value_or(now))});
                }
            }
        }
    };
    add(false, outages.devices);
    add(true, outages.networks);
    return spans;
}

/// The rates of all traces until now.
std::vector<RateSample>
Rates(const Scenario& scenario)
{
    std::vector<RateSample> samples;
    for (uint32_t i = 0; i < scenario.networks.size(); ++i)
    {
        const auto& replay = scenario.networks[i].replay;
        if (!replay)
        {
            continue;
        }
        const Time last = Simulator::Now();
        uint64_t before = 0;
        for (std::optional<Time> at = Time(0); at && *at <= last; at = replay->NextChange(*at))
        {
            const uint64_t rate = replay->At(*at).rateBps;
            if (at->IsZero() || rate != before)
            {
                samples.push_back({i, *at, rate});
                before = rate;
            }
        }
    }
    return samples;
}

/// A run on all ranks of MPI. \return what happened, on rank 0: by rank
std::vector<std::string>
SimulateOnRanks(const Scenario& scenario,
                const SystemSpec& system,
                uint32_t run,
                Ptr<TensorEngine> engine,
                bool spans)
{
    const RanksScope scope;
    const EngineScope work{engine};
    RngSeedManager::SetSeed(scenario.seed);
    RngSeedManager::SetRun(run + 1); // ns-3 counts from 1

    // All ranks make all nodes, each runs the applications of its own.
    NodeContainer nodes;
    const auto devices = static_cast<uint32_t>(scenario.devices.size());
    for (uint32_t i = 0; i < devices; ++i)
    {
        nodes.Create(1, RankOf(i, devices));
    }
    NetworkHelper network(NetworkHelper::PACKET);
    BuildNetwork(scenario, nodes, {}, network);
    MdiHelper mdi(engine);
    InstallSystem(scenario, system, nodes, network, scenario.traceError, mdi);
    mdi.AssignStreams(0);
    network.AssignStreams(NETWORK_STREAMS);

    const EventLog log(mdi, spans);
    {
        const CommonEnd end([&log] { return log.Unfinished(); });
        Simulator::Stop(scenario.timeLimit);
        Simulator::Run();
    }
    return GatherAtRank0(log.Text());
}

} // namespace

RunOutcome
Simulate(const Scenario& scenario,
         const SystemSpec& system,
         uint32_t run,
         Ptr<TensorEngine> engine,
         RunSink& sink,
         bool spans)
{
    const bool shared = GetRanks() > 1;
    std::vector<std::string> logs;
    if (shared)
    {
        logs = SimulateOnRanks(scenario, system, run, engine, spans);
        if (GetRank() > 0)
        {
            return {};
        }
    }
    SimulatorScope scope;
    const EngineScope work{engine};
    RngSeedManager::SetSeed(scenario.seed);
    RngSeedManager::SetRun(run + 1); // ns-3 counts from 1

    // What the ranks did is told once more, to nodes on which nothing runs.
    NodeContainer nodes;
    nodes.Create(static_cast<uint32_t>(scenario.devices.size()), shared ? 1 : 0);
    NetworkHelper network(shared ? NetworkHelper::FLOW : FidelityOf(scenario));
    const Outages outages = DrawOutages(scenario.churn.value_or(Churn()),
                                        scenario.devices.size(),
                                        scenario.networks.size(),
                                        scenario.timeLimit,
                                        CHURN_STREAMS);
    BuildNetwork(scenario, nodes, outages.networks, network);

    MdiHelper mdi(engine);
    InstallSystem(scenario, system, nodes, network, scenario.traceError, mdi);
    if (scenario.churn)
    {
        InstallChurn(*scenario.churn, outages.devices, mdi);
    }
    mdi.AssignStreams(0);
    network.AssignStreams(NETWORK_STREAMS);

    Recorder recorder(mdi, sink, spans);
    std::optional<EventReplay> replay;
    if (shared)
    {
        replay.emplace(std::move(logs), mdi, recorder);
    }
    Simulator::Stop(scenario.timeLimit);
    Simulator::Run();
    recorder.Finish();
    engine->Finish();

    RunOutcome outcome;
    outcome.system = system.name;
    outcome.generates = Generates(scenario);
    outcome.run = run;
    outcome.seed = scenario.seed;
    outcome.rates = spans ? Rates(scenario) : std::vector<RateSample>();
    outcome.off = spans ? Off(outages) : std::vector<OffSpan>();
    outcome.controlBytes = recorder.ControlBytes();
    outcome.lateBytes = recorder.LateBytes();
    outcome.sourceEnergyJ = recorder.Energy().OfSources();
    outcome.energyJ = recorder.Energy().OfAll();
    outcome.unfinished = recorder.Unfinished();
    outcome.neverAdmitted = recorder.NeverAdmitted();
    return outcome;
}

RunRecord
Simulate(const Scenario& scenario,
         const SystemSpec& system,
         uint32_t run,
         Ptr<TensorEngine> engine,
         bool spans)
{
    RunRecord record;
    static_cast<RunOutcome&>(record) = Simulate(scenario, system, run, engine, record, spans);
    record.items.resize(scenario.sources.size()); // those without an item, too
    return record;
}

} // namespace mdi
} // namespace ns3

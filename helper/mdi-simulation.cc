// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-simulation.h"

#include "mdi-compute-law.h"
#include "mdi-event-log.h"
#include "mdi-json-reader.h"
#include "mdi-lte.h"
#include "mdi-model-reader.h"
#include "mdi-network-helper.h"
#include "mdi-ranks.h"
#include "mdi-recorder.h"
#include "mdi-trace-error.h"

#include "ns3/boolean.h"
#include "ns3/node.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

/// Streams of the network start here, those of devices and applications at 0.
constexpr int64_t NETWORK_STREAMS = 1000000;

/// Streams of the errors of compute traces start here, one per kind of device. A system changes
/// neither these streams nor how many numbers are drawn from them: all systems of a run meet the
/// same devices.
constexpr int64_t ERROR_STREAMS = 1000000000;

/// Streams of failures start here, one per target of a random rule; the same holds.
constexpr int64_t CHURN_STREAMS = 2000000000;

/// Ends the simulation and frees its nodes, also when something throws. An ns-3 process holds one.
struct SimulatorScope
{
    ~SimulatorScope()
    {
        Simulator::Destroy();
    }
};

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

NetworkHelper::Fidelity
Fidelity(const Scenario& scenario)
{
    return scenario.network == "flow" ? NetworkHelper::FLOW : NetworkHelper::PACKET;
}

void
BuildNetwork(const Scenario& scenario,
             const NodeContainer& nodes,
             const std::vector<std::vector<Outage>>& outages,
             NetworkHelper& network)
{
    for (size_t i = 0; i < scenario.networks.size(); ++i)
    {
        const auto& part = scenario.networks[i];
        NodeContainer members;
        std::vector<Vector> positions;
        for (uint32_t index : part.nodes)
        {
            members.Add(nodes.Get(index));
            positions.push_back(scenario.devices[index].position);
        }
        const bool fails = i < outages.size() && !outages[i].empty();
        network.SetTrace(fails ? WithOutages(part.replay, outages[i], scenario.timeLimit)
                               : part.replay);
        if (part.type == "point-to-point")
        {
            for (uint32_t a = 0; a < members.GetN(); ++a)
            {
                for (uint32_t b = a + 1; b < members.GetN(); ++b)
                {
                    network.AddPointToPoint(
                        members.Get(a), members.Get(b), DataRate(part.rateBps), part.delay);
                }
            }
        }
        else if (part.type == "ethernet")
        {
            network.AddSwitchedEthernet(members, DataRate(part.rateBps), part.delay);
        }
        else if (part.type == "csma")
        {
            network.AddCsma(members, DataRate(part.rateBps), part.delay);
        }
        else if (part.type == "lte")
        {
            LteOptions options;
            options.resourceBlocks = static_cast<uint8_t>(part.resourceBlocks);
            options.nominalGoodput = DataRate(part.goodputBps);
            options.nominalDelay = part.delay;
            network.AddLte(
                members, positions, part.server ? nodes.Get(*part.server) : nullptr, options);
        }
        else
        {
            WifiOptions options;
            options.standard = part.standard;
            options.dataMode = part.dataMode;
            options.rangeM = part.rangeM;
            options.nominalGoodput = DataRate(part.goodputBps);
            network.AddWifiAdhoc(members, positions, options);
        }
    }
    network.Install(nodes);
}

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

/// The trace of a kind of device in this run.
std::shared_ptr<const ComputeTrace>
TraceInRun(const ComputeTrace& trace, const std::string& traceError, size_t kind)
{
    if (traceError != "sample")
    {
        return {std::shared_ptr<void>(), &trace}; // the scenario outlives the run
    }
    const auto uniform = CreateObject<UniformRandomVariable>();
    uniform->SetStream(ERROR_STREAMS + static_cast<int64_t>(kind));
    return std::make_shared<const ComputeTrace>(SampleError(trace, uniform));
}

/// Devices, sources and workers of one system on a network; `traceError` as in Scenario.
void
InstallSystem(const Scenario& scenario,
              const SystemSpec& system,
              const NodeContainer& nodes,
              const NetworkHelper& network,
              const std::string& traceError,
              MdiHelper& mdi)
{
    std::map<std::pair<std::string, std::string>, uint16_t> profiles; // by trace file and mode
    for (uint32_t i = 0; i < scenario.devices.size(); ++i)
    {
        const auto& device = scenario.devices[i];
        const auto key = std::make_pair(device.traceFile, device.trace.mode);
        if (profiles.find(key) == profiles.end())
        {
            const size_t kind = profiles.size();
            profiles[key] = mdi.AddProfile(TraceInRun(device.trace, traceError, kind));
        }
        mdi.SetDeviceAttribute("Slots", UintegerValue(device.slots));
        mdi.SetDeviceAttribute("Distribution", StringValue(device.distribution));
        NodeContainer handsTo;
        for (const uint32_t other : device.handsTo)
        {
            handsTo.Add(nodes.Get(other));
        }
        mdi.SetHandsTo(handsTo);
        mdi.AddWorker(nodes.Get(i), profiles[key], device.name);
    }
    for (const auto& source : scenario.sources)
    {
        MdiHelper::SourceOptions options;
        options.name = source.name;
        options.priority = source.priority;
        options.accuracy = source.accuracy;
        options.items = source.items;
        options.inputOffset = source.inputOffset;
        options.generation = source.generation;
        options.inputs = source.inputs;
        options.start = source.start;
        options.admission = source.admission;
        options.times = source.times;
        mdi.AddSource(nodes.Get(source.device), source.loaded, options);
    }
    mdi.SetStaging(scenario.staging);
    mdi.Install(system, network);
}

/// \throws BadInput one line, if this build cannot simulate the scenario's networks.
void
CheckNetworks(const Scenario& scenario)
{
    for (size_t i = 0; i < scenario.networks.size(); ++i)
    {
        if (scenario.networks[i].type == "lte" && Fidelity(scenario) == NetworkHelper::PACKET &&
            !LteCell::IsAvailable())
        {
            throw BadInput(scenario.file + ": /networks/" + std::to_string(i) +
                           "/type: this ns-3 was built without its module lte; build it with lte, "
                           "or use --network=flow");
        }
    }
}

/// \throws BadInput one line, if the ranks of MPI cannot share the scenario.
void
CheckRanks(const Scenario& scenario)
{
    if (GetRanks() == 1)
    {
        return;
    }
    const std::string flag = "--ranks=" + std::to_string(GetRanks()) + ": ";
    const auto devices = static_cast<uint32_t>(scenario.devices.size());
    if (Fidelity(scenario) != NetworkHelper::PACKET)
    {
        throw BadInput(flag + "a flow network has no ranks; use --network=packet");
    }
    if (scenario.churn)
    {
        throw BadInput(scenario.file + ": /churn: " + flag +
                       "what fails is not shared by ranks; leave it out, or use one rank");
    }
    if (GetRanks() > devices)
    {
        throw BadInput(flag + "more ranks than devices; give at most " + std::to_string(devices));
    }
    for (size_t i = 0; i < scenario.networks.size(); ++i)
    {
        const auto& network = scenario.networks[i];
        const uint32_t first = RankOf(network.nodes.front(), devices);
        const bool apart =
            std::any_of(network.nodes.begin(), network.nodes.end(), [=](uint32_t node) {
                return RankOf(node, devices) != first;
            });
        if (apart && (network.type != "point-to-point" || !network.delay.IsStrictlyPositive()))
        {
            throw BadInput(scenario.file + ": /networks/" + std::to_string(i) + ": " + flag +
                           "its devices are on several ranks, which only point-to-point links with "
                           "a delay_s above 0 connect; use one rank, or order the devices so that "
                           "it lies within one");
        }
    }
}

/// \throws BadInput one line, if the ranks of MPI cannot share the scenario's tensors.
void
CheckRanks(const Scenario& scenario,
           const SystemSpec& system,
           const TensorEngine& engine,
           const std::vector<Plan>& plans)
{
    const bool strips =
        std::any_of(plans.begin(), plans.end(), [](const Plan& plan) { return plan.HasStrips(); });
    if (GetRanks() > 1 && engine.HasValues() && (system.codec || strips))
    {
        throw BadInput(scenario.file + ": /systems: system '" + system.name +
                       "': the values that a codec or strips of rows change are known on one rank "
                       "of MPI only; use --tensors=none, or one rank");
    }
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

/// Adds to a device's trace what its law says of layers that it does not know.
void
EstimateUnknown(Scenario::Device& device,
                const LayerGraph& graph,
                std::vector<Scenario::EstimatedLayers>& estimates)
{
    const uint32_t unknown = CountUnknownLayers(device.trace, graph);
    if (unknown == 0)
    {
        return;
    }
    device.trace = WithEstimates(device.trace, graph); // throws where there is no law
    const auto same = [&](const Scenario::EstimatedLayers& other) {
        return other.traceFile == device.traceFile && other.mode == device.trace.mode &&
               other.model == graph.Name();
    };
    if (std::none_of(estimates.begin(), estimates.end(), same))
    {
        estimates.push_back({device.traceFile,
                             device.trace.mode,
                             graph.Name(),
                             unknown,
                             graph.Size(),
                             *device.trace.law->provenance.errorBand});
    }
}

} // namespace

Ptr<TensorEngine>
LoadModels(Scenario& scenario, Ptr<TensorEngine> engine)
{
    LoadedModels loaded;
    return LoadModels(scenario, engine, loaded);
}

Ptr<TensorEngine>
LoadModels(Scenario& scenario, Ptr<TensorEngine> engine, LoadedModels& loaded)
{
    engine->SetAttributeFailSafe("Memo", BooleanValue(scenario.tensors != "execute"));
    const auto numbers = LoadModels(scenario.models, *engine, loaded);
    // What a run would stumble over is found before the first one.
    for (uint32_t i = 0; i < scenario.sources.size(); ++i)
    {
        auto& source = scenario.sources[i];
        source.loaded = numbers[source.model];
        const LayerGraph& graph = engine->Graph(source.loaded);
        if (source.generation)
        {
            try
            {
                engine->CheckGeneration(source.loaded, source.generation->promptTokens);
            }
            catch (const std::invalid_argument& error)
            {
                throw BadInput(scenario.file + ": /sources/" + std::to_string(i) +
                               "/generation: " + error.what());
            }
        }
        for (auto& device : scenario.devices)
        {
            try
            {
                EstimateUnknown(device, graph, scenario.estimates);
                const ServiceTable table(device.trace, graph);
                if (source.generation)
                {
                    table.CheckPasses(*source.generation);
                }
            }
            catch (const std::invalid_argument& error)
            {
                throw BadInput(device.traceFile + ": " + error.what());
            }
        }
    }
    return scenario.tensors == "none" ? engine->SizesOnly() : engine;
}

std::string
EstimateText(const Scenario::EstimatedLayers& estimate)
{
    std::ostringstream text;
    text << estimate.traceFile << ", mode " << estimate.mode << ", does not know ";
    if (estimate.layers < estimate.of)
    {
        text << estimate.layers << " of " << estimate.of << " layers of ";
    }
    text << "model '" << estimate.model << "': its law estimates "
         << (estimate.layers < estimate.of
                 ? "them"
                 : "all " + std::to_string(estimate.of) + (estimate.of == 1 ? " layer" : " layers"))
         << " (calibrated, error band ";
    if (estimate.errorBand < 1)
    {
        text << "+-" << estimate.errorBand * 100 << " %";
    }
    else
    {
        text << "a factor " << 1 + estimate.errorBand;
    }
    text << "); ./mdi profile on the device measures them";
    return text.str();
}

std::vector<std::optional<PlanForecast>>
CheckSystem(const Scenario& scenario, SystemSpec& system, Ptr<TensorEngine> engine)
{
    SimulatorScope scope;
    NodeContainer nodes;
    nodes.Create(static_cast<uint32_t>(scenario.devices.size()));
    NetworkHelper network(NetworkHelper::FLOW); // the ways are the same, and nobody sends
    BuildNetwork(scenario, nodes, {}, network);
    for (uint32_t i = 1; i < nodes.GetN(); ++i)
    {
        if (!network.Reachable(nodes.Get(0)->GetId(), nodes.Get(i)->GetId()))
        {
            throw BadInput(scenario.file + ": /networks: nothing connects device '" +
                           scenario.devices[i].name + "' with '" + scenario.devices[0].name +
                           "'; connect all devices (a Wi-Fi device must be in the range of "
                           "another)");
        }
    }
    MdiHelper mdi(engine);
    try
    {
        InstallSystem(scenario, system, nodes, network, "none", mdi); // traces as they are
    }
    catch (const MemoryShortage& error)
    {
        throw BadInput(scenario.file + ": /devices/" + std::to_string(error.worker) + ": device '" +
                       scenario.devices[error.worker].name + "' is too small: " + error.what());
    }
    catch (const std::invalid_argument& error)
    {
        throw BadInput(scenario.file + ": /systems: system '" + system.name + "': " + error.what());
    }
    std::vector<std::optional<PlanForecast>> forecasts;
    std::vector<Plan> plans;
    for (uint32_t source = 0; source < scenario.sources.size(); ++source)
    {
        plans.push_back(mdi.GetDeployment()->GetPlan(source));
        forecasts.push_back(plans.back().forecast);
    }
    CheckRanks(scenario, system, *engine, plans);
    if (scenario.traceError != "sample")
    {
        system.plans = plans; // the same in every run
    }
    for (uint32_t i = 0; i < nodes.GetN(); ++i)
    {
        for (const uint32_t other : scenario.devices[i].handsTo)
        {
            if (network.Path(nodes.Get(i)->GetId(), nodes.Get(other)->GetId()).hops > 1)
            {
                throw BadInput(scenario.file + ": /devices/" + std::to_string(i) +
                               "/offload_to: device '" + scenario.devices[other].name +
                               "' is no neighbour of '" + scenario.devices[i].name +
                               "'; name devices that are one hop away");
            }
        }
    }
    if (system.codec && !mdi.GetDeployment()->IsCoding() &&
        system.codec->Create<Codec>()->IsRequired())
    {
        throw BadInput(scenario.file + ": /systems: the codec of system '" + system.name +
                       "' changes no cut of any model; an autoencoder comes with the model, its "
                       "description names it");
    }
    return forecasts;
}

Forecasts
CheckSystems(Scenario& scenario, Ptr<TensorEngine> engine)
{
    CheckNetworks(scenario);
    CheckRanks(scenario);
    Forecasts forecasts;
    for (auto& system : scenario.systems)
    {
        forecasts.push_back(CheckSystem(scenario, system, engine));
    }
    return forecasts;
}

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
    NetworkHelper network(shared ? NetworkHelper::FLOW : Fidelity(scenario));
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
        replay.emplace(std::move(logs), recorder);
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

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-scenario-builder.h"

#include "mdi-churn-installer.h"
#include "mdi-lte.h"
#include "mdi-trace-error.h"

#include "ns3/node.h"
#include "ns3/random-variable-stream.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <map>
#include <memory>

namespace ns3
{
namespace mdi
{

namespace
{

/// Streams of the errors of compute traces start here, one per kind of device. A system changes
/// neither these streams nor how many numbers are drawn from them: all systems of a run meet the
/// same devices.
constexpr int64_t ERROR_STREAMS = 1000000000;

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

} // namespace

NetworkHelper::Fidelity
FidelityOf(const Scenario& scenario)
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

} // namespace mdi
} // namespace ns3

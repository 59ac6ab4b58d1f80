// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-scenario-check.h"

#include "mdi-helper.h"
#include "mdi-json-reader.h"
#include "mdi-lte.h"
#include "mdi-network-helper.h"
#include "mdi-ranks.h"
#include "mdi-scenario-builder.h"
#include "mdi-simulator-scope.h"

#include "ns3/node.h"

#include <algorithm>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

/// \throws BadInput one line, if this build cannot simulate the scenario's networks.
void
CheckNetworks(const Scenario& scenario)
{
    for (size_t i = 0; i < scenario.networks.size(); ++i)
    {
        if (scenario.networks[i].type == "lte" && FidelityOf(scenario) == NetworkHelper::PACKET &&
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
    if (FidelityOf(scenario) != NetworkHelper::PACKET)
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

} // namespace

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

} // namespace mdi
} // namespace ns3

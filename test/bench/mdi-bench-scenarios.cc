// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-bench-scenarios.h"

#include "mdi-test-network.h"

namespace ns3
{
namespace mdi
{
namespace bench
{

namespace
{

constexpr double SPEED = 1e11; // FLOP/s of a device

} // namespace

Generated
MakeDevices(const std::string& fidelity, uint32_t devices, const ChainSizes& sizes)
{
    Generated made;
    std::vector<uint64_t> cuts(sizes.layers, sizes.cutBytes);
    cuts.back() = sizes.resultBytes;
    const LayerGraph graph =
        ChainModel("chain",
                   std::vector<double>(sizes.layers, sizes.flop / sizes.layers),
                   cuts,
                   sizes.inputBytes);
    made.engine = CreateObject<TensorEngine>();
    made.engine->AddModel(graph);
    ComputeTrace trace = ConstantSpeed("device", {graph}, SPEED);
    trace.models[graph.Name()].spread = 0.1;
    Scenario& scenario = made.scenario;
    scenario.name = "generated";
    scenario.network = fidelity;
    scenario.tensors = "none";
    scenario.timeLimit = Seconds(1e6);
    for (uint32_t i = 0; i < devices; ++i)
    {
        Scenario::Device device;
        device.name = "d" + std::to_string(i);
        device.trace = trace;
        device.traceFile = "generated";
        device.distribution = "lognormal";
        scenario.devices.push_back(device);
    }
    return made;
}

void
AddSource(Scenario& scenario, uint32_t device, uint32_t items, double rateHz, float priority)
{
    Scenario::Source source;
    source.name = "s" + std::to_string(scenario.sources.size());
    source.device = device;
    source.items = items;
    source.priority = priority;
    source.start = Seconds(1);
    source.admission.SetTypeId("ns3::mdi::RandomAdmission");
    source.admission.Set(
        "Gap",
        StringValue("ns3::ExponentialRandomVariable[Mean=" + std::to_string(1 / rateHz) + "]"));
    scenario.sources.push_back(source);
}

void
AddWired(Scenario& scenario,
         const std::string& type,
         const std::vector<uint32_t>& devices,
         uint64_t rateBps,
         Time delay)
{
    Scenario::Network network;
    network.type = type;
    network.nodes = devices;
    network.rateBps = rateBps;
    network.delay = delay;
    scenario.networks.push_back(network);
}

Generated
MakeCells(uint32_t devices, uint32_t itemsPerSource)
{
    constexpr uint32_t CELL = 10;
    Generated made = MakeDevices("flow", devices, ChainSizes());
    for (uint32_t first = 0; first < devices; first += CELL)
    {
        std::vector<uint32_t> cell;
        for (uint32_t i = first; i < std::min(first + CELL, devices); ++i)
        {
            cell.push_back(i);
        }
        AddWired(made.scenario, "ethernet", cell, 1000000000, MicroSeconds(50));
        if (first > 0)
        {
            AddWired(made.scenario,
                     "point-to-point",
                     {first - CELL, first},
                     1000000000,
                     MicroSeconds(100));
        }
        AddSource(made.scenario, first, itemsPerSource, 70, 1);
    }
    return made;
}

void
CountingSink::OnItem(const ItemRecord& item)
{
    if (item.completed)
    {
        ended.completed++;
        ended.exact += item.outputError == 0.0 ? 1 : 0;
    }
    else
    {
        ended.lost++;
    }
}

} // namespace bench
} // namespace mdi
} // namespace ns3

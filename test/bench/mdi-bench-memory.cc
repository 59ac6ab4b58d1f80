// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Memory of many workers that run one model.

#include "mdi-bench-scenarios.h"
#include "mdi-bench.h"
#include "mdi-test-network.h"

#include "ns3/mdi-model-reader.h"
#include "ns3/mdi-torch-engine.h"
#include "ns3/uinteger.h"

#include <fstream>
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

/// Workers that all run a model, on one of four pictures each. \return peak and end [bytes]
std::vector<double>
MemoryOfWorkers(uint32_t workers, const std::string& name)
{
    const auto engine = CreateObject<TorchEngine>();
    engine->SetAttribute("StoreBytes", UintegerValue(64 << 20));
    const uint32_t model = engine->LoadModel(ReadModel(ZooModel(name)));
    const LayerGraph& graph = engine->Graph(model);
    NodeContainer nodes;
    nodes.Create(workers);
    MdiHelper mdi(engine);
    mdi.AddWorkers(nodes, ConstantSpeed("device", {graph}, 1e11));
    for (uint32_t i = 0; i < workers; ++i)
    {
        nodes.Get(i)->AggregateObject(
            CreateObject<IdealTransport>(i, DataRate("1Gb/s"), MicroSeconds(100)));
        MdiHelper::SourceOptions options;
        options.name = "s" + std::to_string(i);
        options.items = 1;
        options.inputOffset = i % 4;
        options.start = MilliSeconds(i);
        mdi.AddSource(nodes.Get(i), model, options);
    }
    SystemSpec system = MakePreset("local");
    system.partitioner.SetTypeId("ns3::mdi::EqualWorkPartitioner");
    mdi.Install(system, [](uint32_t, uint32_t) {
        return PathInfo{DataRate("1Gb/s"), MicroSeconds(100), 1};
    });
    mdi.AssignStreams(0);
    CountingSink sink;
    Recorder recorder(mdi, sink, false);
    Simulator::Run();
    recorder.Finish();
    const bool done = sink.ended.completed == workers && sink.ended.exact == workers;
    if (!done)
    {
        throw std::runtime_error("the workers did not finish");
    }
    double pages = 0;
    double resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return {PeakBytes(), resident * static_cast<double>(sysconf(_SC_PAGESIZE))};
}

Record
OneModelForAll()
{
    const std::string name = Smoke() ? "mobilenetv2" : "resnet50";
    const uint32_t many = Size(1000, 5);
    const auto one = InChild([&] { return MemoryOfWorkers(1, name); });
    const auto all = InChild([&] { return MemoryOfWorkers(many, name); });
    if (one.size() != 2 || all.size() != 2)
    {
        throw std::runtime_error("the workers did not finish");
    }
    Record record;
    record.what = "peak memory of " + std::to_string(many) + " workers that share " + name;
    record.reference = "one worker";
    record.ratio = all[0] / one[0];
    record.details = {{"one_peak_MB", one[0] / 1e6},
                      {"one_end_MB", one[1] / 1e6},
                      {"peak_difference_MB", (all[0] - one[0]) / 1e6},
                      {"end_difference_MB", (all[1] - one[1]) / 1e6}};
    return record;
}

} // namespace

void
AddMemory()
{
    Add("memory/workers_1000_against_1", OneModelForAll);
}

} // namespace bench
} // namespace mdi
} // namespace ns3

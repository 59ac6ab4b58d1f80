// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Flow mode against SimGrid: a pipeline of compute and transfers over a chain of hosts. SimGrid's
// side is a program of its own (mdi-bench-simgrid-pipeline.cc), which says what the pipeline is.

#include "mdi-bench-scenarios.h"
#include "mdi-bench.h"
#include "mdi-test-network.h"

#include "ns3/mdi-network-helper.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <stdexcept>

namespace ns3
{
namespace mdi
{
namespace bench
{

namespace
{

/// What a simulation of the pipeline took.
struct Pipelined
{
    double seconds = 0;   //!< of the processor, while it ran
    double simulated = 0; //!< from the first item to the end of the last [s]
};

/// How many hosts and items.
struct PipelineSize
{
    uint32_t hosts = 0;
    uint32_t items = 0;
};

/// Our side, in this process.
std::vector<double>
RunPipeline(const PipelineSize& size)
{
    const auto engine = CreateObject<TensorEngine>();
    std::vector<uint64_t> cuts(size.hosts, 100000);
    cuts.back() = 100; // the result, which SimGrid's pipeline does not have
    const LayerGraph model =
        ChainModel("chain", std::vector<double>(size.hosts, 1e7), cuts, 100000);
    engine->AddModel(model);
    NodeContainer nodes;
    nodes.Create(size.hosts);
    NetworkHelper network(NetworkHelper::FLOW);
    std::string stages;
    for (uint32_t i = 0; i < size.hosts; ++i)
    {
        const std::string number = std::to_string(i);
        stages += i == 0 ? "w0" : "; w" + number + " from l" + number;
        if (i > 0)
        {
            network.AddPointToPoint(
                nodes.Get(i - 1), nodes.Get(i), DataRate("1Gb/s"), MicroSeconds(100));
        }
    }
    // The result's way home is short.
    network.AddPointToPoint(
        nodes.Get(size.hosts - 1), nodes.Get(0), DataRate("1Gb/s"), MicroSeconds(100));
    network.Install(nodes);

    MdiHelper mdi(engine);
    mdi.SetDeviceAttribute("Distribution", StringValue("deterministic"));
    const uint16_t profile = mdi.AddProfile(ConstantSpeed("host", {model}, 1e9));
    for (uint32_t i = 0; i < size.hosts; ++i)
    {
        mdi.AddWorker(nodes.Get(i), profile, "w" + std::to_string(i));
    }
    MdiHelper::SourceOptions source;
    source.items = size.items;
    source.admission.SetTypeId("ns3::mdi::RandomAdmission");
    source.admission.Set("Gap", StringValue("ns3::ConstantRandomVariable[Constant=0.01]"));
    mdi.AddSource(nodes.Get(0), 0, source);
    SystemSpec system = MakePreset("local");
    system.partitioner.SetTypeId("ns3::mdi::FixedPartitioner");
    system.partitioner.Set("Stages", StringValue(stages));
    mdi.Install(system, network);
    mdi.AssignStreams(0);
    CountingSink sink;
    Recorder recorder(mdi, sink, false);
    const auto start = std::clock();
    Simulator::Run();
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    const double simulated = (Simulator::Now() - source.start).GetSeconds();
    recorder.Finish();
    if (sink.ended.completed != size.items)
    {
        throw std::runtime_error("not all items came through the pipeline");
    }
    Simulator::Destroy();
    return {seconds, simulated};
}

Pipelined
Ours(const PipelineSize& size)
{
    const auto numbers = InChild([size] { return RunPipeline(size); });
    if (numbers.size() != 2)
    {
        throw std::runtime_error("the pipeline did not finish");
    }
    return {numbers[0], numbers[1]};
}

/// SimGrid's. \param variant activities or actors
Pipelined
SimGrid(const PipelineSize& size, const std::string& variant)
{
    const std::string command = "'" MDI_BINARY_DIR "/mdi-bench-simgrid' " +
                                std::to_string(size.hosts) + " " + std::to_string(size.items) +
                                " " + variant +
                                " --cfg=contexts/factory:raw --cfg=network/crosstraffic:0"
                                " --log=root.thresh:error";
    FILE* output = popen(command.c_str(), "r");
    Pipelined took;
    const bool told = output && std::fscanf(output, "%lf %lf", &took.seconds, &took.simulated) == 2;
    if (!output || pclose(output) != 0 || !told)
    {
        throw std::runtime_error("mdi-bench-simgrid failed");
    }
    return took;
}

Record
PipelineAgainstSimGrid(const PipelineSize& size, double target)
{
    std::vector<double> actors;
    Pipelined ours;
    Pipelined reference;
    const Turns turns = InTurns(
        size.hosts < 1000 ? 3 : 2,
        [&] { return (ours = Ours(size)).seconds; },
        [&] {
            actors.push_back(SimGrid(size, "actors").seconds);
            return (reference = SimGrid(size, "activities")).seconds;
        },
        false);
    const double hops = static_cast<double>(size.hosts) * size.items;
    Record record;
    record.what = "items/s of a pipeline over " + std::to_string(size.hosts) + " hosts, flow";
    record.reference = "SimGrid, the faster of activities without actors and actors";
    record.ratio = std::min(Median(actors), Median(turns.reference)) / Median(turns.ours);
    record.spread = turns.Spread(true);
    record.goal = Goal::AT_LEAST;
    record.target = target;
    record.details = {{"items", static_cast<double>(size.items)},
                      {"ours_us_per_hop", Median(turns.ours) / hops * 1e6},
                      {"simgrid_activities_us_per_hop", Median(turns.reference) / hops * 1e6},
                      {"simgrid_actors_us_per_hop", Median(actors) / hops * 1e6},
                      {"ours_simulated_s", ours.simulated},
                      {"simgrid_simulated_s", reference.simulated}};
    return record;
}

} // namespace

void
AddSimGrid()
{
#ifdef MDI_SIMGRID
    struct Case
    {
        PipelineSize size;
        double target;
    };

    for (const Case& at : {Case{{5, 20000}, 2}, Case{{100, 2000}, 5}, Case{{1000, 1000}, 10}})
    {
        PipelineSize size = at.size;
        size.hosts = Size(size.hosts, size.hosts / 5 + 2);
        size.items = Size(size.items, 20u);
        Add("pipeline/" + std::to_string(at.size.hosts) + "_hosts_against_simgrid",
            [size, target = at.target] { return PipelineAgainstSimGrid(size, target); });
    }
#endif
}

} // namespace bench
} // namespace mdi
} // namespace ns3

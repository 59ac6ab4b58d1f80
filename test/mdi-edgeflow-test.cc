// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Row strips in the runtime: units with several inputs, on ideal links, against what planners say.

#include "mdi-row-graph.h"
#include "mdi-test-network.h"

#include "ns3/boolean.h"
#include "ns3/mdi-row-partitioner.h"
#include "ns3/mdi-row-units.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <stdexcept>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_row_test;

namespace
{

const std::vector<std::string> PLANNERS = {
    "exact", "linear", "equal", "proportional", "pipeline", "single"};

SystemSpec
EdgeFlow(const std::string& planner, bool guard = false)
{
    SystemSpec spec = MakePreset("edgeflow");
    spec.partitioner.Set("Planner", StringValue(planner));
    spec.partitioner.Set("Guard", BooleanValue(guard));
    return spec;
}

/// A run on random devices, of a network of their number.
IdealRun
RandomRun(std::mt19937& random, const LayerGraph& graph)
{
    IdealRun run;
    run.model = graph;
    run.speeds.clear();
    const auto devices = 2 + random() % 4;
    while (run.speeds.size() < devices)
    {
        run.speeds.push_back(1e9 * static_cast<double>(1 + random() % 10));
    }
    run.rate = DataRate(1000000 * (1 + random() % 100));
    run.delay = MicroSeconds(random() % 500);
    return run;
}

/// Keeps the plan of source 0.
void
KeepPlan(IdealRun& run, Plan& plan)
{
    run.prepare = [&plan](MdiHelper& mdi) { plan = mdi.GetDeployment()->GetPlan(0); };
}

/// Whether every device ran its units in the order in which they were planned.
bool
RanInOrder(const IdealRun& run)
{
    std::map<uint32_t, std::vector<std::pair<Time, uint16_t>>> ran;
    for (const Span& span : run.spans)
    {
        if (!span.transfer)
        {
            ran[span.from].emplace_back(span.begin, span.task.unit);
        }
    }
    return std::all_of(ran.begin(), ran.end(), [](auto& device) {
        auto& units = device.second;
        std::sort(units.begin(), units.end());
        return std::is_sorted(units.begin(), units.end(), [](const auto& a, const auto& b) {
            return a.second < b.second;
        });
    });
}

} // namespace

TEST(EdgeFlow, TakesAsLongAsPlannedOnPrivateLinks)
{
    // papers.md section 7.9, check 6.
    for (const std::string& planner : PLANNERS)
    {
        int equal = 0;
        int split = 0;
        constexpr int CASES = 60;
        for (unsigned seed = 0; seed < CASES; ++seed)
        {
            std::mt19937 random(seed);
            IdealRun run = RandomRun(random, RandomGraph(random, 1 + random() % 6, seed % 3 == 0));
            run.dispatch = MicroSeconds(random() % 300);
            run.least = MicroSeconds(random() % 2000);
            run.callOverhead = MicroSeconds(random() % 3 == 0 ? random() % 1000 : 0);
            run.system = EdgeFlow(planner);
            run.Periodic(static_cast<uint32_t>(random() % run.speeds.size()), 1, 1);
            Plan plan;
            KeepPlan(run, plan);
            run.Run();
            ASSERT_EQ(run.inFlight, 0u);
            const double planned = static_cast<double>(plan.forecast.value().latencyNs) * 1e-9;
            split += plan.HasStrips() ? 1 : 0;
            if (RanInOrder(run))
            {
                ++equal;
                EXPECT_NEAR(run.Latencies()[0], planned, 1e-6) << planner << ", seed " << seed;
            }
            uint64_t moved = 0;
            for (const Span& span : run.spans)
            {
                moved += span.transfer ? span.bytes : 0;
            }
            if (plan.HasStrips())
            {
                EXPECT_LE(moved, plan.forecast->bytesMoved) << planner << ", seed " << seed;
            }
        }
        EXPECT_GE(equal, CASES * 8 / 10) << planner;
        EXPECT_EQ(split == 0, planner == "single" || planner == "pipeline") << planner;
    }
}

TEST(EdgeFlow, EveryItemOfEverySourceCompletesWithEveryPlanner)
{
    for (unsigned seed = 0; seed < 10; ++seed)
    {
        for (const std::string& planner : PLANNERS)
        {
            std::mt19937 random(seed);
            IdealRun run = RandomRun(random, RandomGraph(random, 8, true));
            run.distribution = "exponential";
            run.system = EdgeFlow(planner);
            run.Periodic(0, 20, 0.01);
            run.Periodic(1, 20, 0.013, 5);
            run.Run();
            EXPECT_EQ(run.inFlight, 0u) << planner;
            for (const auto& items : run.items)
            {
                ASSERT_EQ(items.size(), 20u);
                for (const ItemRecord& item : items)
                {
                    EXPECT_TRUE(item.completed) << planner;
                    EXPECT_TRUE(item.lost.empty());
                }
            }
        }
    }
}

TEST(EdgeFlow, StripsRunSideBySide)
{
    // A convolution of 100 rows and 100 ms on two equal devices with a fast link: about half.
    Layer layer;
    layer.name = "conv";
    layer.inputs = {-1};
    layer.rows = {RowRule::Window(3, 1, 1)};
    layer.outputs = {TensorSpec{{1, 1, 100, 4}}};
    layer.flop = 1e8;
    IdealRun run;
    run.model = LayerGraph("conv", {TensorSpec{{1, 1, 100, 4}}}, {layer});
    run.speeds = {1e9, 1e9};
    run.rate = DataRate("10Gb/s");
    run.system = MakePreset("edgeflow");
    run.Periodic(0, 1, 1);
    run.Run();
    EXPECT_NEAR(run.Latencies()[0], 0.05, 0.001);
    EXPECT_EQ(run.items[0][0].hops, 2u); // there and back
}

TEST(EdgeFlow, AVeryLateCopyOfAnInputTakesNoMemory)
{
    // The worker remembers 16,384 tasks, and fires two per item. The other input of the copy's task
    // never comes again: kept, the copy would take memory for ever.
    constexpr uint32_t ITEMS = 8400;
    IdealRun run;
    Layer layer;
    layer.name = "conv";
    layer.inputs = {-1};
    layer.rows = {RowRule::Window(3, 1, 1)};
    layer.outputs = {TensorSpec{{1, 1, 100, 4}}};
    layer.flop = 1e8;
    run.model = LayerGraph("conv", {TensorSpec{{1, 1, 100, 4}}}, {layer});
    run.speeds = {1e9, 1e9};
    run.rate = DataRate("10Gb/s");
    run.system = MakePreset("edgeflow");
    run.Periodic(0, ITEMS, 0.06);
    Ptr<ComputeDevice> device;
    uint64_t before = 0;
    int copies = 0;
    Message kept;
    run.prepare = [&](MdiHelper& mdi) {
        const auto nodes = {mdi.GetWorkers()[0]->GetNode(), mdi.GetWorkers()[1]->GetNode()};
        device = (*nodes.begin())->GetObject<ComputeDevice>();
        before = device->MemoryInUse();
        const auto receiver = (*nodes.begin())->GetObject<Transport>();
        const auto sender = (*(nodes.begin() + 1))->GetObject<Transport>();
        const Plan plan = mdi.GetDeployment()->GetPlan(0);
        receiver->TraceConnectWithoutContext(
            "Rx",
            Callback<void, uint32_t, uint32_t, const Message&, uint64_t>(
                [&, sender, plan](uint32_t, uint32_t, const Message& message, uint64_t) {
                    const auto& item = message.task.item.item;
                    const bool gathers = message.type == MessageType::TENSOR &&
                                         plan.units[message.task.unit].inputs.size() > 1;
                    if (gathers && item == 0 && copies++ == 0)
                    {
                        kept = message;
                    }
                    else if (gathers && item == ITEMS - 10)
                    {
                        sender->Send(0, kept);
                    }
                }));
    };
    run.Run();
    EXPECT_EQ(copies, 2);
    EXPECT_EQ(run.inFlight, 0u);
    EXPECT_EQ(device->MemoryInUse(), before);
}

TEST(EdgeFlow, RowsThatNobodyNeedsAreNoResult)
{
    // The second layer reads rows 0 and 2 of the first one's four; each is a strip of its own.
    Layer first;
    first.name = "first";
    first.inputs = {-1};
    first.rows = {RowRule::Window(3, 1, 1)};
    first.outputs = {TensorSpec{{1, 1, 4, 4}}};
    first.flop = 4e7;
    Layer second = first;
    second.name = "second";
    second.inputs = {0};
    second.rows = {RowRule::Window(1, 2)};
    second.outputs = {TensorSpec{{1, 1, 2, 4}}};
    IdealRun run;
    run.model = LayerGraph("strided", {TensorSpec{{1, 1, 4, 4}}}, {first, second});
    run.speeds = {1e8, 1e9, 1e8, 1e9}; // those that nobody needs are done first
    run.system = EdgeFlow("equal");
    run.Periodic(0, 1, 1);
    Plan plan;
    KeepPlan(run, plan);
    run.Run();
    EXPECT_NEAR(run.Latencies()[0], plan.forecast->latencyNs * 1e-9, 1e-6);
    EXPECT_GT(run.Latencies()[0], 0.1); // a row of the first layer takes 0.1 s on device 0
}

TEST(EdgeFlow, TheQueueDisciplineOrdersStrips)
{
    std::mt19937 random(4);
    IdealRun fifo = RandomRun(random, RandomGraph(random, 6, true));
    fifo.speeds = {1e9, 1e9, 1e9};
    fifo.rate = DataRate("1Gb/s");
    fifo.system = EdgeFlow("equal");
    fifo.Periodic(0, 40, 0.05, 10);
    fifo.Periodic(1, 40, 0.05, 1);
    IdealRun urgent = fifo;
    urgent.system.queue = ObjectFactory("ns3::mdi::PriorityQueue");
    fifo.Run();
    urgent.Run();
    EXPECT_LT(urgent.MeanLatency(0), 0.8 * fifo.MeanLatency(0));
    EXPECT_GT(urgent.MeanLatency(1), fifo.MeanLatency(1));
}

TEST(EdgeFlow, WhatAnItemHeldIsFreeAgainAfterItWasLost)
{
    std::mt19937 random(7);
    IdealRun run = RandomRun(random, RandomGraph(random, 8, true));
    run.speeds = {1e9, 1e9, 1e9};
    run.rate = DataRate("1Mb/s");
    run.memoryBytes = 20000;
    run.system = EdgeFlow("equal");
    run.Periodic(0, 30, 0.02);
    std::vector<std::pair<uint64_t, uint64_t>> memory; // before and after
    run.prepare = [&memory, &run](MdiHelper& mdi) {
        for (const auto& worker : mdi.GetWorkers())
        {
            const auto device = worker->GetNode()->GetObject<ComputeDevice>();
            memory.emplace_back(device->MemoryInUse(), 0);
            const size_t index = memory.size() - 1;
            Simulator::Schedule(run.limit - Seconds(1), [device, &memory, index] {
                memory[index].second = device->MemoryInUse();
            });
        }
        // One more item long after: the simulation goes on until then.
    };
    MdiHelper::SourceOptions last = run.sources[0].second;
    last.name = "last";
    last.items = 1;
    last.start = run.limit - MilliSeconds(500);
    run.sources.emplace_back(0, last);
    run.Run();
    size_t lost = 0;
    for (const ItemRecord& item : run.items[0])
    {
        lost += item.lost.empty() ? 0 : 1;
        EXPECT_NE(item.completed.has_value(), !item.lost.empty());
    }
    EXPECT_GT(lost, 0u);
    EXPECT_LT(lost, 30u);
    EXPECT_TRUE(run.items[1][0].completed);
    for (const auto& [before, after] : memory)
    {
        EXPECT_EQ(before, after);
    }
}

TEST(EdgeFlow, CodecsShrinkStripsButNotInputsAndResults)
{
    std::mt19937 random(11);
    IdealRun plain = RandomRun(random, RandomGraph(random, 6, true));
    plain.system = EdgeFlow("equal");
    plain.Periodic(0, 2, 1);
    Plan plan;
    KeepPlan(plain, plan);
    IdealRun coded = plain;
    coded.system.codec = ObjectFactory("ns3::mdi::Float16Codec");
    plain.Run();
    coded.Run();
    const auto bytesTo = [](const IdealRun& run) {
        std::map<uint16_t, uint64_t> bytes; // by reader
        for (const Span& span : run.spans)
        {
            if (span.transfer)
            {
                bytes[span.task.unit] += span.bytes;
            }
        }
        return bytes;
    };
    const auto before = bytesTo(plain);
    const auto after = bytesTo(coded);
    size_t halved = 0;
    for (const auto& [unit, bytes] : before)
    {
        const ExecutionUnit& reader = plan.units[unit];
        const auto ofItem = [](const UnitInput& input) { return input.from == UnitInput::ITEM; };
        const size_t items = std::count_if(reader.inputs.begin(), reader.inputs.end(), ofItem);
        if (items > 0 && items < reader.inputs.size())
        {
            continue; // some of both
        }
        const bool asIs = items > 0 || reader.op.kind == UnitKind::GATHER;
        EXPECT_EQ(after.at(unit), asIs ? bytes : bytes / 2);
        halved += asIs ? 0 : 1;
    }
    EXPECT_GT(halved, 3u);
}

TEST(EdgeFlow, TheGuardKnowsThatASliceIsOneCall)
{
    std::mt19937 random(2);
    IdealRun run = RandomRun(random, RandomGraph(random, 12, false));
    run.speeds = {1e8, 1e10, 1e10};
    run.rate = DataRate("10Gb/s");
    run.callOverhead = MilliSeconds(20); // more than splitting a layer can save
    run.system = EdgeFlow("exact", true);
    run.Periodic(0, 1, 1);
    Plan plan;
    KeepPlan(run, plan);
    run.Run();
    ASSERT_EQ(plan.units.size(), 1u);
    EXPECT_TRUE(plan.forecast->guardUsed);
    EXPECT_NEAR(run.Latencies()[0], plan.forecast->latencyNs * 1e-9, 1e-6);
}

TEST(EdgeFlow, PlansForTheSourceAndTheFastestOfManyWorkers)
{
    std::mt19937 random(6);
    IdealRun run = RandomRun(random, RandomGraph(random, 4, true));
    run.speeds.assign(70, 1e9);
    run.speeds[50] = 5e9;
    run.rate = DataRate("10Gb/s");
    run.system = EdgeFlow("equal");
    run.system.partitioner.Set("MaxWorkers", UintegerValue(3));
    run.Periodic(69, 1, 1);
    Plan plan;
    KeepPlan(run, plan);
    run.Run();
    EXPECT_TRUE(run.items[0][0].completed);
    std::set<int32_t> nodes;
    for (const ExecutionUnit& unit : plan.units)
    {
        nodes.insert(unit.node);
    }
    EXPECT_EQ(nodes, (std::set<int32_t>{0, 50, 69}));
}

TEST(EdgeFlow, PlansOfSeveralSourcesShareTheMemory)
{
    // Two models; a device has room for one, and both would rather run on the fast one.
    const auto model = [](const std::string& name) {
        Layer layer;
        layer.name = name;
        layer.inputs = {-1};
        layer.outputs = {TensorSpec{{1, 10}}};
        layer.flop = 1e9;
        layer.weightBytes = 1000000;
        return LayerGraph(name, {TensorSpec{{1, 10}}}, {layer});
    };
    const auto engine = CreateObject<TensorEngine>();
    const std::vector<LayerGraph> models = {model("a"), model("b")};
    Deployment deployment(engine);
    for (const LayerGraph& graph : models)
    {
        engine->AddModel(graph);
    }
    for (uint32_t node = 0; node < 2; ++node)
    {
        ComputeTrace trace = ConstantSpeed("d", models, node == 0 ? 1e10 : 1e9);
        trace.memoryBytes = 1500000;
        deployment.AddWorker({node, deployment.AddProfile(trace)});
    }
    deployment.SetPathFunction([](uint32_t, uint32_t) {
        return PathInfo{DataRate("1Gb/s"), MicroSeconds(10), 1};
    });
    const auto partitioner = CreateObject<RowPartitioner>();
    for (uint32_t source = 0; source < 2; ++source)
    {
        deployment.AddSource({"s", 1, source});
    }
    for (uint32_t source = 0; source < 2; ++source)
    {
        deployment.SetPlan(source, partitioner->MakePlan(deployment, source));
        EXPECT_EQ(deployment.GetPlan(source).units.front().node, int32_t(source));
    }
}

TEST(EdgeFlow, APipelineThatReallocatesIsRefused)
{
    std::mt19937 random(1);
    IdealRun run = RandomRun(random, RandomGraph(random, 5, false));
    run.system = EdgeFlow("equal");
    run.system.pipeline.emplace("ns3::mdi::Pipeline");
    run.Periodic(0, 1, 1);
    EXPECT_THROW(run.Run(), std::invalid_argument);
    Simulator::Destroy();
}

TEST(EdgeFlow, UnknownPlannersAreRefused)
{
    const auto partitioner = CreateObject<RowPartitioner>();
    EXPECT_THROW(partitioner->SetAttribute("Planner", StringValue("best")), std::invalid_argument);
}

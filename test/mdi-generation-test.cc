// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Items that generate, token by token, and the cost of staging messages, against arithmetic.

#include "mdi-test-network.h"

#include "ns3/mdi-compute-device.h"
#include "ns3/mdi-layer-graph-json.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

constexpr uint32_t TOKENS = 8;    // for which the layers' times hold
constexpr double TOKEN_MS = 1;    // of a pass, per layer and token
constexpr double CACHED_MS = 0.5; // of a pass over one token, per layer

/// An embedding, blocks and a head; 100 bytes of each token between two layers.
LayerGraph
Language(uint32_t layers, uint64_t cacheBytes = 0)
{
    const TensorSpec tokens{{1, TOKENS}, Dtype::INT32, 2};
    const TensorSpec hidden{{1, TOKENS, 100}, Dtype::UINT8, 2};
    std::vector<Layer> made;
    for (uint32_t i = 0; i < layers; ++i)
    {
        Layer layer;
        layer.name = "l" + std::to_string(i);
        layer.op = "test";
        layer.block = layer.name;
        layer.inputs = {static_cast<int32_t>(i) - 1};
        layer.outputs = {i + 1 < layers ? hidden : TensorSpec{{1, 1, 1000}, Dtype::UINT8}};
        layer.flop = 1e9;
        layer.cacheBytes = cacheBytes;
        made.push_back(layer);
    }
    LayerGraph graph("m", {tokens}, made);
    graph.SetTokens(TOKENS);
    return graph;
}

/// A run with workers of one kind, whose passes take time in proportion to their tokens.
IdealRun
LanguageRun(uint32_t workers, uint32_t layers, const Generation& generation, uint32_t items)
{
    IdealRun run;
    run.model = Language(layers);
    run.speeds.assign(workers, 1e9 / (TOKENS * TOKEN_MS * 1e-3));
    run.rate = DataRate("8Mb/s"); // a byte takes a microsecond
    run.delay = MicroSeconds(100);
    run.adjust = [](ComputeTrace& trace) {
        ModelProfile& profile = trace.models.at("m");
        PassTimes passes;
        passes.tokens = TOKENS;
        passes.whole.points = {{1, 1.0 / TOKENS}, {1000, 1000.0 / TOKENS}};
        passes.cached.points = {{1, 1.0}, {1000, 1.0}};
        profile.passes = passes;
        for (auto& [name, layer] : profile.layers)
        {
            layer.cached = MicroSeconds(static_cast<int64_t>(CACHED_MS * 1e3));
        }
    };
    run.Periodic(0, items, 10);
    run.sources[0].second.generation = generation;
    return run;
}

SystemSpec
Fixed(const std::string& stages)
{
    SystemSpec system = MakePreset("local");
    system.partitioner.SetTypeId("ns3::mdi::FixedPartitioner");
    system.partitioner.Set("Stages", StringValue(stages));
    return system;
}

void
KeepFull(IdealRun& run, uint32_t window)
{
    run.system.admission.emplace("ns3::mdi::ClosedLoopAdmission");
    run.system.admission->Set("Window", UintegerValue(window));
}

} // namespace

TEST(Generation, PassesGrowByATokenUnlessACacheHoldsTheOthers)
{
    const Generation without{10, 5, false};
    EXPECT_EQ(PassOf(without, 0).tokens, 10U);
    EXPECT_EQ(PassOf(without, 3).tokens, 13U);
    EXPECT_FALSE(PassOf(without, 3).cached);
    const Generation with{10, 5, true};
    EXPECT_EQ(PassOf(with, 0).tokens, 10U);
    EXPECT_FALSE(PassOf(with, 0).cached);
    EXPECT_EQ(PassOf(with, 3).tokens, 1U);
    EXPECT_EQ(PassOf(with, 3).context, 13U);
}

TEST(Generation, FactorsLieOnLinesOrOnStairs)
{
    PassCurve curve;
    curve.points = {{10, 1.0}, {20, 3.0}};
    EXPECT_DOUBLE_EQ(curve.At(5), 1.0);
    EXPECT_DOUBLE_EQ(curve.At(10), 1.0);
    EXPECT_DOUBLE_EQ(curve.At(15), 2.0);
    EXPECT_DOUBLE_EQ(curve.At(20), 3.0);
    EXPECT_THROW(curve.At(21), std::out_of_range);
    curve.staircase = true;
    EXPECT_DOUBLE_EQ(curve.At(10), 1.0);
    EXPECT_DOUBLE_EQ(curve.At(11), 3.0);
}

TEST(Generation, AGraphSaysWhichSizesCountTokens)
{
    const LayerGraph graph = Language(3, 64);
    const LayerGraph read = LayerGraphFromJson(LayerGraphToJson(graph), "text");
    EXPECT_EQ(read.Tokens(), TOKENS);
    EXPECT_EQ(read.CacheBytes(0, 2), 128U);
    const auto longer = WithTokens(read.CutTensors(1), 20);
    ASSERT_EQ(longer.size(), 1U);
    EXPECT_EQ(longer[0].shape, (std::vector<int64_t>{1, 20, 100}));
    EXPECT_EQ(WithTokens(read.CutTensors(3), 20)[0].shape, (std::vector<int64_t>{1, 1, 1000}));
    EXPECT_THROW(LayerGraphFromJson(R"({"format": "mdi-layer-graph", "version": 1, "name": "x",
        "inputs": [{"shape": [1, "tokens"], "dtype": "int32"}],
        "layers": [{"name": "a", "inputs": [-1], "outputs": [{"shape": [1], "dtype": "int32"}]}]})",
                                    "text"),
                 std::runtime_error); // without "tokens" there is no such size
}

TEST(Generation, WithoutCacheEachPassRunsOverAllTokensSoFar)
{
    constexpr uint32_t LAYERS = 4;
    constexpr uint32_t NEW = 5;
    IdealRun run = LanguageRun(1, LAYERS, {TOKENS, NEW, false}, 1);
    run.Run();
    double latency = 0;
    for (uint32_t pass = 0; pass < NEW; ++pass)
    {
        latency += LAYERS * (TOKENS + pass) * TOKEN_MS * 1e-3;
    }
    EXPECT_NEAR(run.MeanLatency(), latency, 1e-6);
    const ItemRecord& item = run.items[0][0];
    EXPECT_EQ(item.tokens, NEW);
    EXPECT_NEAR(
        (*item.firstToken - item.admitted).GetSeconds(), LAYERS * TOKENS * TOKEN_MS * 1e-3, 1e-6);
}

TEST(Generation, WithACacheOneTokenMovesAndRuns)
{
    constexpr uint32_t LAYERS = 4;
    constexpr uint32_t NEW = 6;
    IdealRun run = LanguageRun(2, LAYERS, {TOKENS, NEW, true}, 1);
    run.system = Fixed("w0; w1 from l3");
    run.Run();
    // 100 bytes of each token to w1, a token of 4 bytes back; 1 us per byte and 100 us each way.
    const double prefill = LAYERS * TOKENS * TOKEN_MS * 1e-3 + TOKENS * 100e-6 + 4e-6 + 200e-6;
    const double next = LAYERS * CACHED_MS * 1e-3 + 100e-6 + 4e-6 + 200e-6;
    const ItemRecord& item = run.items[0][0];
    EXPECT_NEAR((*item.firstToken - item.admitted).GetSeconds(), prefill, 1e-6);
    EXPECT_NEAR(run.MeanLatency(), prefill + (NEW - 1) * next, 1e-6);
    EXPECT_EQ(item.bytesOnWire, TOKENS * 100 + (NEW - 1) * 100 + NEW * 4);
}

TEST(Generation, ARingIsAsFastAsItsCycle)
{
    // papers.md section 8: cycle = max(sum of stages and transfers, samples x slowest stage).
    for (const uint32_t samples : {1U, 2U, 3U, 6U})
    {
        constexpr uint32_t NEW = 900; // so that the prefills at the start do not count
        IdealRun run = LanguageRun(3, 4, {TOKENS, NEW, true}, samples);
        run.system = Fixed("w0; w1 from l1; w2 from l2; w0 from l3");
        KeepFull(run, samples);
        run.Run();
        const double token = 1e-3 * CACHED_MS;
        const double transfers = 3 * (100e-6 + 100e-6); // to w1, w2, w0; w0 has the head
        const double cycle = std::max(4 * token + transfers, samples * 2 * token);
        double last = 0;
        for (const ItemRecord& item : run.items[0])
        {
            ASSERT_TRUE(item.completed);
            last = std::max(last, (*item.completed - *item.firstToken).GetSeconds());
        }
        EXPECT_NEAR(last / (NEW - 1), cycle, 0.02 * cycle) << samples;
    }
}

TEST(Generation, KeysAndValuesTakeMemoryUntilTheLastToken)
{
    constexpr uint64_t CACHE = 1000;
    IdealRun run = LanguageRun(2, 2, {TOKENS, 4, true}, 1);
    run.model = Language(2, CACHE);
    run.system = Fixed("w0; w1 from l1");
    std::vector<Ptr<ComputeDevice>> devices;
    run.prepare = [&devices](MdiHelper& mdi) {
        for (const auto& worker : mdi.GetWorkers())
        {
            devices.push_back(worker->GetNode()->GetObject<ComputeDevice>());
        }
    };
    run.Run();
    ASSERT_TRUE(run.items[0][0].completed);
    for (const auto& device : devices)
    {
        EXPECT_EQ(device->MemoryInUse(), 0U);
        EXPECT_GE(device->MemoryPeak(), CACHE * (TOKENS + 4));
    }
    IdealRun small = LanguageRun(2, 2, {TOKENS, 4, true}, 1);
    small.model = Language(2, CACHE);
    small.system = Fixed("w0; w1 from l1");
    small.memoryBytes = CACHE * (TOKENS + 4) - 1;
    small.Run();
    EXPECT_EQ(small.items[0][0].lost, "no memory for its keys and values");
}

TEST(Generation, EverySystemCompletesEveryItemWithAllItsTokens)
{
    for (const bool cache : {false, true})
    {
        for (const std::string& name : PresetNames())
        {
            IdealRun run = LanguageRun(3, 6, {TOKENS, 4, cache}, 10);
            run.sources.clear();
            run.Periodic(0, 10, 0.1, 10);
            run.Periodic(2, 10, 0.1, 1);
            for (auto& [node, options] : run.sources)
            {
                options.generation = Generation{TOKENS, 4, cache};
            }
            run.system = MakePreset(name);
            run.Run();
            EXPECT_EQ(run.inFlight, 0U) << name;
            for (const auto& items : run.items)
            {
                for (const ItemRecord& item : items)
                {
                    EXPECT_TRUE(item.completed) << name << item.lost;
                    EXPECT_EQ(item.tokens, 4U) << name;
                }
            }
        }
    }
}

TEST(Generation, WithACacheEachUnitStaysWhereItRanFirst)
{
    for (const std::string name : {"ddi", "ms-mdi", "pa-mdi", "mdi-exit"})
    {
        IdealRun run = LanguageRun(3, 6, {TOKENS, 6, true}, 12);
        run.sources.clear();
        run.Periodic(0, 12, 0.02);
        run.sources[0].second.generation = Generation{TOKENS, 6, true};
        run.system = MakePreset(name);
        run.Run();
        std::map<std::pair<ItemId, uint16_t>, std::set<uint32_t>> places;
        std::set<uint32_t> used;
        for (const Span& span : run.spans)
        {
            if (!span.transfer)
            {
                places[{span.task.item, span.task.unit}].insert(span.from);
                used.insert(span.from);
            }
        }
        EXPECT_GT(used.size(), 1U) << name; // or the test would show nothing
        for (const auto& [unit, nodes] : places)
        {
            EXPECT_EQ(nodes.size(), 1U) << name << " item " << unit.first.item;
        }
    }
}

TEST(Generation, ATraceWithoutTimesOfPassesIsRefused)
{
    IdealRun run = LanguageRun(1, 2, {TOKENS, 4, true}, 1);
    run.adjust = nullptr;
    EXPECT_THROW(run.Run(), std::invalid_argument);
    Simulator::Destroy();
    IdealRun tooLong = LanguageRun(1, 2, {TOKENS, 993, true}, 1); // the last has 1000 tokens
    tooLong.sources[0].second.generation->newTokens = 994;
    EXPECT_THROW(tooLong.Run(), std::invalid_argument);
    Simulator::Destroy();
}

TEST(FixedPartitioner, SaysWhatIsWrongWithItsStages)
{
    for (const std::string stages : {"",
                                     "w9",
                                     "w0; w1",
                                     "w0; w1 from l9",
                                     "w0 from l1",
                                     "w0; w1 from l2; w2 from l1",
                                     "w0; w1 from "})
    {
        IdealRun run;
        run.Periodic(0, 1, 1);
        run.system = Fixed(stages);
        EXPECT_THROW(run.Run(), std::invalid_argument) << stages;
        Simulator::Destroy();
    }
}

TEST(Staging, TakesItsTimeForEachMessage)
{
    const auto latency = [](Deployment::Staging staging) {
        IdealRun run;
        run.rate = DataRate("8Mb/s");
        run.system = Fixed("w0; w1 from l2; w2 from l3");
        run.staging = staging;
        run.adjust = [](ComputeTrace& trace) {
            trace.staging = StagingCost{{}, MilliSeconds(2), 1e-6};
        };
        run.Periodic(0, 1, 1);
        run.Run();
        return run.MeanLatency();
    };
    // Two tensors of 1000 bytes and a result of 10.
    const double none = latency(Deployment::Staging::NONE);
    EXPECT_NEAR(latency(Deployment::Staging::PROCESSOR) - none, 3 * 2e-3 + 2010 * 1e-6, 1e-6);
    EXPECT_NEAR(latency(Deployment::Staging::BESIDE) - none, 3 * 2e-3 + 2010 * 1e-6, 1e-6);
}

TEST(Staging, KeepsTheProcessorFromOtherWorkUnlessItIsBeside)
{
    // A device that sends as long as it computes has half its throughput, if it does both itself.
    const auto makespan = [](Deployment::Staging staging) {
        IdealRun run;
        run.model = ChainModel("m", {1e9, 0}, {1000, 10}, 1000);
        run.system = Fixed("w0; w1 from l1");
        run.staging = staging;
        run.adjust = [](ComputeTrace& trace) {
            trace.staging = StagingCost{{}, MilliSeconds(10), 0};
        };
        run.Periodic(0, 100, 1e-6);
        run.Run();
        Time last;
        for (const ItemRecord& item : run.items[0])
        {
            last = Max(last, *item.completed - run.items[0][0].admitted);
        }
        return last.GetSeconds();
    };
    EXPECT_NEAR(makespan(Deployment::Staging::NONE), 1.0, 0.01);
    EXPECT_NEAR(makespan(Deployment::Staging::PROCESSOR), 2.0, 0.03);
    EXPECT_NEAR(makespan(Deployment::Staging::BESIDE), 1.0, 0.03);
}

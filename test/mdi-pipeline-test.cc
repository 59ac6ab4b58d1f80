// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// AR-MDI: allocation, adaptation and resilience (papers.md section 3).

#include "mdi-test-network.h"

#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/mdi-network-helper.h"
#include "ns3/mdi-partitioner.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

IdealRun
Pipelined(uint32_t layers, const std::vector<double>& speeds)
{
    IdealRun run;
    std::vector<uint64_t> bytes(layers, 1000);
    bytes.back() = 10;
    run.model = ChainModel("m", std::vector<double>(layers, 1e9), bytes, 1000);
    run.speeds = speeds;
    run.system = MakePreset("ar-mdi");
    run.system.pipeline->Set("HeartbeatInterval", TimeValue(MilliSeconds(100)));
    return run;
}

/// Work that each worker did for an item: number of layers, by the item's spans.
std::map<uint32_t, double>
BusyOf(const IdealRun& run, uint32_t item)
{
    std::map<uint32_t, double> busy;
    for (const auto& span : run.spans)
    {
        if (!span.transfer && span.task.item.item == item)
        {
            busy[span.from] += (span.end - span.begin).GetSeconds();
        }
    }
    return busy;
}

void
ExpectAllComplete(const IdealRun& run)
{
    for (const auto& items : run.items)
    {
        for (const auto& item : items)
        {
            EXPECT_TRUE(item.completed) << "source " << item.id.source << " item " << item.id.item;
        }
    }
    EXPECT_EQ(run.inFlight, 0U);
}

/// 200 items of each source over five workers on a switch, of which some fail at one time: how many
/// items have no end, and the workers of the last item of each source.
std::pair<uint64_t, std::vector<std::set<uint32_t>>>
FailTogether(NetworkHelper::Fidelity fidelity,
             const std::vector<uint32_t>& sources,
             const std::set<uint32_t>& victims,
             double when)
{
    IdealRun run = Pipelined(10, {});
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(1);
    NodeContainer nodes;
    nodes.Create(5);
    NetworkHelper network(fidelity);
    network.AddSwitchedEthernet(nodes, DataRate("100Mb/s"), MicroSeconds(100));
    network.Install(nodes);
    const auto engine = CreateObject<TensorEngine>();
    engine->AddModel(run.model);
    MdiHelper mdi(engine);
    mdi.AddWorkers(nodes, ConstantSpeed("d", {run.model}, 1e11));
    for (const uint32_t node : sources)
    {
        run.Periodic(node, 200, 0.02);
        mdi.AddSource(nodes.Get(node), 0, run.sources.back().second);
    }
    mdi.Install(run.system, network);
    mdi.AssignStreams(0);
    network.AssignStreams(1000000);
    Simulator::Schedule(Seconds(when), [&] {
        for (const uint32_t victim : victims)
        {
            mdi.GetWorkers()[victim]->Fail();
        }
    });
    RunCollector all;
    Recorder recorder(mdi, all, true);
    Simulator::Stop(Seconds(60));
    Simulator::Run();
    recorder.Finish();
    const uint64_t unfinished = recorder.Unfinished();
    Simulator::Destroy();
    std::vector<std::set<uint32_t>> workers(sources.size());
    for (const auto& span : all.spans)
    {
        if (!span.transfer && span.task.item.item == 199)
        {
            workers[span.task.item.source].insert(span.from);
        }
    }
    return {unfinished, workers};
}

} // namespace

TEST(Pipeline, SharesFollowTheSpeedsOfTheDevices)
{
    IdealRun run = Pipelined(8, {1e11, 1e11, 2e11});
    run.Periodic(0, 1, 0.1);
    run.Run();
    const auto busy = BusyOf(run, 0);
    EXPECT_NEAR(busy.at(0), 0.02, 1e-9); // 2 of 8 layers
    EXPECT_NEAR(busy.at(1), 0.02, 1e-9);
    EXPECT_NEAR(busy.at(2), 0.02, 1e-9); // 4 of 8 layers at twice the speed
}

TEST(Pipeline, DpAllocationIsNeverSlowerThanProportional)
{
    auto period = [](const std::string& allocation) {
        IdealRun run;
        run.model = ChainModel("m", {1e9, 5e8, 3e9, 1e9}, {90000, 2000, 60000, 10}, 50000);
        run.rate = DataRate("20Mb/s");
        run.system = MakePreset("ar-mdi");
        run.system.partitioner.Set("Allocation", StringValue(allocation));
        run.system.pipeline->Set("Adapt", BooleanValue(false));
        run.Periodic(0, 40, 0.001);
        run.Run();
        return *run.items[0][39].completed - *run.items[0][38].completed;
    };
    EXPECT_LE(period("dp"), period("proportional"));
}

TEST(Pipeline, ASlowedWorkerGetsFewerLayers)
{
    IdealRun run = Pipelined(12, {1e11, 1e11, 1e11});
    run.Periodic(0, 300, 0.1);
    run.prepare = [](MdiHelper& mdi) {
        const auto device = mdi.GetWorkers()[1]->GetNode()->GetObject<ComputeDevice>();
        Simulator::Schedule(Seconds(4),
                            [device] { device->SetAttribute("SpeedFactor", DoubleValue(0.25)); });
    };
    run.Run();
    ExpectAllComplete(run);
    auto layersOf = [&run](uint32_t item, uint32_t node, double speed) {
        return BusyOf(run, item).at(node) * speed / 1e9;
    };
    EXPECT_NEAR(layersOf(10, 1, 1e11), 4, 1e-6); // a third of 12
    EXPECT_LT(layersOf(290, 1, 0.25e11), 2.5);   // 12 * 0.25 / 2.25 = 1.3
    EXPECT_GT(layersOf(290, 0, 1e11), 4.5);
    EXPECT_LT(run.Latencies()[290], run.Latencies()[35]); // better than just after the slow-down
}

TEST(Pipeline, EqualSpeedsAreLeftAlone)
{
    IdealRun run = Pipelined(12, {1e11, 1e11, 1e11});
    run.Periodic(0, 100, 0.05);
    int allocations = 0;
    run.prepare = [&](MdiHelper& mdi) {
        mdi.GetWorkers()[0]->GetPipeline()->TraceConnectWithoutContext(
            "Allocation",
            Callback<void, uint32_t, uint16_t, uint32_t, uint32_t>(
                [&](uint32_t, uint16_t, uint32_t, uint32_t) { ++allocations; }));
    };
    run.Run();
    EXPECT_EQ(allocations, 0);
}

TEST(Pipeline, CutsAnewOnlyWhereThePartitionerMayCut)
{
    // 12 layers in 2 blocks on 3 equal workers: with AnyLayer there is nothing to improve, and a
    // slow worker's share is cut between layers, too.
    for (const bool slow : {false, true})
    {
        IdealRun run = Pipelined(12, {1e11, 1e11, 1e11});
        std::vector<Layer> layers = run.model.Layers();
        for (size_t i = 0; i < layers.size(); ++i)
        {
            layers[i].block = i < 6 ? "a" : "b";
        }
        run.model = LayerGraph("m", run.model.Inputs(), layers);
        run.system.partitioner.Set("AnyLayer", BooleanValue(true));
        run.Periodic(0, 200, 0.05);
        std::set<uint32_t> ends;
        run.prepare = [&](MdiHelper& mdi) {
            for (const auto& worker : mdi.GetWorkers())
            {
                worker->GetPipeline()->TraceConnectWithoutContext(
                    "Allocation",
                    Callback<void, uint32_t, uint16_t, uint32_t, uint32_t>(
                        [&](uint32_t, uint16_t, uint32_t, uint32_t end) { ends.insert(end); }));
            }
            const auto device = mdi.GetWorkers()[1]->GetNode()->GetObject<ComputeDevice>();
            device->SetAttribute("SpeedFactor", DoubleValue(slow ? 0.4 : 1));
        };
        run.Run();
        ExpectAllComplete(run);
        EXPECT_EQ(ends.empty(), !slow);
        EXPECT_EQ(std::any_of(ends.begin(), ends.end(), [](uint32_t e) { return e % 6 != 0; }),
                  slow);
    }
}

TEST(Pipeline, KillingAnyWorkerButTheSourceLosesNoItem)
{
    for (uint32_t victim : {1, 2, 3})
    {
        for (double when : {1.003, 1.5, 1.731})
        {
            IdealRun run = Pipelined(8, {1e11, 1e11, 1e11, 1e11});
            run.Periodic(0, 100, 0.02);
            run.prepare = [&](MdiHelper& mdi) {
                const auto worker = mdi.GetWorkers()[victim];
                Simulator::Schedule(Seconds(when), [worker] { worker->Fail(); });
            };
            run.limit = Seconds(60);
            run.Run();
            ASSERT_EQ(run.items[0].size(), 100U);
            SCOPED_TRACE("victim " + std::to_string(victim) + " at " + std::to_string(when));
            ExpectAllComplete(run);
            EXPECT_EQ(BusyOf(run, 99).count(victim), 0U); // a new allocation went round
        }
    }
}

TEST(Pipeline, WorkersThatFailTogetherLoseNoItem)
{
    // The token that leaves out the first to be missed goes to the next, which is dead as well.
    using Case = std::pair<std::vector<uint32_t>, std::set<uint32_t>>; // sources, victims
    const std::vector<Case> cases{{{0}, {1, 2}},
                                  {{0}, {2, 3}},
                                  {{0}, {1, 3}},
                                  {{0}, {3, 4}},
                                  {{0}, {1, 2, 3}},
                                  {{0}, {1, 2, 3, 4}},
                                  {{0, 3}, {1, 2}},
                                  {{0, 4}, {2, 3}}};
    for (const auto fidelity : {NetworkHelper::FLOW, NetworkHelper::PACKET})
    {
        for (const auto& [sources, victims] : cases)
        {
            for (const double when : {1.003, 1.51})
            {
                const auto [unfinished, workers] = FailTogether(fidelity, sources, victims, when);
                std::string text = fidelity == NetworkHelper::FLOW ? "flow, " : "packet, ";
                for (const uint32_t victim : victims)
                {
                    text += std::to_string(victim) + " ";
                }
                // What a worker has is kept by the one before it alone. At 1.003 s, no victim has
                // anything that another keeps; at 1.51 s, each has an item, and perhaps the next.
                uint64_t unkept = 0;
                for (const uint32_t victim : victims)
                {
                    unkept += when > 1.4 ? 2 * victims.count(victim - 1) : 0;
                }
                EXPECT_LE(unfinished, unkept) << text << "at " << when;
                for (const auto& of : workers)
                {
                    EXPECT_FALSE(of.empty());
                    EXPECT_TRUE(std::none_of(of.begin(), of.end(), [&v = victims](uint32_t w) {
                        return v.count(w) > 0;
                    })) << text;
                }
            }
        }
    }
}

TEST(Pipeline, NothingIsKeptOfItemsThatHaveEnded)
{
    // Whoever hands a tensor on keeps it until DONE: also where the receiver stands in for its dead
    // successor, and where an item is lost.
    for (const bool lost : {false, true})
    {
        IdealRun run = Pipelined(8, {1e11, 1e11, 1e11});
        run.Periodic(0, 100, 0.02);
        run.system.pipeline->Set("Adapt", BooleanValue(!lost));
        int number = 0;
        run.adjust = [&](ComputeTrace& trace) {
            trace.memoryBytes = number++ == 1 && lost ? 3000 : 0;
        };
        std::set<TaskId> handedOn;
        int all = 0;
        run.prepare = [&](MdiHelper& mdi) {
            mdi.GetWorkers()[0]->TraceConnectWithoutContext(
                "HandOver", Callback<void, const Task&, uint32_t>([&](const Task& task, uint32_t) {
                    ++all;
                    handedOn.insert(task.id);
                }));
            mdi.GetWorkers()[1]->GetNode()->GetObject<Transport>()->TraceConnectWithoutContext(
                "Tx",
                Callback<void, uint32_t, uint32_t, const Message&, uint64_t>(
                    [&](uint32_t, uint32_t to, const Message& message, uint64_t) {
                        if (message.type == MessageType::DONE && to == 0)
                        {
                            handedOn.erase(message.task);
                        }
                    }));
            const auto last = mdi.GetWorkers()[2];
            if (lost)
            {
                mdi.GetWorkers()[1]->GetNode()->GetObject<ComputeDevice>()->SetAttribute(
                    "SpeedFactor", DoubleValue(0.4)); // its queue grows
                return;
            }
            Simulator::Schedule(Seconds(1), [last] { last->Fail(); });
        };
        run.limit = Seconds(60);
        run.Run();
        EXPECT_EQ(run.inFlight, 0U);
        EXPECT_GT(all, 50);
        EXPECT_LE(handedOn.size(), 1U) << lost; // the simulation ends with the last result
        const bool any = std::any_of(run.items[0].begin(),
                                     run.items[0].end(),
                                     [](const ItemRecord& item) { return !item.lost.empty(); });
        EXPECT_EQ(any, lost);
    }
}

TEST(Pipeline, AllWorkersButTheSourceMayDie)
{
    IdealRun run = Pipelined(8, {1e11, 1e11, 1e11});
    run.Periodic(0, 80, 0.05);
    run.prepare = [](MdiHelper& mdi) {
        const auto workers = mdi.GetWorkers();
        Simulator::Schedule(Seconds(2), [workers] { workers[1]->Fail(); });
        Simulator::Schedule(Seconds(4), [workers] { workers[2]->Fail(); });
    };
    run.limit = Seconds(120);
    run.Run();
    ASSERT_EQ(run.items[0].size(), 80U);
    ExpectAllComplete(run);
    EXPECT_EQ(BusyOf(run, 79).size(), 1U);
}

TEST(Pipeline, AWorkerTakenForDeadByMistakeLosesNoItem)
{
    // Heartbeats every 5 ms over a link of 100 ms: everybody seems dead before the first arrives.
    IdealRun run = Pipelined(8, {1e11, 1e11, 1e11, 1e11});
    run.system.pipeline->Set("HeartbeatInterval", TimeValue(MilliSeconds(5)));
    run.delay = MilliSeconds(100);
    run.Periodic(0, 50, 0.02);
    run.Periodic(2, 50, 0.02);
    run.limit = Seconds(60);
    run.Run();
    ExpectAllComplete(run);
}

TEST(Pipeline, TwoSourcesShareTheWorkersInDifferentOrder)
{
    IdealRun run = Pipelined(8, {1e11, 1e11, 1e11});
    run.Periodic(0, 50, 0.05);
    run.Periodic(2, 50, 0.05);
    std::vector<std::vector<uint32_t>> orders;
    run.prepare = [&orders](MdiHelper& mdi) {
        for (uint32_t source : {0, 1})
        {
            orders.push_back(PipelinePartitioner::Order(*mdi.GetDeployment(), source));
        }
    };
    run.Run();
    ExpectAllComplete(run);
    EXPECT_EQ(orders[0], (std::vector<uint32_t>{0, 1, 2}));
    EXPECT_EQ(orders[1], (std::vector<uint32_t>{2, 0, 1}));
}

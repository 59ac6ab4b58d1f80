// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Strategies one by one, on a view made by hand, and what a worker learns of its neighbours.

#include "mdi-fake-view.h"

#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/mdi-ddi-router.h"
#include "ns3/mdi-ms-mdi-router.h"
#include "ns3/mdi-neighbor-table.h"
#include "ns3/mdi-pa-mdi.h"
#include "ns3/mdi-partitioner.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

template <typename T>
Ptr<T>
Make(const std::vector<std::pair<std::string, double>>& attributes)
{
    const auto object = CreateObject<T>();
    for (const auto& [name, value] : attributes)
    {
        if (!object->SetAttributeFailSafe(name, DoubleValue(value)))
        {
            object->SetAttribute(name, BooleanValue(value != 0));
        }
    }
    return object;
}

} // namespace

TEST(Policy, MsMdiTakesTheEarliestCompletion)
{
    FakeView view;
    const auto router = CreateObject<MsMdiRouter>();
    view.Expect(0, 0, 50, 10);
    view.Expect(1, 20, 25, 10); // max(20, 25) + 10 = 35
    view.Expect(2, 30, 0, 10);  // 40
    EXPECT_EQ(router->Choose(Task(), view).node, 1U);
    router->SetAttribute("Overlap", BooleanValue(false)); // 55 against 40
    EXPECT_EQ(router->Choose(Task(), view).node, 2U);
}

TEST(Policy, TiesGoToTheWorkerItselfThenToTheSmallestId)
{
    for (const std::string type : {"ns3::mdi::MsMdiRouter", "ns3::mdi::PaMdiRouter"})
    {
        const auto router = ObjectFactory(type).Create<Router>();
        FakeView view;
        view.Expect(0, 0, 10, 10);
        view.Expect(1, 5, 5, 10);
        view.Expect(2, 5, 5, 10);
        if (type == "ns3::mdi::MsMdiRouter")
        {
            view.Expect(1, 10, 0, 10);
            view.Expect(2, 10, 0, 10);
        }
        EXPECT_EQ(router->Choose(Task(), view).node, 0U) << type;
        view.Expect(0, 0, 11, 10);
        EXPECT_EQ(router->Choose(Task(), view).node, 1U) << type;
    }
}

TEST(Policy, PaMdiMetricIsTheReportedRule)
{
    EXPECT_DOUBLE_EQ(PaMdiMetric(2, 3, 1, 10, 0.5, 0.2, 0), (2 + 3) / (10 * 0.5));
    EXPECT_DOUBLE_EQ(PaMdiMetric(2, 3, 0, 10, 0.5, 0.2, 1), 2 / (10 * 0.5 * 0.8));
}

TEST(Policy, TheArgminTrapPriorityAndAgeDoNotMoveATask)
{
    // papers.md section 5.2: with e = 0 neither gamma nor age depends on the worker
    FakeView view;
    view.Expect(0, 0, 40, 10);
    view.Expect(1, 15, 10, 10, 0.9);
    const auto router = CreateObject<PaMdiRouter>();
    for (float gamma : {0.5F, 1.0F, 100.0F})
    {
        Task task;
        task.priority = gamma;
        EXPECT_EQ(router->Choose(task, view).node, 1U);
    }
}

TEST(Policy, WithTheLossTermTheReliableWorkerWins)
{
    FakeView view;
    view.Expect(0, 0, 40, 10);
    view.Expect(1, 15, 10, 10, 0.9); // 35 / 0.1
    EXPECT_EQ(Make<PaMdiRouter>({{"LossExponent", 1}})->Choose(Task(), view).node, 0U);
}

TEST(Policy, UrgentBacklogOnlyIgnoresTheRest)
{
    FakeView view;
    view.Expect(0, 0, 5, 30);
    view.Expect(1, 5, 100, 10);
    EXPECT_EQ(CreateObject<PaMdiRouter>()->Choose(Task(), view).node, 0U);
    EXPECT_EQ(Make<PaMdiRouter>({{"UrgentBacklogOnly", 1}})->Choose(Task(), view).node, 1U);
}

TEST(Policy, QueuesOrderAsTheySay)
{
    FakeView view;
    view.Expect(0, 0, 0, 10);
    const Estimate estimate = view.Predict(Task(), 0, false);
    Task older;
    older.priority = 1;
    Task younger = older;
    younger.admitted = MilliSeconds(1);
    Task urgent = younger;
    urgent.priority = 10;
    auto key = [&](const std::string& type, const Task& task) {
        return ObjectFactory(type).Create<QueueDiscipline>()->Key(task, estimate, view);
    };
    EXPECT_LT(key("ns3::mdi::FifoQueue", older), key("ns3::mdi::FifoQueue", urgent));
    EXPECT_LT(key("ns3::mdi::PriorityQueue", urgent), key("ns3::mdi::PriorityQueue", older));
    EXPECT_LT(key("ns3::mdi::PaMdiQueue", urgent), key("ns3::mdi::PaMdiQueue", younger));
}

TEST(Policy, AnOlderTaskHasALargerPhiUnlessAgeIsCredited)
{
    FakeView view;
    view.Expect(0, 0, 0, 10);
    const Estimate estimate = view.Predict(Task(), 0, false);
    Task older;
    Task younger;
    younger.admitted = Seconds(1);
    bool asked = false;
    Simulator::Schedule(Seconds(2), [&] {
        asked = true;
        const auto reported = CreateObject<PaMdiQueue>();
        EXPECT_GT(reported->Key(older, estimate, view), reported->Key(younger, estimate, view));
        const auto credited = Make<PaMdiQueue>({{"AgeWeight", 0}, {"AgeCredit", 0.1}});
        EXPECT_LT(credited->Key(older, estimate, view), credited->Key(younger, estimate, view));
    });
    Simulator::Run();
    Simulator::Destroy();
    EXPECT_TRUE(asked);
}

TEST(Policy, PartitionersCutTheModel)
{
    FakeView view;
    const auto& deployment = view.GetDeployment();
    EXPECT_EQ(CreateObject<WholePartitioner>()->MakePlan(deployment, 0).units.size(), 1U);
    const auto equal = CreateObject<EqualWorkPartitioner>();
    equal->SetAttribute("Parts", UintegerValue(2));
    const Plan plan = equal->MakePlan(deployment, 0);
    ASSERT_EQ(plan.units.size(), 2U);
    EXPECT_EQ(plan.units[0].op.end, 2U);
    EXPECT_EQ(plan.units[0].node, ExecutionUnit::NONE);
    const Plan pipeline = CreateObject<PipelinePartitioner>()->MakePlan(deployment, 0);
    ASSERT_EQ(pipeline.units.size(), 3U);
    EXPECT_EQ(pipeline.units[0].node, 0);
    EXPECT_EQ(pipeline.units[2].node, 2);
    EXPECT_EQ(pipeline.units[2].op.end, 4U);
}

TEST(Policy, AUnitPerExitEndsWhereTheExitDoes)
{
    LayerGraph model = ChainModel("m", {1e9, 1e9, 1e9, 1e9, 1e9}, {10, 10, 10, 10, 10}, 10);
    std::vector<Layer> layers = model.Layers();
    layers[2].inputs = {0}; // layer 1 is a branch behind layer 0
    model = LayerGraph("m", model.Inputs(), layers);
    model.SetExits({1});
    const auto engine = CreateObject<TensorEngine>();
    engine->AddModel(model);
    Deployment deployment(engine);
    const uint16_t profile = deployment.AddProfile(ConstantSpeed("d", {model}, 1e9));
    deployment.AddWorker({0, profile});
    deployment.AddWorker({1, profile});
    Deployment::Source source;
    source.node = 1;
    deployment.AddSource(source);
    deployment.SetPathFunction([](uint32_t, uint32_t) { return PathInfo(); });
    const auto partitioner = CreateObject<ExitPartitioner>();
    const Plan plan = partitioner->MakePlan(deployment, 0);
    ASSERT_EQ(plan.units.size(), 2U);
    EXPECT_EQ(plan.units[0].op.end, 2U);
    EXPECT_EQ(plan.units[1].op.end, 5U);
    EXPECT_EQ(plan.units[0].node, ExecutionUnit::NONE);
    partitioner->SetAttribute("Pipeline", BooleanValue(true));
    const Plan pipeline = partitioner->MakePlan(deployment, 0);
    EXPECT_EQ(pipeline.units[0].node, 1); // the source's own device first
    EXPECT_EQ(pipeline.units[1].node, 0);
}

TEST(Policy, EveryPresetIsMadeOfStrategiesThatExist)
{
    for (const auto& name : PresetNames())
    {
        const SystemSpec spec = MakePreset(name);
        EXPECT_TRUE(spec.partitioner.Create<Partitioner>()) << name;
        EXPECT_TRUE(spec.queue.Create<QueueDiscipline>()) << name;
        EXPECT_TRUE(spec.router.Create<Router>()) << name;
        EXPECT_TRUE(spec.worker.Create<Worker>()) << name;
    }
    EXPECT_THROW(MakePreset("pa-mdx"), std::invalid_argument);
}

TEST(NeighborTable, BacklogDrainsAndOwnPlacementsCountUntilTheNextReport)
{
    NeighborTable table;
    table.Configure(Seconds(10), 0);
    WorkerReport report;
    report.speedFlopPerS = 1e9;
    report.backlog = {{1, 1e9}, {10, 2e9}};
    table.OnReport(7, report);
    EXPECT_EQ(table.Wait(7, 0), Seconds(3));
    EXPECT_EQ(table.Wait(7, 10), Seconds(2)); // the urgent part only
    const TaskId task{{0, 1}, 0, 2};
    table.OnPlaced(7, task, 1, 5e8);
    EXPECT_EQ(table.Wait(7, 0), MilliSeconds(3500));
    Simulator::Schedule(Seconds(1), [&] {
        EXPECT_EQ(table.Wait(7, 0), MilliSeconds(2500)); // a second of the report has drained
        report.time = Simulator::Now();
        table.OnReport(7, report); // taken before the tensor arrived
        EXPECT_EQ(table.Wait(7, 0), MilliSeconds(3500));
        table.OnDelivered(7, task);
        table.OnReport(7, report);
        EXPECT_EQ(table.Wait(7, 0), Seconds(3));
    });
    Simulator::Run();
    Simulator::Destroy();
}

TEST(NeighborTable, SilentNeighboursAreNoCandidates)
{
    NeighborTable table;
    table.Configure(MilliSeconds(500), 0);
    WorkerReport report;
    report.speedFlopPerS = 1;
    table.OnReport(3, report);
    table.OnReport(1, report);
    EXPECT_EQ(table.Live(), (std::vector<uint32_t>{1, 3}));
    Simulator::Schedule(Seconds(1), [&] { EXPECT_TRUE(table.Live().empty()); });
    Simulator::Run();
    Simulator::Destroy();
}

TEST(NeighborTable, LossFollowsTheGapsInBeacons)
{
    NeighborTable table;
    for (uint32_t sequence = 0; sequence < 2000; sequence += 2)
    {
        table.OnBeacon(4, sequence); // every second one is lost
    }
    EXPECT_NEAR(table.LossProbability(4), 0.5, 0.05);
    EXPECT_EQ(table.LossProbability(5), 0);
}

TEST(NeighborTable, GoodputFollowsMeasuredTransfers)
{
    NeighborTable table;
    table.Configure(Seconds(1), 0.5);
    const PathInfo nominal{DataRate("10Mb/s"), MilliSeconds(1), 1};
    EXPECT_EQ(table.Transfer(2, 1250000, 0, nominal), MilliSeconds(1001));
    for (int i = 0; i < 30; ++i)
    {
        table.OnTransfer(2, 125000, MilliSeconds(202), nominal); // 5 Mb/s beside the round trip
    }
    EXPECT_NEAR(table.Transfer(2, 1250000, 0, nominal).GetSeconds(), 2.001, 1e-3);
    EXPECT_NEAR(table.Transfer(2, 0, 1250000, nominal).GetSeconds(), 2.001, 1e-3); // own queue
}

TEST(DdiRouter, SharesBeginAnewWhenAWorkerComesBack)
{
    FakeView view;
    const auto router = CreateObject<DdiRouter>();
    router->SetAttribute("Variant", StringValue("equal"));
    std::map<uint32_t, uint32_t> given;
    auto give = [&](uint32_t items) {
        for (uint32_t i = 0; i < items; ++i)
        {
            given[router->Choose(Task(), view).node]++;
        }
    };
    give(30);
    EXPECT_EQ(given, (std::map<uint32_t, uint32_t>{{0, 10}, {1, 10}, {2, 10}}));
    view.silent = {1};
    give(30);
    EXPECT_EQ(given, (std::map<uint32_t, uint32_t>{{0, 25}, {1, 10}, {2, 25}}));
    view.silent = {};
    give(30); // the other two have had 15 more each
    EXPECT_EQ(given, (std::map<uint32_t, uint32_t>{{0, 35}, {1, 20}, {2, 35}}));
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Early exits, admission and MDI-Exit (papers.md, section 6) on ideal links, with confidences that
// the test chooses. With real tensors: mdi-torch-digits-test.cc.

#include "mdi-fake-view.h"

#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/mdi-exit-router.h"
#include "ns3/mdi-exit-rule.h"
#include "ns3/mdi-rate-adaptation.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// Layers t0 t1 b0 t2 t3 b1 t4 t5 of 1e9 FLOP: a trunk with exits b0 and b1 on branches.
LayerGraph
ModelWithExits()
{
    std::vector<Layer> layers;
    const std::vector<std::pair<std::string, int32_t>> shape = {
        {"t0", -1}, {"t1", 0}, {"b0", 1}, {"t2", 1}, {"t3", 3}, {"b1", 4}, {"t4", 4}, {"t5", 6}};
    for (const auto& [name, input] : shape)
    {
        Layer layer;
        layer.name = name;
        layer.op = "test";
        layer.block = name;
        layer.inputs = {input};
        const int64_t bytes = name[0] == 'b' || name == "t5" ? 10 : 1000;
        layer.outputs = {{{bytes}, Dtype::UINT8}};
        layer.flop = 1e9;
        layers.push_back(layer);
    }
    LayerGraph graph("m", {{{500}, Dtype::UINT8}}, layers);
    graph.SetExits({2, 5});
    return graph;
}

/// Item i is sure enough for T_e = 0.5 at exit 1 if i % 3 == 0, at exit 2 if i % 3 == 1.
class ThreeKinds : public TensorEngine
{
  public:
    static TypeId GetTypeId()
    {
        static TypeId tid = TypeId("ns3::mdi::ThreeKinds").SetParent<TensorEngine>();
        return tid;
    }

    bool HasValues() const override
    {
        return true;
    }

    uint32_t InputOf(uint32_t, uint32_t number) const override
    {
        return number;
    }

    std::vector<Prediction> Predict(const TensorId& at) override
    {
        const uint32_t sureAt = at.input % 3 + 1;
        const uint32_t here = at.boundary < 4 ? 1 : at.boundary < 8 ? 2 : 3;
        return {{0, here >= sureAt ? 0.9 : 0.3}};
    }
};

SystemSpec
WithExit(const std::string& preset, double threshold)
{
    SystemSpec spec = MakePreset(preset);
    spec.exit.emplace("ns3::mdi::FixedExit");
    spec.exit->Set("Threshold", DoubleValue(threshold));
    return spec;
}

IdealRun
RunWith(const SystemSpec& system)
{
    IdealRun run;
    run.model = ModelWithExits();
    run.engine = CreateObject<ThreeKinds>();
    run.system = system;
    return run;
}

uint32_t
LongestQueue(const IdealRun& run, uint32_t node)
{
    uint32_t longest = 0;
    for (const auto& sample : run.queues)
    {
        longest =
            std::max(longest, sample.node == node ? sample.inputTasks + sample.outputTasks : 0);
    }
    return longest;
}

} // namespace

TEST(ExitRule, EveryElementOfABatchMustBeSure)
{
    const auto rule = CreateObject<FixedExit>();
    EXPECT_TRUE(rule->Leaves(1, {{0, 0.9}, {1, 0.8}}, 0.8));
    EXPECT_FALSE(rule->Leaves(1, {{0, 0.9}, {1, 0.79}}, 0.8));
    EXPECT_FALSE(rule->Leaves(1, {}, 0)); // sizes only: nobody knows
}

TEST(ExitRule, ExitsMayHaveThresholdsOfTheirOwn)
{
    const auto rule = CreateObject<FixedExit>();
    rule->SetAttribute("PerExit", StringValue("0.9,0.5"));
    EXPECT_FALSE(rule->Leaves(1, {{0, 0.6}}, 0.1));
    EXPECT_TRUE(rule->Leaves(2, {{0, 0.6}}, 0.1));
    EXPECT_TRUE(rule->Leaves(3, {{0, 0.6}}, 0.1));
    EXPECT_THROW(rule->SetAttribute("PerExit", StringValue("0.9;0.5")), std::invalid_argument);
    EXPECT_THROW(rule->SetAttribute("PerExit", StringValue("1.5")), std::invalid_argument);
}

TEST(ExitRule, TheThresholdFollowsTheQueueAsAlgorithm4Says)
{
    const auto rule = CreateObject<AdaptiveExit>();
    uint32_t queue = 31;
    rule->Start([&queue] { return queue; });
    std::vector<double> seen;
    auto after = [&](double seconds, uint32_t next) {
        Simulator::Schedule(Seconds(seconds), [&, next] {
            seen.push_back(rule->Threshold());
            queue = next;
        });
    };
    after(0.5, 31);  // 0.9 as it began
    after(1.5, 30);  // above T_Q2: down 0.05
    after(2.5, 10);  // at T_Q2: up 0.025
    after(3.5, 0);   // at T_Q1: up 0.05
    after(7.5, 100); // never more than 1
    after(30, 0);    // never less than 0.5
    Simulator::Stop(Seconds(31));
    Simulator::Run();
    const std::vector<double> expected = {0.9, 0.85, 0.875, 0.925, 1, 0.5};
    ASSERT_EQ(seen.size(), expected.size());
    for (size_t i = 0; i < seen.size(); ++i)
    {
        EXPECT_NEAR(seen[i], expected[i], 1e-12) << i;
    }
    rule->Dispose();
    Simulator::Destroy();
}

TEST(RateAdaptation, TheGapFollowsTheQueueAsAlgorithm3Says)
{
    const auto admission = CreateObject<RateAdaptation>();
    admission->SetAttribute("InitialGap", TimeValue(MilliSeconds(100)));
    admission->SetAttribute("MinGap", TimeValue(MilliSeconds(60)));
    admission->SetAttribute("MaxGap", TimeValue(MilliSeconds(120)));
    uint32_t queue = 0;
    std::vector<uint32_t> inSecond(12);
    admission->Start(
        [&] {
            inSecond[static_cast<size_t>(Simulator::Now().GetSeconds())]++;
            return true;
        },
        [&] { return queue; });
    Simulator::Schedule(Seconds(1.5), [&] { queue = 20; });
    Simulator::Schedule(Seconds(3.5), [&] { queue = 31; });
    Simulator::Stop(Seconds(11.99));
    Simulator::Run();
    // gaps [ms]: 100; 80; 72; 64.8; 77.76; 93.3; 112; 120 (the most) from then on
    const std::vector<double> gaps = {100, 80, 72, 64.8, 77.76, 93.312, 111.9744, 120, 120};
    for (size_t second = 0; second < gaps.size(); ++second)
    {
        EXPECT_NEAR(inSecond[second], 1000 / gaps[second], 1.01) << second;
    }
    admission->Dispose();
    Simulator::Destroy();
}

TEST(RateAdaptation, NothingIsReleasedAndTheGapStaysWhileTheDeviceIsOff)
{
    const auto admission = CreateObject<RateAdaptation>();
    admission->SetAttribute("InitialGap", TimeValue(MilliSeconds(100)));
    std::vector<double> released;
    std::vector<double> changed;
    admission->TraceConnectWithoutContext("Gap",
                                          Callback<void, double, double>([&](double, double) {
                                              changed.push_back(Simulator::Now().GetSeconds());
                                          }));
    admission->Start(
        [&] {
            released.push_back(Simulator::Now().GetSeconds());
            return true;
        },
        [] { return 0; });
    Simulator::Schedule(Seconds(0.55), [&] { admission->Pause(); });
    Simulator::Schedule(Seconds(10.05), [&] { admission->Resume(); });
    Simulator::Stop(Seconds(10.5));
    Simulator::Run();
    EXPECT_EQ(changed, std::vector<double>{0}); // as it began
    ASSERT_EQ(released.size(), 9u);
    for (size_t i = 0; i < released.size(); ++i)
    {
        EXPECT_NEAR(released[i], i < 5 ? 0.1 + 0.1 * i : 10.15 + 0.1 * (i - 5), 1e-9);
    }
    admission->Dispose();
    Simulator::Destroy();
}

TEST(MdiExitRouter, AnEmptyInputQueueOrAFullOutputQueueKeepsATask)
{
    FakeView view;
    const auto router = CreateObject<MdiExitRouter>();
    view.Expect(0, 0, 0, 10);
    view.inputTasks = {{0, 0}};
    EXPECT_TRUE(router->Keeps(Task(), view));
    view.inputTasks = {{0, 1}};
    view.outputTasks = 49;
    EXPECT_FALSE(router->Keeps(Task(), view));
    view.outputTasks = 50;
    EXPECT_TRUE(router->Keeps(Task(), view));
}

TEST(MdiExitRouter, TheHeadGoesWhereItWaitsLeastIfThatIsLessThanHere)
{
    FakeView view;
    const auto router = CreateObject<MdiExitRouter>();
    view.Expect(0, 0, 0, 10);
    view.Expect(1, 20, 0, 10); // remote = 20 + 1 * 10 = 30
    view.Expect(2, 5, 0, 5);   // remote = 5 + 4 * 5 = 25
    view.inputTasks = {{0, 3}, {1, 1}, {2, 4}};
    view.outputTasks = 5;
    EXPECT_EQ(router->Choose(Task(), view).node, 2U); // local = 30 > 25
    view.outputTasks = 4;                             // |O| > |I_2| holds no more
    view.inputTasks[0] = 4;
    EXPECT_EQ(router->Choose(Task(), view).node, 1U);
    view.outputTasks = 1;
    EXPECT_EQ(router->Choose(Task(), view).node, 0U); // no candidate: wait
    Task second;
    second.id.unit = 1;
    view.outputTasks = 5;
    EXPECT_EQ(router->Choose(second, view).node, 0U); // not the head
}

TEST(MdiExitRouter, ItTossesOnceForEachEvent)
{
    FakeView view;
    const auto router = CreateObject<MdiExitRouter>();
    router->AssignStreams(7);
    view.Expect(0, 0, 0, 10);
    view.Expect(1, 40, 0, 10);
    view.inputTasks = {{0, 1}, {1, 0}};
    view.outputTasks = 1; // local = 10, remote = 40: with probability 1/4
    uint32_t gone = 0;
    for (view.news = 0; view.news < 4000; ++view.news)
    {
        const bool goes = router->Choose(Task(), view).node == 1;
        for (int again = 0; again < 10; ++again)
        {
            ASSERT_EQ(router->Choose(Task(), view).node == 1, goes);
        }
        gone += goes ? 1 : 0;
    }
    EXPECT_NEAR(gone, 1000, 4 * std::sqrt(4000 * 0.25 * 0.75));
    view.inputTasks[0] = 0; // local = 0: keep
    for (; view.news < 4100; ++view.news)
    {
        EXPECT_EQ(router->Choose(Task(), view).node, 0U);
    }
}

TEST(Exits, ItemsLeaveWhereTheyAreSureUnderEverySystem)
{
    for (const auto& name : PresetNames())
    {
        IdealRun run = RunWith(WithExit(name, 0.5));
        run.Periodic(0, 30, 0.03, 10);
        run.Periodic(2, 30, 0.03, 1);
        run.Run();
        for (uint32_t source : {0, 1})
        {
            ASSERT_EQ(run.items[source].size(), 30U) << name;
            for (const auto& item : run.items[source])
            {
                ASSERT_TRUE(item.completed) << name << " " << item.id.item;
                EXPECT_EQ(item.exit, item.id.item % 3 + 1) << name;
            }
        }
        EXPECT_EQ(run.inFlight, 0U) << name;
    }
}

TEST(Exits, AnItemThatLeavesTakesOnlyTheLayersItPassed)
{
    // 1e9 FLOP at 1e11 FLOP/s: 10 ms a layer; 3, 6 or all 8 of them
    IdealRun run = RunWith(WithExit("local", 0.5));
    run.Periodic(0, 3, 1);
    run.Run();
    const auto latencies = run.Latencies();
    EXPECT_NEAR(latencies[0], 0.03, 1e-9);
    EXPECT_NEAR(latencies[1], 0.06, 1e-9);
    EXPECT_NEAR(latencies[2], 0.08, 1e-9);
}

TEST(Exits, AThresholdBelowOneOverClassesLetsEverythingLeaveAtOnce)
{
    IdealRun run = RunWith(WithExit("mdi-exit", 0.1));
    run.Periodic(0, 9, 0.1);
    run.Run();
    for (const auto& item : run.items[0])
    {
        EXPECT_EQ(item.exit, 1U);
    }
}

TEST(Exits, DisabledTheirBranchesAreNotRun)
{
    IdealRun run = RunWith(MakePreset("local"));
    run.Periodic(0, 3, 1);
    run.Run();
    for (const auto& item : run.items[0])
    {
        EXPECT_EQ(item.exit, 3U);
        EXPECT_NEAR((*item.completed - item.admitted).GetSeconds(), 0.06, 1e-9);
    }
}

TEST(Exits, AnEarlyAnswerIsSmall)
{
    IdealRun run = RunWith(WithExit("ddi", 0.1)); // whole items to others, 10 bytes back
    run.Periodic(0, 12, 0.01);
    run.Run();
    for (const auto& span : run.spans)
    {
        if (span.transfer && span.type == MessageType::RESULT)
        {
            EXPECT_EQ(span.bytes, 10U);
        }
    }
}

TEST(MdiExit, OneNodeIsLocal)
{
    SystemSpec system = MakePreset("mdi-exit");
    system.exit.reset();
    IdealRun exit = RunWith(system);
    IdealRun local = RunWith(MakePreset("local"));
    for (IdealRun* run : {&exit, &local})
    {
        run->speeds = {1e11};
        run->Periodic(0, 50, 0.05); // 60 ms of work each: a growing queue
        run->Run();
    }
    EXPECT_EQ(exit.Latencies(), local.Latencies());
}

TEST(MdiExit, ItHandsOnlyToTheSuccessorsOfARing)
{
    IdealRun run = RunWith(WithExit("mdi-exit", 0.5));
    run.handsTo = {{0, {1}}, {1, {2}}, {2, {0}}};
    run.Periodic(0, 100, 0.02);
    run.Run();
    uint32_t handed = 0;
    for (const auto& span : run.spans)
    {
        if (span.transfer && span.type == MessageType::TENSOR)
        {
            EXPECT_EQ(span.to, (span.from + 1) % 3);
            handed++;
        }
    }
    EXPECT_GT(handed, 10U);
    EXPECT_EQ(run.inFlight, 0U);
}

class MdiExitOption : public testing::TestWithParam<bool>
{
};

TEST_P(MdiExitOption, NoProcessorIdlesWhileTasksWaitAtIt)
{
    IdealRun run = RunWith(WithExit("mdi-exit", 0.5));
    run.system.router.Set("IncludeService", BooleanValue(GetParam()));
    run.speeds = {1e11, 3e11, 1e11};
    run.rate = DataRate("1Mb/s"); // the radio is busy much of the time
    run.Periodic(0, 100, 0.02);
    run.Run();
    std::vector<Span> tasks;
    for (const auto& span : run.spans)
    {
        if (!span.transfer && span.from == 0)
        {
            tasks.push_back(span);
        }
    }
    for (size_t i = 1; i < tasks.size(); ++i)
    {
        if (tasks[i].begin == tasks[i - 1].end)
        {
            continue;
        }
        // idle in between: nothing waited, from the end of the one to the start of the other
        uint32_t waiting = 0;
        for (const auto& sample : run.queues)
        {
            if (sample.node == 0 && sample.time < tasks[i].begin)
            {
                waiting = sample.inputTasks + sample.outputTasks;
            }
        }
        EXPECT_EQ(waiting, 0U) << tasks[i].begin;
    }
    EXPECT_GT(tasks.size(), 30U);
}

INSTANTIATE_TEST_SUITE_P(IncludeService, MdiExitOption, testing::Bool());

TEST(MdiExit, RateAdaptationKeepsQueuesBoundedUnderALoadStepThatDrivesTheOpenLoopAway)
{
    // One device of 16.7 items/s without exits. Source 0 alone offers 12.5; from t = 41 s on, a
    // second source of the same node brings 12.5 more.
    auto longest = [](bool adapts) {
        SystemSpec system = MakePreset("mdi-exit");
        system.exit.reset();
        IdealRun run = RunWith(system);
        run.speeds = {1e11};
        run.limit = Seconds(121);
        run.Periodic(0, 100000, 0.08);
        run.Periodic(0, 100000, 0.08);
        run.sources[1].second.start = Seconds(41);
        if (adapts)
        {
            auto& admission = run.sources[0].second.admission;
            admission = ObjectFactory("ns3::mdi::RateAdaptation");
            admission.Set("InitialGap", TimeValue(MilliSeconds(80)));
        }
        run.Run();
        return LongestQueue(run, 0);
    };
    // 80 s of 8.3 items/s too many
    EXPECT_GT(longest(false), 500U);
    // T_Q2 = 30, and what comes until the gap has grown enough
    EXPECT_LT(longest(true), 150U);
}

TEST(MdiExit, ThresholdAdaptationTradesExitsForLoad)
{
    // 25 items/s at one device of 12.5 items/s with, 33 without the later layers.
    auto run = [](const char* rule) {
        IdealRun run = RunWith(MakePreset("mdi-exit"));
        run.system.exit.emplace(rule);
        if (std::string(rule) == "ns3::mdi::FixedExit")
        {
            run.system.exit->Set("Threshold", DoubleValue(0.95));
        }
        else
        {
            run.system.exit->Set("Minimum", DoubleValue(0.2));
        }
        run.speeds = {1e11};
        run.limit = Seconds(61);
        run.Periodic(0, 100000, 0.04);
        run.Run();
        return LongestQueue(run, 0);
    };
    EXPECT_GT(run("ns3::mdi::FixedExit"), 600U);
    EXPECT_LT(run("ns3::mdi::AdaptiveExit"), 350U);
}

TEST(MdiExit, TheExitPartitionerCutsBehindEveryExit)
{
    IdealRun run = RunWith(WithExit("mdi-exit", 0.99));
    run.speeds = {1e11};
    run.Periodic(0, 1, 1);
    run.Run();
    std::vector<int64_t> durations;
    for (const auto& span : run.spans)
    {
        durations.push_back((span.end - span.begin).GetMilliSeconds());
    }
    EXPECT_EQ(durations, (std::vector<int64_t>{30, 30, 20}));
}

TEST(Exits, NobodyKnowsBeforehandThatAnItemWillLeave)
{
    // One unit; item 0 leaves after 30 ms, item 2 runs all 80 ms. Until the first of them ends,
    // their worker says the same of its load.
    auto backlog = [](uint32_t offset) {
        IdealRun run = RunWith(WithExit("local", 0.5));
        run.speeds = {1e11};
        run.Periodic(0, 1, 0.5);
        run.sources[0].second.inputOffset = offset;
        Time remaining;
        run.prepare = [&remaining](MdiHelper& mdi) {
            const auto device = mdi.GetWorkers()[0]->GetNode()->GetObject<ComputeDevice>();
            Simulator::Schedule(Seconds(1.52),
                                [device, &remaining] { remaining = device->Remaining(); });
        };
        run.Run();
        return remaining;
    };
    EXPECT_EQ(backlog(0), MilliSeconds(60));
    EXPECT_EQ(backlog(2), MilliSeconds(60));
}

TEST(Exits, AStoppedSourceAdaptsNothing)
{
    for (const bool rate : {false, true})
    {
        IdealRun run = RunWith(MakePreset("mdi-exit"));
        run.Periodic(0, 1000, 0.1);
        if (rate)
        {
            run.sources[0].second.admission = ObjectFactory("ns3::mdi::RateAdaptation");
        }
        run.limit = Seconds(20);
        run.prepare = [](MdiHelper& mdi) {
            mdi.GetSources()[0]->SetStopTime(Seconds(5.5));
            mdi.GetWorkers()[0]->SetStopTime(Seconds(10.5));
        };
        run.Run();
        EXPECT_GT(run.items[0].size(), 3U);
        EXPECT_LT(run.items[0].size(), 50U);
    }
}

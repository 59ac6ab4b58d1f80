// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The published systems on ideal private links, against theory and each other (papers.md, the
// checks of sections 2 to 5).

#include "mdi-test-network.h"

#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/mdi-ddi-router.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// Everything that happened, to compare two systems event by event.
std::vector<std::tuple<uint32_t, uint32_t, int64_t, int64_t, uint32_t, uint32_t, uint32_t>>
Trace(const IdealRun& run)
{
    std::vector<std::tuple<uint32_t, uint32_t, int64_t, int64_t, uint32_t, uint32_t, uint32_t>> all;
    for (const auto& span : run.spans)
    {
        all.emplace_back(span.from,
                         span.to,
                         span.begin.GetNanoSeconds(),
                         span.end.GetNanoSeconds(),
                         span.task.item.source,
                         span.task.item.item,
                         span.task.unit);
    }
    return all;
}

void
Exponential(IdealRun& run, uint32_t node, uint32_t count, double mean, float priority)
{
    run.Periodic(node, count, 1, priority);
    run.sources.back().second.admission.Set(
        "Gap", StringValue("ns3::ExponentialRandomVariable[Mean=" + std::to_string(mean) + "]"));
}

/// PA-MDI set to what MS-MDI does: papers.md section 5.4, check 1.
SystemSpec
PaMdiAsMsMdi()
{
    SystemSpec spec = MakePreset("pa-mdi");
    spec.queue = ObjectFactory("ns3::mdi::FifoQueue");
    spec.router.Set("Immediate", BooleanValue(true));
    spec.router.Set("Overlap", BooleanValue(true));
    spec.router.Set("AgeWeight", DoubleValue(0));
    spec.handshake.reset();
    return spec;
}

} // namespace

TEST(Systems, EveryItemCompletesInEverySystem)
{
    for (const auto& name : PresetNames())
    {
        IdealRun run;
        run.system = MakePreset(name);
        Exponential(run, 0, 60, 0.02, 10);
        Exponential(run, 2, 60, 0.02, 1);
        run.Run();
        for (uint32_t source : {0, 1})
        {
            ASSERT_EQ(run.items[source].size(), 60U) << name;
            for (const auto& item : run.items[source])
            {
                EXPECT_TRUE(item.completed) << name << " item " << item.id.item;
            }
        }
        EXPECT_EQ(run.inFlight, 0U) << name;
    }
}

TEST(Systems, OneDeviceMakesEverySystemEqualLocal)
{
    IdealRun local;
    local.speeds = {1e11};
    local.Periodic(0, 30, 0.05); // an item takes 0.04 s
    local.Run();
    EXPECT_DOUBLE_EQ(local.MeanLatency(), 0.04);
    for (const auto& name : PresetNames())
    {
        IdealRun run;
        run.speeds = {1e11};
        run.system = MakePreset(name);
        run.Periodic(0, 30, 0.05);
        run.Run();
        EXPECT_EQ(run.Latencies(), local.Latencies()) << name;
    }
}

TEST(Systems, OneOverloadedDeviceMakesEveryFifoSystemEqualLocal)
{
    IdealRun local;
    local.speeds = {1e11};
    local.Periodic(0, 30, 0.03);
    local.Run();
    for (const std::string name : {"ddi", "ar-mdi", "ms-mdi"})
    {
        IdealRun run;
        run.speeds = {1e11};
        run.system = MakePreset(name);
        run.Periodic(0, 30, 0.03);
        run.Run();
        EXPECT_EQ(run.Latencies(), local.Latencies()) << name;
    }
}

TEST(Systems, LocalFollowsItsRecursion)
{
    // papers.md section 2: fin_i = max(arr_i, fin_{i-1}) + t
    IdealRun run;
    run.Periodic(0, 20, 0.03);
    run.Run();
    double finished = 0;
    for (const auto& item : run.items[0])
    {
        const double admitted = item.admitted.GetSeconds();
        finished = std::max(admitted, finished) + 0.04;
        EXPECT_NEAR(item.completed->GetSeconds(), finished, 1e-9);
    }
}

TEST(Systems, DdiWithOneRemoteWorkerIsThatWorkerPlusBothTransfers)
{
    IdealRun run;
    run.speeds = {1e8, 1e11}; // it never pays to stay
    run.system = MakePreset("ddi");
    run.rate = DataRate("1Mb/s");
    run.delay = MilliSeconds(3);
    run.Periodic(0, 1, 0.1);
    run.Run();
    // 1000 bytes there, 10 bytes back at 1 Mb/s, 0.04 s of work between
    EXPECT_NEAR(run.MeanLatency(), 0.008 + 0.003 + 0.04 + 0.00008 + 0.003, 1e-9);
}

TEST(Systems, DdiGreedyFollowsItsRecursionAndBeatsEqualOnIdenticalWorkers)
{
    auto makespan = [](const std::string& variant) {
        IdealRun run;
        run.speeds = {1e11, 1e11, 1e11};
        run.rate = DataRate("2Mb/s");
        run.system = MakePreset("ddi");
        run.system.router.Set("Variant", StringValue(variant));
        run.Periodic(0, 20, 0);
        run.Run();
        Time last;
        for (const auto& item : run.items[0])
        {
            last = Max(last, *item.completed);
        }
        return last;
    };
    EXPECT_LE(makespan("greedy"), makespan("equal"));
    EXPECT_LE(makespan("greedy"), makespan("proportional"));
}

TEST(Systems, DdiSharesAreEqualOrFollowSpeed)
{
    auto shares = [](const std::string& variant) {
        IdealRun run;
        run.speeds = {1e11, 1e11, 2e11};
        run.system = MakePreset("ddi");
        run.system.router.Set("Variant", StringValue(variant));
        run.Periodic(0, 40, 0.1);
        run.Run();
        std::vector<int> count(3, 0);
        for (const auto& span : run.spans)
        {
            count[span.from] += span.transfer ? 0 : 1;
        }
        return count;
    };
    const auto equal = shares("equal");
    EXPECT_EQ(*std::max_element(equal.begin(), equal.end()) -
                  *std::min_element(equal.begin(), equal.end()),
              1);
    EXPECT_EQ(shares("proportional"), (std::vector<int>{10, 10, 20}));
    EXPECT_THROW(
        {
            ObjectFactory router("ns3::mdi::DdiRouter");
            router.Set("Variant", StringValue("best"));
            router.Create<Router>();
        },
        std::invalid_argument);
}

TEST(Systems, ArMdiPeriodIsTheBottleneckOnIdealLinks)
{
    // papers.md section 3: shares 1/4, 1/4, 1/2 of speeds 1, 1, 2: every stage takes 0.02 s
    IdealRun run;
    run.model = ChainModel("m", {1e9, 1e9, 1e9, 1e9}, {1000, 1000, 1000, 10}, 1000);
    run.speeds = {5e10, 5e10, 1e11};
    run.system = MakePreset("ar-mdi");
    run.Periodic(0, 50, 0.001); // saturated
    run.Run();
    const auto& items = run.items[0];
    const Time period = *items[49].completed - *items[48].completed;
    EXPECT_NEAR(period.GetSeconds(), 0.02, 1e-9);
    // latency of the first: three stages, two cuts, the result back
    const double link = 8 * 1000 / 100e6 + 1e-4;
    EXPECT_NEAR(run.Latencies()[0], 3 * 0.02 + 2 * link + 8 * 10 / 100e6 + 1e-4, 1e-9);
}

TEST(Systems, MsMdiPlacesOneItemByHand)
{
    // One item, an idle neighbour four times as fast over a quick link: every unit goes there
    // (papers.md section 4: C_j = max(D, w) + t), but for the first, before any beacon was heard.
    IdealRun run;
    run.speeds = {1e11, 4e11};
    run.system = MakePreset("ms-mdi");
    run.Periodic(0, 1, 0.5);
    run.Run();
    const double first = 8 * 1000 / 100e6 + 1e-4;
    EXPECT_NEAR(run.MeanLatency(), first + 0.01 + 8 * 10 / 100e6 + 1e-4, 1e-9);
    EXPECT_EQ(run.items[0][0].hops, 1U);
}

TEST(Systems, PaMdiWithoutItsExtrasGivesTheTraceOfMsMdi)
{
    for (uint32_t seed = 1; seed <= 5; ++seed)
    {
        auto simulate = [seed](const SystemSpec& system) {
            IdealRun run;
            run.run = seed;
            run.speeds = {1e11, 5e10, 2e11, 1e11};
            run.distribution = "lognormal";
            run.system = system;
            Exponential(run, 0, 80, 0.02, 1);
            Exponential(run, 3, 80, 0.015, 1);
            run.Run();
            return Trace(run);
        };
        const auto ms = simulate(MakePreset("ms-mdi"));
        EXPECT_GT(ms.size(), 500U);
        EXPECT_EQ(simulate(PaMdiAsMsMdi()), ms) << "seed " << seed;
    }
}

TEST(Systems, SwappingPrioritiesSwapsTheOutcome)
{
    // Two like sources, mirror images of each other: who has the larger gamma is faster.
    auto latencies = [](float first, float second) {
        IdealRun run;
        run.speeds = {1e11, 1e11};
        run.system = MakePreset("pa-mdi");
        Exponential(run, 0, 150, 0.03, first);
        Exponential(run, 1, 150, 0.03, second);
        run.Run();
        return std::make_pair(run.MeanLatency(0), run.MeanLatency(1));
    };
    const auto [high0, low1] = latencies(10, 1);
    const auto [low0, high1] = latencies(1, 10);
    EXPECT_LT(high0, 0.8 * low1);
    EXPECT_LT(high1, 0.8 * low0);
    EXPECT_LT(high0, low0);
    EXPECT_LT(high1, low1);
}

TEST(Systems, OnlyTheRatioOfPrioritiesMatters)
{
    // papers.md section 5.4, check 2: a power of two leaves the trace unchanged bit for bit
    auto simulate = [](float factor) {
        IdealRun run;
        run.speeds = {1e11, 5e10, 1e11};
        run.system = MakePreset("pa-mdi");
        Exponential(run, 0, 100, 0.025, 10 * factor);
        Exponential(run, 1, 100, 0.025, factor);
        run.Run();
        return Trace(run);
    };
    const auto once = simulate(1);
    EXPECT_GT(once.size(), 300U);
    EXPECT_EQ(simulate(8), once);
}

TEST(Systems, UrgentSourceGainsWithThePriorityRatioAndTheOtherPays)
{
    // papers.md section 5.4, check 3, on means over seeds with common random numbers
    auto means = [](float gamma) {
        double urgent = 0;
        double patient = 0;
        for (uint32_t seed = 1; seed <= 8; ++seed)
        {
            IdealRun run;
            run.run = seed;
            run.system = MakePreset("pa-mdi");
            run.system.queue.Set("AgeWeight", DoubleValue(0));
            Exponential(run, 0, 100, 0.03, gamma);
            Exponential(run, 1, 100, 0.03, 1);
            run.Run();
            urgent += run.MeanLatency(0) / 8;
            patient += run.MeanLatency(1) / 8;
        }
        return std::make_pair(urgent, patient);
    };
    const auto one = means(1);
    const auto ten = means(10);
    EXPECT_LT(ten.first, one.first);
    EXPECT_GT(ten.second, one.second);
}

TEST(Systems, OneSourceWithIdleNeighboursGoesWhereTheHandComputedArgminIs)
{
    // papers.md section 5.4, check 5: fast device far away (0.05 s) against slow device near
    for (const double fast : {2e11, 2e10})
    {
        IdealRun run;
        run.speeds = {1e10, fast};
        run.rate = DataRate("1Mb/s");
        run.model = ChainModel("m", {1e9}, {10}, 6250); // 0.05 s to move, 0.1 s to run here
        run.system = MakePreset("pa-mdi");
        run.Periodic(0, 1, 1);
        run.Run();
        // there: 0.05 + 0.005 < 0.1; with the slower one 0.05 + 0.05 > 0.1 by the delay
        EXPECT_EQ(run.items[0][0].hops, fast > 1e11 ? 1U : 0U);
    }
}

TEST(Systems, AgeCreditShortensTheTailOfThePatientSource)
{
    auto worst = [](double credit) {
        IdealRun run;
        run.speeds = {1e11};
        run.system = MakePreset("pa-mdi");
        run.system.queue.Set("AgeWeight", DoubleValue(0));
        run.system.queue.Set("AgeCredit", DoubleValue(credit));
        Exponential(run, 0, 150, 0.08, 100);
        Exponential(run, 0, 150, 0.08, 1);
        run.Run();
        const auto latencies = run.Latencies(1);
        return *std::max_element(latencies.begin(), latencies.end());
    };
    EXPECT_LT(worst(10), worst(0));
}

TEST(Systems, BeaconsCostBytes)
{
    IdealRun run;
    run.system = MakePreset("ms-mdi");
    run.Periodic(0, 5, 0.1);
    run.Run();
    // one a worker each 0.1 s for 1.5 s and more, 64 bytes each
    EXPECT_GE(run.controlBytes, 3U * 14 * 64);
    run = IdealRun();
    run.Periodic(0, 5, 0.1);
    run.Run();
    EXPECT_EQ(run.controlBytes, 0U);
}

TEST(Systems, AWorkerWithoutMemoryForATensorLosesTheItemAndSaysSo)
{
    IdealRun run;
    run.speeds = {1e10, 1e11};
    run.system = MakePreset("ddi");
    run.Periodic(0, 3, 1);
    run.prepare = [](MdiHelper& mdi) {
        const auto device = mdi.GetWorkers()[1]->GetNode()->GetObject<ComputeDevice>();
        device->SetAttribute("MemoryBytes", UintegerValue(500));
    };
    run.Run();
    for (const auto& item : run.items[0])
    {
        EXPECT_FALSE(item.completed);
        EXPECT_EQ(item.lost, "no memory for its tensor");
    }
    EXPECT_EQ(run.inFlight, 0U);
}

TEST(Systems, ALossTravelsToTheSourceBeforeAClosedLoopGoesOn)
{
    IdealRun run;
    run.speeds = {1e10, 1e11};
    run.delay = MilliSeconds(10);
    run.system = MakePreset("ddi");
    MdiHelper::SourceOptions options;
    options.items = 3;
    options.admission.SetTypeId("ns3::mdi::ClosedLoopAdmission");
    run.sources.emplace_back(0, options);
    run.prepare = [](MdiHelper& mdi) {
        const auto device = mdi.GetWorkers()[1]->GetNode()->GetObject<ComputeDevice>();
        device->SetAttribute("MemoryBytes", UintegerValue(500));
    };
    run.Run();
    ASSERT_EQ(run.items[0].size(), 3U);
    // there and back again: 1000 bytes at 100 Mb/s and twice the delay
    const Time gap = run.items[0][1].admitted - run.items[0][0].admitted;
    EXPECT_NEAR(gap.GetSeconds(), 8e-5 + 0.02, 1e-9);
}

TEST(Systems, PlansDecideHowMuchMemoryTheWeightsTake)
{
    // Two halves of a model fit where the whole does not.
    auto install = [](const std::string& system) {
        IdealRun run;
        run.model = ChainModel("m", {1e9, 1e9}, {10, 10}, 10);
        std::vector<Layer> layers = run.model.Layers();
        for (auto& layer : layers)
        {
            layer.weightBytes = 600;
        }
        run.model = LayerGraph("m", run.model.Inputs(), layers);
        run.speeds = {1e11, 1e11};
        run.memoryBytes = 1000;
        run.system = MakePreset(system);
        run.Periodic(0, 1, 1);
        run.Run();
        return run.items[0].at(0).completed.has_value();
    };
    EXPECT_TRUE(install("ar-mdi"));
    EXPECT_THROW(install("ms-mdi"), MemoryShortage);
    Simulator::Destroy();
}

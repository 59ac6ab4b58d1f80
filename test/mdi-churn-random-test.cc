// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// When things fail at random, and that no item is ever unaccounted for then.

#include "mdi-churn-run.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <random>

using namespace mdi_churn_test;

namespace
{

/// Random devices, sources and failures: the same for all systems.
ChurnRun
RandomChurn(uint32_t seed, const std::string& system)
{
    std::mt19937 random(seed);
    const auto uniform = [&random](double low, double high) {
        return low + (high - low) * (static_cast<double>(random()) / 4294967296.0);
    };
    ChurnRun run;
    run.run = seed + 1;
    run.system = MakePreset(system);
    run.model = RowChain(random, 3 + random() % 4);
    run.speeds.assign(2 + random() % 4, 0);
    for (double& speed : run.speeds)
    {
        speed = 1e9 * static_cast<double>(1 + random() % 5);
    }
    run.wifi = random() % 3 == 0;
    const uint32_t sources = 1 + random() % 3;
    for (uint32_t source = 0; source < sources; ++source)
    {
        const auto device = static_cast<uint32_t>(random() % run.speeds.size());
        if (random() % 4 == 0)
        {
            run.ClosedLoop(device, 12);
        }
        else
        {
            run.Poisson(device, 12, uniform(0.05, 0.3), static_cast<float>(1 + random() % 5));
        }
    }
    run.churn.itemTimeout = Seconds(uniform(0.5, 2));
    run.churn.peerTimeout = Seconds(uniform(0.1, 1));
    run.churn.retries = random() % 4;
    const uint32_t rules = 1 + random() % 4;
    for (uint32_t rule = 0; rule < rules; ++rule)
    {
        Churn::Failure failure;
        if (random() % 5 == 0)
        {
            failure.networks = {0};
        }
        else
        {
            for (uint32_t device = 0; device < run.speeds.size(); ++device)
            {
                if (random() % 2 == 0)
                {
                    failure.devices.push_back(device);
                }
            }
        }
        if (random() % 2 == 0)
        {
            failure.meanUpS = uniform(0.2, 4);
            failure.meanDownS = uniform(0.05, 2);
        }
        else
        {
            failure.once.begin = Seconds(uniform(0.01, 4));
            if (random() % 3 > 0)
            {
                failure.once.end = failure.once.begin + Seconds(uniform(0.01, 3));
            }
        }
        run.churn.failures.push_back(failure);
    }
    return run;
}

} // namespace

TEST(Churn, OutagesOfOneTargetAreDisjointAndAscending)
{
    Churn churn;
    churn.failures = {Once({0}, 5, 2), Once({0}, 6, 3), Once({0}, 1, 1), Once({0}, 9, 1)};
    const auto fixed = DrawOutages(churn, 2, 0, Seconds(100), 0);
    ASSERT_EQ(fixed.devices[0].size(), 2u);
    EXPECT_EQ(fixed.devices[0][0].end, Seconds(2));
    EXPECT_EQ(fixed.devices[0][1].begin, Seconds(5));
    EXPECT_EQ(fixed.devices[0][1].end, Seconds(10));
    EXPECT_TRUE(fixed.devices[1].empty());
    churn.failures.push_back(Once({0}, 7));
    EXPECT_FALSE(DrawOutages(churn, 1, 0, Seconds(100), 0).devices[0].back().end);
}

TEST(Churn, RandomFailuresHaveTheirMeans)
{
    Churn churn;
    Churn::Failure failure;
    failure.devices = {0};
    failure.meanUpS = 3;
    failure.meanDownS = 1;
    churn.failures = {failure};
    const Time limit = Seconds(40000);
    const auto outages = DrawOutages(churn, 1, 0, limit, 7).devices[0];
    double down = 0;
    for (const Outage& outage : outages)
    {
        down += (*outage.end - outage.begin).GetSeconds();
    }
    // 10,000 cycles: standard errors of 0.8 % and 1 %.
    EXPECT_NEAR(static_cast<double>(outages.size()), 10000, 400);
    EXPECT_NEAR(down / static_cast<double>(outages.size()), 1, 0.05);
}

TEST(Churn, ATraceWithOutagesLosesEverythingInThem)
{
    LinkTrace trace;
    trace.rows = {{Seconds(0), 1000, Time(0), 0.25}, {Seconds(2), 2000, Time(0), 0}};
    trace.end = Seconds(4);
    const LinkReplay base{std::make_shared<LinkTrace>(trace), true, Time(0)};
    const std::vector<Outage> outages = {{Seconds(1), Seconds(3)}, {Seconds(7), std::nullopt}};
    const LinkReplay with = WithOutages(base, outages, Seconds(20));
    EXPECT_EQ(with.trace->MeanRateBps(), trace.MeanRateBps()); // what planners expect
    const std::vector<std::pair<double, double>> expected = {
        {0.5, 0.25}, {1.5, 1}, {2.5, 1}, {3.5, 0}, {4.5, 0.25}, {6.5, 0}, {7.5, 1}, {12, 1}};
    for (const auto& [time, loss] : expected)
    {
        EXPECT_EQ(with.At(Seconds(time)).loss, loss) << time;
        EXPECT_EQ(with.At(Seconds(time)).rateBps, base.At(Seconds(time)).rateBps) << time;
    }
}

TEST(Churn, RandomSchedulesLeaveNoItemUnaccountedFor)
{
    // MDI_CHURN_RUNS=10000 for the whole test; MDI_CHURN_FIRST=1483 to begin with one that failed.
    const auto number = [](const char* name, int otherwise) {
        const char* wanted = std::getenv(name);
        return wanted ? std::atoi(wanted) : otherwise;
    };
    const int first = number("MDI_CHURN_FIRST", 0);
    const int runs = number("MDI_CHURN_RUNS", 60);
    std::map<std::string, std::array<size_t, 3>> ends; // completed, lost, retried
    for (int seed = first; seed < first + runs; ++seed)
    {
        for (const std::string& system : SYSTEMS)
        {
            SCOPED_TRACE(system + ", schedule " + std::to_string(seed));
            ChurnRun run = RandomChurn(static_cast<uint32_t>(seed), system);
            run.settle = Seconds(20); // ten times the longest time-out
            run.Run();
            ExpectAccounted(run);
            EXPECT_EQ(run.memory, std::vector<uint64_t>(run.speeds.size())); // models of no weight
            for (uint32_t source = 0; source < run.items.size(); ++source)
            {
                ends[system][0] += run.items[source].size() - run.Lost(source);
                ends[system][1] += run.Lost(source);
            }
            ends[system][2] += run.retries;
            ASSERT_FALSE(HasFailure());
        }
    }
    for (const auto& [system, counts] : ends)
    {
        std::cout << system << ": " << counts[0] << " completed, " << counts[1] << " lost, "
                  << counts[2] << " tried again\n";
        EXPECT_GT(counts[0], 0u) << system;
        EXPECT_GT(counts[1], 0u) << system;
        EXPECT_EQ(counts[2] > 0, system != "local") << system;
    }
}

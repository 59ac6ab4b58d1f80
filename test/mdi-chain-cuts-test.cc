// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-chain-cuts.h"
#include "ns3/mdi-plan.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace ns3::mdi;

namespace
{

/// All ways to cut 0..L at allowed boundaries into `workers` slices, empty ones if allowed.
void
ForAllCuts(const std::vector<uint32_t>& boundaries,
           uint32_t workers,
           bool allowEmpty,
           const std::function<void(const std::vector<uint32_t>&)>& visit)
{
    std::vector<uint32_t> cuts{0};
    std::function<void(size_t)> extend = [&](size_t at) {
        if (cuts.size() == workers)
        {
            if (allowEmpty || at + 1 < boundaries.size())
            {
                cuts.push_back(boundaries.back());
                visit(cuts);
                cuts.pop_back();
            }
            return;
        }
        for (size_t i = at + (allowEmpty ? 0 : 1); i < boundaries.size(); ++i)
        {
            cuts.push_back(boundaries[i]);
            extend(i);
            cuts.pop_back();
        }
    };
    extend(0);
}

struct RandomCase
{
    explicit RandomCase(unsigned seed)
        : random(seed)
    {
        const uint32_t layers = 1 + random() % 8;
        for (uint32_t l = 0; l < layers; ++l)
        {
            layerWork.push_back(static_cast<double>(1 + random() % 20));
            cutCost.push_back(static_cast<double>(random() % 10));
        }
        cutCost.push_back(static_cast<double>(random() % 10));
        for (uint32_t b = 0; b <= layers; ++b)
        {
            if (b == 0 || b == layers || random() % 4 != 0)
            {
                boundaries.push_back(b);
            }
        }
        workers = 1 + random() % 4;
        for (uint32_t n = 0; n < workers; ++n)
        {
            speeds.push_back(static_cast<double>(1 + random() % 5));
        }
        work = CumulatedWork(boundaries, [this](uint32_t b, uint32_t e) { return Work(b, e); });
        costs.compute = [this](uint32_t n, uint32_t b, uint32_t e) {
            return Work(b, e) / speeds[n];
        };
        costs.link = [this](uint32_t, uint32_t b) { return cutCost[b]; };
    }

    double Work(uint32_t begin, uint32_t end) const
    {
        double sum = 0;
        for (uint32_t l = begin; l < end; ++l)
        {
            sum += layerWork[l];
        }
        return sum;
    }

    std::mt19937 random;
    std::vector<double> layerWork;
    std::vector<double> cutCost;
    std::vector<uint32_t> boundaries;
    std::vector<double> work;
    std::vector<double> speeds;
    uint32_t workers = 1;
    StageCosts costs;
};

} // namespace

TEST(ChainCuts, MinMaxEqualsBruteForce)
{
    for (unsigned seed = 0; seed < 1000; ++seed)
    {
        RandomCase c(seed);
        double best = 1e300;
        ForAllCuts(c.boundaries, c.workers, true, [&](const std::vector<uint32_t>& cuts) {
            best = std::min(best, Bottleneck(cuts, c.costs));
        });
        const auto cuts = MinMaxCuts(c.boundaries, c.workers, c.costs);
        ASSERT_EQ(cuts.size(), c.workers + 1) << "seed " << seed;
        ASSERT_EQ(Bottleneck(cuts, c.costs), best) << "seed " << seed;
    }
}

TEST(ChainCuts, EqualWorkEqualsBruteForceAndLeavesNoSliceEmpty)
{
    for (unsigned seed = 0; seed < 1000; ++seed)
    {
        RandomCase c(seed);
        const auto parts =
            std::min<uint32_t>(c.workers, static_cast<uint32_t>(c.boundaries.size()) - 1);
        auto largest = [&c](const std::vector<uint32_t>& cuts) {
            double most = 0;
            for (size_t i = 1; i < cuts.size(); ++i)
            {
                most = std::max(most, c.Work(cuts[i - 1], cuts[i]));
            }
            return most;
        };
        double best = 1e300;
        ForAllCuts(c.boundaries, parts, false, [&](const std::vector<uint32_t>& cuts) {
            best = std::min(best, largest(cuts));
        });
        const auto cuts = EqualWorkCuts(c.boundaries, c.work, c.workers);
        ASSERT_EQ(cuts.size(), parts + 1) << "seed " << seed;
        ASSERT_TRUE(std::adjacent_find(cuts.begin(), cuts.end()) == cuts.end()) << "seed " << seed;
        ASSERT_EQ(largest(cuts), best) << "seed " << seed;
    }
}

TEST(ChainCuts, ProportionalSharesFollowSpeed)
{
    // papers.md section 3: equal layers and speeds (1, 1, 2) give shares 1/4, 1/4, 1/2
    std::vector<uint32_t> boundaries;
    for (uint32_t b = 0; b <= 8; ++b)
    {
        boundaries.push_back(b);
    }
    const auto work = CumulatedWork(boundaries, [](uint32_t b, uint32_t e) { return e - b; });
    EXPECT_EQ(ProportionalCuts(boundaries, work, {1, 1, 2}), (std::vector<uint32_t>{0, 2, 4, 8}));
    EXPECT_EQ(ProportionalCuts(boundaries, work, {5}), (std::vector<uint32_t>{0, 8}));
}

TEST(ChainCuts, ProportionalTakesTheNearestBoundary)
{
    // targets 2.5 and 5 of 7.5: nearest are 3 (tie towards 2 does not arise) and 6 - 1
    const std::vector<uint32_t> boundaries{0, 1, 2, 3};
    const auto cuts = ProportionalCuts(boundaries, {0, 3, 4, 7.5}, {1, 1, 1});
    EXPECT_EQ(cuts, (std::vector<uint32_t>{0, 1, 2, 3}));
}

TEST(ChainCuts, ProportionalGivesEachWorkerItsMinimum)
{
    const std::vector<uint32_t> boundaries{0, 1, 2, 3, 4};
    const std::vector<double> work{0, 100, 101, 102, 103};
    EXPECT_EQ(ProportionalCuts(boundaries, work, {1, 1, 1, 1}, 1),
              (std::vector<uint32_t>{0, 1, 2, 3, 4}));
    EXPECT_EQ(ProportionalCuts(boundaries, work, {1000, 1, 1}, 1),
              (std::vector<uint32_t>{0, 2, 3, 4}));
}

TEST(ChainCuts, DpIsNeverWorseThanProportional)
{
    for (unsigned seed = 0; seed < 1000; ++seed)
    {
        RandomCase c(seed);
        const auto dp = MinMaxCuts(c.boundaries, c.workers, c.costs);
        const auto proportional = ProportionalCuts(c.boundaries, c.work, c.speeds);
        ASSERT_LE(Bottleneck(dp, c.costs), Bottleneck(proportional, c.costs)) << "seed " << seed;
    }
}

TEST(ChainCuts, BadArgumentsAreRefused)
{
    EXPECT_THROW(EqualWorkCuts({0, 2, 1}, {0, 1, 2}, 2), std::invalid_argument);
    EXPECT_THROW(EqualWorkCuts({0, 1}, {0, 1}, 0), std::invalid_argument);
    EXPECT_THROW(ProportionalCuts({0, 1}, {0, 1}, {0}), std::invalid_argument);
    EXPECT_THROW(ProportionalCuts({0, 1}, {0}, {1}), std::invalid_argument);
    EXPECT_THROW(MinMaxCuts({0, 1}, 0, {}), std::invalid_argument);
}

TEST(Plan, ChainPassesEachOutputToTheNextUnit)
{
    const Plan plan = MakeChainPlan({0, 2, 5}, {7, 9});
    ASSERT_EQ(plan.units.size(), 2U);
    ASSERT_EQ(plan.units[0].inputs.size(), 1U);
    EXPECT_EQ(plan.units[0].inputs[0].from, UnitInput::ITEM);
    ASSERT_EQ(plan.units[0].forwards.size(), 1U);
    EXPECT_EQ(plan.units[0].forwards[0].unit, 1U);
    EXPECT_EQ(plan.units[0].node, 7);
    EXPECT_EQ(plan.units[1].op.begin, 2U);
    EXPECT_EQ(plan.units[1].op.end, 5U);
    EXPECT_TRUE(plan.units[1].forwards.empty());
    EXPECT_THROW(MakeChainPlan({0}), std::invalid_argument);
    EXPECT_THROW(MakeChainPlan({0, 2}, {1, 2}), std::invalid_argument);
}

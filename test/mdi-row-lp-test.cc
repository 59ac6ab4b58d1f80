// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-test.h"

#include "ns3/mdi-row-baselines.h"
#include "ns3/mdi-row-lp.h"
#include "ns3/mdi-row-planner.h"

#include <cmath>
#include <cstdio>
#include <gtest/gtest.h>
#include <stdexcept>

using namespace ns3::mdi;
using namespace mdi_row_test;

namespace
{

/// How much longer than the exact makespan the linear program's is, over many layers.
struct Gaps
{
    std::vector<double> values; //!< relative, 0 is equal

    void Record(const char* name)
    {
        std::sort(values.begin(), values.end());
        double sum = 0;
        for (const double value : values)
        {
            sum += value;
        }
        const auto count = static_cast<double>(values.size());
        const auto equal = std::upper_bound(values.begin(), values.end(), 0) - values.begin();
        char text[200];
        std::snprintf(text,
                      sizeof(text),
                      "%zu layers, equal %.1f %%, mean gap %.2f %%, p95 %.2f %%, largest %.0f %%",
                      values.size(),
                      100 * static_cast<double>(equal) / count,
                      100 * sum / count,
                      100 * values[static_cast<size_t>(std::ceil(0.95 * count)) - 1],
                      100 * values.back());
        testing::Test::RecordProperty(name, text);
        std::printf("[     INFO ] %s: %s\n", name, text);
        equalShare = static_cast<double>(equal) / count;
        mean = sum / count;
    }

    double equalShare = 0;
    double mean = 0;
};

/// The gaps on random chains of 4 layers on 2 to 4 devices, every layer after exact ones.
Gaps
MeasureGaps(unsigned chains, const RowLpOptions& options)
{
    Gaps gaps;
    for (unsigned seed = 0; gaps.values.size() < 4 * chains; ++seed)
    {
        RandomRows rows(seed, 4, 4, false);
        if (rows.costs.Devices() < 2)
        {
            continue;
        }
        RowSchedule schedule(rows.model, rows.costs);
        while (schedule.Next() < rows.model.layers.size())
        {
            const auto exact = ExactCuts(schedule);
            const auto best = static_cast<double>(Makespan(schedule, exact));
            const auto found = static_cast<double>(Makespan(schedule, LpCuts(schedule, options)));
            gaps.values.push_back(found / std::max(1.0, best) - 1);
            schedule.Add(*exact);
        }
    }
    return gaps;
}

} // namespace

TEST(RowLp, IsNeverBetterThanTheExactPlannerAndMostlyAsGood)
{
    Gaps gaps = MeasureGaps(100, {});
    gaps.Record("all_subsets_hill_climb");
    EXPECT_GE(gaps.values.front(), 0);
    EXPECT_GT(gaps.equalShare, 0.95);
    EXPECT_LT(gaps.mean, 0.01);
    EXPECT_GE(MeasureGaps(25, {false, false}).values.front(), 0);
}

/// Prints the table of the manual: --gtest_also_run_disabled_tests --gtest_filter=*GapTable
TEST(RowLp, DISABLED_GapTable)
{
    MeasureGaps(400, {false, false}).Record("one_start");
    MeasureGaps(400, {false, true}).Record("one_start_hill_climb");
    MeasureGaps(400, {true, false}).Record("all_subsets");
    MeasureGaps(400, {true, true}).Record("all_subsets_hill_climb");
}

TEST(RowLp, OnJoinsAndWithMemoryLimitsNeverBetterThanTheExactPlannerEither)
{
    unsigned found = 0;
    unsigned missed = 0;
    for (unsigned seed = 0; seed < 200; ++seed)
    {
        RandomRows rows(seed, 4);
        if (seed % 2 == 0)
        {
            rows.LimitMemory();
        }
        RowSchedule schedule(rows.model, rows.costs);
        while (schedule.Next() < rows.model.layers.size())
        {
            const auto exact = ExactCuts(schedule);
            const auto lp = LpCuts(schedule);
            if (!exact)
            {
                EXPECT_FALSE(lp) << "seed " << seed;
                break;
            }
            if (lp)
            {
                EXPECT_GE(Makespan(schedule, lp), Makespan(schedule, exact)) << "seed " << seed;
                ++found;
            }
            else
            {
                ++missed;
            }
            schedule.Add(*exact);
        }
    }
    EXPECT_LT(missed, found / 20); // only where the memories are almost too small
}

TEST(RowLp, PlansAreWhatTheirCutsCostAlwaysTheSameAndGuarded)
{
    for (unsigned seed = 0; seed < 30; ++seed)
    {
        RandomRows rows(seed, 4);
        const RowPlan plan = PlanRowsByLp(rows.model, rows.costs);
        EXPECT_EQ(plan.cuts, PlanRowsByLp(rows.model, rows.costs).cuts);
        EXPECT_EQ(plan.latency, EvaluatePlan(rows.model, rows.costs, plan.cuts).latency);
        EXPECT_LE(plan.latency, BestSingleDevicePlan(rows.model, rows.costs)->latency);
    }
}

TEST(RowLp, SaysNothing)
{
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    RandomRows rows(5, 4);
    PlanRowsByLp(rows.model, rows.costs);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(RowLp, ManyDevicesStartFromSinglesAndAll)
{
    RandomRows rows(7, 2, 1, false);
    rows.costs = {};
    rows.AddDevices(9);
    const RowPlan plan = PlanRowsByLp(rows.model, rows.costs, false);
    EXPECT_GE(plan.latency, 0);
    EXPECT_TRUE(plan.fits);
}

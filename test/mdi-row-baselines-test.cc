// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-test.h"

#include "ns3/mdi-row-baselines.h"
#include "ns3/mdi-row-pipeline.h"

#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <stdexcept>

using namespace ns3::mdi;
using namespace mdi_row_test;

namespace
{

/// Call for every pipeline of a model over any devices in any order.
void
ForAllPipelines(const RowModel& model,
                uint32_t devices,
                const std::function<void(const std::vector<RowStage>&)>& visit)
{
    const auto end = static_cast<uint32_t>(model.layers.size()) - 1;
    std::vector<RowStage> stages;
    std::function<void(uint32_t)> extend = [&](uint32_t begin) {
        if (begin == end)
        {
            visit(stages);
            return;
        }
        for (uint32_t k = 0; k < devices; ++k)
        {
            if (std::any_of(stages.begin(), stages.end(), [k](const RowStage& stage) {
                    return stage.device == k;
                }))
            {
                continue;
            }
            for (uint32_t next = begin + 1; next <= end; ++next)
            {
                stages.push_back({k, begin, next});
                extend(next);
                stages.pop_back();
            }
        }
    };
    extend(model.inputs);
}

std::vector<RowCuts>
CutsOf(const RowModel& model, uint32_t devices, const std::vector<RowStage>& stages)
{
    std::vector<RowCuts> cuts(model.layers.size());
    for (const RowStage& stage : stages)
    {
        for (uint32_t v = stage.begin; v < stage.end; ++v)
        {
            cuts[v] = WholeOn(stage.device, devices, model.layers[v].height);
        }
    }
    return cuts;
}

} // namespace

TEST(RowBaselines, StripsAreEqualOrInProportionToSpeed)
{
    RandomRows rows(1, 1, 1, false);
    rows.model.layers[0].height = 8;
    rows.model.layers[1].height = 8;
    rows.model.layers[1].inputs = {{0, RowRule::Same()}};
    rows.costs = {};
    rows.AddDevices(3);
    rows.costs.compute[1] = {RowTime{0, 100, {}}, RowTime{0, 200, {}}, RowTime{0, 200, {}}};
    EXPECT_EQ(EqualStripsPlan(rows.model, rows.costs).cuts[1], (RowCuts{0, 3, 5, 8}));
    EXPECT_EQ(ProportionalStripsPlan(rows.model, rows.costs).cuts[1], (RowCuts{0, 4, 6, 8}));
    rows.model.layers[1].splittable = false;
    rows.costs.source = 2;
    EXPECT_EQ(EqualStripsPlan(rows.model, rows.costs).cuts[1], (RowCuts{0, 0, 0, 8}));
    EXPECT_EQ(ProportionalStripsPlan(rows.model, rows.costs).cuts[1], (RowCuts{0, 8, 8, 8}));
}

TEST(RowBaselines, TheBestSingleDeviceIsTheFastestThatFits)
{
    for (unsigned seed = 0; seed < 200; ++seed)
    {
        RandomRows rows(seed, 3);
        rows.LimitMemory();
        std::optional<int64_t> best;
        for (uint32_t k = 0; k < rows.costs.Devices(); ++k)
        {
            const RowPlan plan = SingleDevicePlan(rows.model, rows.costs, k);
            if (plan.fits)
            {
                best = std::min(best.value_or(plan.latency), plan.latency);
            }
        }
        const auto plan = BestSingleDevicePlan(rows.model, rows.costs);
        ASSERT_EQ(plan.has_value(), best.has_value());
        EXPECT_TRUE(!plan || plan->latency == *best) << "seed " << seed;
    }
}

TEST(RowPipeline, MinMaxEqualsBruteForceOverSubsetsAndOrders)
{
    unsigned refused = 0;
    for (unsigned seed = 0; seed < 400; ++seed)
    {
        RandomRows rows(seed, 4);
        if (seed % 2 == 0)
        {
            rows.LimitMemory();
        }
        const uint32_t devices = rows.costs.Devices();
        std::optional<int64_t> best;
        ForAllPipelines(rows.model, devices, [&](const std::vector<RowStage>& stages) {
            if (EvaluatePlan(rows.model, rows.costs, CutsOf(rows.model, devices, stages)).fits)
            {
                const int64_t period = PipelinePeriod(rows.model, rows.costs, stages);
                best = std::min(best.value_or(period), period);
            }
        });
        if (!best)
        {
            EXPECT_THROW(MinMaxPipeline(rows.model, rows.costs), std::invalid_argument);
            ++refused;
            continue;
        }
        const RowPipeline pipeline = MinMaxPipeline(rows.model, rows.costs);
        EXPECT_EQ(pipeline.period, *best) << "seed " << seed;
        EXPECT_EQ(pipeline.period, PipelinePeriod(rows.model, rows.costs, pipeline.stages));
        EXPECT_TRUE(pipeline.plan.fits);
        EXPECT_EQ(pipeline.plan.cuts[1], CutsOf(rows.model, devices, pipeline.stages)[1]);
        EXPECT_EQ(pipeline.stages, MinMaxPipeline(rows.model, rows.costs).stages);
    }
    EXPECT_GT(refused, 5u);
}

TEST(RowPipeline, TheFastLinkDecidesTheOrder)
{
    // Two equal layers; only the link from 2 back to 0 is fast enough for the period of one layer.
    RandomRows rows(1, 2, 1, false);
    for (uint32_t v : {0, 1, 2})
    {
        rows.model.layers[v].height = 10;
        rows.model.layers[v].rowBytes = 100;
    }
    rows.model.layers[1].inputs = {{0, RowRule::Same()}};
    rows.model.layers[2].inputs = {{1, RowRule::Same()}};
    rows.costs = {};
    rows.AddDevices(3);
    rows.costs.source = 0;
    rows.costs.serialRx = false;
    for (auto& layer : rows.costs.compute)
    {
        layer.assign(3, RowTime{0, 1000, {}});
    }
    for (auto& links : rows.costs.links)
    {
        links.assign(3, RowLink{0, 1e9 / 2}); // 16 us for a tensor, a layer takes 10
    }
    rows.costs.links[0][2].rate = rows.costs.links[2][0].rate = 1e9;
    const RowPipeline pipeline = MinMaxPipeline(rows.model, rows.costs);
    EXPECT_EQ(pipeline.period, 10000);
    const std::vector<RowStage> expected = {{0, 1, 2}, {2, 2, 3}};
    EXPECT_EQ(pipeline.stages, expected);
}

TEST(RowPipeline, TooManyDevicesAreRefused)
{
    RandomRows rows(1, 1, 1);
    rows.costs = {};
    rows.AddDevices(11);
    EXPECT_THROW(MinMaxPipeline(rows.model, rows.costs), std::invalid_argument);
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-test.h"

#include "ns3/mdi-row-baselines.h"
#include "ns3/mdi-row-planner.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <stdexcept>

using namespace ns3::mdi;
using namespace mdi_row_test;

namespace
{

const CutTarget TARGETS[] = {
    CutTarget::PREDECESSOR, CutTarget::PROPORTIONAL, CutTarget::FRONT_LOADED};

/// Convolution 3x3, batch norm and activation, a shortcut with an addition and an activation, a
/// pool, a fully connected layer, an exit that the result does not need.
LayerGraph
SmallNet()
{
    std::vector<Layer> layers;
    const auto add = [&layers](const std::string& name,
                               std::vector<int32_t> inputs,
                               std::vector<int64_t> shape,
                               std::vector<RowRule> rows,
                               double flop,
                               uint64_t weights) {
        Layer layer;
        layer.name = name;
        layer.inputs = std::move(inputs);
        layer.outputs = {TensorSpec{std::move(shape)}};
        layer.rows = std::move(rows);
        layer.flop = flop;
        layer.weightBytes = weights;
        layers.push_back(layer);
    };
    const RowRule same = RowRule::Same();
    add("conv1", {-1}, {1, 4, 8, 8}, {RowRule::Window(3, 1, 1)}, 800, 40);
    add("norm1", {0}, {1, 4, 8, 8}, {same}, 80, 4);
    add("relu1", {1}, {1, 4, 8, 8}, {same}, 8, 0);
    add("exit", {2}, {1, 10}, {}, 5, 7);
    add("conv2", {2}, {1, 4, 8, 8}, {RowRule::Window(3, 1, 1)}, 1600, 60);
    add("add", {4, 2}, {1, 4, 8, 8}, {same, same}, 8, 0);
    add("relu2", {5}, {1, 4, 8, 8}, {same}, 8, 0);
    add("pool", {6}, {1, 4, 4, 4}, {RowRule::Window(2, 2, 0)}, 16, 0);
    add("fc", {7}, {1, 10}, {}, 640, 100);
    return LayerGraph("small", {TensorSpec{{1, 3, 8, 8}}}, layers);
}

/// Times in proportion to the work, by the devices' speeds [FLOP/ns].
RowCosts
CostsBySpeed(const RowModel& model, const std::vector<double>& speeds, const RowLink& link)
{
    RowCosts costs;
    for (const RowLayer& layer : model.layers)
    {
        std::vector<RowTime> times(speeds.size());
        for (size_t k = 0; k < speeds.size(); ++k)
        {
            times[k].perRow = layer.flop / static_cast<double>(layer.height) / speeds[k];
        }
        costs.compute.push_back(times);
    }
    costs.links.assign(speeds.size(), std::vector<RowLink>(speeds.size(), link));
    return costs;
}

std::string
Refusal(const std::function<void()>& make)
{
    try
    {
        make();
    }
    catch (const std::exception& error)
    {
        return error.what();
    }
    return "accepted";
}

} // namespace

TEST(RowModel, FusesPointWiseLayersAndLeavesOutExits)
{
    const RowModel model = MakeRowModel(SmallNet());
    ASSERT_EQ(model.layers.size(), 7u); // input, 3 convolutions and joins, pool, fc, result
    EXPECT_EQ(model.inputs, 1u);
    EXPECT_TRUE(model.IsVirtual(0));
    EXPECT_TRUE(model.IsVirtual(6));
    EXPECT_FALSE(model.IsVirtual(5));
    EXPECT_EQ(model.layers[0].height, 8);
    EXPECT_EQ(model.layers[0].rowBytes, 3u * 8 * 4);
    EXPECT_EQ(model.layers[1].members, (std::vector<uint32_t>{0, 1, 2}));
    EXPECT_EQ(model.layers[1].flop, 888);
    EXPECT_EQ(model.layers[1].weightBytes, 44u);
    EXPECT_TRUE(model.layers[1].splittable);
    EXPECT_EQ(model.layers[2].members, std::vector<uint32_t>{4}); // relu1 has another reader
    EXPECT_EQ(model.layers[3].members, (std::vector<uint32_t>{5, 6}));
    EXPECT_EQ(model.layers[3].inputs[0].layer, 2u);
    EXPECT_EQ(model.layers[3].inputs[1].layer, 1u);
    EXPECT_EQ(model.layers[4].height, 4);
    EXPECT_FALSE(model.layers[5].splittable);
    EXPECT_EQ(model.layers[5].height, 1);
    EXPECT_EQ(model.layers[5].rowBytes, 40u);
    EXPECT_EQ(model.layers[6].inputs[0].layer, 5u);
    EXPECT_EQ(MakeRowModel(SmallNet(), false).layers.size(), 10u);
}

TEST(RowModel, WhatMakesNoTensorRunsWithItsReaders)
{
    Layer conv;
    conv.name = "conv";
    conv.inputs = {-1};
    conv.outputs = {TensorSpec{{1, 4, 6, 5}}};
    conv.rows = {RowRule::Window(3, 1, 1)};
    Layer split; // into a list, which the next one takes apart
    split.name = "split";
    split.inputs = {0};
    split.flop = 5;
    Layer unpack;
    unpack.name = "unpack";
    unpack.inputs = {1};
    unpack.outputs = {TensorSpec{{1, 2, 6, 5}}, TensorSpec{{1, 2, 6, 5}}};
    Layer other = unpack;
    other.name = "other";
    Layer add = conv;
    add.name = "add";
    add.inputs = {2, 3};
    add.rows = {RowRule::Same(), RowRule::Same()};
    const LayerGraph graph("split", {TensorSpec{{1, 3, 6, 5}}}, {conv, split, unpack, other, add});
    const RowModel model = MakeRowModel(graph);
    ASSERT_EQ(model.layers.size(), 6u);
    EXPECT_EQ(model.layers[2].members, (std::vector<uint32_t>{1, 2}));
    EXPECT_EQ(model.layers[3].members, (std::vector<uint32_t>{1, 3}));
    EXPECT_EQ(model.layers[3].inputs.at(0).layer, 1u);
    EXPECT_EQ(model.layers[3].inputs.at(0).rule, RowRule::Whole());
    EXPECT_EQ(model.layers[3].flop, 5);
    EXPECT_EQ(model.layers[3].height, 6);
    EXPECT_FALSE(model.layers[3].splittable);
    EXPECT_EQ(model.layers[4].inputs.size(), 2u);
}

TEST(RowModel, FusingPreservesWhatAPlanCosts)
{
    // A chain: there the device has nothing else to do between a layer and what is fused into it.
    std::mt19937 random(3);
    std::vector<Layer> layers;
    const RowRule rules[] = {RowRule::Window(3, 1, 1), RowRule::Same(), RowRule::Same()};
    for (int32_t i = 0; i < 9; ++i)
    {
        Layer layer;
        layer.name = "layer" + std::to_string(i);
        layer.inputs = {i - 1};
        layer.outputs = {TensorSpec{{1, 2, 12, 5}}};
        layer.rows = {rules[i % 3]};
        layer.flop = 12.0 * (1 + random() % 100);
        layers.push_back(layer);
    }
    const LayerGraph graph("chain", {TensorSpec{{1, 3, 12, 5}}}, layers);
    const RowModel fused = MakeRowModel(graph);
    const RowModel separate = MakeRowModel(graph, false);
    ASSERT_EQ(fused.layers.size(), 5u);
    ASSERT_EQ(separate.layers.size(), 11u);
    RowLink link;
    link.latency = 7;
    for (int i = 0; i < 100; ++i)
    {
        const std::vector<double> speeds = {1, 0.5, 0.25}; // whole nanoseconds per row
        std::vector<RowCuts> few;
        std::vector<RowCuts> many(1);
        for (const RowLayer& layer : fused.layers)
        {
            RowCuts cuts = {0, int64_t(random() % 13), int64_t(random() % 13), layer.height};
            std::sort(cuts.begin(), cuts.end());
            few.push_back(cuts);
            many.insert(many.end(), layer.members.size(), cuts);
        }
        many.push_back({});
        const RowPlan a = EvaluatePlan(fused, CostsBySpeed(fused, speeds, link), few);
        const RowPlan b = EvaluatePlan(separate, CostsBySpeed(separate, speeds, link), many);
        EXPECT_EQ(a.latency, b.latency);
        EXPECT_EQ(a.bytesMoved, b.bytesMoved);
        EXPECT_EQ(a.finish.back(), b.finish.back());
    }
}

TEST(RowPlan, CostsOfATwoDevicePlanByHand)
{
    // A 3x3 convolution over 8 rows of 10 bytes; device 1 gets rows 4..7 and needs rows 3..7.
    RowModel model;
    model.inputs = 1;
    model.layers.resize(3);
    model.layers[0].height = 8;
    model.layers[0].rowBytes = 10;
    model.layers[1].height = 8;
    model.layers[1].rowBytes = 20;
    model.layers[1].weightBytes = 1000;
    model.layers[1].inputs = {{0, RowRule::Window(3, 1, 1)}};
    model.layers[1].splittable = true;
    model.layers[2].inputs = {{1, RowRule::Whole()}};
    RowCosts costs;
    costs.compute = {{}, {RowTime{5, 2.5, {}}, RowTime{0, 1, {}}}, {}};
    costs.links.assign(2, std::vector<RowLink>(2, RowLink{100, 1e9})); // 8 ns per byte
    const RowPlan plan = EvaluatePlan(model, costs, {{}, {0, 4, 8}, {}});
    EXPECT_EQ(plan.finish[1][0], 5 + 10);
    EXPECT_EQ(plan.finish[1][1], 100 + 8 * 50 + 4);
    EXPECT_EQ(plan.latency, 504 + 100 + 8 * 80);
    EXPECT_EQ(plan.bytesMoved, 50u + 80);
    EXPECT_EQ(plan.memory, (std::vector<uint64_t>{1000 + 50 + 80, 1000 + 50 + 80}));
    EXPECT_TRUE(plan.fits);
    costs.memory = {1130, 1129};
    EXPECT_FALSE(EvaluatePlan(model, costs, {{}, {0, 4, 8}, {}}).fits);
}

TEST(RowPlan, ASerialReceiverTakesOneTensorAtATime)
{
    // Device 2 gathers 4 rows of 10 bytes from each of the two others, ready at 1000 and 1100.
    RowModel model;
    model.inputs = 1;
    model.layers.resize(4);
    for (uint32_t v : {0, 1})
    {
        model.layers[v].height = 8;
        model.layers[v].rowBytes = 10;
    }
    model.layers[1].inputs = {{0, RowRule::Same()}};
    model.layers[1].splittable = true;
    model.layers[2].inputs = {{1, RowRule::Whole()}};
    model.layers[3].inputs = {{2, RowRule::Whole()}};
    RowCosts costs;
    const std::vector<RowTime> no(3);
    costs.compute = {no, {RowTime{1000, 0, {}}, RowTime{0, 0, {}}, RowTime{}}, no, no};
    costs.links.assign(3, std::vector<RowLink>(3, RowLink{0, 1e9}));
    costs.links[0][1].latency = 1100 - 320;
    const std::vector<RowCuts> cuts = {{}, {0, 4, 8, 8}, {0, 0, 0, 1}, {}};
    EXPECT_EQ(EvaluatePlan(model, costs, cuts).finish[2][2], 1100 + 320);
    costs.serialRx = true;
    EXPECT_EQ(EvaluatePlan(model, costs, cuts).finish[2][2], 1000 + 320 + 320);
}

TEST(RowPlan, WhatCannotBeIsRefused)
{
    RandomRows rows(1, 3, 4, false);
    RowCosts& costs = rows.costs;
    const uint32_t devices = costs.Devices();
    std::vector<RowCuts> cuts;
    for (const RowLayer& layer : rows.model.layers)
    {
        cuts.push_back(WholeOn(0, devices, layer.height));
    }
    EXPECT_NO_THROW(EvaluatePlan(rows.model, costs, cuts));
    auto bad = cuts;
    bad[1].back() += 1;
    EXPECT_NE(Refusal([&] { EvaluatePlan(rows.model, costs, bad); }).find("cuts of layer 1 must"),
              std::string::npos);
    bad.pop_back();
    EXPECT_THROW(EvaluatePlan(rows.model, costs, bad), std::invalid_argument);
    const auto refused = [&rows](const std::function<void(RowCosts&)>& change) {
        RowCosts changed = rows.costs;
        change(changed);
        return Refusal([&] { RowSchedule(rows.model, changed); });
    };
    EXPECT_EQ(refused([](RowCosts& c) { c.source = c.Devices(); }),
              "row costs: the source is none of the devices");
    EXPECT_EQ(refused([](RowCosts& c) { c.compute.pop_back(); }),
              "row costs: expected times for every layer");
    EXPECT_EQ(refused([](RowCosts& c) { c.compute[2][0].perRow = -1; }),
              "row costs: layer 2: times are numbers from 0 up");
    EXPECT_EQ(refused([](RowCosts& c) {
                  c.compute[2][0].table = {0, 3, 2};
              }),
              "row costs: layer 2: a table has an entry per number of rows, from 0 up, never "
              "descending");
    EXPECT_EQ(refused([](RowCosts& c) {
                  c.memory = {};
                  c.memory.resize(c.Devices() + 1);
              }),
              "row costs: expected a memory per device");
}

TEST(RowPlanner, ExactCutsEqualBruteForceWithEveryTarget)
{
    unsigned planned = 0;
    unsigned refused = 0;
    for (unsigned seed = 0; planned < 1000; ++seed)
    {
        RandomRows rows(seed, 3);
        if (seed % 3 == 0)
        {
            rows.LimitMemory();
        }
        RowSchedule schedule(rows.model, rows.costs);
        while (schedule.Next() < rows.model.layers.size())
        {
            const auto best = BruteForce(schedule);
            std::optional<RowCuts> cuts;
            for (const CutTarget target : TARGETS)
            {
                cuts = ExactCuts(schedule, {target, {}, false});
                ASSERT_EQ(cuts.has_value(), best.has_value()) << "seed " << seed;
                if (cuts)
                {
                    ASSERT_TRUE(schedule.Score(*cuts)) << "seed " << seed;
                    ASSERT_EQ(Makespan(schedule, cuts), std::get<0>(*best)) << "seed " << seed;
                }
            }
            if (!best)
            {
                ++refused;
                break;
            }
            ++planned;
            schedule.Add(*cuts);
        }
    }
    EXPECT_GT(refused, 10u); // the memory limits do limit
}

TEST(RowPlanner, CutsNearThePredecessorsMoveFewerBytesThanFrontLoadedOnes)
{
    uint64_t near = 0;
    uint64_t front = 0;
    for (unsigned seed = 0; seed < 300; ++seed)
    {
        RandomRows rows(seed, 4, 4, false);
        RowSchedule schedule(rows.model, rows.costs);
        while (schedule.Next() < rows.model.layers.size())
        {
            const auto cuts = ExactCuts(schedule);
            near += std::get<1>(*schedule.Score(*cuts));
            front += std::get<1>(
                *schedule.Score(*ExactCuts(schedule, {CutTarget::FRONT_LOADED, {}, false})));
            schedule.Add(*cuts);
        }
    }
    EXPECT_LT(near, front);
}

TEST(RowPlanner, OneDeviceMovesNothingAndTakesTheSumOfItsWork)
{
    for (unsigned seed = 0; seed < 200; ++seed)
    {
        const RandomRows rows(seed, 4, 1);
        const RowPlan plan = PlanRows(rows.model, rows.costs);
        int64_t sum = 0;
        for (uint32_t v = 1; v <= 4; ++v)
        {
            sum += rows.costs.compute[v][0].At(rows.model.layers[v].height);
        }
        EXPECT_EQ(plan.latency, sum);
        EXPECT_EQ(plan.bytesMoved, 0u);
        EXPECT_FALSE(plan.guardUsed);
    }
}

TEST(RowPlanner, WithFreeLinksTheMakespanIsIdealUpToARow)
{
    for (unsigned seed = 0; seed < 500; ++seed)
    {
        RandomRows rows(seed, 1, 4, false);
        double rate = 0;
        double slowest = 0;
        for (uint32_t k = 0; k < rows.costs.Devices(); ++k)
        {
            RowTime& time = rows.costs.compute[1][k];
            time = RowTime{0, std::floor(time.perRow), {}};
            rate += 1 / time.perRow;
            slowest = std::max(slowest, time.perRow);
            for (RowLink& link : rows.costs.links[k])
            {
                link = RowLink{0, 1e30};
            }
        }
        const RowSchedule schedule(rows.model, rows.costs);
        const double ideal = static_cast<double>(schedule.Layer().height) / rate;
        const auto makespan = static_cast<double>(Makespan(schedule, ExactCuts(schedule)));
        // A transfer of more than nothing is rounded up to a nanosecond.
        EXPECT_GE(makespan, ideal - 1e-6) << "seed " << seed;
        EXPECT_LT(makespan, ideal + slowest + 1 + 1e-6) << "seed " << seed;
    }
}

TEST(RowPlanner, WithTinyRatesEverythingStaysOnTheSource)
{
    for (unsigned seed = 0; seed < 200; ++seed)
    {
        RandomRows rows(seed, 4);
        for (auto& links : rows.costs.links)
        {
            for (RowLink& link : links)
            {
                link.rate = 1;
            }
        }
        const RowPlan plan = PlanRows(rows.model, rows.costs);
        EXPECT_EQ(plan.bytesMoved, 0u) << "seed " << seed;
        EXPECT_EQ(plan.latency,
                  SingleDevicePlan(rows.model, rows.costs, rows.costs.source).latency);
    }
}

TEST(RowPlanner, TheGuardNeverLosesToASingleDeviceAndSaysWhenItActed)
{
    unsigned used = 0;
    for (unsigned seed = 0; seed < 500; ++seed)
    {
        RandomRows rows(seed, 4);
        const RowPlan guarded = PlanRows(rows.model, rows.costs);
        const RowPlan free = PlanRows(rows.model, rows.costs, {false, false, false});
        EXPECT_FALSE(free.guardUsed);
        EXPECT_EQ(guarded.guardUsed, guarded.latency < free.latency) << "seed " << seed;
        EXPECT_LE(guarded.latency, free.latency) << "seed " << seed;
        for (uint32_t k = 0; k < rows.costs.Devices(); ++k)
        {
            EXPECT_LE(guarded.latency, SingleDevicePlan(rows.model, rows.costs, k).latency);
        }
        used += guarded.guardUsed ? 1 : 0;
    }
    EXPECT_GT(used, 0u);
    EXPECT_LT(used, 500u);
}

TEST(RowPlanner, PlansAreWhatTheirCutsCostAndAlwaysTheSame)
{
    for (unsigned seed = 0; seed < 200; ++seed)
    {
        RandomRows rows(seed, 4);
        const RowPlan plan = PlanRows(rows.model, rows.costs);
        const RowPlan again = PlanRows(rows.model, rows.costs);
        const RowPlan evaluated = EvaluatePlan(rows.model, rows.costs, plan.cuts);
        EXPECT_EQ(plan.cuts, again.cuts);
        EXPECT_EQ(plan.finish, evaluated.finish);
        EXPECT_EQ(plan.latency, evaluated.latency);
        EXPECT_EQ(plan.bytesMoved, evaluated.bytesMoved);
    }
}

TEST(RowPlanner, SubsetsAndLookAheadAreNeverWorseAndCanBeBetter)
{
    unsigned subsetsHelp = 0;
    unsigned lookAheadHelps = 0;
    for (unsigned seed = 0; seed < 200; ++seed)
    {
        RandomRows rows(seed, 5);
        const RowPlan plain = PlanRows(rows.model, rows.costs);
        const RowPlan subsets = PlanRows(rows.model, rows.costs, {true, true, false});
        const RowPlan lookAhead = PlanRows(rows.model, rows.costs, {true, false, true});
        const RowPlan both = PlanRows(rows.model, rows.costs, {true, true, true});
        EXPECT_LE(subsets.latency, plain.latency) << "seed " << seed;
        EXPECT_LE(lookAhead.latency, plain.latency) << "seed " << seed;
        EXPECT_LE(both.latency, std::min(subsets.latency, lookAhead.latency)) << "seed " << seed;
        subsetsHelp += subsets.latency < plain.latency ? 1 : 0;
        lookAheadHelps += lookAhead.latency < plain.latency ? 1 : 0;
    }
    EXPECT_GT(subsetsHelp, 10u);
    EXPECT_GT(lookAheadHelps, 0u);
}

TEST(RowPlanner, DevicesWithoutAShareGetNoRows)
{
    for (unsigned seed = 0; seed < 100; ++seed)
    {
        RandomRows rows(seed, 4, 4, false);
        const uint32_t devices = rows.costs.Devices();
        RowGoal goal;
        goal.shares.assign(devices, 1);
        goal.shares[seed % devices] = devices == 1 ? 1 : 0;
        RowSchedule schedule(rows.model, rows.costs);
        while (schedule.Next() < rows.model.layers.size())
        {
            const RowCuts cuts = *ExactCuts(schedule, goal);
            EXPECT_TRUE(devices == 1 || Strip(cuts, seed % devices).Empty()) << "seed " << seed;
            schedule.Add(cuts);
        }
    }
    EXPECT_EQ(DeviceSubsets(2), (std::vector<uint64_t>{1, 2, 3}));
    EXPECT_EQ(DeviceSubsets(6).size(), 63u);
    EXPECT_EQ(DeviceSubsets(7).size(), 8u);
}

TEST(RowPlanner, MemoryLimitsAreKeptOrRefused)
{
    unsigned refused = 0;
    for (unsigned seed = 0; seed < 500; ++seed)
    {
        RandomRows rows(seed, 4);
        rows.LimitMemory();
        try
        {
            EXPECT_TRUE(PlanRows(rows.model, rows.costs).fits) << "seed " << seed;
        }
        catch (const std::invalid_argument& error)
        {
            EXPECT_STREQ(error.what(), "the model does not fit into the memory of the devices");
            EXPECT_FALSE(BestSingleDevicePlan(rows.model, rows.costs)) << "seed " << seed;
            ++refused;
        }
    }
    EXPECT_GT(refused, 10u);
    EXPECT_LT(refused, 490u);
}

TEST(RowPlanner, PlansWholeGraphs)
{
    const RowModel model = MakeRowModel(SmallNet());
    RowLink link;
    link.latency = 10;
    link.rate = 400e9;
    const RowPlan plan = PlanRows(model, CostsBySpeed(model, {1, 2, 2}, link));
    EXPECT_EQ(plan.cuts.size(), model.layers.size());
    EXPECT_EQ(plan.cuts.front(), (RowCuts{0, 8, 8, 8}));
    EXPECT_EQ(plan.cuts.back(), (RowCuts{0, 1, 1, 1}));
    EXPECT_LT(plan.latency, 3160 / 2); // faster than the fastest device
    EXPECT_FALSE(plan.guardUsed);
}

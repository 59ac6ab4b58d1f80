// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// From plans in row strips to execution units.

#include "mdi-row-graph.h"
#include "mdi-row-runner.h"

#include "ns3/mdi-row-strip.h"
#include "ns3/mdi-row-units.h"

#include <gtest/gtest.h>
#include <map>
#include <stdexcept>

using namespace ns3::mdi;
using namespace mdi_row_test;

namespace
{

const std::vector<uint32_t> NODES = {40, 41, 42, 43, 44, 45};

std::vector<uint32_t>
Nodes(uint32_t count)
{
    return {NODES.begin(), NODES.begin() + count};
}

/// Rows that inputs of a unit bring of a layer, each as often as it is brought.
std::map<int64_t, int>
RowsBrought(const ExecutionUnit& unit, int32_t layer)
{
    std::map<int64_t, int> rows;
    for (const UnitInput& input : unit.inputs)
    {
        for (int64_t row = input.rows.begin; input.layer == layer && row < input.rows.end; ++row)
        {
            ++rows[row];
        }
    }
    return rows;
}

/// Cuts of every layer that a pipeline of these stages makes.
RowPipeline
PipelineOf(const RowModel& model, const std::vector<RowStage>& stages, uint32_t devices)
{
    RowPipeline pipeline;
    pipeline.stages = stages;
    pipeline.plan.cuts.assign(model.layers.size(), RowCuts(devices + 1, 0));
    for (const RowStage& stage : stages)
    {
        for (uint32_t v = stage.begin; v < stage.end; ++v)
        {
            pipeline.plan.cuts[v] = WholeOn(stage.device, devices, model.layers[v].height);
        }
    }
    return pipeline;
}

} // namespace

TEST(RowUnits, BringEveryNeededRowOnce)
{
    for (unsigned seed = 0; seed < 300; ++seed)
    {
        std::mt19937 random(seed);
        const LayerGraph graph = RandomGraph(random, 1 + random() % 8, true);
        const RowModel model = MakeRowModel(graph, seed % 2 == 0);
        const uint32_t devices = 2 + random() % 5;
        const auto cuts = RandomCuts(model, random, devices);
        const Plan plan = MakeRowUnits(graph, model, cuts, Nodes(devices), 0);
        if (!plan.HasStrips())
        {
            continue; // by chance, one device has it all
        }
        EXPECT_EQ(plan.units.back().op.kind, UnitKind::GATHER);
        EXPECT_EQ(plan.units.back().node, 40);
        EXPECT_TRUE(plan.units.back().forwards.empty());
        for (const ExecutionUnit& unit : plan.units)
        {
            const RowStrip strip{0, 0, unit.op.members, unit.op.rows};
            size_t rows = 0;
            for (const StripNeed& need : StripNeeds(graph, strip))
            {
                const auto brought = RowsBrought(unit, need.layer);
                for (int64_t row = need.rows.begin; row < need.rows.end; ++row)
                {
                    EXPECT_EQ(brought.count(row) > 0 ? brought.at(row) : 0, 1) << seed;
                }
                rows += need.rows.Size();
            }
            size_t all = 0;
            for (const UnitInput& input : unit.inputs)
            {
                all += input.rows.Size();
            }
            EXPECT_EQ(all, rows) << "rows that nobody needs, " << seed;
        }
    }
}

TEST(RowUnits, ForwardToThoseThatRequireThem)
{
    std::mt19937 random(3);
    for (int i = 0; i < 100; ++i)
    {
        const LayerGraph graph = RandomGraph(random, 6, true);
        const RowModel model = MakeRowModel(graph);
        const Plan plan = MakeRowUnits(graph, model, RandomCuts(model, random, 4), Nodes(4), 2);
        std::map<std::pair<uint32_t, uint16_t>, int> served; // by unit and input
        for (uint32_t u = 0; u < plan.units.size(); ++u)
        {
            for (const UnitForward& forward : plan.units[u].forwards)
            {
                ASSERT_GT(forward.unit, u);
                const UnitInput& input = plan.units[forward.unit].inputs.at(forward.input);
                EXPECT_EQ(input.from, static_cast<int32_t>(u));
                ++served[{forward.unit, forward.input}];
            }
        }
        for (uint32_t u = 0; u < plan.units.size(); ++u)
        {
            for (uint16_t n = 0; n < plan.units[u].inputs.size(); ++n)
            {
                const bool item = plan.units[u].inputs[n].from == UnitInput::ITEM;
                EXPECT_EQ((served[{u, n}]), item ? 0 : 1);
            }
        }
    }
}

TEST(RowUnits, OneDeviceRunsOneSlice)
{
    std::mt19937 random(1);
    const LayerGraph graph = RandomGraph(random, 5, true);
    const RowModel model = MakeRowModel(graph);
    std::vector<RowCuts> cuts;
    for (const RowLayer& layer : model.layers)
    {
        cuts.push_back(WholeOn(1, 3, layer.height));
    }
    const Plan plan = MakeRowUnits(graph, model, cuts, Nodes(3), 0);
    ASSERT_EQ(plan.units.size(), 1u);
    EXPECT_EQ(plan.units[0].op.kind, UnitKind::SLICE);
    EXPECT_EQ(plan.units[0].op.end, graph.Size());
    EXPECT_EQ(plan.units[0].node, 41);
}

TEST(RowUnits, AStripThatSeesOnlyPaddingHearsOfTheItem)
{
    Layer layer;
    layer.name = "wide";
    layer.inputs = {-1};
    layer.rows = {RowRule::Window(3, 1, 3)}; // its first and last row see padding alone
    layer.outputs = {TensorSpec{{1, 1, 6, 2}}};
    const LayerGraph graph("padding", {TensorSpec{{1, 1, 2, 2}}}, {layer});
    const RowModel model = MakeRowModel(graph);
    const std::vector<RowCuts> cuts = {{0, 2, 2}, {0, 1, 6}, {0, 1, 1}};
    const Plan plan = MakeRowUnits(graph, model, cuts, Nodes(2), 1);
    ASSERT_EQ(plan.units.size(), 3u);
    ASSERT_EQ(plan.units[0].inputs.size(), 1u);
    EXPECT_EQ(plan.units[0].inputs[0].from, UnitInput::ITEM);
    EXPECT_TRUE(plan.units[0].inputs[0].rows.Empty());
    EXPECT_TRUE(RowTensors(graph, -1, plan.units[0].inputs[0].rows).empty());
    EXPECT_EQ(plan.units[1].inputs[0].rows, (RowRange{0, 2}));
}

TEST(RowUnits, RowTensorsHaveTheBytesOfTheirRows)
{
    std::mt19937 random(2);
    const LayerGraph graph = RandomGraph(random, 4, true);
    EXPECT_EQ(TotalBytes(RowTensors(graph, -1, {1, 3})), 2u * 2 * 5 * 4);
    const auto last = static_cast<int32_t>(graph.Size()) - 1;
    EXPECT_EQ(RowTensors(graph, last, {0, 1}), graph.Layers()[last].outputs);
}

TEST(RowUnits, APipelineRunsSlices)
{
    std::mt19937 random(5);
    const LayerGraph graph = RandomGraph(random, 5, false);
    const RowModel model = MakeRowModel(graph, false);
    const auto end = static_cast<uint32_t>(model.layers.size()) - 1;
    const RowPipeline pipeline = PipelineOf(model, {{1, 1, 3}, {0, 3, end}}, 2);
    const Plan plan = MakePipelineUnits(graph, model, pipeline, Nodes(2), 0);
    ASSERT_EQ(plan.units.size(), 2u);
    EXPECT_FALSE(plan.HasStrips());
    EXPECT_EQ(plan.units[0].op.end, 2u);
    EXPECT_EQ(plan.units[0].node, 41);
    EXPECT_EQ(plan.units[1].op.end, graph.Size());
}

TEST(RowUnits, APipelineThatCannotBeCutRunsWholeLayers)
{
    std::mt19937 random(5);
    LayerGraph graph = RandomGraph(random, 5, false);
    graph.ForbidCut(2);
    const RowModel model = MakeRowModel(graph, false);
    const auto end = static_cast<uint32_t>(model.layers.size()) - 1;
    const RowPipeline pipeline = PipelineOf(model, {{1, 1, 3}, {0, 3, end}}, 2);
    const Plan plan = MakePipelineUnits(graph, model, pipeline, Nodes(2), 0);
    EXPECT_TRUE(plan.HasStrips());
    EXPECT_EQ(plan.units.size(), graph.Size() + 1);
}

TEST(RowUnits, RefuseCutsThatDoNotSuit)
{
    std::mt19937 random(1);
    const LayerGraph graph = RandomGraph(random, 3, false);
    const RowModel model = MakeRowModel(graph);
    auto cuts = RandomCuts(model, random, 3);
    EXPECT_THROW(MakeRowUnits(graph, model, cuts, Nodes(2), 0), std::invalid_argument);
    EXPECT_THROW(MakeRowUnits(graph, model, cuts, Nodes(3), 3), std::invalid_argument);
    cuts.pop_back();
    EXPECT_THROW(MakeRowUnits(graph, model, cuts, Nodes(3), 0), std::invalid_argument);
}

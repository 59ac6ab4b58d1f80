// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-runner.h"

#include "ns3/mdi-row-strip.h"
#include "ns3/mdi-tensor-engine.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_row_test;

namespace
{

Layer
MakeLayer(const std::string& name,
          const std::vector<int32_t>& inputs,
          int64_t height,
          const std::vector<RowRule>& rows)
{
    Layer layer;
    layer.name = name;
    layer.inputs = inputs;
    layer.outputs = {TensorSpec{{1, 2, height, 4}}};
    layer.rows = rows;
    return layer;
}

/// Two convolutions, a join, and a layer that cannot be split, of a picture of 9 rows.
LayerGraph
SmallNet()
{
    std::vector<Layer> layers = {
        MakeLayer("conv", {-1}, 9, {RowRule::Window(3, 1, 1)}),
        MakeLayer("relu", {0}, 9, {RowRule::Same()}),
        MakeLayer("wide", {1}, 9, {RowRule::Window(5, 1, 2)}),
        MakeLayer("add", {1, 2}, 9, {RowRule::Same(), RowRule::Same()}),
        MakeLayer("fc", {3}, 1, {}),
    };
    layers.back().outputs = {TensorSpec{{1, 10}}};
    return LayerGraph("small", {TensorSpec{{1, 3, 9, 4}}}, layers);
}

const TensorId PICTURE{0, 7, 0};

std::string
Error(const RowStrip& strip, const std::vector<StripPart>& parts)
{
    try
    {
        NameStrip(SmallNet(), strip, parts);
    }
    catch (const std::invalid_argument& error)
    {
        return error.what();
    }
    return "accepted";
}

} // namespace

TEST(RowStrip, NeedsWhatItsMembersRead)
{
    const LayerGraph graph = SmallNet();
    const RowStrip strip{0, 7, {0, 1, 2}, {3, 5}};
    const auto rows = MemberRows(graph, strip);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0], (RowRange{1, 7}));
    EXPECT_EQ(rows[1], (RowRange{1, 7}));
    EXPECT_EQ(rows[2], (RowRange{3, 5}));
    const auto needs = StripNeeds(graph, strip);
    ASSERT_EQ(needs.size(), 1u);
    EXPECT_EQ(needs[0].layer, -1);
    EXPECT_EQ(needs[0].rows, (RowRange{0, 8}));
    const auto join = StripNeeds(graph, {0, 7, {3}, {8, 9}});
    ASSERT_EQ(join.size(), 2u);
    EXPECT_EQ(join[1].layer, 2);
    EXPECT_EQ(join[1].rows, (RowRange{8, 9}));
    EXPECT_EQ(StripNeeds(graph, {0, 7, {4}, {0, 1}}).at(0).rows, (RowRange{0, 9}));
    EXPECT_EQ(StripNeeds(graph, {0, 7, {}, {}}).at(0).rows, (RowRange{0, 1}));
}

TEST(RowStrip, NamesSayHowItWasMade)
{
    const LayerGraph graph = SmallNet();
    const RowStrip strip{0, 7, {0, 1}, {0, 4}};
    const TensorId name = NameStrip(graph, strip, {{-1, {0, 5}, PICTURE}});
    EXPECT_EQ(name.boundary, 2u);
    EXPECT_EQ(name.rows, strip.rows);
    EXPECT_EQ(name.input, 7u);
    EXPECT_NE(name.lineage, 0u);
    const StripPart above{-1, {0, 3}, PICTURE};
    const StripPart below{-1, {3, 6}, PICTURE};
    EXPECT_EQ(NameStrip(graph, strip, {above, below}), NameStrip(graph, strip, {below, above}));
    // All names below differ: other parts, rows, members, or a codec before.
    TensorId coded = PICTURE;
    coded.lineage = 5;
    const std::set<TensorId> names = {name,
                                      NameStrip(graph, strip, {above, below}),
                                      NameStrip(graph, strip, {{-1, {0, 5}, coded}}),
                                      NameStrip(graph, {0, 7, {0}, {0, 4}}, {{-1, {0, 5}, PICTURE}}),
                                      NameStrip(graph, {0, 7, {0, 1}, {0, 3}}, {{-1, {0, 5}, PICTURE}})};
    EXPECT_EQ(names.size(), 5u);
    // The same strip of another input has the same lineage.
    const TensorId other{0, 8, 0};
    EXPECT_EQ(NameStrip(graph, {0, 8, {0, 1}, {0, 4}}, {{-1, {0, 5}, other}}).lineage, name.lineage);
}

TEST(RowStrip, RefusesWhatCannotBe)
{
    const RowStrip strip{0, 7, {0, 1}, {2, 4}};
    const TensorId relu{0, 7, 2, 9, {0, 6}};
    const auto expect = [](const std::string& what, const std::string& part) {
        EXPECT_NE(what.find(part), std::string::npos) << what;
    };
    EXPECT_EQ(Error(strip, {{-1, {1, 5}, PICTURE}}), "accepted");
    expect(Error(strip, {{-1, {1, 4}, PICTURE}}),
           "rows [2, 4) of layer 'relu' need row 4 of input 0, which is in none");
    expect(Error(strip, {{-1, {1, 2}, PICTURE}, {-1, {3, 5}, PICTURE}}), "need row 2 of input 0");
    expect(Error(strip, {}), "need row 1");
    expect(Error(strip, {{-1, {1, 10}, PICTURE}}), "cannot be taken");
    expect(Error(strip, {{-1, {1, 5}, relu}}), "cannot be taken");
    expect(Error(strip, {{-1, {1, 5}, {0, 8, 0}}}), "another model, item or layer");
    expect(Error(strip, {{-2, {1, 5}, PICTURE}}), "another model, item or layer");
    expect(Error({0, 7, {2}, {0, 2}}, {{1, {0, 7}, relu}}), "cannot be taken from rows [0, 6)");
    EXPECT_EQ(Error({0, 7, {2}, {0, 2}}, {{1, {0, 4}, relu}}), "accepted");
    expect(Error({0, 7, {2}, {0, 0}}, {}), "no strip can be rows [0, 0) of layer 'wide'");
    expect(Error({0, 7, {2}, {5, 10}}, {}), "no strip can be");
    expect(Error({0, 7, {1, 0}, {0, 1}}, {}), "must ascend");
    expect(Error({0, 7, {5}, {0, 1}}, {}), "must ascend and exist");
    expect(Error({0, 7, {}, {0, 1}}, {}), "the result is no strip");
    LayerGraph graph = SmallNet();
    std::vector<Layer> layers = graph.Layers();
    layers[1].rows = {};
    graph = LayerGraph("whole", graph.Inputs(), layers);
    EXPECT_THROW(StripNeeds(graph, {0, 7, {1}, {0, 4}}), std::invalid_argument);
    EXPECT_EQ(StripNeeds(graph, {0, 7, {1}, {0, 9}}).at(0).rows, (RowRange{0, 9}));
}

TEST(RowStrip, AnEngineOfSizesNamesTheResult)
{
    const Ptr<TensorEngine> engine = CreateObject<TensorEngine>();
    engine->AddModel(SmallNet());
    const RowModel rows = MakeRowModel(engine->Graph(0));
    std::mt19937 random(1);
    for (int i = 0; i < 100; ++i)
    {
        RowRunner runner(*engine, 0, rows, random);
        const TensorId result = runner.Run(3, RandomCuts(rows, random));
        EXPECT_EQ(result.boundary, 5u);
        EXPECT_EQ(result.input, 3u);
        EXPECT_EQ(result.rows, RowRange{});
        EXPECT_FALSE(engine->MaxError(result).has_value());
    }
}

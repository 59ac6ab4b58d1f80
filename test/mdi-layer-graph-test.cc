// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-layer-graph-json.h"
#include "ns3/mdi-layer-graph.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <stdexcept>

using namespace ns3::mdi;

namespace
{

Layer
MakeLayer(const std::string& name, std::vector<int32_t> inputs, int64_t floats, double flop)
{
    Layer layer;
    layer.name = name;
    layer.op = "aten::x";
    layer.block = name.substr(0, name.find('/'));
    layer.inputs = std::move(inputs);
    layer.outputs = {TensorSpec{{1, floats}, Dtype::FLOAT32}};
    layer.flop = flop;
    layer.weightBytes = 10 * static_cast<uint64_t>(floats);
    return layer;
}

/// Two inputs (8 floats; 3 bytes read late), a shortcut around b, and a result of two layers.
LayerGraph
Residual()
{
    return LayerGraph("tiny",
                      {TensorSpec{{1, 8}, Dtype::FLOAT32}, TensorSpec{{3}, Dtype::UINT8}},
                      {MakeLayer("a/conv", {-1}, 4, 100),
                       MakeLayer("b/conv", {0}, 5, 200),
                       MakeLayer("b/add", {0, 1}, 6, 0),
                       MakeLayer("c/mul", {2, -2}, 7, 50)},
                      {2, 3});
}

std::string
Replaced(std::string text, const std::string& from, const std::string& to)
{
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

const char* const GOOD = R"({"format": "mdi-layer-graph", "version": 1, "name": "tiny",
 "inputs": [{"shape": [1, 4], "dtype": "float32"}],
 "layers": [{"name": "a", "inputs": [-1], "outputs": [{"shape": [1, 2], "dtype": "float16"}]},
            {"name": "b", "inputs": [0], "outputs": [{"shape": [], "dtype": "bool"}],
             "flop": 16.5, "weight_bytes": 40}],
 "outputs": [1], "forbidden_cuts": [1]})";

} // namespace

TEST(LayerGraph, DtypesHaveNamesAndSizes)
{
    for (int i = 0; i < 8; ++i)
    {
        Dtype dtype;
        ASSERT_TRUE(DtypeFromName(DtypeName(static_cast<Dtype>(i)), dtype));
        EXPECT_EQ(static_cast<int>(dtype), i);
    }
    Dtype dtype;
    EXPECT_FALSE(DtypeFromName("float31", dtype));
    EXPECT_EQ(DtypeBytes(Dtype::FLOAT16), 2u);
    EXPECT_EQ((TensorSpec{{2, 3}, Dtype::FLOAT64}.Bytes()), 48u);
    EXPECT_EQ((TensorSpec{{}, Dtype::INT32}.Bytes()), 4u);
    EXPECT_EQ((TensorSpec{{5, 0}, Dtype::BOOL}.Bytes()), 0u);
    EXPECT_THROW((TensorSpec{{1 << 30, 1 << 30}, Dtype::BOOL}.Bytes()), std::invalid_argument);
    EXPECT_THROW((TensorSpec{{-1}, Dtype::BOOL}.Bytes()), std::invalid_argument);
}

TEST(LayerGraph, CutBytesOfAResidualGraph)
{
    const LayerGraph graph = Residual();
    ASSERT_EQ(graph.Size(), 4u);
    EXPECT_EQ(graph.CutBytes(0), 32u + 3);
    EXPECT_EQ(graph.CutBytes(1), 3u + 16);      // a
    EXPECT_EQ(graph.CutBytes(2), 3u + 16 + 20); // a and b
    EXPECT_EQ(graph.CutBytes(3), 3u + 24);      // the sum
    EXPECT_EQ(graph.CutBytes(4), 24u + 28);     // both results
    const std::vector<TensorSpec> alive = graph.CutTensors(2);
    ASSERT_EQ(alive.size(), 3u);
    EXPECT_EQ(alive[0], graph.Inputs()[1]);
    EXPECT_EQ(alive[1], graph.Layers()[0].outputs[0]);
    EXPECT_EQ(alive[2], graph.Layers()[1].outputs[0]);
    EXPECT_THROW(graph.CutBytes(5), std::out_of_range);
}

TEST(LayerGraph, InputsThatNobodyReadLiveAtTheStartOnly)
{
    const LayerGraph graph("unread",
                           {TensorSpec{{8}}, TensorSpec{{9}}},
                           {MakeLayer("a", {-1}, 4, 0), MakeLayer("b", {0}, 5, 0)});
    EXPECT_EQ(graph.CutBytes(0), 4u * 17);
    EXPECT_EQ(graph.CutBytes(1), 4u * 4);
    EXPECT_EQ(graph.Outputs(), std::vector<uint32_t>{1});
}

TEST(LayerGraph, PrefixSums)
{
    const LayerGraph graph = Residual();
    EXPECT_EQ(graph.Flop(0, 4), 350);
    EXPECT_EQ(graph.Flop(1, 3), 200);
    EXPECT_EQ(graph.Flop(2, 2), 0);
    EXPECT_EQ(graph.WeightBytes(0, 4), 220u);
    EXPECT_EQ(graph.WeightBytes(3, 4), 70u);
    EXPECT_THROW(graph.Flop(3, 2), std::out_of_range);
    EXPECT_THROW(graph.WeightBytes(0, 5), std::out_of_range);
}

TEST(LayerGraph, BoundariesAndForbiddenCuts)
{
    LayerGraph graph = Residual();
    EXPECT_EQ(graph.BlockBoundaries(), (std::vector<uint32_t>{0, 1, 3, 4}));
    EXPECT_EQ(graph.LayerBoundaries(), (std::vector<uint32_t>{0, 1, 2, 3, 4}));
    graph.ForbidCut(3);
    EXPECT_FALSE(graph.CanCut(3));
    EXPECT_EQ(graph.BlockBoundaries(), (std::vector<uint32_t>{0, 1, 4}));
    EXPECT_EQ(graph.LayerBoundaries(), (std::vector<uint32_t>{0, 1, 2, 4}));
    EXPECT_THROW(graph.ForbidCut(0), std::invalid_argument);
    EXPECT_THROW(graph.ForbidCut(4), std::invalid_argument);
    EXPECT_THROW(graph.CanCut(5), std::out_of_range);
}

TEST(LayerGraph, RejectsWhatCannotRun)
{
    const std::vector<TensorSpec> inputs = {TensorSpec{{8}}};
    const auto make = [&](std::vector<Layer> layers, std::vector<uint32_t> outputs = {}) {
        return LayerGraph("bad", inputs, std::move(layers), std::move(outputs));
    };
    EXPECT_THROW(make({}), std::invalid_argument);
    EXPECT_THROW(make({MakeLayer("a", {0}, 4, 0)}), std::invalid_argument);
    EXPECT_THROW(make({MakeLayer("a", {-2}, 4, 0)}), std::invalid_argument);
    EXPECT_THROW(make({MakeLayer("a", {-1}, -4, 0)}), std::invalid_argument);
    EXPECT_THROW(make({MakeLayer("a", {-1}, 4, -1)}), std::invalid_argument);
    EXPECT_THROW(make({MakeLayer("a", {-1}, int64_t(1) << 62, 0)}), std::invalid_argument);
    EXPECT_THROW(make({MakeLayer("a", {-1}, 4, 0)}, {1}), std::invalid_argument);
    try
    {
        make({MakeLayer("a", {-1}, 4, 0), MakeLayer("b/late", {2}, 4, 0)});
        FAIL();
    }
    catch (const std::invalid_argument& error)
    {
        EXPECT_STREQ(error.what(), "layer 1 'b/late' reads layer 2, which does not come before it");
    }
}

TEST(LayerGraphJson, RoundTrip)
{
    LayerGraph graph = Residual();
    graph.ForbidCut(2);
    const std::string text = LayerGraphToJson(graph);
    const LayerGraph again = LayerGraphFromJson(text, "x.json");
    EXPECT_EQ(LayerGraphToJson(again), text);
    EXPECT_EQ(again.Name(), "tiny");
    EXPECT_EQ(again.Outputs(), graph.Outputs());
    EXPECT_EQ(again.LayerBoundaries(), graph.LayerBoundaries());
    EXPECT_EQ(again.BlockBoundaries(), graph.BlockBoundaries());
    EXPECT_EQ(again.Flop(0, 4), graph.Flop(0, 4));
    EXPECT_EQ(again.WeightBytes(0, 4), graph.WeightBytes(0, 4));
    for (uint32_t b = 0; b <= graph.Size(); ++b)
    {
        EXPECT_EQ(again.CutTensors(b), graph.CutTensors(b));
    }
    EXPECT_EQ(LayerGraphFromJson(text, "x.json", "other").Name(), "other");
}

TEST(LayerGraphJson, OptionalFields)
{
    const LayerGraph graph = LayerGraphFromJson(GOOD, "x.json");
    EXPECT_EQ(graph.Layers()[0].block, "a");
    EXPECT_EQ(graph.Layers()[0].flop, 0);
    EXPECT_EQ(graph.Layers()[1].flop, 16.5);
    EXPECT_FALSE(graph.CanCut(1));
    EXPECT_EQ(graph.CutBytes(2), 1u);
}

TEST(LayerGraphJson, EveryRejectedInputNamesItsPlace)
{
    struct Case
    {
        const char* from;
        const char* to;
        const char* message;
    };

    const Case cases[] = {
        {"\"mdi-layer-graph\"", "\"other\"", "bad.json: format: this is no layer graph"},
        {"\"mdi-layer-graph\"", "\"mdi-model\"", "give that one"},
        {"\"version\": 1", "\"version\": 2", "bad.json: version: expected an integer from 1 to 1"},
        {"\"name\": \"tiny\"", "\"name\": 7", "bad.json: name: expected a string, found 7"},
        {"\"name\": \"tiny\"", "\"name\": \"\"", "bad.json: name: a model needs a name"},
        {"\"name\": \"tiny\",", "", "bad.json: the field 'name' is missing"},
        {"\"outputs\": [1]", "\"output\": [1]", "bad.json: unknown field 'output'; known are"},
        {"\"outputs\": [1]", "\"out\\nputs\": [1]", "unknown field 'out\\nputs'; known are"},
        {"[1, 4]", "[1, -4]", "bad.json: inputs[0].shape[1]: expected an integer from 0"},
        {"[1, 4]", "[1, 4.5]", "bad.json: inputs[0].shape[1]: expected an integer from 0"},
        {"[1, 4]", "[99999999999999999999]", "bad.json: inputs[0].shape[0]: expected"},
        {"[1, 4]", "[18446744073709551615]", "bad.json: inputs[0].shape[0]: expected"},
        {"[1, 4]", "[1000000000, 1000000000, 1000000000]", "inputs[0].shape: a tensor has more"},
        {"[1, 4]", "3", "bad.json: inputs[0].shape: expected an array, found number"},
        {"\"float16\"", "\"fp16\"", "bad.json: layers[0].outputs[0].dtype: unknown type 'fp16'"},
        {"\"inputs\": [0]", "\"inputs\": [1]", "layers[1].inputs[0]: layer 1 does not come before"},
        {"\"inputs\": [-1]", "\"inputs\": [-2]", "layers[0].inputs[0]: -2 means input 1"},
        {"\"inputs\": [0]", "\"inputs\": [5000000000]", "layers[1].inputs[0]: expected an"},
        {"\"name\": \"b\"", "\"name\": \"a\"", "layers[1].name: 'a' is already"},
        {"\"name\": \"b\"", "\"name\": \"\"", "layers[1].name: a layer needs a name"},
        {"16.5", "-1", "bad.json: layers[1].flop: expected a number from 0 up, found -1"},
        {"16.5", "\"x\"", "bad.json: layers[1].flop: expected a number from 0 up, found \"x\""},
        {"40", "-40", "bad.json: layers[1].weight_bytes: expected an integer"},
        {"\"outputs\": [1]", "\"outputs\": [2]", "bad.json: outputs[0]: expected an integer"},
        {"\"forbidden_cuts\": [1]",
         "\"forbidden_cuts\": [0]",
         "bad.json: forbidden_cuts[0]: expected an integer from 1 to 1"},
        {"\"layers\": [{", "\"layers\": [3, {", "bad.json: layers[0]: expected an object"},
        {"{\"format\"", "[{\"format\"", "bad.json: not JSON: "},
        {"16.5", "1e999", "bad.json: not JSON: "},
        {"\"format\": \"mdi-layer-graph\",", "", "bad.json: this is no layer graph"},
    };
    for (const Case& one : cases)
    {
        const std::string text = Replaced(GOOD, one.from, one.to);
        try
        {
            LayerGraphFromJson(text, "bad.json");
            ADD_FAILURE() << one.to << " was accepted";
        }
        catch (const std::runtime_error& error)
        {
            const std::string what = error.what();
            EXPECT_NE(what.find(one.message), std::string::npos) << what;
            EXPECT_EQ(what.find("bad.json: "), 0u) << what;
            EXPECT_EQ(what.find('\n'), std::string::npos) << what;
        }
    }
}

TEST(LayerGraphJson, Files)
{
    try
    {
        ReadLayerGraph("/nonexistent/x.json");
        FAIL();
    }
    catch (const std::runtime_error& error)
    {
        EXPECT_STREQ(error.what(),
                     "/nonexistent/x.json: cannot be read: No such file or directory");
    }
    const std::string file = testing::TempDir() + "mdi-layer-graph-test.json";
    std::ofstream(file) << GOOD;
    EXPECT_EQ(ReadLayerGraph(file).Size(), 2u);
    std::remove(file.c_str());
}

namespace
{

/// a -> exit 1 (branch), a -> b -> exit 2 (branch), b -> end.
LayerGraph
WithExits()
{
    LayerGraph graph("exits",
                     {TensorSpec{{1, 8}, Dtype::FLOAT32}},
                     {MakeLayer("a", {-1}, 4, 100),
                      MakeLayer("exits.0/linear", {0}, 2, 10),
                      MakeLayer("b", {0}, 5, 200),
                      MakeLayer("exits.1/linear", {2}, 2, 10),
                      MakeLayer("end", {2}, 2, 50)});
    graph.SetExits({1, 3});
    return graph;
}

} // namespace

TEST(LayerGraph, AnExitEndsAtTheNextCutAndItsAnswerDoesNotTravel)
{
    LayerGraph graph = WithExits();
    ASSERT_EQ(graph.Exits().size(), 2u);
    EXPECT_EQ(graph.Exits()[0].layer, 1u);
    EXPECT_EQ(graph.Exits()[0].boundary, 2u);
    EXPECT_EQ(graph.Exits()[1].boundary, 4u);
    EXPECT_EQ(graph.CutBytes(2), 4u * 4); // what `a` made
    EXPECT_EQ(graph.CutBytes(4), 5u * 4);
    graph.ForbidCut(2);
    EXPECT_EQ(graph.Exits()[0].boundary, 3u);
    const LayerGraph copy = LayerGraphFromJson(LayerGraphToJson(graph), "x.json");
    EXPECT_EQ(LayerGraphToJson(copy), LayerGraphToJson(graph));
    EXPECT_EQ(copy.Exits()[0].boundary, 3u);
}

TEST(LayerGraph, ExitsMustBeAnswersOfTheirOwn)
{
    LayerGraph graph = WithExits();
    const auto why = [&graph](const std::vector<uint32_t>& exits) -> std::string {
        try
        {
            graph.SetExits(exits);
        }
        catch (const std::invalid_argument& error)
        {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(why({0}), "exit 1, layer 'a', is read by a later layer or is the result");
    EXPECT_EQ(why({4}), "exit 1, layer 'end', is read by a later layer or is the result");
    EXPECT_EQ(why({3, 1}), "exit 2 is layer 1; exits are layers of the model, ascending");
    EXPECT_EQ(why({9}), "exit 1 is layer 9; exits are layers of the model, ascending");
    for (const uint32_t cut : {2, 3})
    {
        graph.ForbidCut(cut);
    }
    EXPECT_EQ(why({1, 3}),
              "no cut is possible between the exit 'exits.1/linear' and the one before it");
    graph.ForbidCut(4);
    EXPECT_EQ(why({3}),
              "no cut is possible between the exit 'exits.1/linear' and the end of the model");
    const std::string text = LayerGraphToJson(WithExits());
    try
    {
        LayerGraphFromJson(Replaced(text, "\"exits\": [\n    1,", "\"exits\": [\n    0,"),
                           "x.json");
        ADD_FAILURE();
    }
    catch (const std::runtime_error& error)
    {
        EXPECT_EQ(std::string(error.what()),
                  "x.json: exits: exit 1, layer 'a', is read by a later layer or is the result");
    }
}

TEST(LayerGraph, SharedWeightsCountOnce)
{
    std::vector<Layer> layers = {MakeLayer("embed", {-1}, 4, 0),
                                 MakeLayer("block", {0}, 4, 0),
                                 MakeLayer("head", {1}, 4, 0)};
    layers[0].shared = {{0, 40}};
    layers[2].weightBytes = 48;
    layers[2].shared = {{0, 40}};
    const LayerGraph graph("tied", {TensorSpec{{1, 8}}}, layers);
    EXPECT_EQ(graph.WeightBytes(0, 1), 40u);
    EXPECT_EQ(graph.WeightBytes(2, 3), 48u);
    EXPECT_EQ(graph.WeightBytes(0, 2), 80u);
    EXPECT_EQ(graph.WeightBytes(0, 3), 40u + 40 + 8);
    EXPECT_EQ(graph.WeightBytes(std::vector<bool>{true, false, true}), 48u);
    EXPECT_EQ(graph.WeightBytes(1, 1), 0u);
    const LayerGraph copy = LayerGraphFromJson(LayerGraphToJson(graph), "x.json");
    EXPECT_EQ(copy.WeightBytes(0, 3), graph.WeightBytes(0, 3));
    layers[2].shared = {{0, 49}};
    EXPECT_THROW(LayerGraph("tied", {TensorSpec{{1, 8}}}, layers), std::invalid_argument);
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Strips of rows, computed by LibTorch: rules, layers, whole networks (EdgeFlow-style).

#include "mdi-row-runner.h"
#include "mdi-test-network.h"
#include "mdi-torch-test.h"

#include "ns3/boolean.h"
#include "ns3/mdi-layer-graph-json.h"
#include "ns3/mdi-row-planner.h"
#include "ns3/uinteger.h"

#include <cstdlib>
#include <iostream>
#include <map>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_row_test;

namespace
{

constexpr int FILES = 16; // of random layers, of each sort: make_row_models.py

/// Whether make_row_models.py wrote its models, beside the other ones.
bool
MakeRowModels()
{
    static const bool made = [] {
        const std::string script = std::string(MDI_SOURCE_DIR) + "/test/make_row_models.py";
        const std::string folder = TheModels().Folder().string();
        return std::system(("/usr/bin/python3 '" + script + "' '" + folder + "'").c_str()) == 0;
    }();
    return made;
}

class TorchRowsTest : public TorchEngineTest
{
  protected:
    void SetUp() override
    {
        TorchEngineTest::SetUp();
        ASSERT_TRUE(MakeRowModels());
    }

    uint32_t LoadImage(const std::string& name, int64_t channels, int64_t height, int64_t width)
    {
        return Load(name, {TensorSpec{{1, channels, height, width}}});
    }

    /// The rules of a layer, such as "window same"; "-" if there are none.
    static std::string Rules(const Layer& layer)
    {
        std::string text;
        for (const RowRule& rule : layer.rows)
        {
            text += (text.empty() ? "" : " ") + std::string(RowKindName(rule.kind));
        }
        return text.empty() ? "-" : text;
    }

    /// The operators of the layers that cannot be split, in order.
    std::vector<std::string> Unsplit(uint32_t model) const
    {
        std::vector<std::string> operators;
        for (const Layer& layer : m_engine->Graph(model).Layers())
        {
            if (layer.rows.empty())
            {
                operators.push_back(layer.op.substr(layer.op.find("::") + 2));
            }
        }
        return operators;
    }

    /// Split every layer of a file of random ones in random ways. \return number of split layers
    size_t SplitRandomLayers(const std::string& sort, int file, int times, double tolerance)
    {
        const std::string name = "rows-" + sort + "-" + std::to_string(file);
        const uint32_t model = LoadImage(name, 4, 1 + file, 6);
        const LayerGraph& graph = m_engine->Graph(model);
        const RowModel rows = MakeRowModel(graph, false);
        size_t split = 0;
        for (int i = 0; i < times; ++i)
        {
            std::mt19937 random(1000 * file + i);
            RowRunner runner(*m_engine, model, rows, random);
            const TensorId result =
                runner.Run(static_cast<uint32_t>(i % 2), RandomCuts(rows, random));
            EXPECT_LE(m_engine->MaxError(result).value(), tolerance) << name << " " << i;
            split += runner.SplitLayers();
        }
        for (const Layer& layer : graph.Layers())
        {
            const bool leaves = layer.op == "aten::amax"; // made to be broadcast
            EXPECT_EQ(layer.rows.empty(), leaves) << name << " " << layer.name << " " << layer.op;
        }
        return split;
    }
};

/// Costs of devices that differ by up to 8, and links that make splitting worth it.
RowCosts
RandomCosts(const RowModel& model, uint32_t devices, std::mt19937& random)
{
    RowCosts costs;
    costs.source = random() % devices;
    costs.compute.resize(model.layers.size(), std::vector<RowTime>(devices));
    costs.links.resize(devices, std::vector<RowLink>(devices));
    for (uint32_t k = 0; k < devices; ++k)
    {
        const double nsPerFlop = 0.05 * static_cast<double>(1 + random() % 8);
        for (size_t v = 0; v < model.layers.size(); ++v)
        {
            const RowLayer& layer = model.layers[v];
            costs.compute[v][k].perRow =
                1 + layer.flop / static_cast<double>(layer.height) * nsPerFlop;
        }
        for (RowLink& link : costs.links[k])
        {
            link.latency = random() % 300;
            link.rate = 1e12 / static_cast<double>(1 + random() % 50);
        }
    }
    return costs;
}

} // namespace

TEST_F(TorchRowsTest, StripsOfRandomLayersAreTheLayer)
{
    // Bits where every value is made in the same way; sums of products may be added in another
    // order, and vectors have other ends. Values are about 1.
    size_t cases = 0;
    for (int file = 0; file < FILES; ++file)
    {
        cases += SplitRandomLayers("exact", file, 6, 0);
        cases += SplitRandomLayers("close", file, 6, 1e-5);
    }
    EXPECT_GE(cases, 5000u);
    RecordProperty("cases", static_cast<int>(cases));
}

struct Network
{
    std::string name;
    std::vector<TensorSpec> inputs;
    std::vector<std::string> unsplit; //!< operators that cannot be split
    uint32_t layers;                  //!< of its row model
};

void
PrintTo(const Network& network, std::ostream* os)
{
    *os << network.name;
}

class RowNetworkTest : public TorchRowsTest, public testing::WithParamInterface<Network>
{
};

TEST_P(RowNetworkTest, AnyPlanGivesTheWholeModelsResult)
{
    const uint32_t model = Load("rows-" + GetParam().name, GetParam().inputs);
    const RowModel rows = MakeRowModel(m_engine->Graph(model));
    EXPECT_EQ(Unsplit(model), GetParam().unsplit);
    EXPECT_EQ(rows.layers.size(), GetParam().layers);
    for (uint32_t devices = 2; devices <= 6; ++devices)
    {
        std::mt19937 random(devices);
        RowPlannerOptions options;
        options.guard = false;
        const RowPlan plan = PlanRows(rows, RandomCosts(rows, devices, random), options);
        RowRunner planned(*m_engine, model, rows, random);
        EXPECT_LE(m_engine->MaxError(planned.Run(0, plan.cuts)).value(), 1e-5);
        EXPECT_GT(planned.SplitLayers(), 0u);
        RowRunner cut(*m_engine, model, rows, random);
        EXPECT_LE(m_engine->MaxError(cut.Run(1, RandomCuts(rows, random, devices))).value(), 1e-5);
    }
}

TEST_P(RowNetworkTest, ASimulatedNetworkGivesTheWholeModelsResult)
{
    Load("rows-" + GetParam().name, GetParam().inputs);
    for (uint32_t devices = 2; devices <= 6; ++devices)
    {
        for (const std::string planner : {"exact", "linear", "equal", "proportional"})
        {
            IdealRun run;
            run.engine = m_engine;
            run.knowsModel = true;
            run.speeds.clear();
            for (uint32_t k = 0; k < devices; ++k)
            {
                run.speeds.push_back(1e9 * (1 + k % 3));
            }
            run.rate = DataRate("10Gb/s");
            run.delay = MicroSeconds(1);
            run.system = MakePreset("edgeflow");
            run.system.partitioner.Set("Planner", StringValue(planner));
            run.system.partitioner.Set("Guard", BooleanValue(false));
            run.Periodic(devices / 2, 2, 0.0001);
            run.Run();
            ASSERT_EQ(run.items[0].size(), 2u);
            for (const ItemRecord& item : run.items[0])
            {
                ASSERT_TRUE(item.completed);
                EXPECT_LE(item.outputError.value(), 1e-5) << planner << " on " << devices;
            }
            EXPECT_GT(run.spans.size(), 2 * GetParam().layers) << planner << " on " << devices;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    RowNetworkTest,
    testing::Values(
        Network{"vgg",
                {TensorSpec{{1, 3, 37, 24}}},
                {"adaptive_avg_pool2d", "flatten", "linear", "relu_", "linear"},
                16},
        Network{"residual", {TensorSpec{{2, 3, 45, 32}}}, {"mean", "linear"}, 13},
        Network{"yolo",
                {TensorSpec{{1, 3, 48, 32}}},
                {"view", "permute", "contiguous", "view", "permute", "contiguous"},
                35},
        Network{"mixed",
                {TensorSpec{{1, 3, 30, 20}}},
                {"chunk", "ListUnpack", "view", "transpose", "reshape", "adaptive_avg_pool2d"},
                16},
        Network{"two-pictures",
                {TensorSpec{{1, 3, 9, 8}}, TensorSpec{{1, 3, 18, 16}}},
                {"mean", "item", "Float", "mul"},
                8}),
    [](const auto& info) { return info.param.name == "two-pictures" ? "two" : info.param.name; });

TEST_F(TorchRowsTest, RulesOfResNet56)
{
    const LayerGraph& graph = m_engine->Graph(Load("resnet56", {CIFAR}));
    EXPECT_EQ(graph.Layers()[0].rows, std::vector<RowRule>{RowRule::Window(3, 1, 1)});
    std::map<std::string, int> rules;
    for (const Layer& layer : graph.Layers())
    {
        ++rules[layer.op.substr(6) + ": " + Rules(layer)];
    }
    const std::map<std::string, int> expected = {{"_convolution: window", 55},
                                                 {"adaptive_avg_pool2d: -", 1},
                                                 {"add: same same", 27},
                                                 {"batch_norm: same", 55},
                                                 {"flatten: -", 1},
                                                 {"linear: -", 1},
                                                 {"pad: window", 2},
                                                 {"relu: same", 55},
                                                 {"slice: same", 2},
                                                 {"slice: window", 2}};
    EXPECT_EQ(rules, expected);
    // A description without values has the same rules.
    const LayerGraph read = LayerGraphFromJson(LayerGraphToJson(graph), "x.json");
    for (uint32_t i = 0; i < graph.Size(); ++i)
    {
        EXPECT_EQ(read.Layers()[i].rows, graph.Layers()[i].rows);
    }
}

TEST_F(TorchRowsTest, LeftStripsAreMadeAgainOfTheSameBits)
{
    const auto answers = [&](uint64_t storeBytes, bool memo) {
        Ptr<TorchEngine> engine = CreateObject<TorchEngine>();
        engine->SetAttribute("StoreBytes", UintegerValue(storeBytes));
        engine->SetAttribute("Memo", BooleanValue(memo));
        const uint32_t model = engine->LoadModel(Spec("rows-yolo", {TensorSpec{{1, 3, 48, 32}}}));
        const RowModel rows = MakeRowModel(engine->Graph(model));
        std::mt19937 random(5);
        const auto cuts = RandomCuts(rows, random, 3);
        std::vector<double> errors;
        for (uint32_t input = 0; input < 2; ++input)
        {
            std::mt19937 order(1);
            RowRunner runner(*engine, model, rows, order);
            errors.push_back(engine->MaxError(runner.Run(input, cuts)).value());
        }
        engine->Dispose();
        return errors;
    };
    const std::vector<double> kept = answers(512 << 20, true);
    EXPECT_GT(kept[0], 0); // some bits of the sums differ: the same ones below
    EXPECT_EQ(answers(1, true), kept);
    EXPECT_EQ(answers(20000, false), kept);
}

TEST_F(TorchRowsTest, MemoComputesAStripOnce)
{
    const uint32_t model = LoadImage("rows-vgg", 3, 37, 24);
    const RowModel rows = MakeRowModel(m_engine->Graph(model));
    std::mt19937 random(1);
    const auto cuts = RandomCuts(rows, random, 3);
    RowRunner runner(*m_engine, model, rows, random);
    const auto runs = [&] {
        m_engine->Finish();
        return m_engine->SlicesRun();
    };
    const TensorId first = runner.Run(0, cuts);
    EXPECT_EQ(runs(), 0u);
    m_engine->MaxError(first);
    const uint64_t strips = runs();
    EXPECT_GT(strips, 0u);
    EXPECT_EQ(runner.Run(0, cuts), first); // the parts come in another order
    m_engine->MaxError(first);
    EXPECT_EQ(runs(), strips);
    const TensorId other = runner.Run(0, RandomCuts(rows, random, 3));
    EXPECT_FALSE(other == first);
    m_engine->MaxError(other);
    EXPECT_GT(runs(), strips);
    m_engine->SetAttribute("Memo", BooleanValue(false));
    const uint64_t before = runs();
    EXPECT_EQ(runner.Run(0, cuts), first);
    EXPECT_GE(runs(), before + strips); // also those that others need only the padding of
}

TEST_F(TorchRowsTest, CodecsChangeStripsOnTheirWay)
{
    const uint32_t model = Load("residual", {IMAGE});
    const RowStrip conv{model, 0, {0, 1}, {0, 8}};
    TensorCodec half;
    const TensorId image = m_engine->Transcode({model, 0, 0}, half);
    const TensorId a = m_engine->RunRows(conv, {{-1, {0, 8}, {model, 0, 0}}});
    const TensorId b = m_engine->RunRows(conv, {{-1, {0, 8}, image}});
    EXPECT_FALSE(a == b);
    const TensorId coded = m_engine->Transcode(a, half);
    EXPECT_EQ(coded.rows, a.rows);
    EXPECT_FALSE(coded == a);
    const TensorId c = m_engine->RunRows({model, 0, {2, 3}, {0, 4}}, {{1, {0, 5}, coded}});
    EXPECT_EQ(c.rows, (RowRange{0, 4}));
    TensorCodec autoencoder;
    autoencoder.kind = TensorCodec::AUTOENCODER;
    EXPECT_THROW(m_engine->Transcode(a, autoencoder), std::invalid_argument);
    EXPECT_THROW(m_engine->Run(a, 9), std::invalid_argument);
}

TEST_F(TorchRowsTest, InPlaceOperatorsThatOthersSeeAreRefused)
{
    const uint32_t model = Load("rows-changed", {IMAGE});
    try
    {
        m_engine->RunRows({model, 0, {0}, {0, 8}}, {{-1, {0, 8}, {model, 0, 0}}});
        FAIL() << "accepted";
    }
    catch (const std::runtime_error& error)
    {
        const std::string what = error.what();
        EXPECT_NE(what.find("rows-changed.pt: layer 'add' reads a tensor that layer 'relu_'"),
                  std::string::npos)
            << what;
    }
}

/// Slow: MDI_ROW_MODELS names a folder, in which test/make_inspect_models.py wrote the zoo. With
/// MDI_ROW_DOUBLE these are models of float64: what is left there is no rounding.
TEST_F(TorchRowsTest, DISABLED_TheZooInStrips)
{
    const char* folder = std::getenv("MDI_ROW_MODELS");
    ASSERT_TRUE(folder) << "MDI_ROW_MODELS=FOLDER";
    const bool isDouble = std::getenv("MDI_ROW_DOUBLE") != nullptr;
    const std::vector<std::pair<std::string, int64_t>> zoo = {
        {"resnet50", 64}, {"vgg16", 32}, {"mobilenetv2", 64}, {"yolov5s", 96}};
    for (const auto& [name, side] : zoo)
    {
        const TensorSpec picture{{1, 3, side, side}, isDouble ? Dtype::FLOAT64 : Dtype::FLOAT32};
        ModelSpec spec = Spec(name, {picture});
        spec.file = std::string(folder) + "/" + name + ".pt";
        const uint32_t model = m_engine->LoadModel(spec);
        const RowModel rows = MakeRowModel(m_engine->Graph(model));
        for (uint32_t devices = 2; devices <= 6; ++devices)
        {
            std::mt19937 random(devices);
            RowPlannerOptions options;
            options.guard = false;
            const RowPlan plan = PlanRows(rows, RandomCosts(rows, devices, random), options);
            RowRunner runner(*m_engine, model, rows, random);
            const double planned = m_engine->MaxError(runner.Run(0, plan.cuts)).value();
            const size_t split = runner.SplitLayers();
            const auto cuts = RandomCuts(rows, random, devices);
            const double cut = m_engine->MaxError(runner.Run(0, cuts)).value();
            std::cout << name << " on " << devices << " devices: " << split << " of "
                      << rows.layers.size() << " layers split; largest difference " << planned
                      << " as planned, " << cut << " at random" << std::endl;
            if (isDouble)
            {
                EXPECT_LE(std::max(planned, cut), 1e-10);
            }
        }
    }
}

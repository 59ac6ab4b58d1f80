// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-test.h"

#include "ns3/boolean.h"
#include "ns3/mdi-layer-graph-json.h"
#include "ns3/uinteger.h"

using namespace ns3;
using namespace ns3::mdi;

namespace
{

struct Small
{
    std::string name;
    std::vector<TensorSpec> inputs;
    uint32_t slices; //!< most slices that its cuts allow
};

void
PrintTo(const Small& small, std::ostream* os)
{
    *os << small.name;
}

class SmallModelTest : public TorchEngineTest, public testing::WithParamInterface<Small>
{
};

} // namespace

TEST_P(SmallModelTest, EveryCutGivesTheBitsOfTheWhole)
{
    m_engine->SetAttribute("Memo", BooleanValue(false));
    const uint32_t model = Load(GetParam().name, GetParam().inputs);
    const LayerGraph& graph = m_engine->Graph(model);
    const std::vector<uint32_t> boundaries = graph.LayerBoundaries();
    EXPECT_EQ(boundaries.size() - 1, GetParam().slices);
    for (uint32_t input = 0; input < 3; ++input)
    {
        EXPECT_EQ(m_engine->MaxError(Chain(model, input, boundaries)), 0.0);
        for (const uint32_t b : boundaries)
        {
            EXPECT_EQ(m_engine->MaxError(Chain(model, input, {b, graph.Size()})), 0.0) << b;
        }
        // The same bundle twice: a slice must not have changed what it was given.
        for (const uint32_t b : boundaries)
        {
            const TensorId cut = Chain(model, input, {b});
            m_engine->Run(cut, graph.Size());
            EXPECT_EQ(m_engine->MaxError(m_engine->Run(cut, graph.Size())), 0.0) << b;
        }
    }
}

TEST_P(SmallModelTest, TheDescriptionSurvivesJson)
{
    const LayerGraph& graph = m_engine->Graph(Load(GetParam().name, GetParam().inputs));
    const std::string text = LayerGraphToJson(graph);
    EXPECT_EQ(LayerGraphToJson(LayerGraphFromJson(text, "x.json")), text);
}

TEST_P(SmallModelTest, ATinyStoreChangesNothing)
{
    m_engine->SetAttribute("StoreBytes", UintegerValue(1));
    const uint32_t model = Load(GetParam().name, GetParam().inputs);
    const std::vector<uint32_t> boundaries = m_engine->Graph(model).LayerBoundaries();
    const TensorId first = Chain(model, 0, boundaries);
    const TensorId second = Chain(model, 1, boundaries);
    EXPECT_EQ(m_engine->MaxError(first), 0.0);
    EXPECT_EQ(m_engine->MaxError(second), 0.0);
}

INSTANTIATE_TEST_SUITE_P(All,
                         SmallModelTest,
                         testing::Values(Small{"residual", {IMAGE}, 9},
                                         Small{"concatenation", {IMAGE}, 6},
                                         Small{"two-inputs", {IMAGE, LABEL}, 5},
                                         Small{"in-place", {IMAGE}, 4},
                                         Small{"in-place-scripted", {IMAGE}, 4},
                                         Small{"tuples", {IMAGE}, 5},
                                         Small{"upsample", {IMAGE}, 4},
                                         Small{"in-place-dictionary", {IMAGE}, 2},
                                         Small{"lists", {IMAGE}, 2},
                                         Small{"attention", {SEQUENCE}, 12},
                                         Small{"attention-traced", {SEQUENCE}, 12}),
                         [](const auto& info) {
                             std::string name = info.param.name;
                             for (char& c : name)
                             {
                                 c = c == '-' ? '_' : c;
                             }
                             return name;
                         });

TEST_F(TorchEngineTest, NamesBlocksAndWorkOfSmallModels)
{
    const LayerGraph residual = m_engine->Graph(Load("residual", {IMAGE}));
    std::vector<std::string> names;
    for (const Layer& layer : residual.Layers())
    {
        names.push_back(layer.name);
    }
    EXPECT_EQ(names,
              (std::vector<std::string>{"a/convolution",
                                        "relu",
                                        "b/convolution",
                                        "relu#2",
                                        "add",
                                        "c/convolution",
                                        "relu#3",
                                        "add#2",
                                        "add#3"}));
    EXPECT_EQ(residual.Flop(0, 1), 2.0 * 4 * 64 * 27);
    EXPECT_EQ(residual.WeightBytes(0, 1), 4u * (4 * 27 + 4));
    // Alive before `add`: both of its terms; one of them is read again at the end.
    EXPECT_EQ(residual.CutBytes(4), 2u * 4 * 64 * 4);
    const LayerGraph attention = m_engine->Graph(Load("attention", {SEQUENCE}));
    EXPECT_EQ(attention.Flop(0, attention.Size()), 2.0 * (5 * 8 * 24 + 2 * 5 * 5 * 8 + 5 * 8 * 8));
    const LayerGraph upsample = m_engine->Graph(Load("upsample", {IMAGE}));
    EXPECT_EQ(upsample.Flop(3, 4), 2.0 * 4 * 16 * (2 * 2 * 2));
}

TEST_F(TorchEngineTest, CutsNeverComeInsideAnInPlaceChain)
{
    const LayerGraph graph = m_engine->Graph(Load("in-place", {IMAGE}));
    for (uint32_t i = 1; i < graph.Size(); ++i)
    {
        if (graph.Layers()[i].op == "aten::relu_" || graph.Layers()[i].op == "aten::mul_")
        {
            EXPECT_FALSE(graph.CanCut(i)) << graph.Layers()[i].name;
        }
    }
}

TEST_F(TorchEngineTest, ResNet56IsThatOfThePapers)
{
    const LayerGraph graph = m_engine->Graph(Load("resnet56", {CIFAR}));
    EXPECT_EQ(graph.Size(), 201u);
    EXPECT_EQ(graph.Layers()[0].name, "conv1/convolution");
    EXPECT_EQ(graph.Layers()[9].name, "layer1.0/relu#2");
    EXPECT_EQ(graph.Layers()[200].name, "fc/linear");
    const auto first = [&](const std::string& block) {
        uint32_t i = 0;
        while (i < graph.Size() && graph.Layers()[i].block.rfind(block, 0) != 0)
        {
            ++i;
        }
        return i;
    };
    // papers.md, section 9: work in MMAC and bytes after each segment.
    constexpr double FLOP_PER_MMAC = 2e6;
    const uint32_t stage1 = first("layer1.0");
    const uint32_t stage2 = first("layer2.0");
    const uint32_t stage3 = first("layer3.0");
    const uint32_t head = first("adaptive_avg_pool2d");
    const auto mmac = [&](uint32_t begin, uint32_t end) {
        return graph.Flop(begin, end) / FLOP_PER_MMAC;
    };
    EXPECT_NEAR(mmac(0, graph.Size()), 125.5, 0.1);
    EXPECT_NEAR(mmac(0, stage1), 0.44, 0.005);
    EXPECT_NEAR(mmac(stage1, stage2), 42.5, 0.05);
    EXPECT_NEAR(mmac(stage2, stage3), 41.3, 0.05);
    EXPECT_NEAR(mmac(stage3, head), 41.3, 0.05);
    EXPECT_NEAR(mmac(head, graph.Size()), 0.0006, 0.00005);
    EXPECT_EQ(graph.CutBytes(0), 12288u);
    EXPECT_EQ(graph.CutBytes(stage1), 65536u);
    EXPECT_EQ(graph.CutBytes(stage2), 65536u);
    EXPECT_EQ(graph.CutBytes(stage3), 32768u);
    EXPECT_EQ(graph.CutBytes(head), 16384u);
    EXPECT_EQ(graph.CutBytes(graph.Size()), 40u);
    for (const uint32_t b : graph.BlockBoundaries())
    {
        EXPECT_EQ(graph.CutTensors(b).size(), 1u) << b;
    }
}

TEST_F(TorchEngineTest, ResNet56SlicesAreBitIdentical)
{
    m_engine->SetAttribute("Memo", BooleanValue(false));
    const uint32_t model = Load("resnet56", {CIFAR});
    const LayerGraph& graph = m_engine->Graph(model);
    for (uint32_t input = 0; input < 2; ++input)
    {
        const TensorId blocks = Chain(model, input, graph.BlockBoundaries());
        EXPECT_EQ(m_engine->MaxError(blocks), 0.0);
        const auto prediction = m_engine->Predict(blocks);
        ASSERT_EQ(prediction.size(), 1u);
        EXPECT_GT(prediction[0].confidence, 0.1);
        EXPECT_LE(prediction[0].confidence, 1.0);
        const TensorId layers = Chain(model, input, graph.LayerBoundaries());
        EXPECT_EQ(m_engine->MaxError(layers), 0.0);
        EXPECT_EQ(m_engine->Predict(layers).at(0).label, prediction[0].label);
    }
    EXPECT_THROW(m_engine->Predict({model, 0, 1}), std::invalid_argument);
}

TEST_F(TorchEngineTest, AResultThatNobodyRanIsComputedWhenAsked)
{
    const uint32_t model = Load("residual", {IMAGE});
    EXPECT_EQ(m_engine->MaxError({model, 5, 9}), 0.0);
    m_engine->Finish();
    EXPECT_EQ(m_engine->SlicesRun(), 1u);
}

TEST_F(TorchEngineTest, InputsDependOnTheSeedOnly)
{
    const auto predictions = [&](uint64_t seed) {
        Ptr<TorchEngine> engine = CreateObject<TorchEngine>();
        engine->SetAttribute("InputSeed", UintegerValue(seed));
        const uint32_t model = engine->LoadModel(Spec("attention", {SEQUENCE}));
        const uint32_t end = engine->Graph(model).Size();
        std::vector<int64_t> all;
        for (uint32_t input = 0; input < 20; ++input)
        {
            all.push_back(engine->Predict({model, input, end}).at(0).label);
        }
        engine->Dispose();
        return all;
    };
    const std::vector<int64_t> one = predictions(1);
    EXPECT_EQ(one, predictions(1));
    EXPECT_NE(one, predictions(2));
}

TEST_F(TorchEngineTest, ForbiddenSlicesAreRefused)
{
    const uint32_t model = Load("in-place", {IMAGE});
    EXPECT_THROW(m_engine->Run({model, 0, 0}, 2), std::invalid_argument);
    EXPECT_THROW(m_engine->Run({model, 0, 3}, 1), std::invalid_argument);
    EXPECT_THROW(m_engine->Run({model, 0, 0}, 99), std::out_of_range);
    EXPECT_THROW(m_engine->Run({model + 1, 0, 0}, 1), std::out_of_range);
}

TEST_F(TorchEngineTest, ADescriptionBringsSizesOnly)
{
    const LayerGraph graph = m_engine->Graph(Load("residual", {IMAGE}));
    const fs::path file = TheModels().Folder() / "sizes.json";
    std::ofstream(file) << LayerGraphToJson(graph);
    ModelSpec sizes;
    sizes.name = "sizes";
    sizes.file = file.string();
    const uint32_t model = m_engine->LoadModel(sizes);
    EXPECT_EQ(m_engine->Graph(model).Name(), "sizes");
    EXPECT_EQ(Chain(model, 0, {3, 9}), (TensorId{model, 0, 9}));
    EXPECT_TRUE(m_engine->Predict({model, 0, 9}).empty());
    EXPECT_FALSE(m_engine->MaxError({model, 0, 9}).has_value());
    EXPECT_EQ(m_engine->SlicesRun(), 0u);
}

TEST_F(TorchEngineTest, BadFilesAndShapesGiveOneLine)
{
    const auto expect = [&](const std::string& file,
                            const std::vector<TensorSpec>& inputs,
                            const std::string& part) {
        ModelSpec model = Spec("bad", inputs);
        model.file = file;
        const std::string what = LoadError(model);
        EXPECT_NE(what.find(part), std::string::npos) << what;
    };
    const auto file = [](const std::string& name) { return TheModels().File(name); };
    expect(file("missing"), {IMAGE}, "No such file");
    expect(file("weights"), {IMAGE}, "a file of torch.save");
    expect(file("stateful"), {IMAGE}, "changes attributes");
    expect(file("data-shape"), {IMAGE}, "depends on the data");
    expect(file("residual"), {SEQUENCE}, "cannot run on inputs 1x5x8 float32: Expected 4-dim");
    expect(file("residual"), {TensorSpec{{1, 4, 8, 8}}}, "to have 3 channels, but got 4");
    expect(file("residual"), {}, "takes 1 input, but the shapes of 0 were given");
    expect(file("two-inputs"), {IMAGE}, "takes 2 inputs, but the shapes of 1 were given");
    expect((TheModels().Folder() / "resnet56.json").string(), {}, "give that one");
    expect(std::string(MDI_SOURCE_DIR) + "/LICENSE", {IMAGE}, "no TorchScript file");
    const fs::path truncated = TheModels().Folder() / "truncated.pt";
    fs::copy_file(file("residual"), truncated, fs::copy_options::overwrite_existing);
    fs::resize_file(truncated, fs::file_size(truncated) / 2);
    expect(truncated.string(), {IMAGE}, "truncated or damaged");
    const fs::path empty = TheModels().Folder() / "empty.pt";
    std::ofstream(empty).flush();
    expect(empty.string(), {IMAGE}, "no TorchScript file");
    EXPECT_EQ(m_engine->Describe().rfind("LibTorch ", 0), 0u);
    EXPECT_TRUE(m_engine->HasValues());
    EXPECT_TRUE(TorchEngine::IsAvailable());
}

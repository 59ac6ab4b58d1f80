// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-profiler.h"
#include "mdi-torch-test.h"

#include <numeric>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

struct Profiled
{
    std::string name;
    std::vector<TensorSpec> inputs;
    std::vector<uint32_t> exits;
};

void
PrintTo(const Profiled& model, std::ostream* os)
{
    *os << model.name;
}

class TorchProfilerTest : public TorchEngineTest, public testing::WithParamInterface<Profiled>
{
};

ProfileOptions
Quick()
{
    ProfileOptions options;
    options.repeats = 3;
    options.warmup = 1;
    options.threads = 1; // as the engine, which other tests use in this process
    return options;
}

} // namespace

TEST_P(TorchProfilerTest, EveryLayerOfTheEngineHasATime)
{
    ModelSpec model = Spec(GetParam().name, GetParam().inputs);
    model.exits = GetParam().exits;
    std::vector<uint64_t> turns;
    const ModelTiming timing =
        ProfileModel(model, Quick(), [&](uint64_t turn) { turns.push_back(turn); });
    EXPECT_EQ(turns, (std::vector<uint64_t>{1, 2, 3, 4}));
    const LayerGraph graph = m_engine->Graph(m_engine->LoadModel(model));
    ASSERT_EQ(timing.graph.Size(), graph.Size());
    ASSERT_EQ(timing.layers.size(), graph.Size());
    double sum = 0;
    for (uint32_t i = 0; i < graph.Size(); ++i)
    {
        EXPECT_EQ(timing.graph.Layers()[i].name, graph.Layers()[i].name);
        EXPECT_GT(timing.layers[i].minS, 0) << graph.Layers()[i].name;
        EXPECT_LE(timing.layers[i].minS, timing.layers[i].medianS);
        EXPECT_LT(timing.layers[i].meanS, 1);
        EXPECT_GE(timing.layers[i].spread, 0);
        sum += timing.layers[i].meanS;
    }
    EXPECT_DOUBLE_EQ(timing.layersS, sum);
    EXPECT_GT(timing.whole.minS, 0);
    EXPECT_LE(timing.whole.minS, timing.whole.meanS);
    EXPECT_EQ(timing.precision, "fp32");
    EXPECT_EQ(timing.framework.rfind("LibTorch ", 0), 0u);
    EXPECT_NE(timing.framework.find(", 1 thread"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Models,
                         TorchProfilerTest,
                         testing::Values(Profiled{"in-place", {IMAGE}, {}},
                                         Profiled{"in-place-scripted", {IMAGE}, {}},
                                         Profiled{"two-inputs", {IMAGE, LABEL}, {}},
                                         Profiled{"tuples", {IMAGE}, {}},
                                         Profiled{"lists", {IMAGE}, {}},
                                         Profiled{"attention", {SEQUENCE}, {}},
                                         Profiled{"exits", {IMAGE}, {0, 1}},
                                         Profiled{"late-exits", {IMAGE}, {1, 2}},
                                         Profiled{"shown", {IMAGE}, {}}),
                         [](const auto& info) {
                             std::string name = info.param.name;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

TEST_F(TorchProfilerTest, ALayerThatWorksTakesTheTime)
{
    ModelSpec model = Spec("residual", {TensorSpec{{8, 3, 128, 128}}});
    const ModelTiming timing = ProfileModel(model, Quick());
    double convolutions = 0;
    for (uint32_t i = 0; i < timing.graph.Size(); ++i)
    {
        const bool convolution = timing.graph.Layers()[i].op == "aten::_convolution";
        convolutions += convolution ? timing.layers[i].minS : 0;
    }
    EXPECT_GT(convolutions, timing.whole.minS / 4);
}

TEST_F(TorchProfilerTest, BadModelsGiveOneLine)
{
    for (const char* name : {"stateful", "data-shape", "weights", "missing"})
    {
        try
        {
            ProfileModel(Spec(name, {IMAGE}), Quick());
            ADD_FAILURE() << name << " was accepted";
        }
        catch (const std::runtime_error& error)
        {
            const std::string what = error.what();
            EXPECT_EQ(what.find(TheModels().File(name)), 0u) << what;
            EXPECT_EQ(what.find('\n'), std::string::npos) << what;
        }
    }
    EXPECT_EQ(ProfilerMissing(Quick()), "");
}

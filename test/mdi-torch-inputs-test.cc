// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// What goes into a model and what comes out of it: input sets, batches, exits, codecs.

#include "mdi-torch-test.h"

#include "ns3/boolean.h"
#include "ns3/uinteger.h"

#include <cmath>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// The mean of an input's channel 0, from the confidence of model "shown" (1 / (1 + e^-mean)).
double
MeanOf(const Prediction& prediction)
{
    return -std::log(1 / prediction.confidence - 1) * (prediction.label == 1 ? 1 : -1);
}

class TorchInputsTest : public TorchEngineTest
{
  protected:
    /// The means of the elements of input `input` of a set.
    std::vector<double> Means(const ModelSpec& model, uint32_t input)
    {
        const uint32_t index = m_engine->LoadModel(model);
        std::vector<double> means;
        for (const auto& prediction :
             m_engine->Predict({index, input, m_engine->Graph(index).Size()}))
        {
            means.push_back(MeanOf(prediction));
        }
        return means;
    }

    static ModelSpec Shown(const std::string& set, int64_t batch = 1)
    {
        ModelSpec model = Spec("shown", {TensorSpec{{batch, 3, 8, 8}}});
        model.inputSet = TheModels().Folder() / set;
        return model;
    }

    /// A PPM picture of one colour.
    static void WritePicture(const fs::path& file, int width, int height, int red)
    {
        fs::create_directories(file.parent_path());
        std::ofstream stream(file, std::ios::binary);
        stream << "P6\n" << width << ' ' << height << "\n255\n";
        for (int i = 0; i < width * height; ++i)
        {
            stream << static_cast<char>(red) << '\0' << '\0';
        }
    }
};

using TorchExitsTest = TorchEngineTest;
using TorchCodecTest = TorchEngineTest;

} // namespace

TEST_F(TorchInputsTest, SamplesOfATensorFileAreTakenInOrderAndAround)
{
    const uint32_t model = m_engine->LoadModel(Shown("set-labelled.pt"));
    for (const uint32_t input : {0u, 1u, 6u, 7u, 15u})
    {
        const auto predictions = m_engine->Predict({model, input, m_engine->Graph(model).Size()});
        ASSERT_EQ(predictions.size(), 1u);
        EXPECT_NEAR(predictions[0].confidence, 1 / (1 + std::exp(-double(input % 7) / 7)), 1e-6);
        EXPECT_EQ(m_engine->Labels(model, input), std::vector<int64_t>{10 + int64_t(input % 7)});
    }
}

TEST_F(TorchInputsTest, ABatchHoldsTheNextSamples)
{
    const auto means = Means(Shown("set-labelled.pt", 3), 2); // samples 6, 0, 1
    ASSERT_EQ(means.size(), 3u);
    EXPECT_NEAR(means[0], 6.0 / 7, 1e-5);
    EXPECT_NEAR(means[1], 0, 1e-5);
    EXPECT_NEAR(means[2], 1.0 / 7, 1e-5);
    EXPECT_EQ(m_engine->Labels(0, 2), (std::vector<int64_t>{16, 10, 11}));
}

TEST_F(TorchInputsTest, BytesArePicturesAndAreScaled)
{
    ModelSpec model = Shown("set-pictures.pt"); // all pixels 51: 0.2
    EXPECT_NEAR(Means(model, 0).at(0), 0.2, 1e-6);
    model.preprocess.mean = {0.1, 0, 0};
    model.preprocess.std = {0.5, 1, 1};
    EXPECT_NEAR(Means(model, 1).at(0), (0.2 - 0.1) / 0.5, 1e-6);
    EXPECT_TRUE(m_engine->Labels(0, 0).empty());
}

TEST_F(TorchInputsTest, AFolderHoldsAClassPerFolder)
{
    const fs::path folder = TheModels().Folder() / "pictures";
    WritePicture(folder / "cat" / "b.ppm", 8, 8, 100);
    WritePicture(folder / "cat" / "a.ppm", 20, 30, 50); // scaled and cropped: one colour stays
    WritePicture(folder / "ant" / "z.ppm", 8, 8, 200);
    std::ofstream(folder / "cat" / "notes.txt") << "no picture\n";
    const ModelSpec model = Shown("pictures");
    const double expected[] = {200, 50, 100, 200};
    const int64_t labels[] = {0, 1, 1, 0};
    for (uint32_t input = 0; input < 4; ++input)
    {
        EXPECT_NEAR(Means(model, input).at(0), expected[input] / 255, 1e-6) << input;
        EXPECT_EQ(m_engine->Labels(0, input), std::vector<int64_t>{labels[input]});
    }
}

TEST_F(TorchInputsTest, ThePictureIsCutFromTheMiddle)
{
    // Left half black, right half red, twice as wide as high: the middle square is half and half.
    const fs::path file = TheModels().Folder() / "halves" / "x" / "a.ppm";
    fs::create_directories(file.parent_path());
    {
        std::ofstream stream(file, std::ios::binary);
        stream << "P6\n32 16\n255\n";
        for (int i = 0; i < 32 * 16; ++i)
        {
            stream << static_cast<char>(i % 32 < 16 ? 0 : 255) << '\0' << '\0';
        }
    }
    EXPECT_NEAR(Means(Shown("halves"), 0).at(0), 0.5, 0.01);
    ModelSpec zoomed = Shown("halves");
    zoomed.preprocess.resize = 16;
    zoomed.preprocess.crop = 8;
    EXPECT_NEAR(Means(zoomed, 0).at(0), 0.5, 0.01);
}

TEST_F(TorchInputsTest, BadSetsGiveOneLine)
{
    const auto expect = [&](const ModelSpec& model, const std::string& part) {
        const std::string what = LoadError(model);
        EXPECT_NE(what.find(part), std::string::npos) << what;
    };
    expect(Shown("set-wrong-shape.pt"), "tensor 0 is 7x3x9x8, but samples for an input of 1x3x8x8");
    expect(Shown("set-wrong-labels.pt"), "one number for each of the 7 samples");
    expect(Shown("set-no-inputs.pt"), "has no \"inputs\"");
    expect(Shown("set-label.pt"), "the dictionary has 'label'");
    expect(Shown("set-float-labels.pt"), "must be an int64 tensor");
    expect(Shown("set-two.pt"), "holds 2 tensors, but the model takes 1");
    expect(Shown("shown.pt"), "this is no tensor file");
    expect(Shown("missing.pt"), "cannot be read: No such file");
    fs::create_directories(TheModels().Folder() / "nothing" / "class");
    expect(Shown("nothing"), "there is no picture in it");
    ModelSpec text = Spec("attention", {SEQUENCE});
    text.inputSet = TheModels().Folder() / "nothing";
    expect(text, "pictures are for models with one float32 input");
    const fs::path broken = TheModels().Folder() / "broken" / "x" / "a.png";
    fs::create_directories(broken.parent_path());
    std::ofstream(broken) << "no picture";
    const uint32_t model = m_engine->LoadModel(Shown("broken"));
    EXPECT_THROW(m_engine->MaxError({model, 0, m_engine->Graph(model).Size()}), std::runtime_error);
}

TEST_F(TorchInputsTest, OneMeanServesAllChannelsAndTwoServeNone)
{
    ModelSpec model = Shown("set-pictures.pt"); // all pixels 51: 0.2
    model.preprocess.mean = {0.1};
    EXPECT_NEAR(Means(model, 0).at(0), 0.1, 1e-6);
    model.preprocess.mean = {0.1, 0.2};
    try
    {
        m_engine->LoadModel(model);
        ADD_FAILURE();
    }
    catch (const std::runtime_error& error)
    {
        EXPECT_NE(std::string(error.what()).find("one per channel, 3 here, not 2"),
                  std::string::npos);
    }
}

TEST_F(TorchInputsTest, WeightsOfARecurrentLayerCount)
{
    const uint32_t model = Load("recurrent", {SEQUENCE});
    const LayerGraph& graph = m_engine->Graph(model);
    const uint64_t matrices = 4 * 6 * (8 + 6); // LSTM of 8 inputs and 6 units
    const uint64_t state = 6;                  // zeros to begin with, a constant of the graph
    EXPECT_EQ(graph.WeightBytes(0, graph.Size()), 4 * (matrices + 2 * 4 * 6 + state + 6 * 3 + 3));
    EXPECT_EQ(graph.Flop(0, graph.Size()), 2.0 * (5 * matrices + 5 * 6 * 3));
    EXPECT_EQ(m_engine->MaxError(Chain(model, 0, graph.LayerBoundaries())), 0.0);
}

TEST_F(TorchExitsTest, ABatchIsBitIdenticalAndAnswersForEachElement)
{
    m_engine->SetAttribute("Memo", BooleanValue(false));
    const uint32_t model = Load("exits", {TensorSpec{{4, 3, 8, 8}}});
    const LayerGraph& graph = m_engine->Graph(model);
    const TensorId result = Chain(model, 0, graph.LayerBoundaries());
    EXPECT_EQ(m_engine->MaxError(result), 0.0);
    EXPECT_EQ(m_engine->Predict(result).size(), 4u);
}

TEST_F(TorchExitsTest, ExitsComeAsEarlyAsTheirFeatures)
{
    const auto spec = [](const std::string& name, const std::vector<uint32_t>& exits) {
        ModelSpec model = Spec(name, {IMAGE});
        model.exits = exits;
        return model;
    };
    const uint32_t early = m_engine->LoadModel(spec("exits", {0, 1}));
    // It returns the end, then the list of exits.
    const uint32_t late = m_engine->LoadModel(spec("late-exits", {1, 2}));
    const uint32_t cascade = m_engine->LoadModel(spec("cascade", {0, 1}));
    m_engine->SetAttribute("Memo", BooleanValue(false));
    for (const uint32_t model : {early, late, cascade})
    {
        const LayerGraph& graph = m_engine->Graph(model);
        const auto exits = graph.Exits();
        ASSERT_EQ(exits.size(), 2u) << model;
        EXPECT_LT(exits[0].boundary, exits[1].boundary);
        EXPECT_LT(exits[1].boundary, graph.Size());
        const auto work = [&](uint32_t end) { return graph.Flop(0, end); };
        EXPECT_EQ(work(exits[0].boundary), 2.0 * (4 * 64 * 27 + 4 * 5)) << model;
        EXPECT_EQ(work(exits[1].boundary), 2.0 * (4 * 64 * (27 + 36) + 2 * 4 * 5)) << model;
        // What the exit said does not travel on, except where the end reads it.
        EXPECT_EQ(graph.CutBytes(exits[0].boundary), 4u * 64 * 4 + (model == cascade ? 5 * 4 : 0));
        for (const uint32_t cut : graph.LayerBoundaries())
        {
            for (const auto& exit : exits)
            {
                if (cut <= exit.boundary)
                {
                    const TensorId answer = Chain(model, 0, {cut, exit.boundary});
                    EXPECT_EQ(m_engine->MaxError(answer), 0.0) << model << ' ' << cut;
                    EXPECT_EQ(m_engine->Predict(answer).size(), 1u);
                }
            }
            EXPECT_EQ(m_engine->MaxError(Chain(model, 0, {cut, graph.Size()})), 0.0);
        }
        EXPECT_THROW(m_engine->Predict({model, 0, graph.Size() - 1}), std::invalid_argument);
    }
}

TEST_F(TorchExitsTest, WrongExitsGiveOneLine)
{
    const auto expect = [&](const std::vector<uint32_t>& exits, const std::string& part) {
        ModelSpec model = Spec("exits", {IMAGE});
        model.exits = exits;
        const std::string what = LoadError(model);
        EXPECT_NE(what.find(part), std::string::npos) << what;
    };
    expect({3}, "forward() returns 3 tensors");
    expect({0, 0}, "each is one exit at most");
    expect({0, 1, 2}, "all 3 results are early exits");
}

TEST_F(TorchCodecTest, LossyCodecsChangeTheResultALittleAndAlwaysAlike)
{
    const uint32_t model = Load("residual", {IMAGE});
    const LayerGraph& graph = m_engine->Graph(model);
    const TensorId cut = Chain(model, 0, {3});
    const auto error = [&](TensorCodec::Kind kind) {
        const TensorId coded = m_engine->Transcode(cut, TensorCodec{kind});
        EXPECT_NE(coded.lineage, 0u);
        EXPECT_EQ(coded, m_engine->Transcode(cut, TensorCodec{kind}));
        return m_engine->MaxError(m_engine->Run(coded, graph.Size())).value();
    };
    const double half = error(TensorCodec::FLOAT16);
    const double byte = error(TensorCodec::INT8);
    EXPECT_GT(half, 0);
    EXPECT_LT(half, 0.005);
    EXPECT_GT(byte, half);
    EXPECT_LT(byte, 0.05);
    // The plain values are untouched, and nothing hangs on the store.
    EXPECT_EQ(m_engine->MaxError(m_engine->Run(cut, graph.Size())), 0.0);
    m_engine->SetAttribute("StoreBytes", UintegerValue(1));
    EXPECT_EQ(error(TensorCodec::INT8), byte);
    EXPECT_EQ(error(TensorCodec::FLOAT16), half);
    // Two cuts, each coded.
    const TensorId once = m_engine->Transcode(cut, TensorCodec{TensorCodec::INT8});
    const TensorId twice =
        m_engine->Transcode(m_engine->Run(once, 5), TensorCodec{TensorCodec::FLOAT16});
    EXPECT_NE(twice.lineage, once.lineage);
    EXPECT_GT(m_engine->MaxError(m_engine->Run(twice, graph.Size())).value(), 0);
}

TEST_F(TorchCodecTest, AnAutoencoderIsTwoModels)
{
    const uint32_t model = Load("exits", {IMAGE});
    const uint32_t encoder = Load("encoder", {TensorSpec{{1, 4, 8, 8}}});
    const uint32_t decoder = Load("decoder", {TensorSpec{{1, 4, 4, 4}}});
    const LayerGraph& graph = m_engine->Graph(model);
    m_engine->SetAutoencoder(model, {2, encoder, decoder});
    EXPECT_EQ(m_engine->AutoencoderOf(model).value().boundary, 2u);
    EXPECT_FALSE(m_engine->AutoencoderOf(encoder));
    const TensorId cut = Chain(model, 0, {2});
    const TensorId arrived =
        m_engine->Transcode(cut, TensorCodec{TensorCodec::AUTOENCODER, encoder, decoder});
    const double error = m_engine->MaxError(m_engine->Run(arrived, graph.Size())).value();
    EXPECT_GT(error, 0);
    EXPECT_LT(error, 10);
    EXPECT_THROW(m_engine->SetAutoencoder(model, {0, encoder, decoder}), std::invalid_argument);
    EXPECT_THROW(m_engine->SetAutoencoder(model, {2, decoder, encoder}), std::invalid_argument);
    const auto sizes = m_engine->SizesOnly();
    EXPECT_EQ(sizes->AutoencoderOf(model).value().decoder, decoder);
    EXPECT_EQ(sizes->Transcode(cut, TensorCodec{TensorCodec::INT8}),
              m_engine->Transcode(cut, TensorCodec{TensorCodec::INT8}));
}

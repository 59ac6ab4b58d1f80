// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-json-reader.h"
#include "ns3/mdi-layer-graph-json.h"
#include "ns3/mdi-model-reader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

namespace fs = std::filesystem;

class ModelReader : public testing::Test
{
  protected:
    ModelReader()
    {
        std::string pattern = (fs::temp_directory_path() / "mdi-model-XXXXXX").string();
        m_folder = mkdtemp(pattern.data());
        Write("net.pt", "the reader does not open it");
        Write("set.pt", "nor this");
        Write("small.pt", "");
    }

    ~ModelReader() override
    {
        fs::remove_all(m_folder);
    }

    void Write(const std::string& name, const std::string& text)
    {
        std::ofstream(m_folder / name) << text;
    }

    /// A description with some fields in place of the usual ones (null removes one).
    void Describe(const nlohmann::json& changes)
    {
        nlohmann::json json = {{"format", "mdi-model"},
                               {"version", 1},
                               {"name", "a-net"},
                               {"inputs", {{{"shape", {2, 3, 8, 8}}}}},
                               {"exits", {0, 1}},
                               {"preprocess", {{"resize", 10}, {"crop", 8}, {"mean", {0.5}}}},
                               {"input_set", "set.pt"},
                               {"weights", "random"}};
        json.merge_patch(changes);
        Write("net.json", json.dump());
    }

    std::string Error(const std::string& file, const std::string& shapes = "")
    {
        try
        {
            ReadModelWithShapes((m_folder / file).string(), shapes);
        }
        catch (const BadInput& error)
        {
            const std::string what = error.what();
            EXPECT_EQ(what.find('\n'), std::string::npos) << what;
            return what;
        }
        return "accepted";
    }

    std::string Net() const
    {
        return (m_folder / "net.pt").string();
    }

    fs::path m_folder;
};

} // namespace

TEST_F(ModelReader, ADescriptionSaysWhatTheFileDoesNot)
{
    Describe(nlohmann::json::object());
    const ModelSpec model = ReadModel(Net());
    EXPECT_EQ(model.name, "a-net");
    EXPECT_EQ(model.file, Net());
    ASSERT_EQ(model.inputs.size(), 1u);
    EXPECT_EQ(model.inputs[0].spec, (TensorSpec{{2, 3, 8, 8}, Dtype::FLOAT32}));
    EXPECT_EQ(model.exits, (std::vector<uint32_t>{0, 1}));
    EXPECT_EQ(model.preprocess.resize, 10u);
    EXPECT_EQ(model.preprocess.mean, std::vector<double>{0.5});
    EXPECT_EQ(model.inputSet, (m_folder / "set.pt").string());
    EXPECT_FALSE(model.autoencoder);
}

TEST_F(ModelReader, AScenarioChangesFields)
{
    Describe(nlohmann::json::object());
    const JsonReader changes = JsonReader::FromText(
        R"({"file": "x", "inputs": [{"shape": [1], "dtype": "int64", "range": 50}],
            "exits": [], "input_set": null})",
        "scenario.json");
    const ModelSpec model = ReadModel(Net(), &changes, m_folder.string());
    EXPECT_EQ(model.inputs.at(0).spec, (TensorSpec{{1}, Dtype::INT64}));
    EXPECT_EQ(model.inputs.at(0).range, 50);
    EXPECT_TRUE(model.exits.empty());
    EXPECT_TRUE(model.inputSet.empty());
    EXPECT_EQ(model.preprocess.crop, 8u); // the rest stays
}

TEST_F(ModelReader, ShapesOfAFlagReplaceTheDescriptions)
{
    Describe(nlohmann::json::object());
    const ModelSpec model = ReadModelWithShapes(Net(), "4,3,8,8;1,7:int64");
    ASSERT_EQ(model.inputs.size(), 2u);
    EXPECT_EQ(model.inputs[0].spec, (TensorSpec{{4, 3, 8, 8}, Dtype::FLOAT32}));
    EXPECT_EQ(model.inputs[1].spec, (TensorSpec{{1, 7}, Dtype::INT64}));
    EXPECT_EQ(model.exits.size(), 2u);
    const ModelSpec bare = ReadModelWithShapes((m_folder / "small.pt").string(), "5");
    EXPECT_EQ(bare.name, "small");
    EXPECT_EQ(bare.inputs.at(0).spec, (TensorSpec{{5}, Dtype::FLOAT32}));
}

TEST_F(ModelReader, BadInputGetsOneLine)
{
    const auto has = [](const std::string& what, const std::string& part) {
        EXPECT_NE(what.find(part), std::string::npos) << what;
    };
    has(Error("missing.pt"), "missing.pt: there is no such model file");
    has(Error("small.pt"), "small.pt: the input shapes of the model are unknown; say --input-shape");
    Describe(nlohmann::json::object());
    has(Error("net.pt", "1,x"), "--input-shape=1,x: 'x' is no size");
    has(Error("net.pt", "1,0"), "'0' is no size");
    has(Error("net.pt", "1:float31"), "unknown type 'float31'");
    has(Error("net.pt", ";"), "an input has 1 to 8 dimensions");
    has(Error("net.pt", "1,1,1,1,1,1,1,1,1"), "an input has 1 to 8 dimensions");
    Describe({{"inputs", {{{"shape", {-1}}}}}});
    has(Error("net.pt"), "net.json: /inputs/0/shape/0: ");
    Describe({{"exits", {-1}}});
    has(Error("net.pt"), "net.json: /exits/0: ");
    Describe({{"input_set", "nowhere"}});
    has(Error("net.pt"), "/input_set: there is no folder of pictures or tensor file");
    Describe({{"autoencoder", {{"after", "x"}, {"encoder", "net.pt"}}}});
    has(Error("net.pt"), "/autoencoder: ");
    Describe({{"inputz", 1}});
    has(Error("net.pt"), "inputz");
    Describe({{"preprocess", {{"std", {0}}}}});
    has(Error("net.pt"), "/preprocess/std/0: ");
    Describe({{"format", "mdi-scenario"}});
    has(Error("net.pt"), "net.json");
}

TEST_F(ModelReader, AnAutoencoderMustStandAtACutOfItsModel)
{
    const TensorSpec wide{{1, 8}, Dtype::FLOAT32};
    const TensorSpec narrow{{1, 2}, Dtype::FLOAT32};
    const auto write = [&](const std::string& name, const TensorSpec& in, const TensorSpec& out) {
        Layer layer;
        layer.name = "l";
        layer.inputs = {-1};
        layer.outputs = {out};
        Layer next = layer;
        next.name = "next";
        next.inputs = {0};
        Write(name, LayerGraphToJson(LayerGraph(name, {in}, {layer, next})));
        return (m_folder / name).string();
    };
    ModelSpec model;
    model.name = "m";
    model.file = write("m.json", wide, wide);
    const std::string encoder = write("encoder.json", wide, narrow);
    const std::string decoder = write("decoder.json", narrow, wide);
    const auto load = [&](const std::string& after, const std::string& e, const std::string& d) {
        model.autoencoder = AutoencoderSpec{after, e, d};
        TensorEngine engine;
        try
        {
            LoadModels({model}, engine);
        }
        catch (const BadInput& error)
        {
            return std::string(error.what());
        }
        EXPECT_EQ(engine.AutoencoderOf(0).value().boundary, 1u);
        return std::string("accepted");
    };
    EXPECT_EQ(load("l", encoder, decoder), "accepted");
    EXPECT_NE(load("k", encoder, decoder).find("after layer 'k', which the model does not have"),
              std::string::npos);
    EXPECT_NE(load("l", decoder, encoder).find("but the encoder takes"), std::string::npos);
}

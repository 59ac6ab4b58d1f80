// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-model-reader.h"

#include "mdi-did-you-mean.h"
#include "mdi-scenario-names.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

namespace ns3
{
namespace mdi
{

namespace
{

namespace fs = std::filesystem;

constexpr int64_t MAX_SIZE = 1 << 24; // of one dimension
constexpr size_t MAX_DIMENSIONS = 8;
constexpr size_t MAX_INPUTS = 64;
const char* const TYPES = "float32, float16, float64, int64, int32, int8, uint8 or bool";

std::vector<ModelInput>
ReadInputs(const JsonReader& json)
{
    std::vector<ModelInput> inputs;
    for (const auto& item : json.Items(1, MAX_INPUTS))
    {
        item.AllowOnly({"shape", "dtype", "range"});
        ModelInput input;
        for (const auto& size : item["shape"].Items(0, MAX_DIMENSIONS))
        {
            input.spec.shape.push_back(size.Integer(1, MAX_SIZE));
        }
        if (const auto dtype = item.Find("dtype"))
        {
            if (!DtypeFromName(dtype->String(), input.spec.dtype))
            {
                dtype->Fail("unknown type " + Quoted(dtype->String()), TYPES);
            }
        }
        if (const auto range = item.Find("range"))
        {
            input.range = static_cast<int64_t>(range->PositiveInt());
        }
        inputs.push_back(input);
    }
    return inputs;
}

Preprocess
ReadPreprocess(const JsonReader& json)
{
    json.AllowOnly({"resize", "crop", "mean", "std"});
    Preprocess preprocess;
    if (const auto resize = json.Find("resize"))
    {
        preprocess.resize = static_cast<uint32_t>(resize->PositiveInt(MAX_SIZE));
    }
    if (const auto crop = json.Find("crop"))
    {
        preprocess.crop = static_cast<uint32_t>(crop->PositiveInt(MAX_SIZE));
    }
    if (const auto mean = json.Find("mean"))
    {
        for (const auto& value : mean->Items(1, MAX_INPUTS))
        {
            preprocess.mean.push_back(value.Number());
        }
    }
    if (const auto std = json.Find("std"))
    {
        for (const auto& value : std->Items(1, MAX_INPUTS))
        {
            preprocess.std.push_back(value.PositiveNumber());
        }
    }
    return preprocess;
}

/// A file that must be there.
std::string
ReadPath(const JsonReader& json, const std::string& folder, const std::string& what)
{
    const std::string path = ResolvePath((fs::path(folder) / "").string(), json.Name());
    if (!fs::exists(path))
    {
        json.Fail("there is no " + what + " " + Quoted(path), "correct the path");
    }
    return path;
}

/// The fields that a description and a scenario have in common.
void
ReadFields(const JsonReader& json, const std::string& folder, ModelSpec& model)
{
    if (const auto inputs = json.Find("inputs"))
    {
        model.inputs = ReadInputs(*inputs);
    }
    if (const auto exits = json.Find("exits"))
    {
        model.exits.clear();
        for (const auto& exit : exits->Items(0, 1000))
        {
            model.exits.push_back(static_cast<uint32_t>(exit.NonNegativeInt(1000)));
        }
    }
    if (const auto preprocess = json.Find("preprocess"))
    {
        model.preprocess = ReadPreprocess(*preprocess);
    }
    if (const auto set = json.Find("input_set"))
    {
        model.inputSet =
            set->IsNull() ? "" : ReadPath(*set, folder, "folder of pictures or tensor file");
    }
    if (const auto autoencoder = json.Find("autoencoder"))
    {
        model.autoencoder.reset();
        if (!autoencoder->IsNull())
        {
            autoencoder->AllowOnly({"after", "encoder", "decoder"});
            model.autoencoder =
                AutoencoderSpec{(*autoencoder)["after"].Name(),
                                ReadPath((*autoencoder)["encoder"], folder, "model file"),
                                ReadPath((*autoencoder)["decoder"], folder, "model file")};
        }
    }
}

void
ReadDescription(const std::string& file, ModelSpec& model)
{
    const JsonReader json = JsonReader::FromFile(file);
    json.CheckFormat("mdi-model", 1);
    json.AllowOnly({"format",
                    "version",
                    "name",
                    "inputs",
                    "exits",
                    "preprocess",
                    "input_set",
                    "autoencoder",
                    "weights",
                    "accuracy"});
    if (const auto name = json.Find("name"))
    {
        model.name = name->Name();
    }
    ReadFields(json, fs::path(file).parent_path().string(), model);
}

/// What a flag says; where it says no type, that of the description.
std::vector<ModelInput>
ParseShapes(const std::string& text, const std::vector<ModelInput>& described)
{
    const auto fail = [&text](const std::string& wrong) {
        throw BadInput("--input-shape=" + OneLine(text) + ": " + wrong +
                       "; write it as 1,3,224,224 or, of two inputs, 1,3,224,224:float32;1:int64");
    };
    std::vector<ModelInput> inputs;
    std::stringstream list(text);
    std::string part;
    while (std::getline(list, part, ';'))
    {
        ModelInput input =
            inputs.size() < described.size() ? described[inputs.size()] : ModelInput();
        input.spec.shape.clear();
        const size_t colon = part.find(':');
        if (colon != std::string::npos && !DtypeFromName(part.substr(colon + 1), input.spec.dtype))
        {
            fail("unknown type " + Quoted(part.substr(colon + 1)) + ", the types are " + TYPES);
        }
        std::stringstream sizes(part.substr(0, colon));
        std::string size;
        while (std::getline(sizes, size, ','))
        {
            int64_t value = 0;
            const char* const end = size.data() + size.size();
            const auto [at, error] = std::from_chars(size.data(), end, value);
            if (error != std::errc() || at != end || value < 1 || value > MAX_SIZE)
            {
                fail(Quoted(size) + " is no size");
            }
            input.spec.shape.push_back(value);
        }
        if (input.spec.shape.empty() || input.spec.shape.size() > MAX_DIMENSIONS)
        {
            fail("an input has 1 to " + std::to_string(MAX_DIMENSIONS) + " dimensions");
        }
        inputs.push_back(input);
    }
    if (inputs.empty() || inputs.size() > MAX_INPUTS)
    {
        fail("no shape");
    }
    return inputs;
}

ModelSpec
ReadFiles(const std::string& file)
{
    std::error_code error;
    if (!fs::exists(file, error))
    {
        throw BadInput(file + ": there is no such model file; make one of the zoo with ./mdi "
                              "export NAME, or correct the path");
    }
    ModelSpec model;
    model.file = file;
    // A layer graph has a name of its own.
    model.name = fs::path(file).extension() == ".json" ? "" : fs::path(file).stem().string();
    const fs::path beside = fs::path(file).replace_extension(".json");
    if (fs::path(file).extension() != ".json" && fs::exists(beside, error))
    {
        ReadDescription(beside.string(), model);
    }
    return model;
}

bool
IsLayerGraph(const std::string& file)
{
    return fs::path(file).extension() == ".json";
}

bool
NeedsInputs(const ModelSpec& model)
{
    return model.inputs.empty() && !IsLayerGraph(model.file);
}

} // namespace

ModelSpec
ReadModel(const std::string& file, const JsonReader* changes, const std::string& folder)
{
    ModelSpec model = ReadFiles(file);
    if (changes)
    {
        for (const char* key : {"inputs", "exits", "preprocess", "input_set", "autoencoder"})
        {
            if (IsLayerGraph(file) && changes->Has(key))
            {
                (*changes)[key].Fail("a layer graph brings its own inputs and exits, and no values",
                                     "leave this out, or name the .pt");
            }
        }
        ReadFields(*changes, folder, model);
    }
    if (NeedsInputs(model))
    {
        const std::string right = "write \"inputs\": [{\"shape\": [1, 3, 32, 32]}] " +
                                  std::string(changes ? "here" : "into it") + ", or the file " +
                                  fs::path(file).replace_extension(".json").string();
        if (changes)
        {
            changes->Fail("the input shapes of the model are unknown", right);
        }
        throw BadInput(file + ": the input shapes of the model are unknown; " + right);
    }
    return model;
}

ModelSpec
ReadModelWithShapes(const std::string& file, const std::string& shapes)
{
    ModelSpec model = ReadFiles(file);
    if (!shapes.empty())
    {
        if (IsLayerGraph(file))
        {
            throw BadInput(file + ": a layer graph brings its own inputs; leave out --input-shape");
        }
        model.inputs = ParseShapes(shapes, model.inputs);
    }
    if (NeedsInputs(model))
    {
        throw BadInput(file +
                       ": the input shapes of the model are unknown; say "
                       "--input-shape=1,3,224,224, or write the file " +
                       fs::path(file).replace_extension(".json").string());
    }
    return model;
}

namespace
{

/// Load the parts of an autoencoder for a model that the engine has.
void
LoadAutoencoder(const ModelSpec& model, uint32_t number, TensorEngine& engine)
{
    const AutoencoderSpec& spec = *model.autoencoder;
    const auto& layers = engine.Graph(number).Layers();
    uint32_t boundary = 0;
    std::vector<std::string> names;
    for (uint32_t layer = 0; layer < layers.size(); ++layer)
    {
        names.push_back(layers[layer].name);
        boundary = layers[layer].name == spec.after ? layer + 1 : boundary;
    }
    const std::string place =
        model.file + ": the autoencoder stands after layer " + Quoted(spec.after);
    if (boundary == 0)
    {
        throw BadInput(place + ", which the model does not have; " + DidYouMean(spec.after, names));
    }
    if (boundary == engine.Graph(number).Size() || !engine.Graph(number).CanCut(boundary))
    {
        throw BadInput(place + ", where no cut is possible; ./mdi inspect --layers shows the cuts");
    }
    const auto load = [&](const std::string& file, const std::vector<TensorSpec>& inputs) {
        ModelSpec part;
        part.file = file;
        part.name = fs::path(file).stem().string();
        for (const TensorSpec& input : inputs)
        {
            part.inputs.push_back({input});
        }
        return engine.LoadModel(part);
    };
    Autoencoder autoencoder;
    autoencoder.boundary = boundary;
    autoencoder.encoder = load(spec.encoder, engine.Graph(number).CutTensors(boundary));
    const LayerGraph& encoder = engine.Graph(autoencoder.encoder);
    autoencoder.decoder = load(spec.decoder, encoder.CutTensors(encoder.Size()));
    engine.SetAutoencoder(number, autoencoder);
}

} // namespace

std::vector<uint32_t>
LoadModels(const std::vector<ModelSpec>& models, TensorEngine& engine, LoadedModels& loaded)
{
    std::vector<uint32_t> numbers;
    const size_t before = loaded.size();
    try
    {
        for (const ModelSpec& model : models)
        {
            auto known = std::find_if(loaded.begin(), loaded.end(), [&model](const auto& other) {
                return other.first == model;
            });
            if (known == loaded.end())
            {
                loaded.emplace_back(model, engine.LoadModel(model));
                known = std::prev(loaded.end());
            }
            numbers.push_back(known->second);
        }
        for (size_t i = before; i < loaded.size(); ++i)
        {
            if (loaded[i].first.autoencoder)
            {
                LoadAutoencoder(loaded[i].first, loaded[i].second, engine);
            }
        }
    }
    catch (const std::exception& error)
    {
        loaded.resize(before); // what is there of them has no autoencoder yet
        throw BadInput(error.what());
    }
    return numbers;
}

void
LoadModels(const std::vector<ModelSpec>& models, TensorEngine& engine)
{
    LoadedModels loaded;
    LoadModels(models, engine, loaded);
}

} // namespace mdi
} // namespace ns3

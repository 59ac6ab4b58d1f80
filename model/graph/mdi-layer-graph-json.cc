// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-layer-graph-json.h"

#include "mdi-json-place.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr int64_t VERSION = 1;
constexpr const char* FORMAT = "mdi-layer-graph";
constexpr const char* TOKENS = "tokens";

constexpr int64_t MAX_INDEX = std::numeric_limits<int32_t>::max();
constexpr int64_t MAX_BYTES = int64_t(1) << 50;
constexpr int64_t MAX_ROWS = int64_t(1) << 24; //!< of a kernel, a stride, an offset

OrderedJson
SpecsToJson(const std::vector<TensorSpec>& specs)
{
    OrderedJson array = OrderedJson::array();
    for (const TensorSpec& spec : specs)
    {
        OrderedJson shape = OrderedJson::array();
        for (size_t d = 0; d < spec.shape.size(); ++d)
        {
            shape.push_back(spec.tokenDims >> d & 1 ? OrderedJson(TOKENS)
                                                    : OrderedJson(spec.shape[d]));
        }
        array.push_back({{"shape", shape}, {"dtype", DtypeName(spec.dtype)}});
    }
    return array;
}

/// \param tokens what "tokens" in a shape stands for; 0: it may not stand there
std::vector<TensorSpec>
ReadSpecs(const Place& place, int64_t tokens)
{
    std::vector<TensorSpec> specs;
    for (const Place& item : place.Items())
    {
        item.CheckFields({"shape", "dtype"}, 2);
        TensorSpec spec;
        for (const Place& size : item.At("shape").Items())
        {
            if (tokens > 0 && size.IsText())
            {
                if (size.Text() != TOKENS)
                {
                    size.Fail("expected an integer or \"tokens\", found " + size.Text());
                }
                spec.tokenDims |= 1U << spec.shape.size();
                spec.shape.push_back(tokens);
                continue;
            }
            spec.shape.push_back(size.Integer(0, MAX_BYTES));
        }
        const Place dtype = item.At("dtype");
        if (!DtypeFromName(dtype.Text(), spec.dtype))
        {
            dtype.Fail("unknown type '" + dtype.Text() +
                       "'; known are float32, float16, float64, int64, int32, int8, uint8, bool");
        }
        try
        {
            spec.Bytes();
        }
        catch (const std::invalid_argument& error)
        {
            item.At("shape").Fail(error.what());
        }
        specs.push_back(std::move(spec));
    }
    return specs;
}

OrderedJson
RowRuleToJson(const RowRule& rule)
{
    OrderedJson json = {{"kind", RowKindName(rule.kind)}};
    switch (rule.kind)
    {
    case RowKind::WHOLE:
    case RowKind::SAME:
        break;
    case RowKind::WINDOW:
    case RowKind::TRANSPOSED:
        json["kernel"] = rule.kernel;
        json["stride"] = rule.stride;
        json["padding"] = rule.padding;
        json["dilation"] = rule.dilation;
        break;
    case RowKind::NEAREST:
    case RowKind::BILINEAR:
    case RowKind::SPACE_TO_DEPTH:
        json["factor"] = rule.factor;
        break;
    case RowKind::CONCAT_ROWS:
        json["offset"] = rule.offset;
        break;
    }
    return json;
}

RowRule
ReadRowRule(const Place& place)
{
    place.CheckFields({"kind", "kernel", "stride", "padding", "dilation", "factor", "offset"}, 1);
    RowRule rule;
    const Place kind = place.At("kind");
    if (!RowKindFromName(kind.Text(), rule.kind))
    {
        kind.Fail("unknown kind '" + kind.Text() +
                  "'; known are whole, same, window, nearest, bilinear, transposed, "
                  "space_to_depth, concat_rows");
    }
    const auto read = [&place](const char* field, int64_t low) {
        return static_cast<uint32_t>(place.At(field).Integer(low, MAX_ROWS));
    };
    switch (rule.kind)
    {
    case RowKind::WHOLE:
    case RowKind::SAME:
        place.CheckFields({"kind"}, 1);
        break;
    case RowKind::WINDOW:
    case RowKind::TRANSPOSED:
        place.CheckFields({"kind", "kernel", "stride", "padding", "dilation"}, 5);
        rule.kernel = read("kernel", 1);
        rule.stride = read("stride", 1);
        rule.padding = read("padding", 0);
        rule.dilation = read("dilation", 1);
        break;
    case RowKind::NEAREST:
    case RowKind::BILINEAR:
    case RowKind::SPACE_TO_DEPTH:
        place.CheckFields({"kind", "factor"}, 2);
        rule.factor = read("factor", 1);
        break;
    case RowKind::CONCAT_ROWS:
        place.CheckFields({"kind", "offset"}, 2);
        rule.offset = read("offset", 0);
        break;
    }
    return rule;
}

Layer
ReadLayer(const Place& place, int64_t index, int64_t modelInputs, int64_t tokens)
{
    place.CheckFields({"name",
                       "inputs",
                       "outputs",
                       "op",
                       "block",
                       "flop",
                       "weight_bytes",
                       "cache_bytes",
                       "shared_weights",
                       "rows"},
                      3);
    Layer layer;
    layer.name = place.At("name").Text();
    if (layer.name.empty())
    {
        place.At("name").Fail("a layer needs a name");
    }
    layer.op = place.Has("op") ? place.At("op").Text() : "";
    layer.block = place.Has("block") ? place.At("block").Text() : layer.name;
    for (const Place& input : place.At("inputs").Items())
    {
        const int64_t producer = input.Integer(-MAX_INDEX, MAX_INDEX);
        if (producer >= index)
        {
            input.Fail("layer " + std::to_string(producer) + " does not come before layer " +
                       std::to_string(index) + "; layers stand in executable order");
        }
        if (-1 - producer >= modelInputs)
        {
            input.Fail(std::to_string(producer) + " means input " + std::to_string(-1 - producer) +
                       " of the model, which has " + std::to_string(modelInputs));
        }
        layer.inputs.push_back(static_cast<int32_t>(producer));
    }
    layer.outputs = ReadSpecs(place.At("outputs"), tokens);
    layer.flop = place.Has("flop") ? place.At("flop").Number() : 0;
    layer.weightBytes =
        place.Has("weight_bytes") ? place.At("weight_bytes").Integer(0, MAX_BYTES) : 0;
    layer.cacheBytes = place.Has("cache_bytes") ? place.At("cache_bytes").Integer(0, MAX_BYTES) : 0;
    if (place.Has("shared_weights"))
    {
        for (const Place& shared : place.At("shared_weights").Items())
        {
            shared.CheckFields({"id", "bytes"}, 2);
            layer.shared.push_back(
                {static_cast<uint32_t>(shared.At("id").Integer(0, MAX_INDEX)),
                 static_cast<uint64_t>(shared.At("bytes").Integer(0, MAX_BYTES))});
        }
    }
    if (place.Has("rows"))
    {
        for (const Place& rule : place.At("rows").Items())
        {
            layer.rows.push_back(ReadRowRule(rule));
        }
        if (layer.rows.size() != layer.inputs.size())
        {
            place.At("rows").Fail("expected " + std::to_string(layer.inputs.size()) +
                                  " rules, one per input, found " +
                                  std::to_string(layer.rows.size()));
        }
    }
    return layer;
}

LayerGraph
ReadGraph(const Place& root, const std::string& name)
{
    root.CheckFields({"format",
                      "version",
                      "name",
                      "inputs",
                      "layers",
                      "outputs",
                      "forbidden_cuts",
                      "exits",
                      "tokens"},
                     5);
    root.At("version").Integer(VERSION, VERSION);
    const std::string itsName = root.At("name").Text();
    if (itsName.empty())
    {
        root.At("name").Fail("a model needs a name");
    }
    const int64_t tokens = root.Has("tokens") ? root.At("tokens").Integer(1, MAX_INDEX) : 0;
    std::vector<TensorSpec> inputs = ReadSpecs(root.At("inputs"), tokens);
    const int64_t modelInputs = static_cast<int64_t>(inputs.size());
    std::vector<Layer> layers;
    std::set<std::string> names;
    for (const Place& item : root.At("layers").Items())
    {
        layers.push_back(ReadLayer(item, static_cast<int64_t>(layers.size()), modelInputs, tokens));
        if (!names.insert(layers.back().name).second)
        {
            item.At("name").Fail("'" + layers.back().name + "' is already an earlier layer's name");
        }
    }
    const int64_t size = static_cast<int64_t>(layers.size());
    if (size == 0)
    {
        root.At("layers").Fail("a model needs at least one layer");
    }
    std::vector<uint32_t> outputs;
    if (root.Has("outputs"))
    {
        for (const Place& output : root.At("outputs").Items())
        {
            outputs.push_back(static_cast<uint32_t>(output.Integer(0, size - 1)));
        }
    }
    LayerGraph graph(
        name.empty() ? itsName : name, std::move(inputs), std::move(layers), std::move(outputs));
    graph.SetTokens(static_cast<uint32_t>(tokens));
    if (root.Has("forbidden_cuts"))
    {
        for (const Place& cut : root.At("forbidden_cuts").Items())
        {
            graph.ForbidCut(static_cast<uint32_t>(cut.Integer(1, size - 1)));
        }
    }
    if (root.Has("exits"))
    {
        std::vector<uint32_t> exits;
        for (const Place& exit : root.At("exits").Items())
        {
            exits.push_back(static_cast<uint32_t>(exit.Integer(0, size - 1)));
        }
        try
        {
            graph.SetExits(exits);
        }
        catch (const std::invalid_argument& error)
        {
            root.At("exits").Fail(error.what());
        }
    }
    return graph;
}

} // namespace

std::string
LayerGraphToJson(const LayerGraph& graph)
{
    OrderedJson layers = OrderedJson::array();
    for (const Layer& layer : graph.Layers())
    {
        layers.push_back({{"name", layer.name},
                          {"op", layer.op},
                          {"block", layer.block},
                          {"inputs", layer.inputs},
                          {"outputs", SpecsToJson(layer.outputs)},
                          {"flop", layer.flop},
                          {"weight_bytes", layer.weightBytes}});
        if (layer.cacheBytes > 0)
        {
            layers.back()["cache_bytes"] = layer.cacheBytes;
        }
        for (const SharedWeights& shared : layer.shared)
        {
            layers.back()["shared_weights"].push_back({{"id", shared.id}, {"bytes", shared.bytes}});
        }
        for (const RowRule& rule : layer.rows)
        {
            layers.back()["rows"].push_back(RowRuleToJson(rule));
        }
    }
    std::vector<uint32_t> forbidden;
    for (uint32_t b = 0; b <= graph.Size(); ++b)
    {
        if (!graph.CanCut(b))
        {
            forbidden.push_back(b);
        }
    }
    std::vector<uint32_t> exits;
    for (const Exit& exit : graph.Exits())
    {
        exits.push_back(exit.layer);
    }
    OrderedJson root = {{"format", FORMAT},
                        {"version", VERSION},
                        {"name", graph.Name()},
                        {"inputs", SpecsToJson(graph.Inputs())},
                        {"layers", std::move(layers)},
                        {"outputs", graph.Outputs()},
                        {"forbidden_cuts", forbidden},
                        {"exits", exits}};
    if (graph.Tokens() > 0)
    {
        root["tokens"] = graph.Tokens();
    }
    return root.dump(2, ' ', true, OrderedJson::error_handler_t::replace) + "\n";
}

LayerGraph
LayerGraphFromJson(const std::string& text, const std::string& file, const std::string& name)
{
    Json json;
    try
    {
        json = Json::parse(text);
    }
    catch (const Json::exception& error) // a parse_error, or the out_of_range of 1e999
    {
        // "[json.exception.parse_error.101] parse error at line 1, ...": the tail is for people.
        std::string what = error.what();
        what.erase(0, what.find("] ") == std::string::npos ? 0 : what.find("] ") + 2);
        throw std::runtime_error(OneLine(file + ": not JSON: " + what));
    }
    const Place root(json, file, "");
    const bool hasFormat = json.is_object() && json.contains("format");
    if (!hasFormat || json["format"] != FORMAT)
    {
        root.Fail(std::string(hasFormat ? "format: " : "") +
                  "this is no layer graph; expected an object with \"format\": \"" + FORMAT + "\"" +
                  (hasFormat && json["format"] == "mdi-model"
                       ? "; this describes the inputs of a .pt file, give that one"
                       : ""));
    }
    try
    {
        return ReadGraph(root, name);
    }
    catch (const std::invalid_argument& error)
    {
        throw std::runtime_error(OneLine(file + ": " + error.what()));
    }
}

LayerGraph
ReadLayerGraph(const std::string& file, const std::string& name)
{
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
    {
        throw std::runtime_error(file + ": cannot be read: " + std::strerror(errno));
    }
    const std::string text{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
    if (stream.bad())
    {
        throw std::runtime_error(file + ": cannot be read: " + std::strerror(errno));
    }
    return LayerGraphFromJson(text, file, name);
}

} // namespace mdi
} // namespace ns3

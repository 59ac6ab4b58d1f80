// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-scenario.h"

#include "mdi-admission-reader.h"
#include "mdi-admission.h"
#include "mdi-arrival-reader.h"
#include "mdi-churn-reader.h"
#include "mdi-compute-trace-reader.h"
#include "mdi-did-you-mean.h"
#include "mdi-json-reader.h"
#include "mdi-model-reader.h"
#include "mdi-network-reader.h"
#include "mdi-scenario-names.h"
#include "mdi-strategy-reader.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace ns3
{
namespace mdi
{

namespace
{

using Json = nlohmann::json;

constexpr uint32_t MAX_ITEMS = 100000000;
constexpr uint32_t MAX_TOKENS = 65535; // passes have 16 bits in messages

/// A name that nothing before has.
template <typename T>
std::string
NewName(const JsonReader& at, const std::vector<T>& before)
{
    const std::string name = at.Name();
    for (const auto& other : before)
    {
        if (other.name == name)
        {
            at.Fail("the name " + Quoted(name) + " is taken", "give each one a name of its own");
        }
    }
    return name;
}

/// SetField from a value of the document on.
/// \param walked the path to it \param rest the path from it on
void
SetBelow(Json& at,
         const std::string& walked,
         const std::string& rest,
         const Json& value,
         const std::string& place)
{
    const size_t dot = rest.find('.');
    const std::string step = rest.substr(0, dot);
    const bool last = dot == std::string::npos;
    const auto go = [&](Json& next, const std::string& name) {
        if (last)
        {
            next = value;
            return;
        }
        const std::string path = walked.empty() ? name : walked + "." + name;
        SetBelow(next, path, rest.substr(dot + 1), value, place);
    };
    if (at.is_object())
    {
        if (!last && !at.contains(step))
        {
            std::vector<std::string> keys;
            for (const auto& member : at.items())
            {
                keys.push_back(member.key());
            }
            throw BadInput(place + ": there is no " + Quoted(step) + " in " +
                           (walked.empty() ? "the scenario" : Quoted(walked)) + "; " +
                           DidYouMean(step, keys));
        }
        go(at[step], step); // a new last key is checked with the rest of the document
    }
    else if (at.is_array())
    {
        const auto isNamed = [&step](const Json& element) {
            return element.is_object() && element.contains("name") && element["name"] == step;
        };
        const bool byName = std::any_of(at.begin(), at.end(), isNamed);
        bool found = false;
        for (size_t i = 0; i < at.size(); ++i)
        {
            if (step == "*" || (byName ? isNamed(at[i]) : std::to_string(i) == step))
            {
                found = true;
                go(at[i], step == "*" ? std::to_string(i) : step);
            }
        }
        if (!found)
        {
            throw BadInput(place + ": " + Quoted(walked) + " has no element " + Quoted(step) +
                           "; name one by its number from 0 or by its \"name\", or all by *");
        }
    }
    else
    {
        throw BadInput(place + ": " + Quoted(walked) + " is a value; nothing lies below it");
    }
}

/// Apply `path=value` of a flag.
void
ApplySet(Json& document, const std::string& file, const std::string& set)
{
    const auto equals = set.find('=');
    if (equals == std::string::npos || equals == 0)
    {
        throw BadInput("--set=" + OneLine(set) +
                       ": no value; write --set=path=value, such as "
                       "--set=sources.0.priority=5");
    }
    const std::string path = set.substr(0, equals);
    const std::string text = set.substr(equals + 1);
    try
    {
        Json(set).dump();
    }
    catch (const Json::exception&)
    {
        throw BadInput("--set=" + OneLine(path) + ": this is not UTF-8; write it in UTF-8");
    }
    Json value = Json::parse(text, nullptr, false);
    if (value.is_discarded())
    {
        value = text;
    }
    SetField(document, path, value, file + ": --set=" + OneLine(path));
}

ModelSpec
ReadScenarioModel(const std::string& name, const JsonReader& json, const std::string& scenario)
{
    json.AllowOnly({"file", "inputs", "exits", "preprocess", "input_set", "autoencoder"});
    const std::string file = ResolvePath(scenario, json["file"].Name());
    if (!std::filesystem::exists(file))
    {
        json["file"].Fail("there is no model file " + Quoted(file),
                          "make a model of the zoo with ./mdi export NAME, or correct the path");
    }
    ModelSpec model =
        ReadModel(file, &json, std::filesystem::path(scenario).parent_path().string());
    model.name = name;
    return model;
}

Scenario::Device
ReadDevice(const JsonReader& json, const Scenario& scenario, ComputeTraces& traces)
{
    json.AllowOnly({"name", "trace", "mode", "position_m", "slots", "distribution", "offload_to"});
    Scenario::Device device;
    device.name = NewName(json["name"], scenario.devices);
    device.traceFile = ResolvePath(scenario.file, json["trace"].Name());
    if (!std::filesystem::exists(device.traceFile))
    {
        json["trace"].Fail("there is no compute trace " + Quoted(device.traceFile),
                           "one of traces/compute/, or your own from ./mdi profile");
    }
    const auto mode = json.Find("mode");
    const std::pair key(device.traceFile, mode ? mode->Name() : "");
    auto known = traces.find(key);
    if (known == traces.end())
    {
        known = traces.emplace(key, ReadComputeTrace(key.first, key.second)).first;
    }
    device.trace = known->second;
    if (const auto position = json.Find("position_m"))
    {
        const auto xyz = position->Items(2, 3);
        device.position = Vector(xyz[0].Number(-1e6, 1e6),
                                 xyz[1].Number(-1e6, 1e6),
                                 xyz.size() > 2 ? xyz[2].Number(-1e6, 1e6) : 0);
    }
    if (const auto slots = json.Find("slots"))
    {
        device.slots = static_cast<uint32_t>(slots->PositiveInt(1024));
    }
    device.distribution = "lognormal";
    if (const auto distribution = json.Find("distribution"))
    {
        device.distribution = distribution->OneOf({"lognormal", "deterministic", "exponential"});
    }
    return device;
}

/// The devices that device `self` may hand tasks to.
std::vector<uint32_t>
ReadOffloadTo(const JsonReader& json, const Scenario& scenario, uint32_t self)
{
    std::vector<uint32_t> others;
    for (const auto& name : json.Items(1, MAX_NODES))
    {
        const uint32_t other = FindName(name, NamesOf(scenario.devices), "device");
        if (other == self || std::count(others.begin(), others.end(), other) > 0)
        {
            name.Fail("the device is this one, or stands here twice",
                      "name each of the other devices once");
        }
        others.push_back(other);
    }
    return others;
}

/// Times and inputs of a source whose admission is a file, and how many of them it takes.
void
ReadArrivals(const JsonReader& json,
             const std::string& scenario,
             ArrivalReader& reader,
             Scenario::Source& source)
{
    const JsonReader admission = json["admission"];
    source.arrivalsFile = ResolvePath(scenario, admission["file"].Name());
    Arrivals arrivals = reader.Read(admission, source.arrivalsFile, source.name, source.start);
    const size_t rows = arrivals.times.size();
    source.items = static_cast<uint32_t>(rows);
    if (const auto items = json.Find("items"))
    {
        source.items = static_cast<uint32_t>(items->PositiveInt(MAX_ITEMS));
        if (source.items > rows)
        {
            items->Fail("the file has only " + std::to_string(rows) + " rows for this source",
                        "no more than that, or no items: then all rows are taken");
        }
    }
    arrivals.times.resize(source.items);
    arrivals.inputs.resize(arrivals.inputs.empty() ? 0 : source.items);
    source.times = std::move(arrivals.times);
    source.inputs = std::move(arrivals.inputs);
}

Scenario::Source
ReadSource(const JsonReader& json, const Scenario& scenario, ArrivalReader& arrivals)
{
    json.AllowOnly({"name",
                    "node",
                    "model",
                    "priority",
                    "accuracy",
                    "items",
                    "first_input",
                    "start_s",
                    "admission",
                    "generation"});
    Scenario::Source source;
    source.name = NewName(json["name"], scenario.sources);
    if (source.name == "all" || source.name.find_first_of(",\"") != std::string::npos)
    {
        json["name"].Fail("a source's name stands in CSV columns, where \"all\" means all sources",
                          "another name, without commas and quotes");
    }
    source.device = FindName(json["node"], NamesOf(scenario.devices), "node");
    source.model = FindName(json["model"], NamesOf(scenario.models), "model");
    if (const auto priority = json.Find("priority"))
    {
        source.priority = static_cast<float>(priority->Number(1e-6, 1e6));
    }
    if (const auto accuracy = json.Find("accuracy"))
    {
        source.accuracy = accuracy->Number(1e-6, 1);
    }
    if (const auto first = json.Find("first_input"))
    {
        source.inputOffset = static_cast<uint32_t>(first->NonNegativeInt(MAX_ITEMS));
    }
    source.start = Seconds(1);
    if (const auto start = json.Find("start_s"))
    {
        source.start = Seconds(start->NonNegative(MAX_TIME_S));
    }
    source.admission = ReadAdmission(json["admission"], &source.times);
    try
    {
        source.admission.Create<Admission>();
    }
    catch (const std::invalid_argument& error)
    {
        json["admission"].Fail(error.what());
    }
    if (json["admission"]["type"].String() == "trace")
    {
        ReadArrivals(json, scenario.file, arrivals, source);
        return source;
    }
    source.items = static_cast<uint32_t>(json["items"].PositiveInt(MAX_ITEMS));
    if (!source.times.empty() && source.times.size() < source.items)
    {
        json["admission"]["times_s"].Fail("fewer times than items", "one time per item");
    }
    return source;
}

/// "generation" of a source. The prompt is as long as the model's input, unless a graph of sizes
/// only leaves it open.
Generation
ReadGeneration(const JsonReader& json, const ModelSpec& model)
{
    json.AllowOnly({"prompt_tokens", "new_tokens", "kv_cache"});
    Generation generation;
    if (const auto prompt = json.Find("prompt_tokens"))
    {
        generation.promptTokens = static_cast<uint32_t>(prompt->PositiveInt(MAX_TOKENS));
    }
    else if (!model.inputs.empty() && !model.inputs[0].spec.shape.empty())
    {
        generation.promptTokens = static_cast<uint32_t>(model.inputs[0].spec.shape.back());
    }
    else
    {
        json.Fail("the key 'prompt_tokens' is missing", "how many tokens a prompt has");
    }
    generation.newTokens = static_cast<uint32_t>(json["new_tokens"].PositiveInt(MAX_TOKENS));
    generation.cache = json["kv_cache"].Bool();
    return generation;
}

void
CheckProfiles(const JsonReader& root, const Scenario& scenario)
{
    for (const auto& source : scenario.sources)
    {
        const auto& model = scenario.models[source.model].name;
        for (size_t i = 0; i < scenario.devices.size(); ++i)
        {
            const auto& device = scenario.devices[i];
            if (device.trace.models.find(model) == device.trace.models.end() && !device.trace.law)
            {
                root["devices"][i]["trace"].Fail(
                    "the trace " + Quoted(device.traceFile) + " has no service times for model " +
                        Quoted(model) + " in mode " + Quoted(device.trace.mode) +
                        ", and no law to estimate them by",
                    "a trace that has, or one of your own from ./mdi profile");
            }
        }
    }
}

} // namespace

void
SetField(Json& document, const std::string& path, const Json& value, const std::string& place)
{
    if (path.empty() || path.front() == '.' || path.back() == '.' ||
        path.find("..") != std::string::npos)
    {
        throw BadInput(place + ": a step of the path is empty; write a.b, such as "
                               "sources.0.priority");
    }
    SetBelow(document, "", path, value, place);
}

bool
Generates(const Scenario& scenario)
{
    return std::any_of(scenario.sources.begin(), scenario.sources.end(), [](const auto& source) {
        return source.generation.has_value();
    });
}

Json
ResolveScenario(const std::string& file, const ScenarioChanges& changes)
{
    Json document = JsonReader::FromFile(file).Json();
    for (const auto& set : changes.sets)
    {
        ApplySet(document, file, set);
    }
    auto change = [&document](const std::string& key, const Json& value, bool given) {
        if (given && document.is_object()) // what else it may be is told below
        {
            document[key] = value;
        }
    };
    change("network", changes.network, !changes.network.empty());
    change("tensors", changes.tensors, !changes.tensors.empty());
    change("trace_error", changes.traceError, !changes.traceError.empty());
    change("runs", changes.runs, changes.runs > 0);
    change("seed", changes.seed, changes.seed > 0);
    return document;
}

Scenario
ReadScenario(const std::string& file, const ScenarioChanges& changes)
{
    ComputeTraces traces;
    return ReadScenario(ResolveScenario(file, changes), file, changes.systems, traces);
}

Scenario
ReadScenario(const Json& document,
             const std::string& file,
             const std::string& systems,
             ComputeTraces& traces)
{
    Scenario scenario;
    scenario.file = file;
    const JsonReader root = JsonReader::FromJson(document, file);
    root.AllowOnly({"format",
                    "version",
                    "name",
                    "description",
                    "models",
                    "devices",
                    "networks",
                    "sources",
                    "systems",
                    "runs",
                    "seed",
                    "network",
                    "tensors",
                    "staging",
                    "trace_error",
                    "churn",
                    "time_limit_s"});
    root.CheckFormat("mdi-scenario", 1);
    scenario.name = root["name"].Name();
    if (scenario.name.find_first_of("/\\") != std::string::npos || scenario.name[0] == '.')
    {
        root["name"].Fail("the name becomes the name of a results folder",
                          "no slashes, and no dot at the start");
    }
    if (const auto description = root.Find("description"))
    {
        scenario.description = description->String();
    }
    for (const auto& [name, model] : root["models"].Members(1))
    {
        scenario.models.push_back(ReadScenarioModel(name, model, file));
    }
    const auto devices = root["devices"].Items(1, MAX_NODES);
    scenario.devices.reserve(devices.size()); // with their traces they are large
    for (const auto& device : devices)
    {
        scenario.devices.push_back(ReadDevice(device, scenario, traces));
    }
    for (size_t i = 0; i < scenario.devices.size(); ++i)
    {
        if (const auto others = root["devices"][i].Find("offload_to"))
        {
            scenario.devices[i].handsTo = ReadOffloadTo(*others, scenario, i);
        }
    }
    if (const auto networks = root.Find("networks"))
    {
        for (const auto& network : networks->Items(0, MAX_NODES * MAX_NODES))
        {
            scenario.networks.push_back(ReadNetwork(network, NamesOf(scenario.devices)));
            if (scenario.networks.size() > 1 &&
                (scenario.networks.front().type == "lte" || scenario.networks.back().type == "lte"))
            {
                network.Fail("an LTE cell routes to no other network",
                             "lte as the only network, or none");
            }
        }
    }
    ArrivalReader arrivals;
    for (const auto& source : root["sources"].Items(1, MAX_NODES))
    {
        scenario.sources.push_back(ReadSource(source, scenario, arrivals));
    }
    CheckProfiles(root, scenario);
    for (size_t i = 0; i < scenario.sources.size(); ++i)
    {
        if (const auto generation = root["sources"][i].Find("generation"))
        {
            ModelSpec& model = scenario.models[scenario.sources[i].model];
            scenario.sources[i].generation = ReadGeneration(*generation, model);
            const Generation& made = *scenario.sources[i].generation;
            model.longest = std::max(model.longest, made.promptTokens + made.newTokens - 1);
        }
    }
    scenario.systems = ReadSystems(root.Find("systems"), systems);
    if (const auto runs = root.Find("runs"))
    {
        scenario.runs = static_cast<uint32_t>(runs->PositiveInt(1000000));
    }
    if (const auto seed = root.Find("seed"))
    {
        scenario.seed =
            static_cast<uint32_t>(seed->PositiveInt(std::numeric_limits<uint32_t>::max()));
    }
    if (const auto fidelity = root.Find("network"))
    {
        scenario.network = fidelity->OneOf({"packet", "flow"});
    }
    if (const auto tensors = root.Find("tensors"))
    {
        scenario.tensors = tensors->OneOf({"execute", "memo", "none"});
    }
    if (const auto staging = root.Find("staging"))
    {
        const std::string who = staging->OneOf({"none", "processor", "beside"});
        scenario.staging = who == "processor" ? Deployment::Staging::PROCESSOR
                           : who == "beside"  ? Deployment::Staging::BESIDE
                                              : Deployment::Staging::NONE;
    }
    for (size_t i = 0; scenario.staging != Deployment::Staging::NONE && i < scenario.devices.size();
         ++i)
    {
        if (!scenario.devices[i].trace.staging)
        {
            root["devices"][i]["trace"].Fail(
                "the trace " + Quoted(scenario.devices[i].traceFile) +
                    " does not know what staging costs",
                "add \"staging\" to it, or \"staging\": \"none\" here");
        }
    }
    if (const auto error = root.Find("trace_error"))
    {
        scenario.traceError = error->OneOf({"none", "sample"});
    }
    scenario.timeLimit = Seconds(86400);
    if (const auto limit = root.Find("time_limit_s"))
    {
        scenario.timeLimit = Seconds(limit->PositiveNumber(MAX_TIME_S));
    }
    if (const auto churn = root.Find("churn"))
    {
        scenario.churn = ReadChurn(*churn, scenario);
    }
    scenario.resolved = document.dump(2);
    return scenario;
}

} // namespace mdi
} // namespace ns3

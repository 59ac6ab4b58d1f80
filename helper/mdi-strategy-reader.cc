// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-strategy-reader.h"

#include "mdi-codec.h"
#include "mdi-did-you-mean.h"
#include "mdi-partitioner.h"
#include "mdi-worker.h"

#include "ns3/string.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

namespace ns3
{
namespace mdi
{

namespace
{

/// A preset by its name, or the message with the nearest one.
SystemSpec
PresetAt(const JsonReader& at)
{
    const std::string name = at.Name();
    const auto names = PresetNames();
    if (std::find(names.begin(), names.end(), name) == names.end())
    {
        at.Fail("unknown system " + Quoted(name), DidYouMean(name, names));
    }
    return MakePreset(name);
}

void
SetAttribute(ObjectFactory& factory, const std::string& name, const JsonReader& value)
{
    const TypeId type = factory.GetTypeId();
    TypeId::AttributeInformation info;
    if (!type.LookupAttributeByName(name, &info))
    {
        std::vector<std::string> names;
        for (TypeId t = type; t.GetName() != "ns3::Object"; t = t.GetParent())
        {
            for (size_t i = 0; i < t.GetAttributeN(); ++i)
            {
                names.push_back(t.GetAttribute(i).name);
            }
        }
        value.Fail(type.GetName() + " has no attribute " + Quoted(name), DidYouMean(name, names));
    }
    const std::string text = value.IsString() ? value.String() : value.Json().dump();
    // ns-3 aborts at a Time that is none.
    static const std::regex time(
        R"([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(s|ms|us|ns|ps|fs|min|h|d|y)?)");
    if (info.checker->GetValueTypeName() == "ns3::TimeValue" && !std::regex_match(text, time))
    {
        value.Fail(Quoted(text) + " is no value of attribute " + name,
                   info.help + " (such as 5ms)");
    }
    if (!info.checker->CreateValidValue(StringValue(text)))
    {
        value.Fail(Quoted(text) + " is no value of attribute " + name,
                   info.help + " (" + info.checker->GetUnderlyingTypeInformation() + ")");
    }
    factory.Set(name, StringValue(text));
}

/// Change one strategy: `base` is the class that it must have.
void
ReadStrategy(const JsonReader& json,
             ObjectFactory& factory,
             const ObjectFactory& ofPreset,
             const TypeId& base)
{
    if (json.IsString())
    {
        factory = ofPreset;
        return;
    }
    if (const auto type = json.Find("type"))
    {
        TypeId tid;
        const bool found = TypeId::LookupByNameFailSafe(type->Name(), &tid);
        if (!found || !tid.IsChildOf(base) || !tid.HasConstructor())
        {
            std::vector<std::string> names;
            for (uint16_t i = 0; i < TypeId::GetRegisteredN(); ++i)
            {
                const TypeId known = TypeId::GetRegistered(i);
                if (known.IsChildOf(base) && known.HasConstructor())
                {
                    names.push_back(known.GetName());
                }
            }
            type->Fail("there is no " + base.GetName() + " " + Quoted(type->Name()),
                       found ? "that class has no AddConstructor, or another parent; " +
                                   DidYouMean("", names)
                             : DidYouMean(type->Name(), names) +
                                   " (a class of your own: --load=FILE.so)");
        }
        factory = ObjectFactory(tid.GetName());
    }
    for (const auto& [key, value] : json.Members())
    {
        if (key != "type")
        {
            SetAttribute(factory, key, value);
        }
    }
}

/// A strategy that can be absent.
void
ReadOptional(const JsonReader& json, std::optional<ObjectFactory>& factory, const TypeId& base)
{
    if (json.IsBool())
    {
        factory.reset();
        if (json.Bool())
        {
            factory.emplace(base.GetName());
        }
        return;
    }
    if (!factory)
    {
        factory.emplace(base.GetName());
    }
    ReadStrategy(json, *factory, *factory, base);
}

/// A codec by its short name or its TypeId.
void
ReadCodec(const JsonReader& json, std::optional<ObjectFactory>& factory)
{
    static const std::map<std::string, std::string> types = {
        {"none", ""},
        {"fp16", "ns3::mdi::Float16Codec"},
        {"int8", "ns3::mdi::Int8Codec"},
        {"autoencoder", "ns3::mdi::AutoencoderCodec"}};
    factory.reset();
    if (json.IsString())
    {
        const std::string type = types.at(json.OneOf({"none", "fp16", "int8", "autoencoder"}));
        if (!type.empty())
        {
            factory.emplace(type);
        }
        return;
    }
    json["type"]; // an object must say which
    factory.emplace("ns3::mdi::Float16Codec");
    ReadStrategy(json, *factory, *factory, Codec::GetTypeId());
}

SystemSpec
ReadSystem(const JsonReader& json)
{
    if (json.IsString())
    {
        return PresetAt(json);
    }
    json.AllowOnly(
        {"name", "preset", "partitioner", "queue", "router", "worker", "handshake", "pipeline",
         "codec"});
    const auto preset = json.Find("preset");
    SystemSpec spec = preset ? PresetAt(*preset) : MakePreset("local");
    spec.name = json["name"].Name();
    if (spec.name.find_first_of(",\"/") != std::string::npos)
    {
        json["name"].Fail("a system's name stands in CSV columns and file names",
                          "no commas, quotes or slashes");
    }
    auto read = [&json](const std::string& key,
                        ObjectFactory SystemSpec::*member,
                        SystemSpec& to,
                        const TypeId& base) {
        if (const auto strategy = json.Find(key))
        {
            const SystemSpec from = strategy->IsString() ? PresetAt(*strategy) : to;
            ReadStrategy(*strategy, to.*member, from.*member, base);
        }
    };
    read("partitioner", &SystemSpec::partitioner, spec, Partitioner::GetTypeId());
    read("queue", &SystemSpec::queue, spec, QueueDiscipline::GetTypeId());
    read("router", &SystemSpec::router, spec, Router::GetTypeId());
    read("worker", &SystemSpec::worker, spec, Worker::GetTypeId());
    if (const auto handshake = json.Find("handshake"))
    {
        ReadOptional(*handshake, spec.handshake, Handshake::GetTypeId());
    }
    if (const auto pipeline = json.Find("pipeline"))
    {
        ReadOptional(*pipeline, spec.pipeline, Pipeline::GetTypeId());
    }
    if (const auto codec = json.Find("codec"))
    {
        ReadCodec(*codec, spec.codec);
    }
    try
    {
        // Setters may refuse what the checkers let pass.
        spec.queue.Create<QueueDiscipline>();
        const bool immediate = spec.router.Create<Router>()->IsImmediate();
        if (spec.handshake && immediate)
        {
            json.Fail("a handshake asks before a task leaves, but " +
                          spec.router.GetTypeId().GetName() + " sends it at once",
                      "\"handshake\": false, or another router");
        }
        const auto partitioner = spec.partitioner.Create<Partitioner>();
        if (spec.pipeline && !DynamicCast<PipelinePartitioner>(partitioner))
        {
            json.Fail(
                "a pipeline adapts the plan of a PipelinePartitioner, but the partitioner is " +
                    spec.partitioner.GetTypeId().GetName(),
                "\"pipeline\": false, or \"partitioner\": \"ar-mdi\"");
        }
    }
    catch (const std::invalid_argument& error)
    {
        json.Fail(error.what());
    }
    return spec;
}

} // namespace

std::vector<SystemSpec>
ReadSystems(const std::optional<JsonReader>& systems, const std::string& chosen)
{
    std::vector<SystemSpec> all;
    if (systems)
    {
        for (const auto& json : systems->Items(1, 1000))
        {
            const SystemSpec spec = ReadSystem(json);
            for (const auto& other : all)
            {
                if (other.name == spec.name)
                {
                    json.Fail("the system " + Quoted(spec.name) + " stands here twice",
                              "give each a name of its own");
                }
            }
            all.push_back(spec);
        }
    }
    else
    {
        for (const auto& name : PresetNames())
        {
            all.push_back(MakePreset(name));
        }
    }
    if (chosen.empty())
    {
        return all;
    }
    std::vector<std::string> names = PresetNames();
    for (const auto& spec : all)
    {
        if (std::find(names.begin(), names.end(), spec.name) == names.end())
        {
            names.push_back(spec.name);
        }
    }
    std::vector<SystemSpec> kept;
    std::stringstream list(chosen);
    std::string name;
    while (std::getline(list, name, ','))
    {
        if (std::find(names.begin(), names.end(), name) == names.end())
        {
            throw BadInput("--systems: unknown system " + Quoted(name) + "; " +
                           DidYouMean(name, names));
        }
        auto same = [&name](const SystemSpec& spec) { return spec.name == name; };
        if (std::any_of(kept.begin(), kept.end(), same))
        {
            throw BadInput("--systems: " + Quoted(name) + " stands here twice; name each once");
        }
        const auto found = std::find_if(all.begin(), all.end(), same);
        kept.push_back(found != all.end() ? *found : MakePreset(name));
    }
    if (kept.empty())
    {
        throw BadInput("--systems: no system; name some of " + DidYouMean("", names));
    }
    return kept;
}

} // namespace mdi
} // namespace ns3

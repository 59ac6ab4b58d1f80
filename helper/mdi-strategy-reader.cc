// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-strategy-reader.h"

#include "mdi-admission-reader.h"
#include "mdi-admission.h"
#include "mdi-codec.h"
#include "mdi-did-you-mean.h"
#include "mdi-exit-rule.h"
#include "mdi-factory-reader.h"
#include "mdi-partitioner.h"
#include "mdi-worker.h"

#include <algorithm>
#include <map>
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

/// A strategy as a scenario says it: the name of a preset, whose strategy is taken, or an object.
void
ReadStrategy(const JsonReader& json,
             ObjectFactory SystemSpec::*member,
             SystemSpec& spec,
             const TypeId& base)
{
    if (json.IsString())
    {
        spec.*member = PresetAt(json).*member;
        return;
    }
    ReadFactory(json, spec.*member, base);
}

/// A strategy that can be absent: false, true (the preset's, else the usual class), a preset's name
/// or an object.
void
ReadOptional(const JsonReader& json,
             std::optional<ObjectFactory> SystemSpec::*member,
             SystemSpec& spec,
             const TypeId& base,
             const std::string& usual)
{
    auto& factory = spec.*member;
    if (json.IsString())
    {
        factory = PresetAt(json).*member;
        if (!factory)
        {
            json.Fail("the system " + Quoted(json.String()) + " has no " + base.GetName(),
                      "false for none");
        }
        return;
    }
    if (json.IsBool() && !json.Bool())
    {
        factory.reset();
        return;
    }
    if (!factory)
    {
        factory.emplace(usual);
    }
    if (json.IsBool())
    {
        return;
    }
    ReadFactory(json, *factory, base);
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
    ReadFactory(json, *factory, Codec::GetTypeId());
}

/// What a system is made from: its preset, else the one whose router it names, else Local.
SystemSpec
BaseOf(const JsonReader& json)
{
    if (const auto preset = json.Find("preset"))
    {
        return PresetAt(*preset);
    }
    const auto router = json.Find("router");
    return router && router->IsString() ? PresetAt(*router) : MakePreset("local");
}

SystemSpec
ReadSystem(const JsonReader& json)
{
    if (json.IsString())
    {
        return PresetAt(json);
    }
    json.AllowOnly({"name",
                    "preset",
                    "partitioner",
                    "queue",
                    "router",
                    "worker",
                    "handshake",
                    "pipeline",
                    "codec",
                    "exit",
                    "admission"});
    SystemSpec spec = BaseOf(json);
    spec.name = json["name"].Name();
    if (spec.name.find_first_of(",\"/") != std::string::npos)
    {
        json["name"].Fail("a system's name stands in CSV columns and file names",
                          "no commas, quotes or slashes");
    }
    auto read = [&](const std::string& key, ObjectFactory SystemSpec::*member, const TypeId& base) {
        if (const auto strategy = json.Find(key))
        {
            ReadStrategy(*strategy, member, spec, base);
        }
    };
    auto readOptional = [&](const std::string& key,
                            std::optional<ObjectFactory> SystemSpec::*member,
                            const TypeId& base,
                            const std::string& usual) {
        if (const auto strategy = json.Find(key))
        {
            ReadOptional(*strategy, member, spec, base, usual);
        }
    };
    read("partitioner", &SystemSpec::partitioner, Partitioner::GetTypeId());
    read("queue", &SystemSpec::queue, QueueDiscipline::GetTypeId());
    read("router", &SystemSpec::router, Router::GetTypeId());
    read("worker", &SystemSpec::worker, Worker::GetTypeId());
    readOptional(
        "handshake", &SystemSpec::handshake, Handshake::GetTypeId(), "ns3::mdi::Handshake");
    readOptional("pipeline", &SystemSpec::pipeline, Pipeline::GetTypeId(), "ns3::mdi::Pipeline");
    readOptional("exit", &SystemSpec::exit, ExitRule::GetTypeId(), "ns3::mdi::FixedExit");
    if (const auto admission = json.Find("admission"))
    {
        spec.admission = ReadAdmission(*admission, nullptr);
    }
    if (const auto codec = json.Find("codec"))
    {
        ReadCodec(*codec, spec.codec);
    }
    try
    {
        // Setters may refuse what the checkers let pass.
        if (spec.exit)
        {
            spec.exit->Create<ExitRule>();
        }
        if (spec.admission)
        {
            spec.admission->Create<Admission>();
        }
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
    std::stringstream list(chosen + ","); // what stands behind a last comma is a name, too
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

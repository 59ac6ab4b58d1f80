// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-compute-trace-reader.h"

#include "mdi-provenance-reader.h"

#include <cmath>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double LONGEST_S = 1e6;     // of one layer: far beyond any, and exact in nanoseconds
constexpr double LARGEST_SPREAD = 10; // standard deviation over mean
constexpr double MOST_POWER_W = 1e6;

Time
ReadTime(const JsonReader& seconds)
{
    return NanoSeconds(std::llround(seconds.NonNegative(LONGEST_S) * 1e9));
}

/// The provenance of the number `key` stands beside it.
Provenance
RequireProvenance(const JsonReader& object, const std::string& key)
{
    if (!object.Has(key))
    {
        object.Fail("the key '" + key + "' is missing",
                    "a number without provenance is rejected: say where it comes from");
    }
    return ReadProvenance(object[key]);
}

PassCurve
ReadCurve(const JsonReader& json)
{
    json.AllowOnly({"rule", "points"});
    PassCurve curve;
    curve.staircase = json["rule"].OneOf({"linear", "staircase"}) == "staircase";
    for (const auto& point : json["points"].Items(1, 100000))
    {
        const auto pair = point.Items(2, 2);
        const auto number = static_cast<uint32_t>(pair[0].PositiveInt(1000000000));
        if (!curve.points.empty() && number <= curve.points.back().first)
        {
            pair[0].Fail("the points do not ascend", "sort them, and name each number once");
        }
        curve.points.emplace_back(number, pair[1].PositiveNumber(1e6));
    }
    return curve;
}

/// The block "generation" of a language model.
PassTimes
ReadPasses(const JsonReader& json)
{
    json.AllowOnly({"provenance", "tokens", "whole", "context", "cached"});
    RequireProvenance(json, "provenance");
    PassTimes passes;
    passes.tokens = static_cast<uint32_t>(json["tokens"].PositiveInt(1000000000));
    passes.whole = ReadCurve(json["whole"]);
    const auto check = [](const JsonReader& at, const PassCurve& curve, uint32_t number) {
        if (number > curve.Largest() || std::fabs(curve.At(number) - 1) > 1e-9)
        {
            at.Fail("the factor at " + std::to_string(number) + " tokens is not 1",
                    "the times of the layers hold there");
        }
    };
    check(json["whole"], passes.whole, passes.tokens);
    if (const auto cached = json.Find("cached"))
    {
        passes.cached = ReadCurve(*cached);
        check(
            *cached, passes.cached, static_cast<uint32_t>(json["context"].PositiveInt(1000000000)));
    }
    else if (const auto context = json.Find("context"))
    {
        context->Fail("a context, but no 'cached'", "both, for times with a key/value cache");
    }
    return passes;
}

ModelProfile
ReadModel(const JsonReader& model)
{
    model.AllowOnly({"provenance",
                     "inputs",
                     "spread",
                     "spread_provenance",
                     "dispatch_s",
                     "least_s",
                     "generation",
                     "layers"});
    ModelProfile profile;
    if (const auto inputs = model.Find("inputs"))
    {
        profile.inputs = inputs->Name();
    }
    profile.provenance = RequireProvenance(model, "provenance");
    const JsonReader provenance = model["provenance"];
    for (const char* key : {"framework", "precision", "batch"})
    {
        provenance[key]; // throws: service times mean nothing without these
    }
    if (const auto spread = model.Find("spread"))
    {
        profile.spread = spread->NonNegative(LARGEST_SPREAD);
    }
    if (const auto block = model.Find("spread_provenance"))
    {
        ReadProvenance(*block);
    }
    if (const auto dispatch = model.Find("dispatch_s"))
    {
        profile.dispatch = ReadTime(*dispatch);
    }
    if (const auto least = model.Find("least_s"))
    {
        profile.least = ReadTime(*least);
    }
    if (const auto generation = model.Find("generation"))
    {
        profile.passes = ReadPasses(*generation);
        profile.passesProvenance = ReadProvenance((*generation)["provenance"]);
    }
    const bool cached = profile.passes && !profile.passes->cached.points.empty();
    for (const auto& [name, layer] : model["layers"].Members(1))
    {
        if (name.empty())
        {
            layer.Fail("a layer without a name", "name it as ./mdi inspect does");
        }
        layer.AllowOnly({"mean_s", "spread", "cached_s"});
        LayerTime& time = profile.layers[name];
        time.mean = ReadTime(layer["mean_s"]);
        if (cached)
        {
            time.cached = ReadTime(layer["cached_s"]);
        }
        else if (layer.Has("cached_s"))
        {
            layer["cached_s"].Fail("a time with a cache, but 'generation' says nothing of a cache",
                                   "give it \"context\" and \"cached\"");
        }
        if (const auto spread = layer.Find("spread"))
        {
            time.spread = spread->NonNegative(LARGEST_SPREAD);
        }
    }
    return profile;
}

ComputeLaw
ReadLaw(const JsonReader& law)
{
    law.AllowOnly({"per_operation_s", "flop_per_s", "bytes_per_s", "provenance"});
    ComputeLaw read;
    read.perOperation = ReadTime(law["per_operation_s"]);
    read.flopPerS = law["flop_per_s"].PositiveNumber();
    read.bytesPerS = law["bytes_per_s"].PositiveNumber();
    read.provenance = RequireProvenance(law, "provenance");
    if (!read.provenance.errorBand)
    {
        law["provenance"].Fail("the key 'error_band' is missing",
                               "estimates need their relative error, such as 1.0");
    }
    return read;
}

PowerFigures
ReadPower(const JsonReader& power)
{
    power.AllowOnly({"idle_w", "busy_w", "provenance"});
    PowerFigures figures;
    if (const auto idle = power.Find("idle_w"))
    {
        figures.idleW = idle->NonNegative(MOST_POWER_W);
    }
    if (const auto busy = power.Find("busy_w"))
    {
        figures.busyW = busy->PositiveNumber(MOST_POWER_W);
        if (figures.idleW && *figures.idleW > *figures.busyW)
        {
            busy->Fail("less than idle_w", "busy_w is the power with all slots computing");
        }
    }
    else if (!figures.idleW)
    {
        power.Fail("neither idle_w nor busy_w", "at least one of them, in watts, or no \"power\"");
    }
    figures.provenance = RequireProvenance(power, "provenance");
    return figures;
}

/// What depends on the power mode.
void
ReadMode(const JsonReader& mode, ComputeTrace& trace)
{
    mode.AllowOnly({"peak_flop_per_s",
                    "peak_provenance",
                    "call_overhead_s",
                    "call_overhead_provenance",
                    "law",
                    "power",
                    "models"});
    if (const auto peak = mode.Find("peak_flop_per_s"))
    {
        trace.peakFlopPerS = peak->PositiveNumber();
        RequireProvenance(mode, "peak_provenance");
    }
    if (const auto overhead = mode.Find("call_overhead_s"))
    {
        trace.callOverhead = ReadTime(*overhead);
        RequireProvenance(mode, "call_overhead_provenance");
    }
    if (const auto law = mode.Find("law"))
    {
        trace.law = ReadLaw(*law);
    }
    if (const auto power = mode.Find("power"))
    {
        trace.power = ReadPower(*power);
    }
    // A law alone is enough: of a board that nobody has, known from its data sheet.
    for (const auto& [name, model] : mode["models"].Members(trace.law ? 0 : 1))
    {
        if (name.empty())
        {
            model.Fail("a model without a name", "name it as the scenario does, such as resnet56");
        }
        trace.models[name] = ReadModel(model);
    }
}

StagingCost
ReadStaging(const JsonReader& staging)
{
    staging.AllowOnly({"per_message_s", "per_byte_s", "provenance"});
    StagingCost cost;
    cost.perMessage = ReadTime(staging["per_message_s"]);
    cost.perByteS = staging["per_byte_s"].NonNegative(1);
    cost.provenance = RequireProvenance(staging, "provenance");
    return cost;
}

} // namespace

ComputeTrace
ReadComputeTrace(const JsonReader& document, const std::string& mode)
{
    document.CheckFormat("mdi-compute-trace", 1);
    document.AllowOnly({"format",
                        "version",
                        "device",
                        "title",
                        "memory_bytes",
                        "memory_provenance",
                        "staging",
                        "default_mode",
                        "modes"});
    ComputeTrace common;
    common.device = document["device"].Name();
    common.title = document["title"].Name();
    common.memoryBytes = document["memory_bytes"].PositiveInt();
    RequireProvenance(document, "memory_provenance");
    if (const auto staging = document.Find("staging"))
    {
        common.staging = ReadStaging(*staging);
    }

    const JsonReader modes = document["modes"];
    const auto known = modes.Keys();
    const std::string byDefault = document["default_mode"].OneOf(known);
    if (!mode.empty() && !modes.Has(mode))
    {
        std::string names;
        for (const std::string& name : known)
        {
            names += (names.empty() ? "" : ", ") + name;
        }
        modes.Fail("there is no mode " + Quoted(mode), "there are: " + names);
    }
    std::optional<ComputeTrace> chosen;
    for (const auto& [name, values] : modes.Members(1))
    {
        if (name.empty())
        {
            values.Fail("a mode without a name", "name it as the vendor does, such as MAXN");
        }
        ComputeTrace trace = common;
        trace.mode = name;
        ReadMode(values, trace);
        if (name == (mode.empty() ? byDefault : mode))
        {
            chosen = std::move(trace);
        }
    }
    return std::move(*chosen);
}

ComputeTrace
ReadComputeTrace(const std::string& file, const std::string& mode)
{
    return ReadComputeTrace(JsonReader::FromFile(file), mode);
}

std::vector<std::string>
ComputeTraceModes(const std::string& file)
{
    const JsonReader document = JsonReader::FromFile(file);
    ReadComputeTrace(document);
    return document["modes"].Keys();
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-compute-trace-reader.h"

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

ModelProfile
ReadModel(const JsonReader& model)
{
    model.AllowOnly(
        {"provenance", "inputs", "spread", "spread_provenance", "dispatch_s", "least_s", "layers"});
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
    for (const auto& [name, layer] : model["layers"].Members(1))
    {
        if (name.empty())
        {
            layer.Fail("a layer without a name", "name it as ./mdi inspect does");
        }
        layer.AllowOnly({"mean_s", "spread"});
        LayerTime& time = profile.layers[name];
        time.mean = ReadTime(layer["mean_s"]);
        if (const auto spread = layer.Find("spread"))
        {
            time.spread = spread->NonNegative(LARGEST_SPREAD);
        }
    }
    return profile;
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
    if (const auto power = mode.Find("power"))
    {
        trace.power = ReadPower(*power);
    }
    for (const auto& [name, model] : mode["models"].Members(1))
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

Provenance
ReadProvenance(const JsonReader& block, const std::vector<std::string>& kinds)
{
    block.AllowOnly({"kind", "source", "framework", "precision", "batch", "error_band", "note"});
    Provenance provenance;
    provenance.kind = block["kind"].OneOf(kinds);
    const auto text = [&block](const char* key) {
        const std::string value = block[key].String();
        if (value.empty())
        {
            block[key].Fail("the text is empty", "say it in words");
        }
        return value;
    };
    provenance.source = text("source");
    provenance.framework = block.Has("framework") ? text("framework") : "";
    provenance.precision = block.Has("precision") ? text("precision") : "";
    provenance.note = block.Has("note") ? text("note") : "";
    if (const auto batch = block.Find("batch"))
    {
        provenance.batch = batch->PositiveInt(1000000);
    }
    if (const auto band = block.Find("error_band"))
    {
        provenance.errorBand = band->NonNegative(1000);
    }
    else if (provenance.kind == "calibrated")
    {
        block.Fail("the key 'error_band' is missing",
                   "calibrated numbers need their relative error, such as 0.35");
    }
    return provenance;
}

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

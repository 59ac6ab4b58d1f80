// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-manifest.h"

#include "mdi-arrival-reader.h"

#include <sstream>

namespace ns3
{
namespace mdi
{

namespace
{

/// Where the figures of link traces come from; a trace without that says null.
nlohmann::ordered_json
LinkTraces(const Scenario& scenario)
{
    using Json = nlohmann::ordered_json;
    Json links = Json::array();
    for (size_t i = 0; i < scenario.networks.size(); ++i)
    {
        const auto& network = scenario.networks[i];
        if (!network.replay)
        {
            continue;
        }
        Json provenance;
        if (const auto& known = network.provenance)
        {
            provenance = {{"kind", known->from.kind},
                          {"source", known->from.source},
                          {"licence", known->licence}};
            if (!known->from.note.empty())
            {
                provenance["note"] = known->from.note;
            }
            if (known->from.errorBand)
            {
                provenance["error_band"] = *known->from.errorBand;
            }
        }
        links.push_back({{"network", i},
                         {"trace", network.traceFile},
                         {"repeat", network.replay->repeat},
                         {"start_s", network.replay->start.GetSeconds()},
                         {"provenance", provenance}});
    }
    return links;
}

} // namespace

nlohmann::ordered_json
MakeManifest(const Scenario& scenario,
             const TensorEngine& engine,
             const Forecasts& forecasts,
             const std::string& commandLine)
{
    using Json = nlohmann::ordered_json;
    Json manifest;
    manifest["format"] = "mdi-manifest";
    manifest["version"] = 1;
    manifest["command_line"] = commandLine;
    manifest["versions"] = {{"mdi", MDI_VERSION},
                            {"ns3", MDI_NS3_VERSION},
                            {"tensors", engine.Describe()},
                            {"compiler", __VERSION__}};
    manifest["seed"] = scenario.seed;
    manifest["first_run"] = scenario.firstRun;
    manifest["runs"] = scenario.runs;
    manifest["trace_error"] = scenario.traceError;
    Json systems = Json::array();
    for (const auto& system : scenario.systems)
    {
        auto text = [](const ObjectFactory& factory) {
            std::ostringstream os;
            os << factory;
            return os.str();
        };
        Json strategies{{"name", system.name},
                        {"partitioner", text(system.partitioner)},
                        {"queue", text(system.queue)},
                        {"router", text(system.router)},
                        {"worker", text(system.worker)}};
        if (system.handshake)
        {
            strategies["handshake"] = text(*system.handshake);
        }
        if (system.pipeline)
        {
            strategies["pipeline"] = text(*system.pipeline);
        }
        if (system.codec)
        {
            strategies["codec"] = text(*system.codec);
        }
        if (system.exit)
        {
            strategies["exit"] = text(*system.exit);
        }
        if (system.admission)
        {
            strategies["admission"] = text(*system.admission);
        }
        const auto& plans = forecasts.at(systems.size());
        for (uint32_t source = 0; source < plans.size(); ++source)
        {
            if (plans[source])
            {
                // Of one item, on idle devices and private links.
                strategies["forecasts"].push_back(
                    {{"source", scenario.sources[source].name},
                     {"latency_s", static_cast<double>(plans[source]->latencyNs) / 1e9},
                     {"bytes_moved", plans[source]->bytesMoved},
                     {"workers", plans[source]->workers},
                     {"guard_used", plans[source]->guardUsed}});
            }
        }
        systems.push_back(strategies);
    }
    manifest["systems"] = systems;
    Json traces = Json::array();
    for (const auto& device : scenario.devices)
    {
        Json models;
        for (const auto& source : scenario.sources)
        {
            const auto& model = scenario.models[source.model].name;
            const Provenance& from = device.trace.models.at(model).provenance;
            models[model] = {{"kind", from.kind},
                             {"source", from.source},
                             {"framework", from.framework},
                             {"precision", from.precision}};
            if (from.errorBand)
            {
                models[model]["error_band"] = *from.errorBand;
            }
        }
        traces.push_back({{"device", device.name},
                          {"trace", device.traceFile},
                          {"mode", device.trace.mode},
                          {"models", models}});
    }
    manifest["traces"] = traces;
    manifest["link_traces"] = LinkTraces(scenario);
    for (const auto& source : scenario.sources)
    {
        if (!source.arrivalsFile.empty())
        {
            Json arrivals{{"source", source.name}, {"file", source.arrivalsFile}};
            if (const auto from = ReadFileProvenance(source.arrivalsFile))
            {
                arrivals["provenance"] = {{"kind", from->from.kind}, {"source", from->from.source}};
            }
            manifest["arrivals"].push_back(arrivals);
        }
        if (!source.inputs.empty())
        {
            manifest["inputs"][source.name] = source.inputs; // who replays this run needs them
        }
    }
    manifest["scenario_file"] = scenario.file;
    manifest["scenario"] = Json::parse(scenario.resolved);
    return manifest;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-comparison.h"

#include "mdi-arrival-reader.h"
#include "mdi-job-pool.h"
#include "mdi-results-folder.h"
#include "mdi-simulation.h"
#include "mdi-timeline.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

/// A file that throws rather than losing what is written to it.
class OutputFile
{
  public:
    explicit OutputFile(const std::string& name)
        : m_name(name),
          m_stream(name, std::ios::binary)
    {
        Check();
    }

    std::ostream& Stream()
    {
        return m_stream;
    }

    /// Add the whole of another file and delete that.
    void Take(const std::string& part)
    {
        std::ifstream stream(part, std::ios::binary);
        if (stream.peek() != std::ifstream::traits_type::eof())
        {
            m_stream << stream.rdbuf();
        }
        std::remove(part.c_str());
    }

    void Close()
    {
        m_stream.close();
        Check();
    }

  private:
    void Check()
    {
        if (!m_stream)
        {
            throw std::runtime_error("cannot write " + m_name + "; is the disk full?");
        }
    }

    std::string m_name;
    std::ofstream m_stream;
};

template <typename T>
std::vector<std::string>
NamesOf(const std::vector<T>& things)
{
    std::vector<std::string> names;
    for (const auto& thing : things)
    {
        names.push_back(thing.name);
    }
    return names;
}

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

void
WriteManifest(const Scenario& scenario,
              const TensorEngine& engine,
              const Forecasts& forecasts,
              const std::string& commandLine,
              std::ostream& os)
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
    os << manifest.dump(2) << '\n';
}

} // namespace

Comparison
CompareSystems(const Scenario& scenario,
               Ptr<TensorEngine> engine,
               const Forecasts& forecasts,
               const ResultsFolder& folder,
               const std::string& commandLine,
               const std::function<void(uint64_t)>& progress)
{
    const auto sources = NamesOf(scenario.sources);
    const auto devices = NamesOf(scenario.devices);
    auto part = [&folder](uint64_t job, const std::string& kind) {
        return folder.File("job-" + std::to_string(job) + "." + kind);
    };
    const uint64_t jobs = scenario.systems.size() * scenario.runs;

    auto work = [&](uint64_t job) {
        const auto system = static_cast<uint32_t>(job / scenario.runs);
        const auto run = static_cast<uint32_t>(job % scenario.runs);
        const bool spans = run == 0; // one run of each system: a timeline is to be looked at
        const RunRecord record =
            Simulate(scenario, scenario.systems[system], scenario.firstRun + run, engine, spans);
        OutputFile summary(part(job, "summary"));
        for (const auto& row : Summarize(record, sources))
        {
            WriteSummaryRow(summary.Stream(), row);
        }
        summary.Stream() << record.unfinished << '\n';
        for (const auto& items : record.items)
        {
            for (const auto& item : items)
            {
                summary.Stream() << (item.lost.empty() ? "" : item.lost + '\n');
            }
        }
        summary.Close();
        OutputFile items(part(job, "items"));
        WriteItems(items.Stream(), record, sources);
        items.Close();
        OutputFile timeline(part(job, "timeline"));
        if (spans)
        {
            WriteTimelineEvents(timeline.Stream(), record, system, devices, sources);
        }
        timeline.Close();
    };

    JobPool pool(0, progress);
    const auto outcomes = pool.Run(jobs, work);

    Comparison comparison;
    OutputFile summary(folder.File("summary.csv"));
    OutputFile items(folder.File("items.csv"));
    OutputFile timeline(folder.File("timeline.json"));
    OutputFile manifest(folder.File("manifest.json"));
    summary.Stream() << SummaryHeader(Generates(scenario)) << '\n';
    items.Stream() << ITEMS_HEADER << '\n';
    timeline.Stream() << TIMELINE_BEGIN;
    for (uint64_t job = 0; job < jobs; ++job)
    {
        if (!outcomes[job].empty())
        {
            comparison.failures.push_back(scenario.systems[job / scenario.runs].name + ", run " +
                                          std::to_string(scenario.firstRun + job % scenario.runs) +
                                          ": " + outcomes[job]);
            continue;
        }
        std::ifstream rows(part(job, "summary"));
        for (size_t i = 0; i < sources.size() + 1; ++i)
        {
            std::string line;
            std::getline(rows, line);
            comparison.rows.push_back(ParseSummaryRow(line));
            summary.Stream() << line << '\n';
        }
        uint64_t unfinished = 0;
        rows >> unfinished >> std::ws;
        comparison.unfinished += unfinished;
        for (std::string reason; std::getline(rows, reason);)
        {
            comparison.lost[{scenario.systems[job / scenario.runs].name, reason}]++;
        }
        std::remove(part(job, "summary").c_str());
        items.Take(part(job, "items"));
        timeline.Take(part(job, "timeline"));
    }
    timeline.Stream() << TIMELINE_END;
    WriteManifest(scenario, *engine, forecasts, commandLine, manifest.Stream());
    for (OutputFile* file : {&summary, &items, &timeline, &manifest})
    {
        file->Close();
    }
    return comparison;
}

} // namespace mdi
} // namespace ns3

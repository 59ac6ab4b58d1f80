// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-validation.h"

#include "mdi-arrival-reader.h"
#include "mdi-compute-trace-reader.h"
#include "mdi-json-reader.h"
#include "mdi-layer-graph-json.h"
#include "mdi-link-trace-reader.h"
#include "mdi-model-reader.h"
#include "mdi-provenance-reader.h"
#include "mdi-scenario-check.h"
#include "mdi-scenario-models.h"
#include "mdi-scenario-names.h"
#include "mdi-sweep.h"

#include <cmath>
#include <filesystem>
#include <fstream>

namespace ns3
{
namespace mdi
{

namespace fs = std::filesystem;

namespace
{

std::string
ValidateScenario(const std::string& file, Ptr<TensorEngine> engine)
{
    Scenario scenario = ReadScenario(file);
    CheckSystems(scenario, LoadModels(scenario, engine));
    return "scenario, " + Count(scenario.devices.size(), "device") + ", " +
           Count(scenario.sources.size(), "source") + ", " +
           Count(scenario.systems.size(), "system") +
           (scenario.estimates.empty() ? "" : ", some layers estimated");
}

std::string
ValidateSweep(const std::string& file, Ptr<TensorEngine> engine)
{
    const Sweep sweep = ReadSweep(file);
    ComputeTraces traces;
    try
    {
        Scenario scenario = ReadScenario(sweep.ScenarioOf(0), sweep.scenarioFile, "", traces);
        CheckSystems(scenario, LoadModels(scenario, engine));
    }
    catch (const BadInput& error)
    {
        throw BadInput(sweep.Place(0) + ": " + sweep.Reason(error.what()));
    }
    return "sweep, " + Count(sweep.fields.size(), "field") + ", " +
           Count(sweep.points.size(), "point") + ", the first of which is checked";
}

std::string
ValidateModel(const std::string& file, Ptr<TensorEngine> engine)
{
    LoadModels({ReadModel(file)}, *engine);
    return Count(engine->Graph(0).Size(), "layer");
}

/// Whether a CSV file is a link trace, or means to be one; else it is arrivals.
bool
IsLinkTrace(const std::string& file)
{
    std::ifstream stream(file);
    std::string header;
    std::getline(stream, header);
    return header.find("rate") != std::string::npos;
}

/// A run does without the provenance, a trace that is passed on does not.
void
RequireProvenance(const std::string& csv)
{
    if (!ReadFileProvenance(csv))
    {
        throw BadInput(csv + ": there is no " + ProvenanceFile(csv) +
                       "; say there where the figures come from");
    }
}

std::string
ValidateCsv(const std::string& file)
{
    if (IsLinkTrace(file))
    {
        const LinkTrace trace = ReadLinkTrace(file);
        RequireProvenance(file);
        return "link trace, " + Count(trace.rows.size(), "row") + ", " +
               std::to_string(std::llround(trace.MeanRateBps())) + " b/s in the mean";
    }
    const ArrivalFile arrivals(file);
    if (!arrivals.IsRecord()) // a record's results folder has its manifest
    {
        RequireProvenance(file);
    }
    return arrivals.Describe();
}

std::string
ValidateProvenance(const std::string& file)
{
    const std::string suffix = ProvenanceFile("");
    const bool named =
        file.size() > suffix.size() && file.substr(file.size() - suffix.size()) == suffix;
    const std::string csv = file.substr(0, named ? file.size() - suffix.size() : 0) + ".csv";
    if (!named || !fs::exists(csv))
    {
        throw BadInput(file + ": there is no trace beside it; name it as the trace, x" + suffix +
                       " for x.csv");
    }
    return "provenance of a " + ValidateCsv(csv);
}

} // namespace

std::string
ValidateFile(const std::string& file, const std::function<Ptr<TensorEngine>()>& engine)
{
    if (fs::path(file).extension() == ".pt")
    {
        return "model, " + ValidateModel(file, engine());
    }
    if (fs::path(file).extension() == ".csv")
    {
        return ValidateCsv(file);
    }
    const JsonReader document = JsonReader::FromFile(file);
    const JsonReader format = document["format"];
    format.OneOf({"mdi-scenario",
                  "mdi-sweep",
                  "mdi-compute-trace",
                  "mdi-model",
                  "mdi-layer-graph",
                  "mdi-provenance"});
    const std::string kind = format.String();
    if (kind == "mdi-scenario")
    {
        return ValidateScenario(file, engine());
    }
    if (kind == "mdi-sweep")
    {
        return ValidateSweep(file, engine());
    }
    if (kind == "mdi-compute-trace")
    {
        ReadComputeTrace(document);
        return "compute trace, " + Count(ComputeTraceModes(file).size(), "power mode");
    }
    if (kind == "mdi-provenance")
    {
        return ValidateProvenance(file);
    }
    if (kind == "mdi-layer-graph")
    {
        return "layer graph, " + ValidateModel(file, engine());
    }
    const std::string model = fs::path(file).replace_extension(".pt").string();
    if (!fs::exists(model))
    {
        throw BadInput(file + ": there is no model " + model +
                       "; a description stands beside its model");
    }
    return "description of a model of " + ValidateModel(model, engine());
}

} // namespace mdi
} // namespace ns3

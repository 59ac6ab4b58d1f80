// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-validation.h"

#include "mdi-compute-trace-reader.h"
#include "mdi-json-reader.h"
#include "mdi-layer-graph-json.h"
#include "mdi-model-reader.h"
#include "mdi-simulation.h"

#include <filesystem>

namespace ns3
{
namespace mdi
{

namespace fs = std::filesystem;

namespace
{

std::string
Count(size_t number, const std::string& thing)
{
    return std::to_string(number) + " " + thing + (number == 1 ? "" : "s");
}

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
ValidateModel(const std::string& file, Ptr<TensorEngine> engine)
{
    LoadModels({ReadModel(file)}, *engine);
    return Count(engine->Graph(0).Size(), "layer");
}

} // namespace

std::string
ValidateFile(const std::string& file, const std::function<Ptr<TensorEngine>()>& engine)
{
    if (fs::path(file).extension() == ".pt")
    {
        return "model, " + ValidateModel(file, engine());
    }
    const JsonReader document = JsonReader::FromFile(file);
    const JsonReader format = document["format"];
    format.OneOf({"mdi-scenario", "mdi-compute-trace", "mdi-model", "mdi-layer-graph"});
    const std::string kind = format.String();
    if (kind == "mdi-scenario")
    {
        return ValidateScenario(file, engine());
    }
    if (kind == "mdi-compute-trace")
    {
        ReadComputeTrace(document);
        return "compute trace, " + Count(ComputeTraceModes(file).size(), "power mode");
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

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TINY_SCENARIO_H
#define MDI_TINY_SCENARIO_H

// A small scenario, its model and its trace, for the tests of the helper room.

#include "mdi-item-rows.h"
#include "mdi-json-reader.h"
#include "mdi-scenario-check.h"
#include "mdi-scenario-models.h"
#include "mdi-simulation.h"
#include "mdi-summary-account.h"
#include "mdi-summary.h"
#include "mdi-timeline.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace mdi_tiny
{

using namespace ns3;
using namespace ns3::mdi;
using Json = nlohmann::json;

/// A file of its own for each test process, gone with this object.
class TemporaryFile
{
  public:
    TemporaryFile(const std::string& name, const std::string& text)
        : m_path(::testing::TempDir() + "mdi-" + std::to_string(getpid()) + "-" + name)
    {
        std::ofstream(m_path) << text;
    }

    ~TemporaryFile()
    {
        std::remove(m_path.c_str());
    }

    const std::string& Path() const
    {
        return m_path;
    }

  private:
    std::string m_path;
};

/// A chain of four layers of equal work.
inline Json
TinyModel()
{
    Json layers = Json::array();
    for (int i = 0; i < 4; ++i)
    {
        layers.push_back({{"name", "l" + std::to_string(i)},
                          {"inputs", {i - 1}},
                          {"outputs", {{{"shape", {i < 3 ? 2000 : 10}}, {"dtype", "uint8"}}}},
                          {"flop", 1e6},
                          {"weight_bytes", 100}});
    }
    return {{"format", "mdi-layer-graph"},
            {"version", 1},
            {"name", "tiny"},
            {"inputs", {{{"shape", {1000}}, {"dtype", "uint8"}}}},
            {"layers", layers}};
}

/// 10 ms per layer in mode "fast", 20 ms in mode "slow".
inline Json
TinyTrace()
{
    const Json provenance{{"kind", "calibrated"},
                          {"source", "invented for a test"},
                          {"framework", "none"},
                          {"precision", "uint8"},
                          {"batch", 1},
                          {"error_band", 0}};
    auto mode = [&](double seconds) {
        Json layers;
        for (int i = 0; i < 4; ++i)
        {
            layers["l" + std::to_string(i)] = {{"mean_s", seconds}};
        }
        const Json tiny{{"provenance", provenance}, {"spread", 0.1}, {"layers", layers}};
        return Json{{"models", {{"tiny", tiny}}}};
    };
    return {{"format", "mdi-compute-trace"},
            {"version", 1},
            {"device", "toy"},
            {"title", "Toy"},
            {"memory_bytes", 1000000},
            {"memory_provenance", provenance},
            {"default_mode", "fast"},
            {"modes", {{"fast", mode(0.01)}, {"slow", mode(0.02)}}}};
}

/// A scenario with its model and its trace in temporary files.
class Tiny
{
  public:
    Tiny()
        : m_model("model.json", TinyModel().dump()),
          m_trace("trace.json", TinyTrace().dump())
    {
        auto device = [this](const char* name, double x) {
            return Json{{"name", name}, {"trace", m_trace.Path()}, {"position_m", {x, 0}}};
        };
        auto source = [](const char* name, const char* node, double priority) {
            return Json{{"name", name},
                        {"node", node},
                        {"model", "tiny"},
                        {"priority", priority},
                        {"items", 5},
                        {"admission", {{"type", "poisson"}, {"rate_hz", 30}}}};
        };
        auto link = [](const char* a, const char* b) {
            return Json{{"type", "point-to-point"},
                        {"nodes", {a, b}},
                        {"rate_bps", 10000000},
                        {"delay_s", 0.001}};
        };
        json = {{"format", "mdi-scenario"},
                {"version", 1},
                {"name", "tiny"},
                {"models", {{"tiny", {{"file", m_model.Path()}}}}},
                {"devices", {device("alpha", 0), device("beta", 3), device("gamma", 6)}},
                {"networks", {link("alpha", "beta"), link("beta", "gamma")}},
                {"sources", {source("ts", "alpha", 10), source("nts", "gamma", 1)}},
                {"time_limit_s", 100}};
    }

    /// Read, and check as mdi-run does.
    Scenario Read(const ScenarioChanges& changes = {}) const
    {
        const TemporaryFile file("scenario.json", json.dump());
        Scenario scenario = ReadScenario(file.Path(), changes);
        CheckSystems(scenario, LoadModels(scenario, CreateObject<TensorEngine>()));
        return scenario;
    }

    /// The message of BadInput, without the file's name; "" if there is none.
    std::string MessageOf(const ScenarioChanges& changes = {}) const
    {
        try
        {
            Read(changes);
            return "";
        }
        catch (const BadInput& error)
        {
            std::string text = error.what();
            const std::string file = "scenario.json: ";
            const auto at = text.find(file);
            return at == std::string::npos ? text : text.substr(at + file.size());
        }
    }

    const std::string& TraceFile() const
    {
        return m_trace.Path();
    }

    Json json;

  private:
    TemporaryFile m_model;
    TemporaryFile m_trace;
};

inline void
ExpectMessage(const std::string& message, const std::string& start, const std::string& part)
{
    EXPECT_EQ(message.rfind(start, 0), 0u) << message << "\nexpected at its start: " << start;
    EXPECT_NE(message.find(part), std::string::npos) << message << "\nexpected in it: " << part;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

inline ScenarioChanges
Sets(const std::vector<std::string>& sets)
{
    ScenarioChanges changes;
    changes.sets = sets;
    return changes;
}

inline std::vector<std::string>
NamesOf(const std::vector<SystemSpec>& systems)
{
    std::vector<std::string> names;
    for (const auto& system : systems)
    {
        names.push_back(system.name);
    }
    return names;
}

/// All that a run gave, as text.
inline std::string
TextOf(const RunRecord& record)
{
    std::ostringstream text;
    WriteItems(text, record, {"ts", "nts"});
    WriteTimelineEvents(text, record, 0, {"alpha", "beta", "gamma"}, {"ts", "nts"});
    text << record.controlBytes << ' ' << record.unfinished;
    return text.str();
}

inline std::string
SimulateText(Scenario scenario, const std::string& preset, uint32_t run)
{
    const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
    return TextOf(Simulate(scenario, MakePreset(preset), run, engine, true));
}

inline void
UseWifi(Tiny& tiny, double range)
{
    tiny.json["networks"] = {{{"type", "wifi-adhoc"},
                              {"nodes", "all"},
                              {"standard", "802.11n"},
                              {"data_mode", "HtMcs3"},
                              {"range_m", range},
                              {"goodput_bps", 20000000}}};
}

} // namespace mdi_tiny

#endif // MDI_TINY_SCENARIO_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-json-reader.h"
#include "mdi-simulation.h"
#include "mdi-summary.h"
#include "mdi-timeline.h"

#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/mdi-exit-rule.h"
#include "ns3/mdi-pa-mdi.h"
#include "ns3/mdi-partitioner.h"
#include "ns3/uinteger.h"

#include <cstdio>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

using namespace ns3;
using namespace ns3::mdi;
using Json = nlohmann::json;

namespace
{

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
Json
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
Json
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

void
ExpectMessage(const std::string& message, const std::string& start, const std::string& part)
{
    EXPECT_EQ(message.rfind(start, 0), 0u) << message << "\nexpected at its start: " << start;
    EXPECT_NE(message.find(part), std::string::npos) << message << "\nexpected in it: " << part;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

ScenarioChanges
Sets(const std::vector<std::string>& sets)
{
    ScenarioChanges changes;
    changes.sets = sets;
    return changes;
}

std::vector<std::string>
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
std::string
TextOf(const RunRecord& record)
{
    std::ostringstream text;
    WriteItems(text, record, {"ts", "nts"});
    WriteTimelineEvents(text, record, 0, {"alpha", "beta", "gamma"}, {"ts", "nts"});
    text << record.controlBytes << ' ' << record.unfinished;
    return text.str();
}

std::string
SimulateText(const Scenario& scenario, const std::string& preset, uint32_t run)
{
    const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
    return TextOf(Simulate(scenario, MakePreset(preset), run, engine, true));
}

void
UseWifi(Tiny& tiny, double range)
{
    tiny.json["networks"] = {{{"type", "wifi-adhoc"},
                              {"nodes", "all"},
                              {"standard", "802.11n"},
                              {"data_mode", "HtMcs3"},
                              {"range_m", range},
                              {"goodput_bps", 20000000}}};
}

} // namespace

TEST(Scenario, ReadsWhatIsWritten)
{
    Tiny tiny;
    tiny.json["description"] = "";
    tiny.json["devices"][1]["mode"] = "slow";
    tiny.json["devices"][1]["slots"] = 2;
    tiny.json["devices"][2]["distribution"] = "deterministic";
    tiny.json["devices"][2]["position_m"] = {1, 2, 3};
    tiny.json["sources"][0]["start_s"] = 0.5;
    tiny.json["sources"][0]["accuracy"] = 0.93;
    tiny.json["sources"][1]["first_input"] = 7;
    tiny.json["sources"][1]["admission"] = {{"type", "times"}, {"times_s", {0, 0, 1, 2, 2.5, 9}}};
    const Scenario scenario = tiny.Read();
    EXPECT_EQ(scenario.name, "tiny");
    ASSERT_EQ(scenario.models.size(), 1u);
    EXPECT_EQ(scenario.models[0].name, "tiny");
    ASSERT_EQ(scenario.devices.size(), 3u);
    EXPECT_EQ(scenario.devices[0].trace.mode, "fast");
    EXPECT_EQ(scenario.devices[0].distribution, "lognormal");
    EXPECT_EQ(scenario.devices[1].trace.mode, "slow");
    EXPECT_EQ(scenario.devices[1].slots, 2u);
    EXPECT_EQ(scenario.devices[2].distribution, "deterministic");
    EXPECT_EQ(scenario.devices[2].position, Vector(1, 2, 3));
    ASSERT_EQ(scenario.networks.size(), 2u);
    EXPECT_EQ(scenario.networks[1].nodes, (std::vector<uint32_t>{1, 2}));
    EXPECT_EQ(scenario.networks[1].rateBps, 10000000u);
    EXPECT_EQ(scenario.networks[1].delay, MilliSeconds(1));
    ASSERT_EQ(scenario.sources.size(), 2u);
    EXPECT_EQ(scenario.sources[0].start, MilliSeconds(500));
    EXPECT_EQ(scenario.sources[0].accuracy, 0.93);
    EXPECT_EQ(scenario.sources[0].priority, 10);
    EXPECT_EQ(scenario.sources[1].device, 2u);
    EXPECT_EQ(scenario.sources[1].inputOffset, 7u);
    EXPECT_EQ(scenario.sources[1].times.size(), 6u);
    EXPECT_EQ(scenario.sources[1].times[4], MilliSeconds(2500));
    EXPECT_EQ(NamesOf(scenario.systems), PresetNames());
    EXPECT_EQ(scenario.runs, 1u);
    EXPECT_EQ(scenario.seed, 1u);
    EXPECT_EQ(scenario.tensors, "memo");
    EXPECT_EQ(scenario.timeLimit, Seconds(100));
    EXPECT_EQ(Json::parse(scenario.resolved), tiny.json);
}

TEST(Scenario, PathsAreRelativeToTheFile)
{
    Tiny tiny;
    for (auto& device : tiny.json["devices"])
    {
        device["trace"] = tiny.TraceFile().substr(::testing::TempDir().size());
    }
    EXPECT_EQ(tiny.Read().devices[0].traceFile, tiny.TraceFile());
}

TEST(Scenario, RejectsWhatIsWrongInOneLine)
{
    const struct
    {
        std::function<void(Json&)> change;
        std::string start;
        std::string part;
    } cases[] = {
        // names
        {[](Json& j) { j["sources"][0]["node"] = "aplha"; },
         "/sources/0/node: unknown node 'aplha'",
         "did you mean 'alpha'?"},
        {[](Json& j) { j["sources"][1]["node"] = "x"; },
         "/sources/1/node: unknown node 'x'",
         "known are: alpha, beta, gamma"},
        {[](Json& j) { j["networks"][1]["nodes"][1] = "gama"; },
         "/networks/1/nodes/1: unknown node 'gama'",
         "did you mean 'gamma'?"},
        {[](Json& j) { j["sources"][0]["model"] = "tinny"; },
         "/sources/0/model: unknown model 'tinny'",
         "did you mean 'tiny'?"},
        {[](Json& j) { j["devices"][2]["name"] = "alpha"; }, "/devices/2/name: ", "taken"},
        {[](Json& j) { j["sources"][1]["name"] = "ts"; }, "/sources/1/name: ", "taken"},
        {[](Json& j) { j["sources"][0]["name"] = ""; }, "/sources/0/name: ", "empty"},
        {[](Json& j) { j["devices"][0]["name"] = "a\nb"; }, "/devices/0/name: ", "a\\nb"},
        // Rows of summary.csv and items.csv hold a source's name; "all" is a row of its own.
        {[](Json& j) { j["sources"][0]["name"] = "a,b"; }, "/sources/0/name: ", "comma"},
        {[](Json& j) { j["sources"][0]["name"] = "all"; }, "/sources/0/name: ", "all"},
        // keys
        {[](Json& j) { j["sorces"] = 1; }, "/sorces: ", "did you mean 'sources'?"},
        {[](Json& j) { j["devices"][0]["slot"] = 1; }, "/devices/0/slot: ", "'slots'?"},
        {[](Json& j) { j["networks"][0]["rate"] = 1; }, "/networks/0/rate: ", "'rate_bps'?"},
        {[](Json& j) { j["networks"][0]["range_m"] = 1; }, "/networks/0/range_m: ", ""},
        {[](Json& j) { j["models"]["tiny"]["fil"] = 1; }, "/models/tiny/fil: ", "'file'?"},
        {[](Json& j) { j["sources"][0]["item"] = 1; }, "/sources/0/item: ", "'items'?"},
        {[](Json& j) { j["sources"][0]["admission"]["window"] = 1; },
         "/sources/0/admission/window: ",
         "rate_hz"},
        {[](Json& j) { j.erase("devices"); }, "/: ", "'devices' is missing"},
        {[](Json& j) { j["sources"][0].erase("items"); }, "/sources/0: ", "'items' is missing"},
        {[](Json& j) { j["networks"][0].erase("delay_s"); }, "/networks/0: ", "'delay_s'"},
        {[](Json& j) { j["format"] = "mdi-scenaro"; }, "/format: ", "mdi-scenario"},
        {[](Json& j) { j["version"] = 2; }, "/version: ", "1"},
        // numbers
        {[](Json& j) { j["sources"][0]["admission"]["rate_hz"] = -60; },
         "/sources/0/admission/rate_hz: -60",
         "above 0"},
        {[](Json& j) { j["sources"][0]["admission"]["rate_hz"] = 0; },
         "/sources/0/admission/rate_hz: 0",
         "above 0"},
        {[](Json& j) { j["networks"][0]["rate_bps"] = -1; }, "/networks/0/rate_bps: -1", "from 1"},
        {[](Json& j) { j["networks"][0]["rate_bps"] = 0.5; }, "/networks/0/rate_bps: ", "integer"},
        {[](Json& j) { j["networks"][0]["delay_s"] = -1; }, "/networks/0/delay_s: -1", ""},
        {[](Json& j) { j["sources"][0]["items"] = 0; }, "/sources/0/items: 0", "from 1"},
        {[](Json& j) { j["sources"][0]["items"] = "6"; }, "/sources/0/items: ", "number"},
        {[](Json& j) { j["sources"][0]["priority"] = 0; }, "/sources/0/priority: 0", ""},
        {[](Json& j) { j["sources"][0]["accuracy"] = 1.5; }, "/sources/0/accuracy: ", "to 1"},
        {[](Json& j) { j["sources"][0]["start_s"] = -1; }, "/sources/0/start_s: ", ""},
        {[](Json& j) { j["devices"][0]["slots"] = 0; }, "/devices/0/slots: ", "from 1"},
        {[](Json& j) { j["devices"][0]["position_m"] = {1}; }, "/devices/0/position_m: ", "2"},
        {[](Json& j) { j["runs"] = 0; }, "/runs: 0", "from 1"},
        {[](Json& j) { j["seed"] = 4294967296; }, "/seed: ", "4294967295"},
        {[](Json& j) { j["time_limit_s"] = 0; }, "/time_limit_s: ", "above 0"},
        // choices
        {[](Json& j) { j["devices"][0]["distribution"] = "lognorm"; },
         "/devices/0/distribution: ",
         "did you mean 'lognormal'?"},
        {[](Json& j) { j["devices"][0]["mode"] = "fats"; }, "", "'fats'; there are: fast, slow"},
        {[](Json& j) { j["networks"][0]["type"] = "ethernt"; }, "/networks/0/type: ", "'ethernet'"},
        {[](Json& j) { j["sources"][0]["admission"]["type"] = "poison"; },
         "/sources/0/admission/type: ",
         "'poisson'?"},
        {[](Json& j) { j["network"] = "paket"; }, "/network: ", "'packet'?"},
        {[](Json& j) { j["tensors"] = "nome"; }, "/tensors: ", "'none'?"},
        // files
        {[](Json& j) { j["models"]["tiny"]["file"] = "no.pt"; },
         "/models/tiny/file: there is no model file",
         "./mdi export"},
        {[](Json& j) { j["devices"][1]["trace"] = "no.json"; },
         "/devices/1/trace: there is no compute trace",
         "./mdi profile"},
        // what does not fit together
        {[](Json& j) {
             j["models"]["other"] = j["models"]["tiny"];
             j["sources"][1]["model"] = "other";
         },
         "/devices/0/trace: ",
         "no service times for model 'other'"},
        {[](Json& j) { j["networks"][0]["nodes"].push_back("gamma"); },
         "/networks/0/nodes: a point-to-point link has two ends",
         "two nodes"},
        {[](Json& j) { j["networks"][0]["nodes"] = "all"; },
         "/networks/0/nodes: a point-to-point link has two ends",
         "two nodes"},
        {[](Json& j) { j["networks"][0]["nodes"] = "al"; }, "/networks/0/nodes: ", "'all'?"},
        {[](Json& j) { j["networks"][0]["nodes"] = {"alpha"}; },
         "/networks/0/nodes: ",
         "at least 2"},
        {[](Json& j) {
             j["networks"][0]["nodes"] = {"alpha", "alpha"};
         },
         "/networks/0/nodes/1: the node stands here twice",
         "once"},
        {[](Json& j) { j["networks"].erase(1); },
         "/networks: ",
         "connects device 'gamma' with 'alpha'"},
        {[](Json& j) { j.erase("networks"); }, "/", "networks"},
        {[](Json& j) {
             j["sources"][0]["admission"] = {{"type", "times"}, {"times_s", {1, 2, 1.5, 3, 4}}};
         },
         "/sources/0/admission/times_s/2: ",
         "ascending"},
        {[](Json& j) {
             j["sources"][0]["admission"] = {{"type", "times"}, {"times_s", {1, 2, 3, 4}}};
         },
         "/sources/0/admission/times_s: fewer times than items",
         "one time per item"},
        {[](Json& j) {
             j["sources"][0]["admission"] = {{"type", "times"}, {"times_s", Json::array()}};
         },
         "/sources/0/admission/times_s: ",
         "at least 1"},
        {[](Json& j) {
             j["sources"][0]["admission"] = {{"type", "closed-loop"}, {"window", 0}};
         },
         "/sources/0/admission/window: 0",
         "from 1"},
        {[](Json& j) {
             j["sources"][0]["admission"] = {{"type", "periodic"}, {"interval_s", -1}};
         },
         "/sources/0/admission/interval_s: -1",
         ""},
        // systems
        {[](Json& j) { j["systems"] = {"lokal"}; },
         "/systems/0: unknown system 'lokal'",
         "did you mean 'local'?"},
        {[](Json& j) { j["systems"] = Json::array(); }, "/systems: ", "at least 1"},
        {[](Json& j) {
             j["systems"] = {"ddi", "ddi"};
         },
         "/systems/1: ",
         "twice"},
        {[](Json& j) {
             j["systems"] = {{{"name", "x"}, {"preset", "ddu"}}};
         },
         "/systems/0/preset: unknown system 'ddu'",
         "'ddi'?"},
        {[](Json& j) {
             j["systems"] = {{{"preset", "ddi"}}};
         },
         "/systems/0: ",
         "'name'"},
        {[](Json& j) {
             j["systems"] = {{{"name", "a,b"}}};
         },
         "/systems/0/name: ",
         "commas"},
        {[](Json& j) {
             j["systems"] = {{{"name", "x"}, {"routr", "ddi"}}};
         },
         "/systems/0/routr: ",
         "'router'?"},
        {[](Json& j) {
             j["systems"] = {{{"name", "x"}, {"router", "ddy"}}};
         },
         "/systems/0/router: unknown system 'ddy'",
         "'ddi'?"},
        {[](Json& j) {
             j["systems"] = {{{"name", "x"}, {"router", 5}}};
         },
         "/systems/0/router: ",
         "object"},
        {[](Json& j) {
             j["systems"] = {{{"name", "x"}, {"router", {{"type", "ns3::mdi::PaMdiRoute"}}}}};
         },
         "/systems/0/router/type: there is no ns3::mdi::Router 'ns3::mdi::PaMdiRoute'",
         "did you mean 'ns3::mdi::PaMdiRouter'?"},
        // a class, but of another kind
        {[](Json& j) {
             j["systems"] = {{{"name", "x"}, {"router", {{"type", "ns3::mdi::FifoQueue"}}}}};
         },
         "/systems/0/router/type: there is no ns3::mdi::Router",
         ""},
        {[](Json& j) {
             j["systems"] = {{{"name", "x"}, {"router", {{"type", "ns3::mdi::Router"}}}}};
         },
         "/systems/0/router/type: there is no ns3::mdi::Router",
         "Router"},
        {[](Json& j) {
             j["systems"] = {{{"name", "x"}, {"preset", "pa-mdi"}, {"router", {{"Overlop", 1}}}}};
         },
         "/systems/0/router/Overlop: ",
         "did you mean 'Overlap'?"},
        {[](Json& j) {
             j["systems"] = {
                 {{"name", "x"}, {"preset", "pa-mdi"}, {"router", {{"AgeWeight", 1.5}}}}};
         },
         "/systems/0/router/AgeWeight: '1.5' is no value of attribute AgeWeight",
         "Phi"},
        {[](Json& j) {
             j["systems"] = {
                 {{"name", "x"}, {"preset", "pa-mdi"}, {"partitioner", {{"Parts", -1}}}}};
         },
         "/systems/0/partitioner/Parts: '-1' is no value of attribute Parts",
         "Number of units"},
        {[](Json& j) {
             j["systems"] = {
                 {{"name", "x"}, {"preset", "pa-mdi"}, {"worker", {{"BacklogCountsReady", "maybe"}}}}};
         },
         "/systems/0/worker/BacklogCountsReady: 'maybe' is no value of attribute BacklogCountsReady",
         ""},
        {[](Json& j) {
             j["systems"] = {
                 {{"name", "x"}, {"preset", "ar-mdi"}, {"partitioner", {{"Allocation", "best"}}}}};
         },
         "/systems/0",
         "proportional"},
        {[](Json& j) {
             j["systems"] = {{{"name", "x"}, {"handshake", {{"Windw", "1ms"}}}}};
         },
         "/systems/0/handshake/Windw: ",
         "'Window'?"},
    };

    const Tiny good;
    ASSERT_EQ(good.MessageOf(), "");
    for (const auto& c : cases)
    {
        Tiny tiny;
        c.change(tiny.json);
        ExpectMessage(tiny.MessageOf(), c.start, c.part);
    }
}

// ns-3 reads a Time by itself, and aborts the program at what is none.
TEST(Scenario, RejectsAttributesThatAreNoTime)
{
    for (const Json& value : {Json("soon"), Json("5parsec"), Json("-1s"), Json(""), Json(true)})
    {
        Tiny tiny;
        tiny.json["systems"] = {
            {{"name", "x"}, {"preset", "pa-mdi"}, {"handshake", {{"Window", value}}}}};
        ExpectMessage(tiny.MessageOf(), "/systems/0/handshake/Window: ", "Window");
    }
}

TEST(Scenario, RejectsWifiThatDoesNotWork)
{
    Tiny tiny;
    UseWifi(tiny, 4);
    EXPECT_EQ(tiny.MessageOf(), "");
    UseWifi(tiny, 2);
    ExpectMessage(tiny.MessageOf(), "/networks", "connects device 'beta' with 'alpha'");
    UseWifi(tiny, 4);
    tiny.json["networks"][0]["data_mode"] = "HtMcs33";
    ExpectMessage(tiny.MessageOf(), "/networks/0/data_mode: ", "HtMcs3");
    UseWifi(tiny, 4);
    tiny.json["networks"][0]["standard"] = "802.11b";
    ExpectMessage(tiny.MessageOf(), "/networks/0/standard: ", "802.11");
    UseWifi(tiny, 4);
    tiny.json["networks"][0]["goodput_bps"] = 0;
    ExpectMessage(tiny.MessageOf(), "/networks/0/goodput_bps: 0", "from 1");
}

TEST(Scenario, RejectsModelsThatDoNotFit)
{
    // A layer without a service time, and too little memory: known once the model is loaded.
    Json trace = TinyTrace();
    trace["modes"]["fast"]["models"]["tiny"]["layers"].erase("l2");
    const TemporaryFile gap("gap.json", trace.dump());
    Tiny tiny;
    tiny.json["devices"][1]["trace"] = gap.Path();
    ExpectMessage(tiny.MessageOf(), gap.Path() + ": ", "no service time of layer 'l2'");

    trace = TinyTrace();
    trace["memory_bytes"] = 399;
    const TemporaryFile small("small.json", trace.dump());
    tiny.json["devices"][1]["trace"] = small.Path();
    ExpectMessage(
        tiny.MessageOf(), "/devices/1: device 'beta' is too small", "it has 399 bytes of memory");

    trace = TinyTrace();
    trace["modes"]["fast"]["models"]["tiny"].erase("provenance");
    const TemporaryFile bare("bare.json", trace.dump());
    tiny.json["devices"][1]["trace"] = bare.Path();
    ExpectMessage(tiny.MessageOf(), bare.Path() + ": /modes/fast/models/tiny: ", "provenance");

    Json model = TinyModel();
    model["layers"][0]["inputs"] = {3};
    const TemporaryFile broken("broken.json", model.dump());
    Tiny other;
    other.json["models"]["tiny"]["file"] = broken.Path();
    ExpectMessage(other.MessageOf(), broken.Path() + ": ", "does not come before");

    const TemporaryFile lonely("lonely.pt", "no TorchScript");
    other.json["models"]["tiny"]["file"] = lonely.Path();
    ExpectMessage(other.MessageOf(), "/models/tiny: ", "\"inputs\"");
}

TEST(Scenario, RejectsFilesThatAreNone)
{
    const struct
    {
        std::string text;
        std::string part;
    } cases[] = {
        {"", "empty"},
        {"{", "ends too early"},
        {"[]", "object"},
        {"7", "object"},
        {"null", "object"},
        {"{}", "'format' is missing"},
    };

    ScenarioChanges given;
    given.runs = 2;
    for (const auto& c : cases)
    {
        for (const auto& changes : {ScenarioChanges(), given})
        {
            const TemporaryFile file("broken-scenario.json", c.text);
            std::string message;
            try
            {
                ReadScenario(file.Path(), changes);
            }
            catch (const BadInput& error)
            {
                message = error.what();
            }
            catch (const std::exception& error)
            {
                message = std::string("not BadInput: ") + error.what();
            }
            ExpectMessage(message, file.Path() + ":", c.part);
        }
    }
    EXPECT_THROW(ReadScenario("/no/such/scenario.json"), BadInput);
}

TEST(Scenario, SetChangesAnyField)
{
    Tiny tiny;
    const Scenario scenario = tiny.Read(Sets({"sources.1.priority=5",
                                              "sources.ts.items=3",
                                              "sources.ts.admission.rate_hz=7.5",
                                              "devices.beta.mode=slow",
                                              "devices.gamma.slots=4",
                                              "networks.0.rate_bps=1e6",
                                              "systems=[\"ddi\", \"local\"]",
                                              "name=other name",
                                              "runs=2",
                                              "runs=3"})); // the last one holds
    EXPECT_EQ(scenario.sources[1].priority, 5);
    EXPECT_EQ(scenario.sources[0].priority, 10);
    EXPECT_EQ(scenario.sources[0].items, 3u);
    EXPECT_EQ(scenario.devices[1].trace.mode, "slow");
    EXPECT_EQ(scenario.devices[2].slots, 4u);
    EXPECT_EQ(scenario.networks[0].rateBps, 1000000u);
    EXPECT_EQ(NamesOf(scenario.systems), (std::vector<std::string>{"ddi", "local"}));
    EXPECT_EQ(scenario.name, "other name");
    EXPECT_EQ(scenario.runs, 3u);
    EXPECT_EQ(Json::parse(scenario.resolved)["sources"][0]["admission"]["rate_hz"], 7.5);
}

TEST(Scenario, FlagsGoBeforeTheFile)
{
    Tiny tiny;
    tiny.json["seed"] = 3;
    ScenarioChanges changes;
    changes.runs = 4;
    changes.seed = 5;
    changes.tensors = "none";
    changes.network = "packet";
    const Scenario scenario = tiny.Read(changes);
    EXPECT_EQ(scenario.runs, 4u);
    EXPECT_EQ(scenario.seed, 5u);
    EXPECT_EQ(scenario.tensors, "none");
    EXPECT_EQ(tiny.Read().seed, 3u);
    changes.tensors = "sometimes";
    ExpectMessage(tiny.MessageOf(changes), "/tensors: ", "sometimes");
}

TEST(Scenario, RejectsBadSets)
{
    const struct
    {
        std::string set;
        std::string start;
        std::string part;
    } cases[] = {
        {"runs", "--set=runs", "--set=path=value"},
        {"=5", "--set==5", "--set=path=value"},
        {"", "--set=", "--set=path=value"},
        {"source.0.items=5", "--set=source.0.items: ", "did you mean 'sources'?"},
        {"sources.9.items=5", "--set=sources.9.items: 'sources' has no element '9'", "name"},
        {"sources.tss.items=5", "--set=sources.tss.items: 'sources' has no element 'tss'", ""},
        {"sources.ts.items.x=5", "--set=sources.ts.items.x: 'sources.ts.items' is a value", ""},
        {"sources.ts.admision.rate_hz=5",
         "--set=sources.ts.admision.rate_hz: there is no 'admision' in 'sources.ts'",
         "'admission'?"},
        // what follows is found as if it stood in the file
        {"sources.ts.itms=5", "/sources/0/itms: ", "'items'?"},
        {"sources.ts.items=five", "/sources/0/items: ", "number"},
        {"sources.ts.items=-5", "/sources/0/items: -5", "from 1"},
        {"sources.ts.items=", "/sources/0/items: ", "number"},
        {"sources.0=5", "/sources/0: ", "object"},
        {"rounds=5", "/rounds: ", ""},
    };

    const Tiny tiny;
    for (const auto& c : cases)
    {
        ExpectMessage(tiny.MessageOf(Sets({c.set})), c.start, c.part);
    }
    // A path with an empty step is no path; bytes that are no UTF-8 are no text.
    for (const char* set : {"seed.=5", ".seed=5", "sources..items=5", "description=\xff"})
    {
        std::string message;
        try
        {
            message = tiny.MessageOf(Sets({set}));
        }
        catch (const std::exception& error)
        {
            message = std::string("not BadInput\n") + error.what();
        }
        EXPECT_NE(message, "") << set;
        EXPECT_EQ(message.find('\n'), std::string::npos) << set << ": " << message;
    }
    // Still one line.
    EXPECT_EQ(tiny.MessageOf(Sets({"a\nb.c=5"})).find('\n'), std::string::npos);
}

TEST(Scenario, ChoosesSystems)
{
    Tiny tiny;
    tiny.json["systems"] = {"local", {{"name", "mine"}, {"preset", "ddi"}}};
    ScenarioChanges changes;
    changes.systems = "mine,pa-mdi,local"; // in this order; presets need not stand in the file
    EXPECT_EQ(NamesOf(tiny.Read(changes).systems),
              (std::vector<std::string>{"mine", "pa-mdi", "local"}));

    const struct
    {
        std::string systems;
        std::string part;
    } cases[] = {
        {"mime", "did you mean 'mine'?"},
        {"local,lokal", "unknown system 'lokal'; did you mean 'local'?"},
        {"local,ddi,local", "'local' stands here twice"},
        {"local,,ddi", "unknown system ''"},
        {",", "unknown system ''"},
    };

    for (const auto& c : cases)
    {
        changes.systems = c.systems;
        ExpectMessage(tiny.MessageOf(changes), "--systems: ", c.part);
    }
}

TEST(Scenario, RejectsPartsThatDoNotGoTogether)
{
    Tiny tiny;
    tiny.json["systems"] = {{{"name", "x"}, {"preset", "ms-mdi"}, {"handshake", true}}};
    ExpectMessage(tiny.MessageOf(), "/systems/0: ", "asks before a task leaves");
    tiny.json["systems"] = {{{"name", "x"}, {"preset", "ms-mdi"}, {"pipeline", true}}};
    ExpectMessage(tiny.MessageOf(), "/systems/0: ", "PipelinePartitioner");
}

TEST(Scenario, ComposesSystemsOfParts)
{
    Tiny tiny;
    tiny.json["systems"] = {
        {{"name", "plain"}},
        {{"name", "fifo"}, {"preset", "pa-mdi"}, {"queue", "ms-mdi"}, {"handshake", false}},
        {{"name", "typed"},
         {"router", {{"type", "ns3::mdi::PaMdiRouter"}, {"AgeWeight", 0.25}, {"Overlap", true}}},
         {"partitioner", {{"type", "ns3::mdi::EqualWorkPartitioner"}, {"Parts", 3}}},
         {"worker", {{"BeaconInterval", "50ms"}}}},
        {{"name", "shaken"}, {"preset", "pa-mdi"}, {"handshake", {{"Window", "2ms"}}}},
        {{"name", "fixed"}, {"preset", "ar-mdi"}, {"pipeline", {{"Adapt", false}}}},
        {{"name", "on"}, {"preset", "ms-mdi"}, {"router", "pa-mdi"}, {"handshake", true}},
    };
    const auto systems = tiny.Read().systems;
    ASSERT_EQ(systems.size(), 6u);
    EXPECT_EQ(systems[0].router.GetTypeId(), MakePreset("local").router.GetTypeId());
    EXPECT_FALSE(systems[0].handshake);

    EXPECT_EQ(systems[1].queue.GetTypeId(), MakePreset("ms-mdi").queue.GetTypeId());
    EXPECT_EQ(systems[1].router.GetTypeId(), MakePreset("pa-mdi").router.GetTypeId());
    EXPECT_FALSE(systems[1].handshake);

    const auto router = systems[2].router.Create<Router>();
    EXPECT_NE(DynamicCast<PaMdiRouter>(router), nullptr);
    DoubleValue weight;
    router->GetAttribute("AgeWeight", weight);
    EXPECT_EQ(weight.Get(), 0.25);
    BooleanValue overlap;
    router->GetAttribute("Overlap", overlap);
    EXPECT_TRUE(overlap.Get());
    UintegerValue parts;
    systems[2].partitioner.Create<Partitioner>()->GetAttribute("Parts", parts);
    EXPECT_EQ(parts.Get(), 3u);
    TimeValue interval;
    systems[2].worker.Create<Worker>()->GetAttribute("BeaconInterval", interval);
    EXPECT_EQ(interval.Get(), MilliSeconds(50));

    ASSERT_TRUE(systems[3].handshake);
    TimeValue window;
    systems[3].handshake->Create<Handshake>()->GetAttribute("Window", window);
    EXPECT_EQ(window.Get(), MilliSeconds(2));

    ASSERT_TRUE(systems[4].pipeline);
    BooleanValue adapt;
    systems[4].pipeline->Create<Pipeline>()->GetAttribute("Adapt", adapt);
    EXPECT_FALSE(adapt.Get());
    EXPECT_TRUE(systems[5].handshake);
}

TEST(Scenario, EarlyExitsAndAdmissionGoWithEveryRouter)
{
    Tiny tiny;
    tiny.json["systems"] = {
        {{"name", "pa-mdi-exit"},
         {"router", "pa-mdi"},
         {"exit", {{"type", "ns3::mdi::FixedExit"}, {"Threshold", 0.8}}},
         {"admission", {{"type", "adaptive-rate"}, {"LowTasks", 5}}}},
        {{"name", "usual"}, {"exit", true}},
        {{"name", "as-mdi-exit"}, {"preset", "ms-mdi"}, {"exit", "mdi-exit"}},
        {{"name", "without"}, {"preset", "mdi-exit"}, {"exit", false}},
        {{"name", "periodic"}, {"admission", {{"type", "periodic"}, {"rate_hz", 8}}}},
    };
    const auto systems = tiny.Read().systems;
    ASSERT_EQ(systems.size(), 5u);
    // What is not named comes from the system whose router is named.
    const SystemSpec pa = MakePreset("pa-mdi");
    EXPECT_EQ(systems[0].partitioner.GetTypeId(), pa.partitioner.GetTypeId());
    EXPECT_EQ(systems[0].queue.GetTypeId(), pa.queue.GetTypeId());
    EXPECT_TRUE(systems[0].handshake);
    ASSERT_TRUE(systems[0].exit);
    EXPECT_EQ(systems[0].exit->Create<ExitRule>()->Threshold(), 0.8);
    ASSERT_TRUE(systems[0].admission);
    UintegerValue low;
    systems[0].admission->Create<Admission>()->GetAttribute("LowTasks", low);
    EXPECT_EQ(low.Get(), 5u);

    EXPECT_EQ(systems[1].exit->GetTypeId().GetName(), "ns3::mdi::FixedExit");
    EXPECT_EQ(systems[2].exit->GetTypeId().GetName(), "ns3::mdi::AdaptiveExit");
    EXPECT_FALSE(systems[3].exit);
    EXPECT_EQ(systems[3].router.GetTypeId().GetName(), "ns3::mdi::MdiExitRouter");
    std::ostringstream text;
    text << *systems[4].admission;
    EXPECT_NE(text.str().find("Constant=0.125"), std::string::npos) << text.str();
}

TEST(Scenario, RejectsExitsAndAdmissionThatAreNone)
{
    struct Case
    {
        Json system;
        std::string start;
        std::string part;
    };

    const std::vector<Case> cases = {
        {{{"exit", "local"}}, "/systems/0/exit: the system 'local' has no", "false"},
        {{{"exit", {{"type", "ns3::mdi::FixedExit"}, {"Threshold", 2}}}},
         "/systems/0/exit/Threshold: '2' is no value",
         "T_e"},
        {{{"exit", {{"type", "ns3::mdi::FixedExit"}, {"Threshold", "high"}}}},
         "/systems/0/exit/Threshold: 'high' is no value",
         "a number"},
        {{{"admission", {{"type", "adaptive-rate"}, {"LowTasks", "3x"}}}},
         "/systems/0/admission/LowTasks: '3x' is no value",
         "a number"},
        {{{"exit", {{"type", "ns3::mdi::FixedExit"}, {"PerExit", "high"}}}},
         "/systems/0: ",
         "'high' is no threshold"},
        {{{"exit", {{"type", "ns3::mdi::FixedExits"}}}},
         "/systems/0/exit/type: there is no ns3::mdi::ExitRule",
         "FixedExit"},
        {{{"exit", 1}}, "/systems/0/exit: ", "object"},
        {{{"admission", {{"type", "times"}, {"times_s", {1}}}}},
         "/systems/0/admission/type: ",
         "adaptive-rate"},
        {{{"admission", {{"type", "ns3::mdi::TraceAdmission"}}}},
         "/systems/0/admission/type: ",
         "adaptive-rate"},
        {{{"admission", {{"type", "adaptive-rate"}, {"StepLoww", 1}}}},
         "/systems/0/admission/StepLoww: ",
         "StepLow"},
        {{{"admission", {{"type", "periodic"}, {"rate_hz", 1}, {"interval_s", 1}}}},
         "/systems/0/admission/rate_hz: a rate and an interval",
         "one of"},
        {{{"admission", {{"type", "adaptive-rate"}, {"LowTasks", 31}}}},
         "/systems/0: RateAdaptation: LowTasks",
         "HighTasks"},
        {{{"exit", {{"type", "ns3::mdi::AdaptiveExit"}, {"HighTasks", 1}}}},
         "/systems/0: AdaptiveExit: LowTasks",
         "HighTasks"},
        {{{"admission", {{"type", "ns3::mdi::RandomAdmission"}, {"Gap", "5"}}}},
         "/systems/0/admission/Gap: '5' is no value",
         "Constant=1"},
        {{{"admission",
           {{"type", "ns3::mdi::RandomAdmission"}, {"Gap", "ns3::ConstantRandomVariable[C=1]"}}}},
         "/systems/0/admission/Gap: ",
         "is no value"},
        {{{"admission", {{"type", "ns3::mdi::FifoQueue"}}}},
         "/systems/0/admission/type: there is no ns3::mdi::Admission",
         "RateAdaptation"},
    };
    for (const auto& c : cases)
    {
        Tiny tiny;
        Json system = c.system;
        system["name"] = "x";
        tiny.json["systems"] = Json::array({system});
        ExpectMessage(tiny.MessageOf(), c.start, c.part);
    }
}

TEST(Scenario, ADeviceMayHandTasksToSomeOthersOnly)
{
    Tiny tiny;
    tiny.json["devices"][0]["offload_to"] = {"beta"};
    const auto devices = tiny.Read().devices;
    EXPECT_EQ(devices[0].handsTo, std::vector<uint32_t>{1});
    EXPECT_TRUE(devices[1].handsTo.empty());
    tiny.json["devices"][0]["offload_to"] = {"nobody"};
    ExpectMessage(tiny.MessageOf(), "/devices/0/offload_to/0: unknown device 'nobody'", "");
    tiny.json["devices"][0]["offload_to"] = {"gamma"}; // two hops away
    ExpectMessage(tiny.MessageOf(), "/devices/0/offload_to: ", "no neighbour of 'alpha'");
    tiny.json["devices"][0]["offload_to"] = {"alpha"};
    ExpectMessage(tiny.MessageOf(), "/devices/0/offload_to/0: ", "once");
    tiny.json["devices"][0]["offload_to"] = Json::array();
    ExpectMessage(tiny.MessageOf(), "/devices/0/offload_to: ", "");
}

TEST(Scenario, RepositoryScenariosRead)
{
    const std::string root = MDI_SOURCE_DIR;
    for (const char* name : {"five-xavier-mesh", "multi-hop-xavier-nano", "three-nano-ethernet"})
    {
        const std::string file = root + "/traces/scenarios/" + name + ".json";
        // The launcher makes the model; here only the scenario is read.
        Json json = Json::parse(std::ifstream(file));
        for (auto& device : json["devices"])
        {
            device["trace"] =
                root + "/traces/scenarios/" + device["trace"].get_ref<const std::string&>();
        }
        const TemporaryFile model("resnet56.pt", "");
        json["models"].front() = {{"file", model.Path()},
                                  {"inputs", {{{"shape", {1, 3, 32, 32}}}}}};
        const TemporaryFile copy("copy.json", json.dump());
        const Scenario scenario = ReadScenario(copy.Path());
        EXPECT_EQ(scenario.name, name);
        auto systems = PresetNames();
        if (scenario.name == "five-xavier-mesh")
        {
            systems.push_back("pa-mdi-exit");
        }
        EXPECT_EQ(NamesOf(scenario.systems), systems);
        EXPECT_EQ(scenario.sources.size(), 2u);
        EXPECT_GT(scenario.runs, 1u);
    }
}

TEST(Simulation, RepeatsAndDependsOnTheRun)
{
    for (bool wifi : {false, true})
    {
        Tiny tiny;
        if (wifi)
        {
            UseWifi(tiny, 4);
        }
        const Scenario scenario = tiny.Read();
        for (const auto& system : PresetNames())
        {
            const std::string first = SimulateText(scenario, system, 0);
            EXPECT_EQ(first, SimulateText(scenario, system, 0)) << system;
            EXPECT_NE(first, SimulateText(scenario, system, 1)) << system;
            Scenario other = scenario;
            other.seed = 2;
            EXPECT_NE(first, SimulateText(other, system, 0)) << system;
        }
    }
}

TEST(Simulation, DoesNotDependOnWhatWasSimulatedBefore)
{
    for (bool wifi : {false, true})
    {
        Tiny tiny;
        if (wifi)
        {
            UseWifi(tiny, 4);
        }
        const Scenario scenario = tiny.Read();
        Tiny large;
        large.json["networks"] = {
            {{"type", "ethernet"}, {"nodes", "all"}, {"rate_bps", 100000000}, {"delay_s", 0.0001}}};
        const Scenario other = large.Read();
        std::map<std::string, std::string> alone;
        for (const auto& system : PresetNames())
        {
            alone[system] = SimulateText(scenario, system, 0);
        }
        for (const auto& before : PresetNames())
        {
            SimulateText(other, before, 2);
            SimulateText(scenario, before, 1);
            for (const auto& system : {"pa-mdi", "ar-mdi"})
            {
                SimulateText(scenario, before, 0);
                EXPECT_EQ(SimulateText(scenario, system, 0), alone[system])
                    << system << " after " << before;
            }
        }
    }
}

TEST(Simulation, CompletesEveryItemOnTheSameArrivals)
{
    for (bool wifi : {false, true})
    {
        Tiny tiny;
        if (wifi)
        {
            UseWifi(tiny, 4);
        }
        const Scenario scenario = tiny.Read();
        const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
        std::vector<std::vector<Time>> arrivals;
        for (const auto& system : scenario.systems)
        {
            const RunRecord record = Simulate(scenario, system, 0, engine, false);
            EXPECT_EQ(record.system, system.name);
            EXPECT_EQ(record.unfinished, 0u) << system.name;
            EXPECT_TRUE(record.spans.empty());
            ASSERT_EQ(record.items.size(), 2u);
            std::vector<std::vector<Time>> admitted(2);
            for (size_t source = 0; source < 2; ++source)
            {
                ASSERT_EQ(record.items[source].size(), 5u) << system.name;
                for (const auto& item : record.items[source])
                {
                    ASSERT_TRUE(item.completed) << system.name;
                    EXPECT_GT(*item.completed, item.admitted);
                    EXPECT_TRUE(item.predictions.empty()); // sizes only
                    EXPECT_FALSE(item.outputError); // unknown is not 0
                    admitted[source].push_back(item.admitted);
                }
            }
            if (arrivals.empty())
            {
                arrivals = admitted;
            }
            EXPECT_EQ(admitted, arrivals) << system.name;
        }
    }
}

TEST(Simulation, GivesUpAtTheTimeLimit)
{
    Tiny tiny;
    tiny.json["time_limit_s"] = 1.05;
    const Scenario scenario = tiny.Read();
    const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
    const RunRecord record = Simulate(scenario, MakePreset("local"), 0, engine, false);
    uint64_t completed = 0;
    for (const auto& items : record.items)
    {
        for (const auto& item : items)
        {
            completed += item.completed ? 1 : 0;
        }
    }
    EXPECT_LT(completed, 10u);
    EXPECT_EQ(record.unfinished, 10 - completed);
}

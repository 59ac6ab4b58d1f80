// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tiny-scenario.h"

#include "ns3/mdi-pa-mdi.h"

#include <functional>
#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

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
        // churn
        {[](Json& j) { j["churn"] = Json::object(); }, "/churn: ", "'failures' is missing"},
        {[](Json& j) { j["churn"]["failures"] = Json::parse(R"([{"at_s": 1}])"); },
         "/churn/failures/0: nothing fails here",
         "\"devices\" or \"networks\""},
        {[](Json& j) {
             j["churn"]["failures"] = Json::parse(R"([{"devices": ["bta"], "at_s": 1}])");
         },
         "/churn/failures/0/devices/0: unknown device 'bta'",
         "did you mean 'beta'?"},
        {[](Json& j) { j["churn"]["failures"] = Json::parse(R"([{"devices": "all"}])"); },
         "/churn/failures/0: it is not said when",
         "at_s"},
        {[](Json& j) {
             j["churn"]["failures"] = Json::parse(R"([{"devices": "all", "at_s": 0}])");
         },
         "/churn/failures/0/at_s: ",
         ""},
        {[](Json& j) {
             j["churn"]["failures"] =
                 Json::parse(R"([{"devices": "all", "at_s": 1, "mean_up_s": 1}])");
         },
         "/churn/failures/0/mean_up_s: ",
         "two rules"},
        {[](Json& j) {
             j["churn"]["failures"] = Json::parse(R"([{"devices": "all", "mean_up_s": 1}])");
         },
         "/churn/failures/0: ",
         "'mean_down_s' is missing"},
        {[](Json& j) {
             j["churn"]["failures"] =
                 Json::parse(R"([{"devices": "all", "mean_up_s": 1e-6, "mean_down_s": 1e-6}])");
         },
         "/churn/failures/0: with this rule there are more than a million failures",
         "longer means"},
        {[](Json& j) { j["churn"]["failures"] = Json::parse(R"([{"networks": [7], "at_s": 1}])"); },
         "/churn/failures/0/networks/0: ",
         ""},
        {[](Json& j) { j["churn"] = Json::parse(R"({"failures": [], "item_timeout_s": 0})"); },
         "/churn/item_timeout_s: ",
         ""},
        // numbers
        {[](Json& j) { j["sources"][0]["admission"]["rate_hz"] = -60; },
         "/sources/0/admission/rate_hz: -60",
         "above 0"},
        {[](Json& j) { j["sources"][0]["admission"]["rate_hz"] = 0; },
         "/sources/0/admission/rate_hz: 0",
         "above 0"},
        {[](Json& j) { j["networks"][0]["rate_bps"] = -1; }, "/networks/0/rate_bps: -1", "from 1"},
        {[](Json& j) { j["networks"][0]["rate_bps"] = 0.5; },
         "/networks/0/rate_bps: ",
         "from 1 to 1000000000000"},
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
        {[](Json& j) {
             for (int i = 0; i < 62; ++i)
             {
                 j["devices"].push_back(j["devices"][0]);
                 j["devices"].back()["name"] = "d" + std::to_string(i);
             }
             j["networks"][0]["nodes"] = "all";
         },
         "/networks/0/nodes: too many nodes for a link between every two",
         "at most 64"},
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
                 {{"name", "x"}, {"preset", "edgeflow"}, {"partitioner", {{"MaxWorkers", 1.5}}}}};
         },
         "/systems/0/partitioner/MaxWorkers: '1.5' is no value of attribute MaxWorkers",
         "a whole number"},
        {[](Json& j) {
             j["systems"] = {{{"name", "x"},
                              {"preset", "pa-mdi"},
                              {"worker", {{"BacklogCountsReady", "maybe"}}}}};
         },
         "/systems/0/worker/BacklogCountsReady: 'maybe' is no value of attribute "
         "BacklogCountsReady",
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

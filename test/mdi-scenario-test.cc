// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tiny-scenario.h"

#include <fstream>
#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

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

TEST(Scenario, APointToPointNetworkLinksEveryTwoOfItsNodes)
{
    Tiny tiny;
    tiny.json["networks"].erase(1);
    tiny.json["networks"][0]["nodes"] = "all";
    tiny.json["devices"][0]["offload_to"] = {"gamma"}; // refused where it is no neighbour
    EXPECT_EQ(tiny.MessageOf(), "");
    tiny.json["networks"][0]["nodes"] = {"alpha", "beta"};
    ExpectMessage(tiny.MessageOf(), "/networks: nothing connects device 'gamma'", "");
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

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tiny-scenario.h"

#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/mdi-admission.h"
#include "ns3/mdi-exit-rule.h"
#include "ns3/mdi-pa-mdi.h"
#include "ns3/mdi-partitioner.h"
#include "ns3/mdi-worker.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>
#include <sstream>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

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
         "(a number)"},
        {{{"admission", {{"type", "adaptive-rate"}, {"LowTasks", "3x"}}}},
         "/systems/0/admission/LowTasks: '3x' is no value",
         "(a whole number)"},
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

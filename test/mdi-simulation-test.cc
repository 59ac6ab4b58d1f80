// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tiny-scenario.h"

#include <gtest/gtest.h>
#include <map>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

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
                    EXPECT_FALSE(item.outputError);        // unknown is not 0
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

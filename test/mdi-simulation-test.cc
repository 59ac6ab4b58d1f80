// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tiny-scenario.h"

#include <gtest/gtest.h>
#include <map>
#include <stdexcept>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

namespace
{

/// What travels over what.
struct Medium
{
    bool wifi;
    const char* fidelity;
};

const std::vector<Medium> MEDIA = {
    {false, "packet"}, {true, "packet"}, {false, "flow"}, {true, "flow"}};

void
Use(Tiny& tiny, const Medium& medium)
{
    tiny.json["network"] = medium.fidelity;
    if (medium.wifi)
    {
        UseWifi(tiny, 4);
    }
}

/// Mean latency of all items [s].
double
MeanLatency(const RunRecord& record)
{
    double sum = 0;
    double count = 0;
    for (const auto& items : record.items)
    {
        for (const auto& item : items)
        {
            sum += (*item.completed - item.admitted).GetSeconds();
            ++count;
        }
    }
    return sum / count;
}

/// Its first layer fails; what its threads left undone is told by Finish.
class FailingEngine : public TensorEngine
{
  public:
    TensorId Run(const TensorId& in, uint32_t end) override
    {
        if (fails)
        {
            left = true;
            throw std::runtime_error("no such picture");
        }
        return TensorEngine::Run(in, end);
    }

    void Finish() override
    {
        if (left)
        {
            left = false;
            throw std::logic_error("of an earlier run");
        }
    }

    bool fails = false;
    bool left = false;
};

} // namespace

TEST(Simulation, ARunThatFailsLeavesNothingToTheNext)
{
    Tiny tiny;
    Scenario scenario = tiny.Read();
    const auto engine = CreateObject<FailingEngine>();
    LoadModels(scenario, engine);
    engine->fails = true;
    EXPECT_THROW(Simulate(scenario, scenario.systems[0], 0, engine, false), std::runtime_error);
    EXPECT_FALSE(engine->left);
    engine->fails = false;
    EXPECT_EQ(Simulate(scenario, scenario.systems[0], 0, engine, false).unfinished, 0u);
}

TEST(Simulation, RepeatsAndDependsOnTheRun)
{
    for (const Medium& medium : MEDIA)
    {
        Tiny tiny;
        Use(tiny, medium);
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
    for (const Medium& medium : MEDIA)
    {
        Tiny tiny;
        Use(tiny, medium);
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
    for (const Medium& medium : MEDIA)
    {
        Tiny tiny;
        Use(tiny, medium);
        Scenario scenario = tiny.Read();
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

TEST(Simulation, FlowsGiveTheLatenciesOfPackets)
{
    for (const bool wifi : {false, true})
    {
        // Systems that decide by what they observe take other ways for single items.
        for (const auto& system : {"local", "ddi", "ar-mdi", "edgeflow"})
        {
            std::vector<double> latency;
            for (const char* fidelity : {"packet", "flow"})
            {
                Tiny tiny;
                Use(tiny, {wifi, fidelity});
                Scenario scenario = tiny.Read();
                const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
                latency.push_back(
                    MeanLatency(Simulate(scenario, MakePreset(system), 0, engine, false)));
            }
            EXPECT_NEAR(latency[1] / latency[0], 1, wifi ? 0.15 : 0.05) << system << wifi;
        }
    }
}

TEST(Simulation, EstimatesWhatTracesDoNotKnow)
{
    Tiny tiny;
    Json trace = TinyTrace();
    trace["modes"]["fast"]["law"] = {{"per_operation_s", 0.03},
                                     {"flop_per_s", 1e9},
                                     {"bytes_per_s", 1e9},
                                     {"provenance", trace["memory_provenance"]}};
    trace["modes"]["fast"]["law"]["provenance"]["error_band"] = 0.35;
    trace["modes"]["fast"]["models"]["tiny"]["layers"].erase("l2");
    const TemporaryFile file("law.json", trace.dump());
    tiny.json["models"]["other"] = tiny.json["models"]["tiny"];
    tiny.json["sources"][1]["model"] = "other";
    for (auto& device : tiny.json["devices"])
    {
        device["trace"] = file.Path();
    }
    const Scenario scenario = tiny.Read();
    ASSERT_EQ(scenario.estimates.size(), 2u); // three devices of one kind
    EXPECT_EQ(EstimateText(scenario.estimates[0]),
              file.Path() + ", mode fast, does not know 1 of 4 layers of model 'tiny': its law "
                            "estimates them (calibrated, error band +-35 %); ./mdi profile on the "
                            "device measures them");
    EXPECT_EQ(EstimateText(scenario.estimates[1])
                  .find(file.Path() +
                        ", mode fast, does not know model 'other': its law estimates all "
                        "4 layers"),
              0u);
    for (const auto& device : scenario.devices)
    {
        const auto& layers = device.trace.models.at("tiny").layers;
        EXPECT_EQ(layers.at("l2").mean, MilliSeconds(30));
        EXPECT_EQ(layers.at("l3").mean, MilliSeconds(10));
        EXPECT_EQ(device.trace.models.at("other").layers.at("l3").mean, MilliSeconds(30));
        EXPECT_EQ(device.trace.models.at("other").provenance.errorBand, 0.35);
    }

    trace["modes"]["fast"].erase("law");
    const TemporaryFile lawless("lawless.json", trace.dump());
    tiny.json["devices"][2]["trace"] = lawless.Path();
    EXPECT_NE(
        tiny.MessageOf().find("no service times for model 'other' in mode 'fast', and no law"),
        std::string::npos)
        << tiny.MessageOf();
}

TEST(Simulation, GivesUpAtTheTimeLimit)
{
    Tiny tiny;
    tiny.json["time_limit_s"] = 1.05;
    Scenario scenario = tiny.Read();
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

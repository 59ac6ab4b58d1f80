// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Energy of devices and sources, against arithmetic.

#include "mdi-compute-energy-model.h"
#include "mdi-compute-trace-reader.h"
#include "mdi-tiny-scenario.h"

#include "ns3/basic-energy-source.h"
#include "ns3/double.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>
#include <memory>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

namespace
{

const Json PUBLISHED{{"kind", "published"}, {"source", "invented for a test"}};

/// A tiny scenario of deterministic devices (40 ms an item) whose figures the test gives.
class Powered
{
  public:
    /// \param power by device: members of "power"; an empty object: none
    explicit Powered(const std::vector<Json>& power)
    {
        for (size_t i = 0; i < power.size(); ++i)
        {
            Json trace = TinyTrace();
            if (!power[i].empty())
            {
                Json& figures = trace["modes"]["fast"]["power"];
                figures = power[i];
                figures["provenance"] = PUBLISHED;
            }
            m_traces.push_back(std::make_unique<TemporaryFile>(
                "power-" + std::to_string(i) + ".json", trace.dump()));
            tiny.json["devices"][i]["trace"] = m_traces.back()->Path();
            tiny.json["devices"][i]["distribution"] = "deterministic";
        }
    }

    /// The rows of sources "ts" (on alpha), "nts" (on gamma) and "all" of one run.
    std::vector<SummaryRow> Run(const std::string& system)
    {
        Scenario scenario = tiny.Read();
        const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
        m_record = Simulate(scenario, MakePreset(system), 0, engine, true);
        return Summarize(m_record, {"ts", "nts"});
    }

    /// Seconds that all devices computed for a source in the last run.
    double BusyS(uint32_t source) const
    {
        double seconds = 0;
        for (const auto& span : m_record.spans)
        {
            seconds += !span.transfer && span.task.item.source == source
                           ? (span.end - span.begin).GetSeconds()
                           : 0;
        }
        return seconds;
    }

    Tiny tiny;

  private:
    std::vector<std::unique_ptr<TemporaryFile>> m_traces;
    RunRecord m_record;
};

const Json BOTH{{"idle_w", 2}, {"busy_w", 10}};
const Json BUSY{{"busy_w", 10}};
const Json IDLE{{"idle_w", 2}};
const Json NONE = Json::object();

/// The message of BadInput of a trace with that "power" in mode "fast".
std::string
MessageOf(const Json& power)
{
    Json trace = TinyTrace();
    trace["modes"]["fast"]["power"] = power;
    try
    {
        ReadComputeTrace(JsonReader::FromJson(trace, "t.json"), "fast");
        return "";
    }
    catch (const BadInput& error)
    {
        return error.what();
    }
}

} // namespace

TEST(ComputeEnergyModel, DrawsByOccupiedSlots)
{
    const auto node = CreateObject<Node>();
    const auto device = CreateObject<ComputeDevice>();
    device->SetAttribute("Slots", UintegerValue(2));
    const auto source = CreateObject<BasicEnergySource>();
    source->SetNode(node);
    source->SetInitialEnergy(1000);
    const auto model = CreateObject<ComputeEnergyModel>();
    model->SetAttribute("IdlePowerW", DoubleValue(4));
    model->SetAttribute("BusyPowerW", DoubleValue(10));
    model->SetEnergySource(source);
    source->AppendDeviceEnergyModel(model);
    model->Follow(device);
    EXPECT_DOUBLE_EQ(model->GetSlotPowerW(), 3);
    std::vector<double> powers;
    model->TraceConnectWithoutContext(
        "Power",
        Callback<void, double, double>([&](double, double now) { powers.push_back(now); }));

    // 1 s idle, 1 s with a slot, 2 s with both, 3 s with a slot, then idle.
    const auto work = [&](double start, double length) {
        Simulator::Schedule(Seconds(start), [=] { device->Occupy(Seconds(length), [] {}); });
    };
    work(1, 3);
    work(2, 5);
    Simulator::Schedule(Seconds(3), [&] {
        EXPECT_NEAR(model->GetTotalEnergyConsumption(), 4 + 7 + 10, 1e-9); // in between
    });
    Simulator::Stop(Seconds(9));
    Simulator::Run();
    const double expected = 1 * 4 + 1 * 7 + 2 * 10 + 3 * 7 + 2 * 4;
    EXPECT_NEAR(model->GetTotalEnergyConsumption(), expected, 1e-9);
    source->UpdateEnergySource();
    EXPECT_NEAR(source->GetInitialEnergy() - source->GetRemainingEnergy(), expected, 1e-6);
    EXPECT_EQ(powers, (std::vector<double>{7, 10, 7, 4}));
    Simulator::Destroy();
}

TEST(ComputeEnergyModel, AFailedDeviceIsIdle)
{
    const auto device = CreateObject<ComputeDevice>();
    const auto model = CreateObject<ComputeEnergyModel>();
    model->SetAttribute("IdlePowerW", DoubleValue(1));
    model->SetAttribute("BusyPowerW", DoubleValue(5));
    model->Follow(device);
    device->Occupy(Seconds(8), [] {});
    Simulator::Schedule(Seconds(2), [&] { device->Stop(); });
    Simulator::Stop(Seconds(10));
    Simulator::Run();
    EXPECT_NEAR(model->GetTotalEnergyConsumption(), 2 * 5 + 8 * 1, 1e-9);
    Simulator::Destroy();
}

TEST(Energy, OfSourcesIsThatOfTheirTasksAndOfAllThatOfTheDevices)
{
    Powered powered({BOTH, BOTH, BOTH});
    const auto local = powered.Run("local");
    // 5 items of 40 ms at 8 W above idle.
    EXPECT_NEAR(*local[0].energyJ, 5 * 0.04 * 8, 1e-9);
    EXPECT_NEAR(*local[1].energyJ, 5 * 0.04 * 8, 1e-9);
    // Three devices from the first admission to the last result, and the work.
    EXPECT_NEAR(*local[2].energyJ, 3 * 2 * *local[2].makespanS + 2 * 5 * 0.04 * 8, 1e-6);
    for (const char* system : {"ms-mdi", "pa-mdi", "ar-mdi"})
    {
        const auto rows = powered.Run(system);
        EXPECT_NEAR(*rows[0].energyJ, powered.BusyS(0) * 8, 1e-9) << system;
        EXPECT_NEAR(*rows[1].energyJ, powered.BusyS(1) * 8, 1e-9) << system;
        EXPECT_NEAR(*rows[2].energyJ,
                    3 * 2 * *rows[2].makespanS + *rows[0].energyJ + *rows[1].energyJ,
                    1e-6)
            << system;
    }
}

TEST(Energy, ASlotHasItsShareOfThePower)
{
    Powered powered({BOTH, BOTH, BOTH});
    powered.tiny.json["devices"][0]["slots"] = 4;
    const auto rows = powered.Run("local");
    EXPECT_NEAR(*rows[0].energyJ, 5 * 0.04 * 8 / 4, 1e-9);
    EXPECT_NEAR(*rows[1].energyJ, 5 * 0.04 * 8, 1e-9);
}

TEST(Energy, WithBusyPowerOnlyItIsThatOfTheTasks)
{
    for (const Json& middle : {BUSY, BOTH}) // one unknown idle power is enough
    {
        Powered powered({BUSY, middle, BUSY});
        const auto rows = powered.Run("local");
        EXPECT_NEAR(*rows[0].energyJ, 5 * 0.04 * 10, 1e-9);
        EXPECT_NEAR(*rows[2].energyJ, 2 * 5 * 0.04 * 10, 1e-9);
    }
}

TEST(Energy, IsEmptyWhereAFigureIsMissing)
{
    for (const Json& missing : {NONE, IDLE})
    {
        Powered powered({BOTH, BOTH, missing});
        const auto rows = powered.Run("local"); // "nts" is served by the last device
        EXPECT_NEAR(*rows[0].energyJ, 5 * 0.04 * 8, 1e-9);
        EXPECT_FALSE(rows[1].energyJ);
        EXPECT_FALSE(rows[2].energyJ);
        const auto shared = powered.Run("ar-mdi"); // a pipeline over all three
        EXPECT_FALSE(shared[0].energyJ);
        EXPECT_FALSE(shared[2].energyJ);
    }
    Powered nothing({NONE, NONE, NONE});
    for (const auto& row : nothing.Run("ms-mdi"))
    {
        EXPECT_FALSE(row.energyJ);
    }
}

TEST(Energy, DoesNotChangeTheSimulation)
{
    Powered with({BOTH, BOTH, BOTH});
    const std::string text = SimulateText(with.tiny.Read(), "pa-mdi", 0);
    Powered without({NONE, NONE, NONE});
    EXPECT_EQ(SimulateText(without.tiny.Read(), "pa-mdi", 0), text);
}

TEST(Energy, TheTableHasItWhereItIsKnown)
{
    Powered powered({BOTH, BOTH, NONE});
    std::ostringstream table;
    PrintTable(table, powered.Run("local"));
    EXPECT_NE(table.str().find("energy [J/item]"), std::string::npos) << table.str();
    EXPECT_NE(table.str().find(" 0.320 "), std::string::npos) << table.str(); // 8 W x 40 ms
    EXPECT_NE(table.str().find(" - "), std::string::npos) << table.str();
    Powered nothing({NONE, NONE, NONE});
    std::ostringstream without;
    PrintTable(without, nothing.Run("local"));
    EXPECT_EQ(without.str().find("energy"), std::string::npos) << without.str();
}

TEST(Energy, FiguresAreChecked)
{
    const auto with = [](Json power) {
        power["provenance"] = PUBLISHED;
        return MessageOf(power);
    };
    const std::string place = "t.json: /modes/fast/power";
    ExpectMessage(with({{"idle_w", 5}, {"busy_w", 4}}), place + "/busy_w: ", "less than idle_w");
    ExpectMessage(with({{"busy_w", 0}}), place + "/busy_w: ", "above 0");
    ExpectMessage(with({{"idle_w", -1}}), place + "/idle_w: ", "");
    ExpectMessage(with(NONE), place + ": ", "neither idle_w nor busy_w");
    ExpectMessage(with({{"bussy_w", 1}}), place + "/bussy_w: ", "'busy_w'?");
    ExpectMessage(MessageOf(BUSY), place + ": ", "provenance");
    EXPECT_EQ(with(BUSY), "");
    EXPECT_EQ(with(IDLE), "");
    EXPECT_EQ(with({{"idle_w", 4}, {"busy_w", 4}}), "");
}

TEST(Energy, AgxOrinHasBusyPowerInEveryMode)
{
    const std::string folder = std::string(MDI_SOURCE_DIR) + "/traces/compute/";
    const auto busy = [&](const std::string& mode) {
        return ReadComputeTrace(folder + "agx-orin.json", mode).power->busyW;
    };
    EXPECT_EQ(busy("MAXN"), 13.079);
    EXPECT_EQ(busy("30W"), 11.201);
    EXPECT_EQ(busy("15W"), 8.851);
    EXPECT_FALSE(ReadComputeTrace(folder + "agx-orin.json", "MAXN").power->idleW);
    EXPECT_FALSE(ReadComputeTrace(folder + "nano.json").power);
    EXPECT_FALSE(ReadComputeTrace(folder + "orin-nano.json", "15W").power);
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Arrivals from files: traces, and recorded runs that are run again.

#include "mdi-arrival-reader.h"
#include "mdi-tiny-scenario.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <optional>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

namespace
{

const std::string GOOD = "time_s,source\n0,ts\n0.25,nts\n1.5,ts\n1.5,nts\n2,ts\n";

/// A scenario whose source "ts" takes its items from a file.
class FromFile
{
  public:
    explicit FromFile(const std::string& text, const Json& more = Json::object())
        : m_file("arrivals.csv", text)
    {
        Json& source = tiny.json["sources"][0];
        source.erase("items");
        source["admission"] = {{"type", "trace"}, {"file", m_file.Path()}};
        source["admission"].update(more);
    }

    /// What is wrong, without the folder of the file.
    std::string Message() const
    {
        const std::string text = tiny.MessageOf();
        const auto at = text.find("-arrivals.csv");
        return text.rfind("/sources", 0) == 0 || at == std::string::npos ? text
                                                                         : text.substr(at + 1);
    }

    Tiny tiny;

  private:
    TemporaryFile m_file;
};

/// Rows of items.csv of a run, under its header.
std::string
ItemsText(const RunRecord& record)
{
    std::ostringstream text;
    text << ITEMS_HEADER << '\n';
    WriteItems(text, record, {"ts", "nts"});
    return text.str();
}

RunRecord
RunOf(Scenario scenario, const std::string& system, uint32_t run)
{
    const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
    return Simulate(scenario, MakePreset(system), run, engine, false);
}

/// The scenario with the items of a record.
Scenario
Replay(Tiny& tiny, const std::string& record, const Json& more = Json::object())
{
    const TemporaryFile file("record.csv", record);
    const Json before = tiny.json;
    for (Json& source : tiny.json["sources"])
    {
        source["admission"] = {{"type", "trace"}, {"file", file.Path()}};
        source["admission"].update(more);
    }
    const Scenario scenario = tiny.Read();
    tiny.json = before;
    return scenario;
}

} // namespace

TEST(Arrivals, ASourceTakesItsRows)
{
    FromFile given(GOOD);
    given.tiny.json["sources"][1]["first_input"] = 5;
    const Scenario scenario = given.tiny.Read();
    const auto& ts = scenario.sources[0];
    EXPECT_EQ(ts.items, 3u);
    EXPECT_EQ(ts.times, (std::vector<Time>{Time(0), MilliSeconds(1500), Seconds(2)}));
    EXPECT_TRUE(ts.inputs.empty());
    const RunRecord record = RunOf(scenario, "local", 0);
    ASSERT_EQ(record.items[0].size(), 3u);
    EXPECT_EQ(record.items[0][1].admitted, MilliSeconds(2500)); // the source starts at 1 s
}

TEST(Arrivals, ItemsCutTheTraceAndAnotherNamesRowsCanBeTaken)
{
    FromFile given(GOOD, {{"as", "nts"}});
    EXPECT_EQ(given.tiny.Read().sources[0].times,
              (std::vector<Time>{MilliSeconds(250), MilliSeconds(1500)}));
    given.tiny.json["sources"][0]["items"] = 1;
    EXPECT_EQ(given.tiny.Read().sources[0].times, std::vector<Time>{MilliSeconds(250)});
    EXPECT_EQ(given.tiny.Read().sources[0].items, 1u);
    given.tiny.json["sources"][0]["items"] = 3;
    ExpectMessage(given.Message(), "/sources/0/items: ", "only 2 rows");
}

TEST(Arrivals, ATraceMaySayTheInputs)
{
    FromFile given("time_s,source,item\n0,ts,7\n0.5,ts,7\n1,ts,0\n2,ts,3\n");
    given.tiny.json["sources"][0]["first_input"] = 5;
    given.tiny.json["sources"][0]["items"] = 3;
    const Scenario scenario = given.tiny.Read();
    EXPECT_EQ(scenario.sources[0].inputs, (std::vector<uint32_t>{7, 7, 0}));

    Deployment::Source source;
    source.inputOffset = 5;
    EXPECT_EQ(source.InputNumber(2), 7u);
    source.inputs = scenario.sources[0].inputs;
    EXPECT_EQ(source.InputNumber(0), 7u);
    EXPECT_EQ(source.InputNumber(2), 0u);
}

TEST(Arrivals, RejectsWhatIsWrongInOneLine)
{
    const struct
    {
        std::string text;
        std::string start;
        std::string part;
    } cases[] = {
        {"", "arrivals.csv:1: ", "empty"},
        {"time,source\n0,ts\n", "arrivals.csv:1: ", "time_s,source,item"},
        {"system,run,source,item\nlocal,0,ts,0\n", "arrivals.csv:1: ", "'admitted_s'"},
        {"time_s,source\n", "arrivals.csv:1: ", "no rows"},
        {"time_s,source\n0,ts\n1,ts", "arrivals.csv:3: ", "cut off"},
        {"time_s,source\n0,ts,4\n", "arrivals.csv:2: ", "3 cells"},
        {"time_s,source\n0,ts\n\n", "arrivals.csv:3: ", "1 cell;"},
        {"time_s,source\n0,\n", "arrivals.csv:2: ", "source is empty"},
        {"time_s,source\n0,\"ts\"\n", "arrivals.csv:2: ", "quote"},
        {"time_s,source\n1,ts\n0.5,nts\n0.999,ts\n", "arrivals.csv:4: ", "before that of line 2"},
        {"time_s,source\nnan,ts\n", "arrivals.csv:2: ", "time_s is 'nan'"},
        {"time_s,source\ninf,ts\n", "arrivals.csv:2: ", "time_s is 'inf'"},
        {"time_s,source\n0,ts\n-1,ts\n", "arrivals.csv:3: ", "time_s is '-1'"},
        {"time_s,source\n1s,ts\n", "arrivals.csv:2: ", "time_s is '1s'"},
        {"time_s,source\n2e9,ts\n", "arrivals.csv:2: ", "to 1e+09"},
        {"time_s,source,item\n0,ts,1.5\n", "arrivals.csv:2: ", "item is '1.5'"},
        {"time_s,source,item\n0,ts,-1\n", "arrivals.csv:2: ", "item is '-1'"},
        {"time_s,source\n0,tss\n0,other\n", "arrivals.csv: ", "did you mean 'tss'?"},
        {"time_s,source\n0,a\n0,b\n", "arrivals.csv: ", "known are: a, b"},
    };

    for (const auto& c : cases)
    {
        SCOPED_TRACE(c.text);
        ExpectMessage(FromFile(c.text).Message(), c.start, c.part);
    }
    ExpectMessage(FromFile(GOOD, {{"as", "ntss"}}).Message(), "arrivals.csv: ", "'nts'?");
    ExpectMessage(FromFile(GOOD, {{"sytem", "x"}}).Message(), "/sources/0/admission/sytem", "");
    ExpectMessage(FromFile(GOOD, {{"run", 0}}).Message(), "/sources/0/admission/run", "items.csv");
    ExpectMessage(FromFile(GOOD, {{"file", "none.csv"}}).Message(),
                  "/sources/0/admission/file: ",
                  "none.csv");
}

TEST(Arrivals, ASystemsAdmissionIsNoTrace)
{
    Tiny tiny;
    tiny.json["systems"] = {{{"name", "x"}, {"admission", {{"type", "trace"}, {"file", "a.csv"}}}}};
    ExpectMessage(tiny.MessageOf(), "/systems/0/admission/type: ", "trace");
}

TEST(Arrivals, ProvenanceBesideTheTraceIsChecked)
{
    const std::string csv = ::testing::TempDir() + "mdi-" + std::to_string(getpid()) + "-p.csv";
    EXPECT_FALSE(ReadFileProvenance(csv));
    {
        const TemporaryFile good("p.provenance.json", R"({"format": "mdi-provenance", "version": 1,
            "licence": "x", "kind": "synthetic", "source": "x"})");
        EXPECT_EQ(ReadFileProvenance(csv)->from.kind, "synthetic");
    }
    const TemporaryFile bad("p.provenance.json", R"({"format": "mdi-provenance", "version": 1,
        "licence": "x", "kind": "guessed", "source": "x"})");
    EXPECT_THROW(ReadFileProvenance(csv), BadInput);
}

TEST(Replay, GivesTheSameItems)
{
    Tiny tiny;
    tiny.json["sources"][0]["start_s"] = 0.7;
    for (const char* admission : {"poisson", "periodic"})
    {
        for (Json& source : tiny.json["sources"])
        {
            source["admission"]["type"] = admission;
        }
        const Scenario scenario = tiny.Read();
        for (const auto& system : PresetNames())
        {
            const std::string record = ItemsText(RunOf(scenario, system, 2));
            const Scenario replay = Replay(tiny, record);
            EXPECT_EQ(ItemsText(RunOf(replay, system, 2)), record) << system;
            // Another run of it: the same arrivals, other service times.
            EXPECT_NE(ItemsText(RunOf(replay, system, 1)), record) << system;
        }
    }
}

TEST(Replay, ChoosesSystemAndRun)
{
    std::string record = std::string(ITEMS_HEADER) + '\n';
    for (const char* row : {"b,4,ts,0,1,2", "b,4,nts,0,1,3", "b,5,ts,0,1,4", "a,6,ts,0,1,5"})
    {
        record += std::string(row) + ",9,,,,0,0\n";
    }
    const auto first = [&record](const Json& more) {
        return FromFile(record, more).tiny.Read().sources[0].times.at(0);
    };
    const auto message = [&record](const Json& more) { return FromFile(record, more).Message(); };
    EXPECT_EQ(first(Json::object()), Seconds(1)); // of 2 s, since the source starts at 1 s
    EXPECT_EQ(first({{"as", "nts"}}), Seconds(2));
    EXPECT_EQ(first({{"run", 5}}), Seconds(3));
    EXPECT_EQ(first({{"system", "a"}}), Seconds(4));
    ExpectMessage(message({{"system", "c"}}), "arrivals.csv: ", "there are: b, a");
    ExpectMessage(message({{"run", 6}}), "arrivals.csv: ", "there are: 4, 5");
    ExpectMessage(message({{"as", "ntss"}}), "arrivals.csv: ", "run 4 of system 'b'; did you mean");
    ExpectMessage(message({{"run", 5}, {"as", "nts"}}), "arrivals.csv: ", "'nts' in run 5");
}

TEST(Replay, RefusesItemsBeforeTheStartOfTheirSource)
{
    const std::string record = std::string(ITEMS_HEADER) + "\nlocal,0,ts,0,1,1.5,2,,,,0,0\n";
    FromFile given(record);
    given.tiny.json["sources"][0]["start_s"] = 2;
    ExpectMessage(given.Message(), "arrivals.csv:2: ", "before source 'ts' starts");
    given.tiny.json["sources"][0]["start_s"] = 1.5;
    EXPECT_EQ(given.tiny.Read().sources[0].times, std::vector<Time>{Time(0)});
}

TEST(Replay, ItemsHaveTheInputsThatTheManifestTells)
{
    const std::string record = std::string(ITEMS_HEADER) +
                               "\nlocal,0,a,0,1,1,2,,,,0,0\nlocal,0,a,2,1,1,2,,,,0,0"
                               "\nlocal,0,b,1,1,1,2,,,,0,0\n";
    namespace fs = std::filesystem;
    const fs::path folder =
        fs::path(::testing::TempDir()) / ("mdi-record-" + std::to_string(getpid()));
    fs::create_directory(folder);
    const std::string file = (folder / "items.csv").string();
    std::ofstream(file) << record;
    const auto inputs = [&](const std::string& source) {
        const Json admission{{"type", "trace"}, {"file", file}};
        return ArrivalReader()
            .Read(JsonReader::FromJson(admission, "a.json"), file, source, Seconds(1))
            .inputs;
    };
    EXPECT_TRUE(inputs("a").empty()); // nothing beside the record: not said

    Json manifest{{"format", "mdi-manifest"},
                  {"version", 1},
                  {"inputs", {{"a", {4, 9, 6}}}},
                  {"scenario", {{"sources", {{{"name", "b"}, {"first_input", 30}}}}}}};
    std::ofstream((folder / "manifest.json").string()) << manifest;
    EXPECT_EQ(inputs("a"), (std::vector<uint32_t>{4, 6}));
    EXPECT_EQ(inputs("b"), std::vector<uint32_t>{31});
    manifest["scenario"]["sources"][0]["name"] = "c";
    std::ofstream((folder / "manifest.json").string()) << manifest;
    EXPECT_THROW(inputs("b"), BadInput);
    fs::remove_all(folder);
}

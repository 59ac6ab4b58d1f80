// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tiny-scenario.h"

#include "ns3/mdi-link-trace-reader.h"
#include "ns3/mdi-validation.h"

#include <gtest/gtest.h>
#include <limits>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

namespace
{

const std::string HEADER = "time_s,rate_bps,delay_s,loss\n";

LinkTrace
Read(const std::string& text)
{
    const TemporaryFile file("link.csv", text);
    return ReadLinkTrace(file.Path());
}

const Json PROVENANCE = {{"format", "mdi-provenance"},
                         {"version", 1},
                         {"kind", "measured"},
                         {"source", "invented for a test"},
                         {"licence", "none"}};

/// 1 Mb/s on both cables of Tiny, but nothing on the first from 2 to 12 s.
const std::string OUTAGE = HEADER + "0,1000000,,\n2,0,,\n12,1e6,,\n";

} // namespace

TEST(LinkTrace, ReadsRows)
{
    const LinkTrace trace = Read(HEADER + "0,1000000,0.01,0.5\r\n1.5,2.5e6,,\r\n2,0,0,0\n");
    ASSERT_EQ(trace.rows.size(), 3u);
    EXPECT_EQ(trace.rows[0].rateBps, 1000000u);
    EXPECT_EQ(trace.rows[0].delay, MilliSeconds(10));
    EXPECT_EQ(trace.rows[0].loss, 0.5);
    EXPECT_EQ(trace.rows[1].time, MilliSeconds(1500));
    EXPECT_EQ(trace.rows[1].rateBps, 2500000u);
    EXPECT_EQ(trace.rows[1].delay, Time(0));
    EXPECT_EQ(trace.rows[1].loss, 0);
    EXPECT_EQ(trace.rows[2].rateBps, 0u);
    EXPECT_EQ(trace.end, MilliSeconds(2500)); // the last row lasts as long as the one before
    EXPECT_EQ(Read(HEADER + "0,5,0,0\n3,6,0,0\n7.5,,,\n").end, MilliSeconds(7500));
    EXPECT_EQ(Read(HEADER + "0,5,0,0").end, Time(0));
}

TEST(LinkTrace, LooksUpAndAverages)
{
    const LinkTrace trace = Read(HEADER + "0,100,0.1,0\n1,400,0.2,0\n3,0,0,0\n4,,,\n");
    EXPECT_EQ(trace.At(Time(0)).rateBps, 100u);
    EXPECT_EQ(trace.At(NanoSeconds(999999999)).rateBps, 100u);
    EXPECT_EQ(trace.At(Seconds(1)).rateBps, 400u);
    EXPECT_EQ(trace.At(Seconds(1000)).rateBps, 0u);
    EXPECT_DOUBLE_EQ(trace.MeanRateBps(), (100 + 2 * 400) / 4.0);
    EXPECT_EQ(trace.MeanDelay(), MilliSeconds(125));
    EXPECT_EQ(Read(HEADER + "0,5,0.5,0").MeanRateBps(), 5);

    LinkReplay replay{std::make_shared<LinkTrace>(trace), false, MilliSeconds(500)};
    EXPECT_EQ(replay.At(MilliSeconds(499)).rateBps, 100u);
    EXPECT_EQ(replay.At(MilliSeconds(500)).rateBps, 400u);
    EXPECT_EQ(replay.NextChange(Time(0)), MilliSeconds(500));
    EXPECT_EQ(replay.NextChange(MilliSeconds(500)), MilliSeconds(2500));
    EXPECT_EQ(replay.NextChange(MilliSeconds(2500)), std::nullopt);
    replay.repeat = true;
    EXPECT_EQ(replay.NextChange(MilliSeconds(2500)), MilliSeconds(3500));
    EXPECT_EQ(replay.At(MilliSeconds(3500)).rateBps, 100u);
    EXPECT_EQ(replay.At(Seconds(4000) + MilliSeconds(600)).rateBps, 400u);
    EXPECT_EQ(replay.NextChange(Seconds(4000)), Seconds(4000) + MilliSeconds(500));
}

TEST(LinkTrace, RefusesWithTheLine)
{
    const struct
    {
        std::string text;
        std::string line;
        std::string part;
    } cases[] = {
        {"", "1", "the file is empty"},
        {"time,rate\n0,1\n", "1", "the header is 'time,rate'"},
        {"\xef\xbb\xbf" + HEADER + "0,1,,\n", "1", "the header is"},
        {HEADER, "2", "no rows"},
        {HEADER + "5,,,\n", "2", "begin with 0"},
        {HEADER + "0,,,\n", "2", "rate_bps '' is no number"},
        {HEADER + "0,1,,\n1,-5,,\n", "3", "rate_bps '-5' is out of range"},
        {HEADER + "0,1,,\n2,1,,\n1,1,,\n", "4", "time '1' is not after"},
        {HEADER + "0,1,,\n2,1,,\n2,1,,\n", "4", "not after"},
        {HEADER + "1,1,,\n", "2", "begin with 0"},
        {HEADER + "-1,1,,\n", "2", "time_s '-1' is out of range"},
        {HEADER + "0,nan,,\n", "2", "rate_bps 'nan' is out of range"},
        {HEADER + "0,inf,,\n", "2", "rate_bps 'inf' is out of range"},
        {HEADER + "0,1e13,,\n", "2", "out of range"},
        {HEADER + "0,1e999,,\n", "2", "no number"},
        {HEADER + "0,1,NaN,\n", "2", "delay_s 'NaN'"},
        {HEADER + "0,1,-0.1,\n", "2", "delay_s '-0.1'"},
        {HEADER + "0,1,,1.01\n", "2", "loss '1.01' is out of range; a finite number from 0 to 1"},
        {HEADER + "0,1,,\n1,fast,,\n", "3", "rate_bps 'fast' is no number"},
        {HEADER + "0,1 ,,\n", "2", "rate_bps '1 ' is no number"},
        {HEADER + "0,1,0\n", "2", "the row has 3 columns"},
        {HEADER + "0,1,0,0,0\n", "2", "the row has 5 columns"},
        {HEADER + "0,1,0,0\n\n1,1,0,0\n", "3", "the row has 1 columns"},
        {HEADER + "0,1,,\n1,,,\n2,1,,\n", "3", "rate_bps ''"},
        {HEADER + "0,0,,\n1,0,,\n", "2", "all rates are 0"},
        {HEADER + "0,1,,\n\"1\n", "3", "columns"},
    };

    for (const auto& c : cases)
    {
        const TemporaryFile file("bad.csv", c.text);
        try
        {
            ReadLinkTrace(file.Path());
            ADD_FAILURE() << c.text;
        }
        catch (const BadInput& error)
        {
            ExpectMessage(error.what(), file.Path() + ":" + c.line + ": ", c.part);
        }
    }
    EXPECT_THROW(ReadLinkTrace("/no/such.csv"), BadInput);
    EXPECT_THROW(ReadLinkTrace("/tmp"), BadInput);
}

TEST(LinkTrace, ValidationAsksForProvenance)
{
    const auto none = [] { return CreateObject<TensorEngine>(); };
    const TemporaryFile trace("known.csv", HEADER + "0,1000000,,\n");
    try
    {
        ValidateFile(trace.Path(), none);
        ADD_FAILURE();
    }
    catch (const BadInput& error)
    {
        ExpectMessage(error.what(), trace.Path() + ": there is no ", "known.provenance.json");
    }
    Json block = PROVENANCE;
    {
        const TemporaryFile beside("known.provenance.json", block.dump());
        EXPECT_EQ(ValidateFile(trace.Path(), none), "link trace, 1 row, 1000000 b/s in the mean");
        EXPECT_EQ(ValidateFile(beside.Path(), none).rfind("provenance of a link trace", 0), 0u);
        EXPECT_EQ(ReadFileProvenance(trace.Path())->licence, "none");
    }
    for (const char* key : {"format", "version", "kind", "source", "licence"})
    {
        Json less = block;
        less.erase(key);
        const TemporaryFile beside("known.provenance.json", less.dump());
        EXPECT_THROW(ValidateFile(trace.Path(), none), BadInput) << key;
    }
    block["kind"] = "guessed";
    const TemporaryFile beside("known.provenance.json", block.dump());
    EXPECT_THROW(ValidateFile(trace.Path(), none), BadInput);
}

TEST(LinkTrace, ScenariosNameTraces)
{
    const TemporaryFile trace("scenario.csv", HEADER + "0,1000,0.5,0\n8,0,,\n10,,,\n");
    Tiny tiny;
    tiny.json["networks"][1]["trace"] = trace.Path();
    tiny.json["networks"][1]["trace_repeat"] = true;
    tiny.json["networks"][1]["trace_start_s"] = 25;
    const Scenario scenario = tiny.Read();
    EXPECT_FALSE(scenario.networks[0].replay);
    ASSERT_TRUE(scenario.networks[1].replay);
    EXPECT_TRUE(scenario.networks[1].replay->repeat);
    EXPECT_EQ(scenario.networks[1].replay->start, Seconds(25));
    EXPECT_EQ(scenario.networks[1].replay->trace->rows.size(), 2u);
    EXPECT_EQ(scenario.networks[1].traceFile, trace.Path());
    EXPECT_FALSE(scenario.networks[1].provenance);

    tiny.json["networks"][1]["trace_repeat"] = "yes";
    ExpectMessage(tiny.MessageOf(), "/networks/1/trace_repeat: ", "true or false");
    tiny.json["networks"][1]["trace_repeat"] = false;
    ExpectMessage(tiny.MessageOf(), "/networks/1/trace_start_s: ", "ends before");
    tiny.json["networks"][1]["trace_start_s"] = 9;
    ExpectMessage(tiny.MessageOf(), "/networks/1/trace: the last row", "for ever");
    tiny.json["networks"][1]["trace"] = "no.csv";
    ExpectMessage(tiny.MessageOf(), "/networks/1/trace: there is no link trace", "import_links.py");
    tiny.json["networks"][1].erase("trace");
    ExpectMessage(tiny.MessageOf(), "/networks/1/trace_repeat: there is no trace", "");
    const TemporaryFile bad("bad.csv", HEADER + "0,1,,\n0,1,,\n");
    tiny.json["networks"][1]["trace"] = bad.Path();
    ExpectMessage(tiny.MessageOf(), bad.Path() + ":3: ", "not after");
}

TEST(LinkTrace, AnOutageDelaysButLosesNothing)
{
    const TemporaryFile trace("outage.csv", OUTAGE);
    for (bool wifi : {false, true})
    {
        Tiny tiny;
        if (wifi)
        {
            UseWifi(tiny, 0);
        }
        for (auto& source : tiny.json["sources"])
        {
            source["items"] = 20;
            source["admission"] = {{"type", "periodic"}, {"interval_s", 0.1}};
        }
        auto run = [&tiny] {
            Scenario scenario = tiny.Read();
            const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
            SystemSpec pipeline = MakePreset("ar-mdi");
            pipeline.pipeline.reset(); // its heartbeats would take a silent neighbour for dead
            return Simulate(scenario, pipeline, 0, engine, true);
        };
        auto longest = [](const RunRecord& record) {
            Time latency;
            for (const auto& items : record.items)
            {
                for (const auto& item : items)
                {
                    EXPECT_TRUE(item.completed);
                    EXPECT_EQ(item.lost, "");
                    latency = Max(latency, item.completed.value_or(Time(0)) - item.admitted);
                }
            }
            return latency;
        };
        EXPECT_LT(longest(run()), Seconds(5));
        tiny.json["networks"][0]["trace"] = trace.Path();
        const RunRecord record = run();
        EXPECT_EQ(record.unfinished, 0u);
        EXPECT_GT(longest(record), Seconds(9));
        ASSERT_EQ(record.rates.size(), 3u); // the run ends after 12 s
        EXPECT_EQ(record.rates[1].time, Seconds(2));
        EXPECT_EQ(record.rates[1].rateBps, 0u);
        const std::string text = TextOf(record);
        const std::string counter = "{\"name\":\"link trace of network 0\",\"ph\":\"C\",\"pid\":0,";
        EXPECT_NE(text.find(counter + "\"ts\":2000000.0,\"args\":{\"rate_bps\":0}}"),
                  std::string::npos);
        EXPECT_EQ(text, TextOf(run()));
    }
}

TEST(LinkTrace, ManifestSaysWhereFiguresComeFrom)
{
    // The manifest itself is written by a program: test_programs.py reads it.
    const TemporaryFile trace("told.csv", HEADER + "0,1000000,,\n");
    const TemporaryFile beside("told.provenance.json", PROVENANCE.dump());
    Tiny tiny;
    tiny.json["networks"][0]["trace"] = trace.Path();
    const auto provenance = tiny.Read().networks[0].provenance;
    ASSERT_TRUE(provenance);
    EXPECT_EQ(provenance->from.kind, "measured");
    EXPECT_EQ(provenance->from.source, "invented for a test");
}

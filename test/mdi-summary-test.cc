// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-item-rows.h"
#include "mdi-statistics.h"
#include "mdi-summary-account.h"
#include "mdi-summary.h"
#include "mdi-timeline.h"
#include "mdi-working-folder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_files_test;

namespace
{

ItemRecord
Item(uint32_t source, uint32_t item, double admitted, double latency)
{
    ItemRecord record;
    record.id = {source, item};
    record.priority = source == 0 ? 10 : 1;
    record.admitted = Seconds(admitted);
    if (latency >= 0)
    {
        record.completed = Seconds(admitted + latency);
    }
    return record;
}

/// Two sources with items, of which one is lost and one under way, and one source without any.
RunRecord
HandMade()
{
    RunRecord record;
    record.system = "ddi";
    record.run = 3;
    record.seed = 7;
    record.controlBytes = 1000;
    record.items.resize(3);
    record.items[0] = {Item(0, 0, 1, 0.5), Item(0, 1, 2, 1.5), Item(0, 2, 3, -1)};
    record.items[0][0].bytesOnWire = 100;
    record.items[0][0].predictions = {4};
    record.items[0][0].outputError = 0;
    record.items[0][0].hops = 2;
    record.items[0][1].outputError = 0.25;
    record.items[0][2].lost = "no neighbour";
    record.items[0][2].bytesOnWire = 10;
    record.items[2] = {Item(2, 0, 0.5, 0.5), Item(2, 1, 0.75, -1)};
    return record;
}

std::vector<std::string>
Lines(const std::string& text)
{
    std::vector<std::string> lines;
    std::stringstream stream(text);
    std::string line;
    while (std::getline(stream, line))
    {
        lines.push_back(line);
    }
    return lines;
}

bool
Same(const std::optional<double>& a, const std::optional<double>& b)
{
    return a.has_value() == b.has_value() && (!a || *a == *b);
}

} // namespace

TEST(Statistics, QuantileInterpolatesLikeNumpy)
{
    EXPECT_EQ(Quantile({7}, 0), 7);
    EXPECT_EQ(Quantile({7}, 0.99), 7);
    EXPECT_EQ(Quantile({4, 1, 3, 2}, 0.5), 2.5); // in any order
    EXPECT_EQ(Quantile({4, 1, 3, 2}, 0), 1);
    EXPECT_EQ(Quantile({4, 1, 3, 2}, 1), 4);
    EXPECT_EQ(Quantile({1, 2, 3, 4, 5}, 0.25), 2);
    EXPECT_DOUBLE_EQ(Quantile({10, 20, 30, 40}, 0.95), 38.5);
    EXPECT_DOUBLE_EQ(Quantile({10, 20, 30, 40}, 0.99), 39.7);
    EXPECT_EQ(Quantile({5, 5, 5}, 0.7), 5);
}

TEST(Statistics, StudentTMatchesTables)
{
    const std::map<unsigned, double> table{{1, 12.7062047},
                                           {2, 4.3026527},
                                           {5, 2.5705818},
                                           {10, 2.2281389},
                                           {11, 2.2009852},
                                           {20, 2.0859634},
                                           {30, 2.0422725},
                                           {100, 1.9839715},
                                           {100000, 1.9599877}};
    for (const auto& [degrees, t] : table)
    {
        EXPECT_NEAR(StudentT975(degrees), t, 1e-4) << degrees;
    }
    for (unsigned degrees = 1; degrees < 200; ++degrees)
    {
        EXPECT_GT(StudentT975(degrees), StudentT975(degrees + 1)) << degrees;
    }
}

TEST(Statistics, MeanComesWithItsInterval)
{
    const MeanInterval one = MeanWithInterval({3});
    EXPECT_EQ(one.mean, 3);
    EXPECT_TRUE(std::isnan(one.halfWidth));
    // Standard deviation 1 of 3 values: t(2) / sqrt(3).
    const MeanInterval three = MeanWithInterval({1, 2, 3});
    EXPECT_DOUBLE_EQ(three.mean, 2);
    EXPECT_NEAR(three.halfWidth, 4.302652730 / std::sqrt(3.0), 1e-9);
    const MeanInterval same = MeanWithInterval({2, 2, 2, 2});
    EXPECT_EQ(same.mean, 2);
    EXPECT_EQ(same.halfWidth, 0);
    const MeanInterval four = MeanWithInterval({2, 4, 4, 6}); // variance 8/3
    EXPECT_NEAR(four.halfWidth, 3.182446305 * std::sqrt(8.0 / 3 / 4), 1e-9);
}

TEST(Summary, NumbersRoundTrip)
{
    EXPECT_EQ(RoundTrip(0), "0");
    EXPECT_EQ(RoundTrip(0.1), "0.1");
    EXPECT_EQ(RoundTrip(10), "10");
    EXPECT_EQ(RoundTrip(-2.5), "-2.5");
    for (double value : {1.0 / 3,
                         0.1 + 0.2,
                         1e-300,
                         1e300,
                         std::numeric_limits<double>::min(),
                         std::numeric_limits<double>::denorm_min(),
                         std::numeric_limits<double>::max(),
                         123456789.123456789,
                         std::nextafter(1.0, 2.0)})
    {
        EXPECT_EQ(std::strtod(RoundTrip(value).c_str(), nullptr), value);
        EXPECT_EQ(std::strtod(RoundTrip(-value).c_str(), nullptr), -value);
    }
}

TEST(Summary, HeadersAreThoseOfTheContract)
{
    EXPECT_EQ(SummaryHeader(false),
              "system,run,seed,source,priority,items_admitted,items_completed,items_lost,"
              "latency_mean_s,latency_p50_s,latency_p95_s,latency_p99_s,throughput_hz,accuracy,"
              "exit_mean_layer_fraction,bytes_on_wire,energy_j,makespan_s,output_error_max");
    EXPECT_EQ(SummaryHeader(true), SummaryHeader(false) + ",ttft_mean_s,itl_mean_s");
    EXPECT_STREQ(ITEMS_HEADER,
                 "system,run,source,item,priority,admitted_s,completed_s,exit,label,prediction,"
                 "hops,bytes_on_wire");
}

TEST(Summary, RowsRoundTrip)
{
    SummaryRow full;
    full.system = "pa-mdi";
    full.run = 2;
    full.seed = 4294967295;
    full.source = "ts";
    full.priority = 10;
    full.itemsAdmitted = 100;
    full.itemsCompleted = 98;
    full.itemsLost = 2;
    full.latencyMeanS = 0.1;
    full.latencyP50S = 1.0 / 3;
    full.latencyP95S = 0.5;
    full.latencyP99S = 1e-9;
    full.throughputHz = 12.5;
    full.accuracy = 0.93;
    full.exitMeanLayerFraction = 0.75;
    full.bytesOnWire = 9007199254740992;
    full.energyJ = 3.25;
    full.makespanS = 100;
    full.outputErrorMax = 0; // known to be 0 is not unknown
    SummaryRow empty;
    empty.system = "local";
    empty.source = "all";
    SummaryRow last = empty; // the last cell alone
    last.outputErrorMax = 1e-7;
    SummaryRow generated = full;
    generated.generates = true;
    generated.ttftMeanS = 0.076;
    generated.itlMeanS = 0.0229;
    SummaryRow silent = empty;
    silent.generates = true;

    for (const auto& row : {full, empty, last, generated, silent})
    {
        std::ostringstream text;
        WriteSummaryRow(text, row);
        std::string line = text.str();
        const std::string header = SummaryHeader(row.generates);
        ASSERT_EQ(line.back(), '\n');
        line.pop_back();
        EXPECT_EQ(std::count(line.begin(), line.end(), ','),
                  std::count(header.begin(), header.end(), ','));
        const SummaryRow read = ParseSummaryRow(line);
        EXPECT_EQ(read.system, row.system);
        EXPECT_EQ(read.run, row.run);
        EXPECT_EQ(read.seed, row.seed);
        EXPECT_EQ(read.source, row.source);
        EXPECT_TRUE(Same(read.priority, row.priority));
        EXPECT_EQ(read.itemsAdmitted, row.itemsAdmitted);
        EXPECT_EQ(read.itemsCompleted, row.itemsCompleted);
        EXPECT_EQ(read.itemsLost, row.itemsLost);
        EXPECT_TRUE(Same(read.latencyMeanS, row.latencyMeanS));
        EXPECT_TRUE(Same(read.latencyP50S, row.latencyP50S));
        EXPECT_TRUE(Same(read.latencyP95S, row.latencyP95S));
        EXPECT_TRUE(Same(read.latencyP99S, row.latencyP99S));
        EXPECT_TRUE(Same(read.throughputHz, row.throughputHz));
        EXPECT_TRUE(Same(read.accuracy, row.accuracy));
        EXPECT_TRUE(Same(read.exitMeanLayerFraction, row.exitMeanLayerFraction));
        EXPECT_EQ(read.bytesOnWire, row.bytesOnWire);
        EXPECT_TRUE(Same(read.energyJ, row.energyJ));
        EXPECT_TRUE(Same(read.makespanS, row.makespanS));
        EXPECT_TRUE(Same(read.outputErrorMax, row.outputErrorMax));
        EXPECT_TRUE(Same(read.ttftMeanS, row.ttftMeanS));
        EXPECT_TRUE(Same(read.itlMeanS, row.itlMeanS));
        std::ostringstream again;
        WriteSummaryRow(again, read);
        EXPECT_EQ(again.str(), text.str());
    }
    std::ostringstream text;
    WriteSummaryRow(text, empty);
    EXPECT_EQ(text.str(), "local,0,0,all,,0,0,0,,,,,,,,0,,,\n");
}

TEST(Summary, RejectsRowsThatAreNone)
{
    for (const char* line : {"",
                             "local,0,0,all",
                             "local,0,0,all,,0,0,0,,,,,,,,0,,,,",
                             "local,x,0,all,,0,0,0,,,,,,,,0,,,",
                             "local,0,0,all,1e,0,0,0,,,,,,,,0,,,",
                             "local,0,0,all,,0,0,0,0.5s,,,,,,,0,,,"})
    {
        EXPECT_THROW(ParseSummaryRow(line), std::runtime_error) << line;
    }
}

TEST(Summary, SummarizesLostItemsAndEmptySources)
{
    const auto rows = Summarize(HandMade(), {"ts", "idle", "nts"});
    ASSERT_EQ(rows.size(), 4u);
    for (const auto& row : rows)
    {
        EXPECT_EQ(row.system, "ddi");
        EXPECT_EQ(row.run, 3u);
        EXPECT_EQ(row.seed, 7u);
        EXPECT_FALSE(row.energyJ);
        EXPECT_FALSE(row.accuracy);
        EXPECT_FALSE(row.exitMeanLayerFraction);
    }
    EXPECT_EQ(rows[0].source, "ts");
    EXPECT_EQ(rows[0].priority, 10);
    EXPECT_EQ(rows[0].itemsAdmitted, 3u);
    EXPECT_EQ(rows[0].itemsCompleted, 2u);
    EXPECT_EQ(rows[0].itemsLost, 1u);
    EXPECT_DOUBLE_EQ(*rows[0].latencyMeanS, 1);
    EXPECT_DOUBLE_EQ(*rows[0].latencyP50S, 1);
    EXPECT_DOUBLE_EQ(*rows[0].latencyP95S, 1.45);
    EXPECT_DOUBLE_EQ(*rows[0].latencyP99S, 1.49);
    EXPECT_DOUBLE_EQ(*rows[0].makespanS, 2.5); // from 1 to 3.5
    EXPECT_DOUBLE_EQ(*rows[0].throughputHz, 2 / 2.5);
    EXPECT_EQ(rows[0].bytesOnWire, 110u); // those of the lost item were sent, too
    EXPECT_EQ(rows[0].outputErrorMax, 0.25);

    EXPECT_EQ(rows[1].source, "idle");
    EXPECT_EQ(rows[1].itemsAdmitted, 0u);
    for (const auto& value : {rows[1].priority,
                              rows[1].latencyMeanS,
                              rows[1].latencyP50S,
                              rows[1].latencyP95S,
                              rows[1].latencyP99S,
                              rows[1].throughputHz,
                              rows[1].makespanS,
                              rows[1].outputErrorMax})
    {
        EXPECT_FALSE(value);
    }

    EXPECT_EQ(rows[2].source, "nts");
    EXPECT_EQ(rows[2].itemsAdmitted, 2u);
    EXPECT_EQ(rows[2].itemsCompleted, 1u);
    EXPECT_EQ(rows[2].itemsLost, 0u);
    EXPECT_FALSE(rows[2].outputErrorMax);

    EXPECT_EQ(rows[3].source, "all");
    EXPECT_FALSE(rows[3].priority);
    EXPECT_EQ(rows[3].itemsAdmitted, 5u);
    EXPECT_EQ(rows[3].itemsCompleted, 3u);
    EXPECT_EQ(rows[3].itemsLost, 1u);
    EXPECT_DOUBLE_EQ(*rows[3].latencyMeanS, 2.5 / 3);
    EXPECT_DOUBLE_EQ(*rows[3].makespanS, 3);      // from 0.5 to 3.5
    EXPECT_EQ(rows[3].bytesOnWire, 110u + 1000u); // control messages belong to no source
    EXPECT_EQ(rows[3].outputErrorMax, 0.25);
}

TEST(Summary, AccuracyCountsPicturesAndExitsCountLayers)
{
    RunRecord record = HandMade();
    // A batch of three, two of them right; an item without labels; a lost one that never counts.
    record.items[0][0].predictions = {1, 2, 3};
    record.items[0][0].labels = {1, 2, 4};
    record.items[0][0].exit = 1;
    record.items[0][0].layerFraction = 0.25;
    record.items[0][1].predictions = {5};
    record.items[0][1].exit = 2;
    record.items[0][2].labels = {1};
    record.items[2][0].predictions = {7};
    record.items[2][0].labels = {7};
    const auto rows = Summarize(record, {"ts", "idle", "nts"});
    EXPECT_DOUBLE_EQ(rows[0].accuracy.value(), 2.0 / 3);
    EXPECT_DOUBLE_EQ(rows[0].exitMeanLayerFraction.value(), (0.25 + 1) / 2);
    EXPECT_FALSE(rows[1].accuracy);
    EXPECT_DOUBLE_EQ(rows[2].accuracy.value(), 1);
    EXPECT_FALSE(rows[2].exitMeanLayerFraction);
    EXPECT_DOUBLE_EQ(rows[3].accuracy.value(), 3.0 / 4);
    std::ostringstream text;
    WriteItems(text, record, {"ts", "idle", "nts"});
    const auto lines = Lines(text.str());
    EXPECT_EQ(lines.at(0), "ddi,3,ts,0,10,1,1.5,1,1 2 4,1 2 3,2,100");
    EXPECT_EQ(lines.at(1), "ddi,3,ts,1,10,2,3.5,2,,5,0,0");
}

TEST(Summary, WritesItems)
{
    std::ostringstream text;
    WriteItems(text, HandMade(), {"ts", "idle", "nts"});
    EXPECT_EQ(text.str(),
              "ddi,3,ts,0,10,1,1.5,,,4,2,100\n"
              "ddi,3,ts,1,10,2,3.5,,,,0,0\n"
              "ddi,3,ts,2,10,3,,,,,0,10\n"
              "ddi,3,nts,0,1,0.5,1,,,,0,0\n"
              "ddi,3,nts,1,1,0.75,,,,,0,0\n");
    const auto lines = Lines(text.str());
    for (const auto& line : lines)
    {
        EXPECT_EQ(std::count(line.begin(), line.end(), ','),
                  std::count(ITEMS_HEADER, ITEMS_HEADER + std::strlen(ITEMS_HEADER), ','));
    }
}

TEST(Summary, PrintsATableForPeople)
{
    auto rows = Summarize(HandMade(), {"ts", "idle", "nts"});
    RunRecord next = HandMade();
    next.run = 4;
    next.items[0][0].completed = Seconds(2);
    for (const auto& row : Summarize(next, {"ts", "idle", "nts"}))
    {
        rows.push_back(row);
    }
    std::ostringstream text;
    PrintTable(text, rows);
    const auto lines = Lines(text.str());
    ASSERT_EQ(lines.size(), 5u); // a header and a line per source, runs together
    EXPECT_NE(lines[1].find("1125.0 +- "), std::string::npos) << lines[1]; // of 1000 and 1250 ms
    EXPECT_NE(lines[2].find(" - "), std::string::npos) << lines[2];        // unknown, not 0
    for (const auto& line : lines)
    {
        EXPECT_EQ(line.size(), lines[0].size());
        EXPECT_EQ(line.find("nan"), std::string::npos);
    }
}

TEST(Timeline, IsJsonWithMatchingPairs)
{
    RunRecord record = HandMade();
    Span task;
    task.from = 1;
    task.begin = MilliSeconds(1500);
    task.end = MicroSeconds(1500250);
    task.task = {{0, 1}, 0, 2};
    Span transfer = task;
    transfer.transfer = true;
    transfer.from = 0;
    transfer.to = 1;
    transfer.bytes = 1234;
    Span back = transfer;
    back.from = 1;
    back.to = 0;
    back.type = MessageType::RESULT;
    record.spans = {task, transfer, transfer, back};
    std::ostringstream text;
    text << TIMELINE_BEGIN;
    for (uint32_t process : {0, 1})
    {
        WriteTimelineEvents(text, record, process, {"dev \"a\"", "b"}, {"ts", "idle", "nts"});
    }
    text << TIMELINE_END;
    const auto json = nlohmann::json::parse(text.str());

    std::map<std::pair<int, int>, std::string> tracks;
    std::map<std::string, double> open;
    std::set<std::string> ids;
    int tasks = 0;
    int transfers = 0;
    for (const auto& event : json["traceEvents"])
    {
        const std::string phase = event["ph"];
        if (event["name"] == "thread_name")
        {
            const bool isNew =
                tracks.emplace(std::make_pair(event["pid"], event["tid"]), event["args"]["name"])
                    .second;
            EXPECT_TRUE(isNew);
        }
        else if (phase == "X")
        {
            ++tasks;
            EXPECT_EQ(event["ts"], 1500000);
            EXPECT_EQ(event["dur"], 250);
            EXPECT_EQ(tracks.at({event["pid"], event["tid"]}), "b");
            EXPECT_NE(event["name"].get<std::string>().find("ts 1/2"), std::string::npos);
        }
        else if (phase == "b")
        {
            ++transfers;
            EXPECT_EQ(event["args"]["bytes"], 1234);
            EXPECT_EQ(tracks.at({event["pid"], event["tid"]}), event["cat"]);
            EXPECT_TRUE(ids.insert(event["id"]).second) << "an id of another pair";
            open[event["id"]] = event["ts"];
        }
        else if (phase == "e")
        {
            ASSERT_EQ(open.count(event["id"]), 1u);
            EXPECT_GE(event["ts"].get<double>(), open[event["id"]]);
            open.erase(event["id"]);
        }
        else
        {
            EXPECT_EQ(phase, "M");
        }
    }
    EXPECT_TRUE(open.empty());
    EXPECT_EQ(tasks, 2);
    EXPECT_EQ(transfers, 6);
    std::multiset<std::string> names;
    for (const auto& track : tracks)
    {
        names.insert(track.second);
    }
    EXPECT_EQ(names,
              (std::multiset<std::string>{"b",
                                          "b",
                                          "b -> dev \"a\"",
                                          "b -> dev \"a\"",
                                          "dev \"a\"",
                                          "dev \"a\"",
                                          "dev \"a\" -> b",
                                          "dev \"a\" -> b"}));
}

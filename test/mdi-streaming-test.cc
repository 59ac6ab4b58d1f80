// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Results that stream to disk: what keeps memory flat in the number of items, and that nothing of
// the results changes by it.

#include "mdi-recent-set.h"
#include "mdi-recorder.h"
#include "mdi-run-writer.h"
#include "mdi-samples.h"
#include "mdi-spool.h"
#include "mdi-statistics.h"
#include "mdi-tiny-scenario.h"
#include "mdi-window.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <csignal>
#include <deque>
#include <filesystem>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

namespace
{

const std::vector<std::string> SOURCES{"ts", "nts"};

/// Few different values: keys collide all the time.
struct PoorHash
{
    uint64_t operator()(uint32_t key) const
    {
        return key % 7;
    }
};

struct FairHash
{
    uint64_t operator()(uint32_t key) const
    {
        return key * 0x9e3779b97f4a7c15ULL >> 20;
    }
};

/// A path for a spool: nothing is there, before and after.
std::string
SpoolPath()
{
    return ::testing::TempDir() + "mdi-" + std::to_string(getpid()) + ".spool";
}

std::string
ReadAll(const Spool& spool, Spool::Stream stream)
{
    std::string text;
    spool.Read(stream, [&text](const char* data, size_t bytes) { text.append(data, bytes); });
    return text;
}

template <typename Hash>
void
CompareWithSlowSet(uint32_t limit, uint32_t range)
{
    RecentSet<uint32_t, Hash> recent(limit);
    std::deque<uint32_t> order;
    std::mt19937 random(limit);
    for (int step = 0; step < 20000; ++step)
    {
        const auto key = static_cast<uint32_t>(random() % range);
        const bool known = std::find(order.begin(), order.end(), key) != order.end();
        ASSERT_EQ(recent.Contains(key), known);
        if (random() % 2 == 0)
        {
            continue;
        }
        const auto forgotten = recent.Insert(key);
        if (!known)
        {
            order.push_back(key);
        }
        ASSERT_EQ(forgotten.has_value(), order.size() > limit);
        if (forgotten)
        {
            ASSERT_EQ(*forgotten, order.front());
            order.pop_front();
        }
        ASSERT_EQ(recent.Size(), order.size());
    }
}

/// Calls a function with each item, and keeps when.
class ItemWatcher : public RunSink
{
  public:
    void OnItem(const ItemRecord& item) override
    {
        EXPECT_EQ(item.id.item, items[item.id.source]++);
        last = Simulator::Now();
        first = items[0] + items[1] == 1 ? last : first;
        early += item.completed && *item.completed < last ? 1 : 0;
        text[item.id.source] += std::to_string(item.id.item) + " ";
        AppendItemRow(text[item.id.source], "", item);
    }

    void OnSpan(const Span& /* span */) override
    {
    }

    void OnQueue(const QueueSample& /* sample */) override
    {
    }

    uint32_t items[2] = {};
    uint32_t early = 0; //!< given away after their end, by simulated time
    std::string text[2];
    Time first;
    Time last;
};

/// Two sources with so many items each, which all devices can bear.
Scenario
Many(Tiny& tiny, uint32_t items)
{
    for (auto& source : tiny.json["sources"])
    {
        source["items"] = items;
        source["admission"] = {{"type", "closed-loop"}, {"window", 3}};
    }
    tiny.json["time_limit_s"] = 1e6;
    return tiny.Read();
}

/// Knows the scenario's models by their sizes.
Ptr<TensorEngine>
EngineOf(Scenario scenario)
{
    return LoadModels(scenario, CreateObject<TensorEngine>());
}

} // namespace

TEST(Window, KeepsWhatIsBetweenOldestAndNewest)
{
    Window<std::string> window;
    std::mt19937 random(1);
    EXPECT_TRUE(window.Empty());
    for (int step = 0; step < 5000; ++step)
    {
        if (!window.Empty() && random() % 2 == 0)
        {
            EXPECT_EQ(window.Front(), std::to_string(window.Begin()));
            window.Pop();
        }
        else
        {
            const uint64_t number = window.End();
            window.Push() = std::to_string(number);
        }
        ASSERT_FALSE(window.Holds(window.End()));
        ASSERT_TRUE(window.Begin() == 0 || !window.Holds(window.Begin() - 1));
        for (uint64_t number = window.Begin(); number < window.End(); ++number)
        {
            ASSERT_TRUE(window.Holds(number));
            ASSERT_EQ(window[number], std::to_string(number));
        }
    }
    EXPECT_GT(window.Begin(), 2000u);
}

TEST(RecentSet, IsTheLastSoManyKeys)
{
    for (const uint32_t limit : {1, 2, 7, 64, 100})
    {
        CompareWithSlowSet<FairHash>(limit, 3 * limit);
        CompareWithSlowSet<PoorHash>(limit, 2 * limit);
    }
}

TEST(Spool, GivesBackWhatEachStreamGot)
{
    for (const bool onDisk : {true, false})
    {
        Spool spool(onDisk ? SpoolPath() : "");
        EXPECT_FALSE(std::filesystem::exists(SpoolPath())); // it has no name
        std::vector<std::string> expected(5);
        for (size_t i = 0; i < expected.size(); ++i)
        {
            spool.Open();
        }
        std::mt19937 random(3);
        for (int step = 0; step < 3000; ++step)
        {
            const auto stream = static_cast<Spool::Stream>(random() % 4); // the last stays empty
            const std::string text(random() % (step % 100 == 0 ? 30000 : 60),
                                   static_cast<char>('a' + step % 26));
            spool.Append(stream, text.data(), text.size());
            expected[stream] += text;
        }
        for (Spool::Stream stream = 0; stream < expected.size(); ++stream)
        {
            EXPECT_EQ(spool.Bytes(stream), expected[stream].size());
            EXPECT_EQ(ReadAll(spool, stream), expected[stream]);
            EXPECT_EQ(ReadAll(spool, stream), expected[stream]); // more than once
        }
        EXPECT_GT(expected[0].size(), 10 * Spool::BLOCK_BYTES);
    }
}

TEST(Spool, AFullDiskIsAnError)
{
    const auto ignore = std::signal(SIGXFSZ, SIG_IGN);
    rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit little{100000, before.rlim_max};
    const std::string text(Spool::BLOCK_BYTES, 'x');
    Spool spool(SpoolPath());
    const auto stream = spool.Open();
    setrlimit(RLIMIT_FSIZE, &little);
    std::string message;
    try
    {
        for (int i = 0; i < 20; ++i)
        {
            spool.Append(stream, text.data(), text.size());
        }
    }
    catch (const std::runtime_error& error)
    {
        message = error.what();
    }
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, ignore);
    EXPECT_EQ(message, "cannot write " + SpoolPath() + "; is the disk full?");
    EXPECT_THROW(Spool("/no/such/folder/spool"), std::runtime_error);
}

TEST(Samples, OrderStatisticsAreThoseOfSorting)
{
    std::mt19937_64 random(5);
    const std::vector<std::function<int64_t()>> kinds{
        [&] { return static_cast<int64_t>(random()); }, // all 64 bits
        [&] { return static_cast<int64_t>(random() % 1000) - 500; },
        [&] { return static_cast<int64_t>(42); },
        [&] { return static_cast<int64_t>(std::exponential_distribution<>(1e-7)(random)); },
        [&] { return random() % 2 == 0 ? std::numeric_limits<int64_t>::min() : 7; },
        // One far from the others: all of them begin with the same digit.
        [&] { return random() % 50000 == 0 ? int64_t(1) << 40 : int64_t(random() % 70000); }};
    for (const auto& kind : kinds)
    {
        for (const size_t count : {1, 2, 1000, 250000})
        {
            Spool spool(SpoolPath());
            std::vector<Samples> parts(3, Samples(spool));
            std::vector<int64_t> sorted;
            for (size_t i = 0; i < count; ++i)
            {
                sorted.push_back(kind());
                parts[i % 2].Add(sorted.back()); // the last part stays empty
            }
            std::vector<double> converted(sorted.begin(), sorted.end());
            std::sort(sorted.begin(), sorted.end());
            const std::vector<const Samples*> all{&parts[0], &parts[1], &parts[2]};
            const std::vector<uint64_t> ranks{0, count / 2, count / 2, count - 1, count * 99 / 100};
            const auto found = OrderStatistics(all, ranks);
            for (size_t i = 0; i < ranks.size(); ++i)
            {
                ASSERT_EQ(found[i], sorted[ranks[i]]) << count << " rank " << ranks[i];
            }
            const std::vector<double> levels{0, 0.5, 0.95, 0.99, 1};
            const auto quantiles = Quantiles(
                all, [](int64_t value) { return double(value); }, levels);
            for (size_t i = 0; i < levels.size(); ++i)
            {
                EXPECT_EQ(quantiles[i], Quantile(converted, levels[i]));
            }
        }
    }
}

TEST(Recorder, GivesItemsAwayInTheirOrderWhileItRuns)
{
    Tiny tiny;
    const uint32_t items = 3000;
    const Scenario scenario = Many(tiny, items);
    const auto engine = EngineOf(scenario);
    for (const char* system : {"local", "pa-mdi"})
    {
        ItemWatcher watcher;
        const auto outcome = Simulate(scenario, MakePreset(system), 0, engine, watcher, false);
        EXPECT_EQ(outcome.unfinished, 0u);
        EXPECT_EQ(watcher.items[0], items);
        EXPECT_EQ(watcher.items[1], items);
        EXPECT_LT(watcher.first, watcher.last);
        EXPECT_GE(watcher.early, 2 * items - Recorder::LAG);
        const RunRecord record = Simulate(scenario, MakePreset(system), 0, engine, false);
        for (size_t source : {0, 1})
        {
            std::string text;
            for (const auto& item : record.items[source])
            {
                text += std::to_string(item.id.item) + " ";
                AppendItemRow(text, "", item);
            }
            EXPECT_EQ(watcher.text[source], text);
        }
    }
}

TEST(Recorder, ItemsWithoutAnEndComeLastInTheirOrder)
{
    Tiny tiny;
    Scenario scenario = Many(tiny, 50);
    scenario.timeLimit = Seconds(2);
    const auto engine = EngineOf(scenario);
    ItemWatcher watcher; // expects the order
    const auto outcome = Simulate(scenario, MakePreset("local"), 0, engine, watcher, false);
    EXPECT_GT(watcher.items[0], 5u);
    EXPECT_LT(watcher.items[0], 50u);
    EXPECT_GT(outcome.unfinished, 50u);
}

TEST(RunWriter, WritesWhatARunInMemoryGives)
{
    Tiny tiny;
    const Scenario scenario = Many(tiny, 200);
    const auto engine = EngineOf(scenario);
    const std::vector<std::string> devices{"alpha", "beta", "gamma"};
    for (const char* name : {"pa-mdi", "ar-mdi"})
    {
        const auto system = MakePreset(name);
        const RunRecord record = Simulate(scenario, system, 1, engine, true);
        Spool spool(SpoolPath());
        RunWriter writer(spool, system.name, 1, SOURCES);
        const auto outcome = Simulate(scenario, system, 1, engine, writer, true);
        std::ostringstream written;
        std::ostringstream expected;
        writer.WriteItems(written);
        WriteItems(expected, record, SOURCES);
        writer.WriteTimeline(written, outcome, 0, devices);
        WriteTimelineEvents(expected, record, 0, devices, SOURCES);
        for (const auto& row : writer.Summary().Rows(outcome, SOURCES))
        {
            WriteSummaryRow(written, row);
        }
        for (const auto& row : Summarize(record, SOURCES))
        {
            WriteSummaryRow(expected, row);
        }
        EXPECT_EQ(written.str(), expected.str());
        EXPECT_GT(record.spans.size(), 400u);
    }
}

TEST(RunWriter, ALongTimelineIsCutAndSaysSo)
{
    Spool spool(SpoolPath());
    RunWriter writer(spool, "ddi", 2, SOURCES, 3);
    Span span;
    span.end = Seconds(1);
    for (int i = 0; i < 5; ++i)
    {
        span.task.item.item = i;
        writer.OnQueue({0, Seconds(i), 1, 1});
        writer.OnSpan(span);
    }
    std::ostringstream text;
    writer.WriteTimeline(text, {}, 0, {"alpha"});
    EXPECT_NE(text.str().find("ddi, run 2: the first 3 of 5 tasks and transfers"),
              std::string::npos);
    EXPECT_NE(text.str().find("ts 2/0"), std::string::npos);
    EXPECT_EQ(text.str().find("ts 3/0"), std::string::npos);
    size_t queues = 0;
    for (auto at = text.str().find("queues of"); at != std::string::npos;
         at = text.str().find("queues of", at + 1))
    {
        ++queues;
    }
    EXPECT_EQ(queues, 4u); // up to the first span that is left out
}

TEST(SummaryAccount, DoesNotDependOnWhichSourceComesFirst)
{
    std::mt19937 random(9);
    RunRecord record;
    record.items.resize(2);
    record.lateBytes = {5, 7};
    for (uint32_t item = 0; item < 400; ++item)
    {
        for (uint32_t source : {0, 1})
        {
            ItemRecord one;
            one.id = {source, item};
            one.admitted = NanoSeconds(random());
            one.completed = one.admitted + NanoSeconds(random() % 100000000);
            one.exit = 1 + random() % 3;
            one.layerFraction = 1.0 / (1 + random() % 9);
            one.firstToken = one.admitted + NanoSeconds(1 + random() % 1000);
            one.tokens = 5;
            one.bytesOnWire = random() % 1000;
            record.items[source].push_back(one);
        }
    }
    auto text = [&](const std::vector<uint32_t>& order) {
        Spool spool(SpoolPath());
        SummaryAccount account(spool, 2);
        uint32_t next[2] = {};
        for (const uint32_t source : order)
        {
            account.Add(record.items[source][next[source]++]);
        }
        std::ostringstream rows;
        for (const auto& row : account.Rows(record, SOURCES))
        {
            WriteSummaryRow(rows, row);
        }
        return rows.str();
    };
    std::vector<uint32_t> order(800, 0);
    std::fill(order.begin() + 400, order.end(), 1);
    const std::string expected = text(order);
    std::shuffle(order.begin(), order.end(), random);
    EXPECT_EQ(text(order), expected);
    std::ostringstream rows;
    double sum = 0;
    uint64_t bytes = 0;
    for (const auto& items : record.items)
    {
        for (const auto& item : items)
        {
            sum += (*item.completed - item.admitted).GetSeconds();
            bytes += item.bytesOnWire;
        }
    }
    const auto all = Summarize(record, SOURCES).back();
    EXPECT_EQ(*all.latencyMeanS, sum / 800);
    EXPECT_EQ(all.bytesOnWire, bytes + 12);
}

TEST(Streaming, MemoryDoesNotGrowWithTheItems)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    GTEST_SKIP() << "AddressSanitizer keeps what is freed";
#endif
#endif
    Tiny tiny;
    auto peak = [&tiny](uint32_t items) {
        const Scenario scenario = Many(tiny, items / 2);
        const pid_t child = fork(); // a process of its own: a peak never goes down again
        if (child == 0)
        {
            const auto engine = EngineOf(scenario);
            Spool spool(SpoolPath());
            RunWriter writer(spool, "ddi", 0, SOURCES);
            const auto outcome = Simulate(scenario, MakePreset("ddi"), 0, engine, writer, true);
            _exit(outcome.unfinished == 0 && writer.Summary().Rows(outcome, SOURCES).size() == 3
                      ? 0
                      : 1);
        }
        int status = 0;
        rusage usage{};
        wait4(child, &status, 0, &usage);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        return 1024 * static_cast<int64_t>(usage.ru_maxrss);
    };
    // The windows fill up first: 4096 records, 16,384 tasks per worker. Records, spans and tasks
    // of 48,000 more items would take 20 MB.
    const int64_t few = peak(2000);
    const int64_t many = peak(50000);
    EXPECT_LT(many - few, 6 << 20) << few << " and " << many << " bytes";
}

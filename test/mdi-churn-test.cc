// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Devices and networks that fail and come back: no item is ever unaccounted for.

#include "mdi-churn-installer.h"
#include "mdi-row-graph.h"
#include "mdi-test-network.h"

#include "ns3/double.h"
#include "ns3/mdi-churn.h"
#include "ns3/mdi-network-helper.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <random>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

const std::vector<std::string> SYSTEMS = {
    "local", "ddi", "ar-mdi", "ms-mdi", "pa-mdi", "mdi-exit", "edgeflow"};

Churn::Failure
Once(std::vector<uint32_t> devices, double at, double length = 0)
{
    Churn::Failure failure;
    failure.devices = std::move(devices);
    failure.once.begin = Seconds(at);
    if (length > 0)
    {
        failure.once.end = Seconds(at + length);
    }
    return failure;
}

/// A small scenario in which things fail. Fields first, then Run.
struct ChurnRun
{
    LayerGraph model = ChainModel("m", {1e8, 1e8, 1e8, 1e8}, {9000, 9000, 9000, 10}, 9000);
    std::vector<double> speeds = {1e10, 1e10, 1e10, 1e10}; //!< of devices
    NetworkHelper::Fidelity fidelity = NetworkHelper::FLOW;
    bool wifi = false;
    SystemSpec system = MakePreset("local");
    std::vector<std::pair<uint32_t, MdiHelper::SourceOptions>> sources; //!< device, options
    Churn churn;
    uint32_t run = 1;
    Time limit = Seconds(600);
    std::function<void(MdiHelper&)> prepare; //!< before it runs

    std::vector<std::vector<ItemRecord>> items;
    std::vector<Span> spans;
    uint64_t unfinished = 0;
    uint32_t retries = 0;
    uint64_t events = 0;
    Time settle;                               //!< to simulate after the last item has ended
    std::vector<uint64_t> memory;              //!< in use on each device after that
    std::function<void(ComputeTrace&)> adjust; //!< of each device
    std::string wrong;                         //!< the first violation of conservation; empty: none

    ChurnRun()
    {
        churn.itemTimeout = Seconds(1);
        churn.peerTimeout = MilliSeconds(300);
    }

    void Poisson(uint32_t device, uint32_t count, double gap, float priority = 1)
    {
        MdiHelper::SourceOptions options;
        options.name = "s" + std::to_string(sources.size());
        options.items = count;
        options.priority = priority;
        options.admission.SetTypeId("ns3::mdi::RandomAdmission");
        options.admission.Set(
            "Gap", StringValue("ns3::ExponentialRandomVariable[Mean=" + std::to_string(gap) + "]"));
        sources.emplace_back(device, options);
    }

    void ClosedLoop(uint32_t device, uint32_t count)
    {
        Poisson(device, count, 1);
        sources.back().second.admission = ObjectFactory("ns3::mdi::ClosedLoopAdmission");
    }

    void Run()
    {
        RngSeedManager::SetSeed(1);
        RngSeedManager::SetRun(run);
        const auto count = static_cast<uint32_t>(speeds.size());
        const Outages outages = DrawOutages(churn, count, 1, limit, 2000000000);
        NodeContainer nodes;
        nodes.Create(count);
        NetworkHelper network(fidelity);
        if (!outages.networks[0].empty())
        {
            network.SetTrace(WithOutages(std::nullopt, outages.networks[0], limit));
        }
        if (wifi)
        {
            std::vector<Vector> positions;
            for (uint32_t i = 0; i < count; ++i)
            {
                positions.emplace_back(i, 0, 0);
            }
            network.AddWifiAdhoc(nodes, positions, WifiOptions());
        }
        else
        {
            network.AddSwitchedEthernet(nodes, DataRate("100Mb/s"), MicroSeconds(100));
        }
        network.Install(nodes);
        const auto engine = CreateObject<TensorEngine>();
        engine->AddModel(model);
        MdiHelper mdi(engine);
        for (uint32_t i = 0; i < count; ++i)
        {
            const std::string name = "d" + std::to_string(speeds[i]);
            ComputeTrace trace = ConstantSpeed(name, {model}, speeds[i]);
            if (adjust)
            {
                adjust(trace);
            }
            mdi.AddWorker(nodes.Get(i), mdi.AddProfile(trace), "w" + std::to_string(i));
        }
        for (const auto& [device, options] : sources)
        {
            mdi.AddSource(nodes.Get(device), 0, options);
        }
        mdi.Install(system, network);
        mdi.AssignStreams(0);
        network.AssignStreams(1000000);
        InstallChurn(churn, outages.devices, mdi);
        if (prepare)
        {
            prepare(mdi);
        }
        RunCollector all;
        Recorder recorder(mdi, all, true);
        Account account(*this, mdi, recorder);
        Simulator::Stop(limit);
        Simulator::Run();
        account.Check();
        events = Simulator::GetEventCount();
        recorder.Finish();
        Simulator::Stop(settle);
        Simulator::Run();
        // AR-MDI may give what it kept of an ended item again: that is in use while it runs. What
        // leaks stays.
        const auto uses = [&nodes] {
            return std::any_of(nodes.Begin(), nodes.End(), [](Ptr<Node> node) {
                return node->GetObject<ComputeDevice>()->MemoryInUse() > 0;
            });
        };
        for (int tries = 0; uses() && tries < 50; ++tries)
        {
            Simulator::Stop(MilliSeconds(100));
            Simulator::Run();
        }
        for (uint32_t i = 0; i < count; ++i)
        {
            memory.push_back(nodes.Get(i)->GetObject<ComputeDevice>()->MemoryInUse());
        }
        items = std::move(all.items);
        items.resize(sources.size());
        spans = std::move(all.spans);
        unfinished = recorder.Unfinished();
        Simulator::Destroy();
    }

    /// Items of a source without a result.
    size_t Lost(uint32_t source) const
    {
        return std::count_if(items[source].begin(), items[source].end(), [](const auto& item) {
            return !item.completed;
        });
    }

    /// When a device last finished a task.
    double LastTask(uint32_t device) const
    {
        double last = 0;
        for (const Span& span : spans)
        {
            last = !span.transfer && span.from == device ? std::max(last, span.end.GetSeconds())
                                                         : last;
        }
        return last;
    }

  private:
    /// Counts by itself, and compares with the recorder at every event that it hears of.
    class Account
    {
      public:
        Account(ChurnRun& run, MdiHelper& mdi, const Recorder& recorder)
            : m_run(run),
              m_recorder(recorder)
        {
            for (const auto& source : mdi.GetSources())
            {
                source->TraceConnectWithoutContext(
                    "ItemAdmitted",
                    Callback<void, ItemId>([this](ItemId item) { Set(item, OPEN); }));
                source->TraceConnectWithoutContext(
                    "ItemCompleted", Callback<void, const Message&>([this](const Message& m) {
                        Set(m.task.item, COMPLETED);
                    }));
                source->TraceConnectWithoutContext(
                    "ItemLost",
                    Callback<void, ItemId, const std::string&>(
                        [this](ItemId item, const std::string& reason) {
                            Set(item, LOST);
                            Expect(!reason.empty(), "an item is lost without a reason");
                        }));
                source->TraceConnectWithoutContext(
                    "ItemRetried",
                    Callback<void, ItemId, uint16_t>([&run](ItemId, uint16_t) { run.retries++; }));
            }
        }

        void Check()
        {
            Compare();
        }

      private:
        enum State
        {
            OPEN,
            COMPLETED,
            LOST,
        };

        void Set(ItemId item, State state)
        {
            const auto known = m_items.find(item);
            if (state == OPEN)
            {
                Expect(known == m_items.end(), "an item is admitted twice");
                m_items[item] = OPEN;
            }
            else
            {
                Expect(known != m_items.end(), "an item ends that was not admitted");
                Expect(known->second == OPEN, "an item ends twice");
                known->second = state;
            }
            if (++m_events % 64 == 0)
            {
                Compare();
            }
        }

        void Compare()
        {
            // Here and there the recorder is told before or after this.
            const auto open = static_cast<int64_t>(
                std::count_if(m_items.begin(), m_items.end(), [](const auto& item) {
                    return item.second == OPEN;
                }));
            Expect(std::abs(open - static_cast<int64_t>(m_recorder.InFlight())) <= 1,
                   "the recorder counts other items in flight");
        }

        void Expect(bool holds, const std::string& else_)
        {
            if (!holds && m_run.wrong.empty())
            {
                m_run.wrong = else_;
            }
        }

        ChurnRun& m_run;
        const Recorder& m_recorder;
        std::map<ItemId, State> m_items;
        uint64_t m_events = 0;
    };
};

/// Every item has one end.
void
ExpectAccounted(const ChurnRun& run)
{
    EXPECT_EQ(run.wrong, "");
    EXPECT_EQ(run.unfinished, 0u);
    for (const auto& items : run.items)
    {
        for (const ItemRecord& item : items)
        {
            EXPECT_NE(item.completed.has_value(), !item.lost.empty())
                << "source " << item.id.source << " item " << item.id.item;
        }
    }
}

/// A language model of two blocks.
LayerGraph
Language()
{
    std::vector<Layer> layers;
    for (const char* name : {"l0", "l1"})
    {
        Layer layer;
        layer.name = name;
        layer.op = "test";
        layer.block = name;
        layer.inputs = {static_cast<int32_t>(layers.size()) - 1};
        layer.outputs = {TensorSpec{{1, 4, 100}, Dtype::UINT8, 2}};
        layer.flop = 1e8;
        layer.cacheBytes = 1000;
        layers.push_back(layer);
    }
    layers.back().outputs = {TensorSpec{{1, 1, 100}, Dtype::UINT8}};
    LayerGraph graph("m", {TensorSpec{{1, 4}, Dtype::INT32, 2}}, layers);
    graph.SetTokens(4);
    return graph;
}

/// Its passes take as long as the model's own input.
void
AddPasses(ComputeTrace& trace)
{
    ModelProfile& profile = trace.models.at("m");
    PassTimes passes;
    passes.tokens = 4;
    passes.whole.points = {{1, 1}, {1000, 1}};
    passes.cached.points = {{1, 1}, {1000, 1}};
    profile.passes = passes;
    for (auto& [name, layer] : profile.layers)
    {
        layer.cached = MilliSeconds(10);
    }
}

/// Rows, a cut after every layer, and no weights: memory in use is that of items.
LayerGraph
RowChain(std::mt19937& random, uint32_t layers)
{
    const LayerGraph graph = mdi_row_test::RandomGraph(random, layers, false);
    std::vector<Layer> all = graph.Layers();
    for (Layer& layer : all)
    {
        layer.weightBytes = 0;
        layer.block = layer.name;
    }
    return LayerGraph("m", graph.Inputs(), all);
}

/// Random devices, sources and failures: the same for all systems.
ChurnRun
RandomChurn(uint32_t seed, const std::string& system)
{
    std::mt19937 random(seed);
    const auto uniform = [&random](double low, double high) {
        return low + (high - low) * (static_cast<double>(random()) / 4294967296.0);
    };
    ChurnRun run;
    run.run = seed + 1;
    run.system = MakePreset(system);
    run.model = RowChain(random, 3 + random() % 4);
    run.speeds.assign(2 + random() % 4, 0);
    for (double& speed : run.speeds)
    {
        speed = 1e9 * static_cast<double>(1 + random() % 5);
    }
    run.wifi = random() % 3 == 0;
    const uint32_t sources = 1 + random() % 3;
    for (uint32_t source = 0; source < sources; ++source)
    {
        const auto device = static_cast<uint32_t>(random() % run.speeds.size());
        if (random() % 4 == 0)
        {
            run.ClosedLoop(device, 12);
        }
        else
        {
            run.Poisson(device, 12, uniform(0.05, 0.3), static_cast<float>(1 + random() % 5));
        }
    }
    run.churn.itemTimeout = Seconds(uniform(0.5, 2));
    run.churn.peerTimeout = Seconds(uniform(0.1, 1));
    run.churn.retries = random() % 4;
    const uint32_t rules = 1 + random() % 4;
    for (uint32_t rule = 0; rule < rules; ++rule)
    {
        Churn::Failure failure;
        if (random() % 5 == 0)
        {
            failure.networks = {0};
        }
        else
        {
            for (uint32_t device = 0; device < run.speeds.size(); ++device)
            {
                if (random() % 2 == 0)
                {
                    failure.devices.push_back(device);
                }
            }
        }
        if (random() % 2 == 0)
        {
            failure.meanUpS = uniform(0.2, 4);
            failure.meanDownS = uniform(0.05, 2);
        }
        else
        {
            failure.once.begin = Seconds(uniform(0.01, 4));
            if (random() % 3 > 0)
            {
                failure.once.end = failure.once.begin + Seconds(uniform(0.01, 3));
            }
        }
        run.churn.failures.push_back(failure);
    }
    return run;
}

} // namespace

TEST(Churn, OutagesOfOneTargetAreDisjointAndAscending)
{
    Churn churn;
    churn.failures = {Once({0}, 5, 2), Once({0}, 6, 3), Once({0}, 1, 1), Once({0}, 9, 1)};
    const auto fixed = DrawOutages(churn, 2, 0, Seconds(100), 0);
    ASSERT_EQ(fixed.devices[0].size(), 2u);
    EXPECT_EQ(fixed.devices[0][0].end, Seconds(2));
    EXPECT_EQ(fixed.devices[0][1].begin, Seconds(5));
    EXPECT_EQ(fixed.devices[0][1].end, Seconds(10));
    EXPECT_TRUE(fixed.devices[1].empty());
    churn.failures.push_back(Once({0}, 7));
    EXPECT_FALSE(DrawOutages(churn, 1, 0, Seconds(100), 0).devices[0].back().end);
}

TEST(Churn, RandomFailuresHaveTheirMeans)
{
    Churn churn;
    Churn::Failure failure;
    failure.devices = {0};
    failure.meanUpS = 3;
    failure.meanDownS = 1;
    churn.failures = {failure};
    const Time limit = Seconds(40000);
    const auto outages = DrawOutages(churn, 1, 0, limit, 7).devices[0];
    double down = 0;
    for (const Outage& outage : outages)
    {
        down += (*outage.end - outage.begin).GetSeconds();
    }
    // 10,000 cycles: standard errors of 0.8 % and 1 %.
    EXPECT_NEAR(static_cast<double>(outages.size()), 10000, 400);
    EXPECT_NEAR(down / static_cast<double>(outages.size()), 1, 0.05);
}

TEST(Churn, ATraceWithOutagesLosesEverythingInThem)
{
    LinkTrace trace;
    trace.rows = {{Seconds(0), 1000, Time(0), 0.25}, {Seconds(2), 2000, Time(0), 0}};
    trace.end = Seconds(4);
    const LinkReplay base{std::make_shared<LinkTrace>(trace), true, Time(0)};
    const std::vector<Outage> outages = {{Seconds(1), Seconds(3)}, {Seconds(7), std::nullopt}};
    const LinkReplay with = WithOutages(base, outages, Seconds(20));
    EXPECT_EQ(with.trace->MeanRateBps(), trace.MeanRateBps()); // what planners expect
    const std::vector<std::pair<double, double>> expected = {
        {0.5, 0.25}, {1.5, 1}, {2.5, 1}, {3.5, 0}, {4.5, 0.25}, {6.5, 0}, {7.5, 1}, {12, 1}};
    for (const auto& [time, loss] : expected)
    {
        EXPECT_EQ(with.At(Seconds(time)).loss, loss) << time;
        EXPECT_EQ(with.At(Seconds(time)).rateBps, base.At(Seconds(time)).rateBps) << time;
    }
}

TEST(Churn, RandomSchedulesLeaveNoItemUnaccountedFor)
{
    // MDI_CHURN_RUNS=10000 for the whole test; MDI_CHURN_FIRST=1483 to begin with one that failed.
    const auto number = [](const char* name, int otherwise) {
        const char* wanted = std::getenv(name);
        return wanted ? std::atoi(wanted) : otherwise;
    };
    const int first = number("MDI_CHURN_FIRST", 0);
    const int runs = number("MDI_CHURN_RUNS", 60);
    std::map<std::string, std::array<size_t, 3>> ends; // completed, lost, retried
    for (int seed = first; seed < first + runs; ++seed)
    {
        for (const std::string& system : SYSTEMS)
        {
            SCOPED_TRACE(system + ", schedule " + std::to_string(seed));
            ChurnRun run = RandomChurn(static_cast<uint32_t>(seed), system);
            run.settle = Seconds(20); // ten times the longest time-out
            run.Run();
            ExpectAccounted(run);
            EXPECT_EQ(run.memory, std::vector<uint64_t>(run.speeds.size())); // models of no weight
            for (uint32_t source = 0; source < run.items.size(); ++source)
            {
                ends[system][0] += run.items[source].size() - run.Lost(source);
                ends[system][1] += run.Lost(source);
            }
            ends[system][2] += run.retries;
            ASSERT_FALSE(HasFailure());
        }
    }
    for (const auto& [system, counts] : ends)
    {
        std::cout << system << ": " << counts[0] << " completed, " << counts[1] << " lost, "
                  << counts[2] << " tried again\n";
        EXPECT_GT(counts[0], 0u) << system;
        EXPECT_GT(counts[1], 0u) << system;
        EXPECT_EQ(counts[2] > 0, system != "local") << system;
    }
}

TEST(Churn, ASourceThatDiesLosesOnlyItsOwnItems)
{
    for (const auto fidelity : {NetworkHelper::FLOW, NetworkHelper::PACKET})
    {
        for (const std::string& system : SYSTEMS)
        {
            for (const double when : {2.512, 3.234})
            {
                SCOPED_TRACE(system + (fidelity == NetworkHelper::FLOW ? ", flow" : ", packet") +
                             " at " + std::to_string(when));
                ChurnRun run;
                run.fidelity = fidelity;
                run.system = MakePreset(system);
                std::mt19937 random(4);
                run.model = RowChain(random, 5);
                for (const uint32_t device : {0, 1, 2})
                {
                    run.Poisson(device, 40, 0.1, static_cast<float>(1 + device));
                }
                run.churn.itemTimeout = Seconds(2);
                run.churn.failures = {Once({1}, when)};
                run.Run();
                ExpectAccounted(run);
                EXPECT_EQ(run.Lost(0), 0u);
                EXPECT_EQ(run.Lost(2), 0u);
                EXPECT_EQ(run.items[1].size(), 40u); // what was due later is lost at once
                EXPECT_GT(run.Lost(1), 5u);
                EXPECT_LE(run.LastTask(1), when);
            }
        }
    }
}

TEST(Churn, ADeviceThatComesBackWorksAgain)
{
    for (const auto fidelity : {NetworkHelper::FLOW, NetworkHelper::PACKET})
    {
        for (const bool wifi : {false, true})
        {
            for (const std::string& system : SYSTEMS)
            {
                if (system == "local")
                {
                    continue; // nobody helps
                }
                SCOPED_TRACE(system + (fidelity == NetworkHelper::FLOW ? ", flow" : ", packet") +
                             (wifi ? ", Wi-Fi" : ", Ethernet"));
                ChurnRun run;
                run.fidelity = fidelity;
                run.wifi = wifi;
                run.system = MakePreset(system);
                std::mt19937 random(4);
                run.model = RowChain(random, 5);
                run.speeds = {1e9, 2e9, 2e9};
                run.Poisson(0, 150, 0.1);
                run.churn.itemTimeout = Seconds(2);
                run.churn.failures = {Once({1}, 2.05, 1.5)};
                run.Run();
                ExpectAccounted(run);
                EXPECT_EQ(run.Lost(0), 0u);
                EXPECT_GT(run.LastTask(1), 8) << "of " << run.LastTask(0);
            }
        }
    }
}

TEST(Churn, ANetworkThatComesBackDeliversWhatWaited)
{
    for (const auto fidelity : {NetworkHelper::FLOW, NetworkHelper::PACKET})
    {
        ChurnRun run;
        run.fidelity = fidelity;
        run.system = MakePreset("ddi");
        run.system.router.Set("Variant", StringValue("equal"));
        run.Poisson(0, 60, 0.05);
        Churn::Failure failure;
        failure.networks = {0};
        failure.once = {Seconds(2), Seconds(2.5)};
        run.churn.failures = {failure};
        run.churn.itemTimeout = Seconds(20); // longer than the outage: nothing is tried again
        run.churn.peerTimeout = Seconds(20);
        run.Run();
        ExpectAccounted(run);
        EXPECT_EQ(run.Lost(0), 0u);
        EXPECT_EQ(run.retries, 0u);
        Time longest;
        for (const auto& item : run.items[0])
        {
            longest = Max(longest, *item.completed - item.admitted);
        }
        EXPECT_GT(longest, Seconds(0.3));
        EXPECT_LT(longest, Seconds(3));
    }
}

TEST(Churn, AMessageWaitsForItsReceiverOrIsGivenUp)
{
    for (const auto fidelity : {NetworkHelper::FLOW, NetworkHelper::PACKET})
    {
        for (const bool wifi : {false, true})
        {
            for (const bool givesUp : {false, true})
            {
                SCOPED_TRACE(std::string(fidelity == NetworkHelper::FLOW ? "flow" : "packet") +
                             (wifi ? ", Wi-Fi" : ", Ethernet") + (givesUp ? ", gives up" : ""));
                RngSeedManager::SetSeed(1);
                RngSeedManager::SetRun(1);
                NodeContainer nodes;
                nodes.Create(2);
                NetworkHelper network(fidelity);
                if (wifi)
                {
                    network.AddWifiAdhoc(nodes, {Vector(0, 0, 0), Vector(1, 0, 0)}, WifiOptions());
                }
                else
                {
                    network.AddPointToPoint(
                        nodes.Get(0), nodes.Get(1), DataRate("20Mb/s"), MicroSeconds(100));
                }
                network.Install(nodes);
                network.AssignStreams(0);
                const auto sender = nodes.Get(0)->GetObject<Transport>();
                const auto receiver = nodes.Get(1)->GetObject<Transport>();
                std::vector<double> arrivals;
                std::vector<double> undelivered;
                receiver->SetReceiveCallback(Callback<void, const Message&>(
                    [&](const Message&) { arrivals.push_back(Simulator::Now().GetSeconds()); }));
                sender->SetUndeliveredCallback(Callback<void, uint32_t, const Message&>(
                    [&](uint32_t to, const Message& message) {
                        EXPECT_EQ(to, 1u);
                        EXPECT_EQ(message.payloadBytes, 500000u);
                        undelivered.push_back(Simulator::Now().GetSeconds());
                    }));
                if (givesUp)
                {
                    sender->SetAttribute("UserTimeout", TimeValue(MilliSeconds(400)));
                }
                Message message;
                message.type = MessageType::RESULT;
                message.payloadBytes = 500000;
                for (const double when : {1.0, 10.0})
                {
                    Simulator::Schedule(Seconds(when), [&] { sender->Send(1, message); });
                }
                Simulator::Schedule(Seconds(1.13), [&] { receiver->Disconnect(); });
                Simulator::Schedule(Seconds(3), [&] { receiver->Reconnect(); });
                Simulator::Stop(Seconds(20));
                Simulator::Run();
                EXPECT_EQ(sender->QueuedBytes(), 0u);
                ASSERT_EQ(arrivals.size(), givesUp ? 1u : 2u);
                EXPECT_NEAR(arrivals.back(), 10.3, 0.3); // 0.2 s, and a connection
                ASSERT_EQ(undelivered.size(), givesUp ? 1u : 0u);
                if (givesUp)
                {
                    EXPECT_NEAR(undelivered[0], 1.58, 0.06); // checked every 0.1 s
                }
                else
                {
                    // The time-outs of TCP double from 0.2 s: it asks again after 3 s at 4.3 s.
                    EXPECT_GT(arrivals[0], 3.2);
                    EXPECT_LT(arrivals[0], 6.5);
                }
                Simulator::Destroy();
            }
        }
    }
}

TEST(Churn, WhatIsOnlyLateIsNotTriedAgain)
{
    // One device with twice the load that it can serve: waiting times grow far beyond the time-out.
    ChurnRun run;
    run.speeds = {1e10};
    run.speeds.push_back(1e10);
    run.Poisson(0, 200, 0.02);
    run.churn.itemTimeout = MilliSeconds(200);
    run.Run();
    ExpectAccounted(run);
    EXPECT_EQ(run.retries, 0u);
    EXPECT_EQ(run.Lost(0), 0u);
    // An item is looked at every 0.2 s for as long as it waits, by one timer.
    EXPECT_LT(run.events, 30000u);
}

TEST(Churn, ItemsOfADeviceThatIsOffAreLostAtOnce)
{
    ChurnRun run;
    run.Poisson(0, 100, 0.05);
    run.ClosedLoop(1, 100);
    run.churn.failures = {Once({0, 1}, 2, 1)};
    run.Run();
    ExpectAccounted(run);
    for (const auto& items : run.items)
    {
        EXPECT_EQ(items.size(), 100u);
        for (const auto& item : items)
        {
            const double admitted = item.admitted.GetSeconds();
            if (admitted > 2 && admitted < 3)
            {
                EXPECT_EQ(item.lost, "the device of its source was off");
            }
            else if (!item.completed)
            {
                EXPECT_EQ(item.lost, "the device of its source failed");
                EXPECT_LE(admitted, 2);
            }
        }
    }
    EXPECT_GT(run.Lost(0), 5u);
    EXPECT_EQ(run.Lost(1), 1u); // a closed loop waits
}

TEST(Churn, GenerationGoesOnAfterAFailureWithoutACacheAndIsLostWithOne)
{
    for (const bool cache : {false, true})
    {
        ChurnRun run;
        run.model = Language();
        run.adjust = AddPasses;
        run.system = MakePreset("ddi");
        run.system.router.Set("Variant", StringValue("equal"));
        run.Poisson(0, 12, 0.5);
        Generation generation;
        generation.promptTokens = 4;
        generation.newTokens = 30;
        generation.cache = cache;
        run.sources[0].second.generation = generation;
        run.churn.failures = {Once({1, 2, 3}, 2, 1)};
        run.Run();
        ExpectAccounted(run);
        EXPECT_EQ(run.Lost(0) > 0, cache);
        for (const auto& item : run.items[0])
        {
            EXPECT_EQ(item.tokens == 30, item.completed.has_value());
        }
    }
}

TEST(Churn, KeysAndValuesThatNobodyComesForAreForgotten)
{
    // Units go from worker to worker; one in the middle fails and cannot tell the rest that the
    // item is lost.
    ChurnRun run;
    run.model = Language();
    run.adjust = AddPasses;
    run.system = MakePreset("ms-mdi");
    run.wifi = true;
    run.Poisson(0, 12, 0.2);
    run.Poisson(1, 12, 0.2);
    Generation generation;
    generation.promptTokens = 4;
    generation.newTokens = 30;
    generation.cache = true;
    for (auto& [device, options] : run.sources)
    {
        options.generation = generation;
    }
    Churn::Failure failure;
    failure.devices = {0, 1, 2, 3};
    failure.meanUpS = 1;
    failure.meanDownS = 0.3;
    run.churn.failures = {failure};
    run.settle = Seconds(10);
    run.Run();
    ExpectAccounted(run);
    EXPECT_GT(run.Lost(0) + run.Lost(1), 0u);
    EXPECT_EQ(run.memory, std::vector<uint64_t>(4));
}

TEST(Churn, ALossOfAnEarlierAttemptDoesNotEndTheItem)
{
    // The item's second worker says that the first attempt is lost when the second is on its way.
    ChurnRun run;
    run.speeds = {1e9, 1e8};
    run.system = MakePreset("ddi");
    run.system.router.Set("Variant", StringValue("equal"));
    run.Poisson(0, 2, 0.01);
    run.churn.itemTimeout = Seconds(1);
    run.prepare = [](MdiHelper& mdi) {
        Simulator::Schedule(Seconds(2.1), [&mdi] {
            mdi.GetWorkers()[1]->GiveUp({0, 1}, 0, "no memory for its tensor");
        });
    };
    run.Run();
    ExpectAccounted(run);
    EXPECT_EQ(run.retries, 1u);
    EXPECT_EQ(run.Lost(0), 0u);
}

TEST(Churn, FlowAndPacketModeTakeBackAndDeliverAtTheSameTimes)
{
    // One message every 50 ms to a device that is off for a while; shorter and longer time-outs.
    for (const auto& [off, timeout] : std::vector<std::pair<double, double>>{
             {1, 1}, {4, 5}, {2, 1.3}, {1, 0.7}, {2, 5}, {0.3, 0.7}})
    {
        SCOPED_TRACE(std::to_string(off) + " s off, time-out " + std::to_string(timeout) + " s");
        std::map<NetworkHelper::Fidelity, std::pair<double, size_t>> seen; // first, how many slow
        for (const auto fidelity : {NetworkHelper::FLOW, NetworkHelper::PACKET})
        {
            ChurnRun run;
            run.fidelity = fidelity;
            run.speeds = {1e10, 1e10};
            run.system.partitioner.SetTypeId("ns3::mdi::FixedPartitioner");
            run.system.partitioner.Set("Stages", StringValue("w1"));
            run.Poisson(0, 120, 0.05);
            run.sources[0].second.admission.Set(
                "Gap", StringValue("ns3::ConstantRandomVariable[Constant=0.05]"));
            run.churn.itemTimeout = Seconds(20);
            run.churn.peerTimeout = Seconds(timeout);
            run.churn.failures = {Once({1}, 2.01, off)};
            run.Run();
            ExpectAccounted(run);
            double first = 1e9;
            size_t slow = 0;
            for (const auto& item : run.items[0])
            {
                const double done = item.completed->GetSeconds();
                first = done > 2.05 ? std::min(first, done) : first;
                slow += done - item.admitted.GetSeconds() > 10 ? 1 : 0;
            }
            seen[fidelity] = {first, slow};
        }
        const auto& flow = seen[NetworkHelper::FLOW];
        const auto& packet = seen[NetworkHelper::PACKET];
        EXPECT_NEAR(flow.first, packet.first, 0.25);
        EXPECT_NEAR(static_cast<double>(flow.second), static_cast<double>(packet.second), 5);
    }
}

TEST(Churn, AResultThatDidNotArriveIsSentAgain)
{
    // The source's device comes back; what has a connection to it finds that out with a result.
    for (const auto fidelity : {NetworkHelper::FLOW, NetworkHelper::PACKET})
    {
        for (const double timeout : {0.3, 0.5, 1.0})
        {
            SCOPED_TRACE(std::string(fidelity == NetworkHelper::FLOW ? "flow " : "packet ") +
                         std::to_string(timeout));
            ChurnRun run;
            run.fidelity = fidelity;
            run.speeds = {1e9, 1e10};
            run.system = MakePreset("ms-mdi");
            run.Poisson(0, 150, 0.05);
            run.churn.itemTimeout = Seconds(20);
            run.churn.peerTimeout = Seconds(timeout);
            run.churn.failures = {Once({0}, 3, 1)};
            run.Run();
            ExpectAccounted(run);
            for (const auto& item : run.items[0])
            {
                EXPECT_TRUE(!item.completed || *item.completed - item.admitted < Seconds(10))
                    << item.id.item;
            }
        }
    }
}

TEST(Churn, AClosedLoopWhoseDeviceIsOffWaitsForIt)
{
    ChurnRun run;
    run.ClosedLoop(0, 20); // sources start after a second
    run.churn.failures = {Once({0}, 0.5, 2)};
    run.Run();
    ExpectAccounted(run);
    EXPECT_EQ(run.Lost(0), 0u);
    EXPECT_GE(run.items[0][0].admitted, Seconds(2.5));
}

TEST(Churn, ADeviceFailsWhenItDoesWhateverElseMayFail)
{
    Churn::Failure failure;
    failure.devices = {2};
    failure.meanUpS = 1;
    failure.meanDownS = 0.2;
    Churn alone;
    alone.failures = {failure};
    Churn more;
    failure.devices = {0, 1, 2};
    failure.networks = {0};
    more.failures = {failure};
    const auto once = DrawOutages(alone, 3, 1, Seconds(50), 9).devices[2];
    const auto again = DrawOutages(more, 3, 1, Seconds(50), 9);
    ASSERT_EQ(once.size(), again.devices[2].size());
    ASSERT_GT(once.size(), 10u);
    for (size_t i = 0; i < once.size(); ++i)
    {
        EXPECT_EQ(once[i].begin, again.devices[2][i].begin);
        EXPECT_EQ(once[i].end, again.devices[2][i].end);
    }
    EXPECT_NE(again.devices[0][0].begin, again.devices[1][0].begin);
}

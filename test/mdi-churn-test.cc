// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Devices and networks that fail and come back: what becomes of items.

#include "mdi-churn-run.h"

#include "ns3/double.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace mdi_churn_test;

namespace
{

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

} // namespace

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

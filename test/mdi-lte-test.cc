// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tiny-scenario.h"

#include "ns3/mdi-network-helper.h"
#include "ns3/mdi-transport.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <functional>
#include <gtest/gtest.h>
#include <map>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

namespace
{

/// Tiny with gamma behind the gateway, if wanted.
void
UseLte(Tiny& tiny, bool server)
{
    Json cell = {{"type", "lte"},
                 {"nodes", "all"},
                 {"resource_blocks", 25},
                 {"goodput_bps", 10000000},
                 {"delay_s", 0.02}};
    if (server)
    {
        cell["server"] = "gamma";
    }
    tiny.json["networks"] = Json::array({cell});
}

} // namespace

TEST(Lte, EveryNodeReachesEveryOther)
{
    for (bool server : {false, true})
    {
        NodeContainer nodes;
        nodes.Create(3);
        NodeContainer terminals(nodes.Get(0), nodes.Get(1));
        std::vector<Vector> positions = {{0, 0, 0}, {50, 0, 0}};
        if (!server)
        {
            terminals.Add(nodes.Get(2));
            positions.emplace_back(0, 50, 0);
        }
        NetworkHelper network;
        network.AddLte(terminals, positions, server ? nodes.Get(2) : nullptr, LteOptions());
        network.Install();
        EXPECT_GT(network.AssignStreams(1), 0);
        std::map<std::pair<uint32_t, uint32_t>, double> tensors;
        std::map<std::pair<uint32_t, uint32_t>, int> beacons;
        for (uint32_t i = 0; i < 3; ++i)
        {
            EXPECT_EQ(network.Neighbors(i).size(), 2u);
            auto transport = nodes.Get(i)->GetObject<Transport>();
            transport->SetReceiveCallback(Callback<void, const Message&>([&, i](const Message& m) {
                if (m.type == MessageType::TENSOR)
                {
                    tensors[{m.from, i}] = Simulator::Now().GetSeconds();
                    if (tensors.size() == 6)
                    {
                        Simulator::Stop(MilliSeconds(200)); // a second copy would come
                    }
                }
                else
                {
                    beacons[{m.from, i}]++;
                }
            }));
            Message beacon;
            beacon.from = i;
            Simulator::Schedule(Seconds(0.5), &Transport::Broadcast, transport, beacon);
            for (uint32_t j = 0; j < 3; ++j)
            {
                if (i != j)
                {
                    Message tensor;
                    tensor.type = MessageType::TENSOR;
                    tensor.from = i;
                    tensor.tensors = {{{200000}, Dtype::UINT8}};
                    tensor.payloadBytes = 200000;
                    Simulator::Schedule(Seconds(1), &Transport::Send, transport, j, tensor);
                }
            }
        }
        Simulator::Stop(Seconds(5));
        Simulator::Run();
        EXPECT_EQ(tensors.size(), 6u);
        EXPECT_EQ(beacons.size(), 6u);
        for (const auto& [ends, count] : beacons)
        {
            EXPECT_EQ(count, 1);
        }
        for (const auto& [ends, at] : tensors)
        {
            EXPECT_GT(at, 1.02); // there is no LTE without delay
        }
        Simulator::Destroy();
    }
}

TEST(Lte, OneTransferUsesTheCell)
{
    std::map<uint8_t, double> seconds;
    for (uint8_t blocks : {25, 50})
    {
        NodeContainer nodes;
        nodes.Create(2);
        LteOptions options;
        options.resourceBlocks = blocks;
        NetworkHelper network;
        network.AddLte(NodeContainer(nodes.Get(0)), {{0, 0, 0}}, nodes.Get(1), options);
        network.Install();
        network.AssignStreams(1);
        double at = 0;
        nodes.Get(1)->GetObject<Transport>()->SetReceiveCallback(
            Callback<void, const Message&>([&at](const Message&) {
                at = Simulator::Now().GetSeconds() - 1;
                Simulator::Stop();
            }));
        Message tensor;
        tensor.type = MessageType::TENSOR;
        tensor.tensors = {{{3000000}, Dtype::UINT8}};
        tensor.payloadBytes = 3000000;
        Simulator::Schedule(
            Seconds(1), &Transport::Send, nodes.Get(0)->GetObject<Transport>(), 1, tensor);
        Simulator::Stop(Seconds(8));
        Simulator::Run();
        seconds[blocks] = at;
        RecordProperty("mbps_" + std::to_string(blocks), std::to_string(24 / at));
        Simulator::Destroy();
    }
    // TS 36.213: 25 blocks carry 18.3 Mb/s at most up, 50 blocks 36.7 (no MIMO).
    EXPECT_GT(24 / seconds[25], 9);
    EXPECT_LT(24 / seconds[25], 18.4);
    EXPECT_GT(seconds[25] / seconds[50], 1.5);
}

TEST(Lte, ScenariosRunAndRepeat)
{
    for (bool server : {false, true})
    {
        Tiny tiny;
        UseLte(tiny, server);
        Scenario scenario = tiny.Read();
        EXPECT_EQ(scenario.networks[0].nodes.size(), server ? 2u : 3u);
        for (const char* system : {"ms-mdi", "pa-mdi"})
        {
            const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
            const RunRecord record = Simulate(scenario, MakePreset(system), 0, engine, true);
            EXPECT_EQ(record.unfinished, 0u) << system;
            EXPECT_EQ(TextOf(record), SimulateText(scenario, system, 0)) << system;
        }
    }
}

TEST(Lte, RefusesWhatDoesNotWork)
{
    const struct
    {
        std::function<void(Json&)> change;
        std::string start;
        std::string part;
    } cases[] = {
        {[](Json& n) { n[0]["resource_blocks"] = 20; }, "/networks/0/resource_blocks: 20", "25"},
        {[](Json& n) { n[0]["server"] = "gama"; }, "/networks/0/server: ", "'gamma'"},
        {[](Json& n) {
             n[0]["nodes"] = {"alpha", "beta", "gamma"};
         },
         "/networks/0/server: the server is in nodes",
         ""},
        {[](Json& n) { n[0]["trace"] = "x.csv"; }, "/networks/0/trace: ", ""},
        {[](Json& n) { n[0].erase("goodput_bps"); }, "/networks/0: ", "goodput_bps"},
        {[](Json& n) {
             n[0].erase("server");
             n[0]["nodes"] = {"alpha"};
         },
         "/networks/0/nodes: ",
         "at least 2"},
        {[](Json& n) { n[0]["nodes"] = {"alpha"}; },
         "/networks: nothing connects device 'beta'",
         ""},
        {[](Json& n) {
             n.push_back({{"type", "ethernet"},
                          {"nodes", {"alpha", "beta"}},
                          {"rate_bps", 1000},
                          {"delay_s", 0}});
         },
         "/networks/1: an LTE cell routes to no other network",
         ""},
    };

    for (const auto& c : cases)
    {
        Tiny tiny;
        UseLte(tiny, true);
        c.change(tiny.json["networks"]);
        ExpectMessage(tiny.MessageOf(), c.start, c.part);
    }
}

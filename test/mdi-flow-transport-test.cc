// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-flow-transport.h"
#include "ns3/mdi-network-helper.h"
#include "ns3/mdi-packet-transport.h"
#include "ns3/mdi-tcp-model.h"
#include "ns3/mdi-wifi-contention.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// One message from its sending to its arrival.
struct Trip
{
    uint32_t from; //!< index
    uint32_t to;   //!< index
    Time sent;
    uint64_t bytes;
    double arrived = -1;   //!< [s]
    double delivered = -1; //!< [s]
};

/// Sends messages over a network of one fidelity, and ends the simulation.
class Net
{
  public:
    explicit Net(uint32_t count, NetworkHelper::Fidelity fidelity = NetworkHelper::FLOW)
        : network(fidelity)
    {
        nodes.Create(count);
    }

    ~Net()
    {
        Simulator::Destroy();
    }

    void Send(double at, uint32_t from, uint32_t to, uint64_t bytes)
    {
        trips.push_back({from, to, Seconds(at), bytes});
    }

    void Run(double seconds = 100)
    {
        network.Install();
        network.AssignStreams(1);
        for (uint32_t i = 0; i < nodes.GetN(); ++i)
        {
            At(i)->SetReceiveCallback(Callback<void, const Message&>([this](const Message& m) {
                if (m.type == MessageType::TENSOR)
                {
                    trips.at(m.sequence).arrived = Simulator::Now().GetSeconds();
                }
                ++heard;
            }));
            At(i)->SetDeliveredCallback(Callback<void, uint32_t, const Message&, Time>(
                [this](uint32_t, const Message& m, Time elapsed) {
                    Trip& trip = trips.at(m.sequence);
                    trip.delivered = Simulator::Now().GetSeconds();
                    EXPECT_EQ(trip.sent + elapsed, Simulator::Now());
                }));
        }
        for (uint32_t i = 0; i < trips.size(); ++i)
        {
            Message message;
            message.type = MessageType::TENSOR;
            message.from = nodes.Get(trips[i].from)->GetId();
            message.sequence = i;
            message.tensors = {{{int64_t(trips[i].bytes)}, Dtype::UINT8}};
            message.payloadBytes = trips[i].bytes;
            Simulator::Schedule(trips[i].sent,
                                &Transport::Send,
                                At(trips[i].from),
                                nodes.Get(trips[i].to)->GetId(),
                                message);
        }
        Simulator::Stop(Seconds(seconds));
        Simulator::Run();
    }

    Ptr<Transport> At(uint32_t i)
    {
        return nodes.Get(i)->GetObject<Transport>();
    }

    /// Time that a message took [s].
    double Took(uint32_t i) const
    {
        EXPECT_GE(trips.at(i).arrived, 0) << "message " << i << " has not arrived";
        return trips[i].arrived - trips[i].sent.GetSeconds();
    }

    NodeContainer nodes;
    NetworkHelper network;
    std::vector<Trip> trips;
    uint32_t heard = 0;
};

void
Cable(Net& net, const char* rate, Time delay)
{
    net.network.AddPointToPoint(net.nodes.Get(0), net.nodes.Get(1), DataRate(rate), delay);
}

void
Wifi(Net& net, double spacingM, double rangeM)
{
    WifiOptions options;
    options.rangeM = rangeM;
    std::vector<Vector> positions;
    for (uint32_t i = 0; i < net.nodes.GetN(); ++i)
    {
        positions.emplace_back(i * spacingM, 0, 0);
    }
    net.network.AddWifiAdhoc(net.nodes, positions, options);
}

uint64_t
HeaderBytes(uint64_t bytes)
{
    Message message;
    message.type = MessageType::TENSOR;
    message.tensors = {{{int64_t(bytes)}, Dtype::UINT8}};
    return MessageHeader(message).GetSerializedSize();
}

LinkReplay
Replay(const std::vector<LinkTrace::Row>& rows)
{
    LinkReplay replay;
    replay.trace = std::make_shared<LinkTrace>(LinkTrace{rows, Time(0)});
    return replay;
}

} // namespace

TEST(FlowTransport, TakesSizeByRatePlusDelayPlusHeaders)
{
    for (const auto& [rate, delayMs] : std::vector<std::pair<const char*, double>>{
             {"10Mbps", 1}, {"100Mbps", 0.1}, {"1Gbps", 0.01}})
    {
        Net net(2);
        Cable(net, rate, Seconds(delayMs / 1e3));
        net.Send(0, 0, 1, 10000000); // opens connection and window
        double at = 20;
        for (const uint64_t bytes : {1000, 10000, 100000, 3211264})
        {
            net.Send(at, 0, 1, bytes);
            at += 10;
        }
        net.Run();
        for (size_t i = 1; i < net.trips.size(); ++i)
        {
            const uint64_t bytes = net.trips[i].bytes + HeaderBytes(net.trips[i].bytes);
            const double segments = std::ceil(bytes / 1448.0);
            const double expected =
                (bytes + segments * 54) * 8 / DataRate(rate).GetBitRate() + delayMs / 1e3;
            EXPECT_NEAR(net.Took(i) / expected, 1, 0.002) << rate << ' ' << bytes;
        }
    }
}

TEST(FlowTransport, AgreesWithPacketsOneByOne)
{
    // Every medium, short and long messages, the first of which opens the connection.
    struct Medium
    {
        const char* name;
        std::function<void(Net&)> build;
        double tolerance;
    };

    const std::vector<Medium> media = {
        {"cable", [](Net& n) { Cable(n, "10Mbps", MilliSeconds(10)); }, 0.03},
        {"far cable", [](Net& n) { Cable(n, "100Mbps", MilliSeconds(20)); }, 0.12},
        {"ethernet",
         [](Net& n) { n.network.AddSwitchedEthernet(n.nodes, DataRate("1Gbps"), MicroSeconds(5)); },
         0.05},
        {"wifi", [](Net& n) { Wifi(n, 3, 0); }, 0.1},
    };
    for (const auto& medium : media)
    {
        std::vector<std::vector<double>> took;
        for (const auto fidelity : {NetworkHelper::PACKET, NetworkHelper::FLOW})
        {
            Net net(2, fidelity);
            medium.build(net);
            net.Send(1, 0, 1, 30000);
            net.Send(2, 0, 1, 100000);
            net.Send(4, 0, 1, 1000000);
            net.Send(8, 0, 1, 1000);
            net.Send(9, 0, 1, 200000);
            net.Run(20);
            took.emplace_back();
            for (size_t i = 1; i < net.trips.size(); ++i)
            {
                took.back().push_back(net.Took(i));
            }
        }
        for (size_t i = 0; i < took[0].size(); ++i)
        {
            EXPECT_NEAR(took[1][i], took[0][i], medium.tolerance * took[0][i] + 2e-4)
                << medium.name << ", " << i + 1;
        }
    }
}

TEST(FlowTransport, MessagesToOneReceiverKeepTheirOrder)
{
    Net net(2);
    Cable(net, "10Mbps", MilliSeconds(1));
    net.Send(1, 0, 1, 500000);
    net.Send(1, 0, 1, 100);
    net.Send(1.1, 0, 1, 1000);
    net.Run(10);
    EXPECT_LT(net.trips[0].arrived, net.trips[1].arrived);
    EXPECT_LT(net.trips[1].arrived, net.trips[2].arrived);
    for (const Trip& trip : net.trips)
    {
        EXPECT_GT(trip.delivered, trip.arrived);
    }
    EXPECT_EQ(net.At(0)->QueuedBytes(), 0u);
}

TEST(FlowTransport, FlowsShareAndTakeOverWhatOthersLeave)
{
    // Two receivers behind one uplink: both at half the rate, then the longer one at the whole.
    Net net(3);
    net.network.AddSwitchedEthernet(net.nodes, DataRate("100Mbps"), MicroSeconds(1));
    net.Send(0, 0, 1, 1000); // connections
    net.Send(0, 0, 2, 1000);
    net.Send(1, 0, 1, 1000000);
    net.Send(1, 0, 2, 3000000);
    net.Run(10);
    const double goodput = 100e6 * 1448 / 1538;
    EXPECT_NEAR(net.Took(2), 2 * 8e6 / goodput, 0.01);
    EXPECT_NEAR(net.Took(3), 4 * 8e6 / goodput, 0.01);
}

TEST(FlowTransport, WifiStationsShareTheChannelWithItsCollisions)
{
    // Station 0 sends to two receivers, station 3 to one: DCF is fair to stations.
    Net net(5);
    Wifi(net, 3, 0);
    for (const uint32_t to : {1, 2})
    {
        net.Send(0, 0, to, 1000);
        net.Send(1, 0, to, 500000);
    }
    net.Send(0, 3, 4, 1000);
    net.Send(1, 3, 4, 1000000);
    net.Run(20);
    // All have the same to send and end together: two senders, three that acknowledge.
    const double goodput = 20e6 * ContentionFactor(3.5);
    for (const uint32_t i : {1, 3, 5})
    {
        EXPECT_NEAR(net.Took(i), 16e6 / goodput, 0.04); // one ends a little earlier
    }
}

TEST(FlowTransport, AWifiChainSharesTheAirOfItsHops)
{
    // 0 - 1 - 2 - 3: all three hops disturb station 1, so that a third of the goodput is left.
    Net net(4);
    Wifi(net, 10, 15);
    net.Send(0, 0, 3, 1000);
    net.Send(1, 0, 3, 1000000);
    net.Run(20);
    EXPECT_GT(net.Took(1), 3 * 8e6 / 20e6);
    EXPECT_LT(net.Took(1), 3.5 * 8e6 / 20e6);
}

TEST(FlowTransport, TracesLimitDelayAndInterrupt)
{
    Net net(2);
    net.network.SetTrace(Replay({{Seconds(0), 10000000, MilliSeconds(2), 0},
                                 {Seconds(4), 5000000, MilliSeconds(2), 0},
                                 {Seconds(6), 0, MilliSeconds(2), 0},
                                 {Seconds(16), 20000000, MilliSeconds(3), 0}}));
    Cable(net, "100Mbps", MilliSeconds(1));
    net.Send(0, 0, 1, 1000000); // opens the window
    net.Send(3, 0, 1, 2500000);
    net.Run(40);
    const double bits = TcpBits(2500000 + HeaderBytes(2500000)) * 1500 / 1448;
    const double expected = 16 + (bits - 1 * 10e6 - 2 * 5e6) / 20e6 + 0.003 + 0.001;
    EXPECT_NEAR(net.trips[1].arrived, expected, 0.002);
}

TEST(FlowTransport, AfterAnOutageThatLosesAllTcpTriesAgainAtItsTimeOuts)
{
    Net net(2);
    net.network.SetTrace(Replay({{Seconds(0), 10000000, Time(0), 0},
                                 {Seconds(4), 10000000, Time(0), 1},
                                 {Seconds(9), 10000000, Time(0), 0}}));
    Cable(net, "100Mbps", MilliSeconds(1));
    net.Send(0, 0, 1, 100000);
    net.Send(3, 0, 1, 2000000);
    net.Run(40);
    // Time-outs of 0.2, 0.4, ... s since 4 s: the first after 9 s is that at 4 + 6.2 s.
    const double bits = TcpBits(2000000 + HeaderBytes(2000000)) * 1500 / 1448;
    EXPECT_NEAR(net.trips[1].arrived, 10.2 + (bits - 10e6) / 10e6 + 0.001, 0.01);
}

TEST(FlowTransport, ADeadNodeHoldsNothingUpButItsOwnMessages)
{
    Net net(3);
    net.network.AddSwitchedEthernet(net.nodes, DataRate("10Mbps"), MicroSeconds(1));
    net.Send(0, 0, 1, 1000);
    net.Send(0, 0, 2, 1000);
    net.Send(1, 0, 1, 2000000);
    net.Send(1, 0, 2, 1000000);
    Simulator::Schedule(Seconds(1.5), [&net] { net.At(1)->Disconnect(); });
    net.Run(20);
    EXPECT_EQ(net.trips[2].arrived, -1);
    EXPECT_EQ(net.trips[2].delivered, -1);
    EXPECT_GT(net.At(0)->QueuedBytes(), 2000000u);
    const double goodput = 10e6 * 1448 / 1538;
    EXPECT_NEAR(net.Took(3), 0.25 + 8e6 / goodput, 0.05); // half the rate for half a second
}

TEST(FlowTransport, BroadcastsReachNeighboursOnly)
{
    Net net(4);
    Wifi(net, 10, 15);
    Simulator::Schedule(Seconds(1), [&net] {
        Message beacon;
        beacon.from = net.nodes.Get(1)->GetId();
        net.At(1)->Broadcast(beacon);
    });
    net.Run(3);
    EXPECT_EQ(net.heard, 2u);
}

TEST(FlowTransport, ABroadcastCountsTheSameBytesAsPacketsDo)
{
    // Of each node the bytes of one broadcast: one packet per link, in a cell one per other node.
    const std::vector<std::pair<std::function<void(Net&)>, std::vector<uint64_t>>> media{
        {[](Net& net) { Wifi(net, 10, 15); }, {64, 64, 64, 64}},
        {[](Net& net) { Wifi(net, 10, 0); }, {64, 64, 64, 64}},
        {[](Net& net) {
             net.network.AddSwitchedEthernet(net.nodes, DataRate("10Mbps"), MilliSeconds(1));
         },
         {64, 64, 64, 64}},
        {[](Net& net) { net.network.AddCsma(net.nodes, DataRate("10Mbps"), MilliSeconds(1)); },
         {64, 64, 64, 64}},
        {[](Net& net) {
             for (uint32_t i = 0; i < 3; ++i)
             {
                 net.network.AddPointToPoint(
                     net.nodes.Get(i), net.nodes.Get(3), DataRate("10Mbps"), MilliSeconds(1));
             }
         },
         {64, 64, 64, 192}},
        {[](Net& net) {
             net.network.AddPointToPoint(
                 net.nodes.Get(0), net.nodes.Get(1), DataRate("10Mbps"), MilliSeconds(1));
             net.network.AddSwitchedEthernet(
                 NodeContainer(net.nodes.Get(1), net.nodes.Get(2), net.nodes.Get(3)),
                 DataRate("10Mbps"),
                 MilliSeconds(1));
         },
         {64, 128, 64, 64}},
        {[](Net& net) {
             net.network.AddLte(NodeContainer(net.nodes.Get(0), net.nodes.Get(1), net.nodes.Get(2)),
                                {Vector(0, 0, 0), Vector(5, 0, 0), Vector(10, 0, 0)},
                                net.nodes.Get(3),
                                LteOptions());
         },
         {192, 192, 192, 192}}};
    for (const auto fidelity : {NetworkHelper::FLOW, NetworkHelper::PACKET})
    {
        const bool cell = fidelity == NetworkHelper::FLOW || LteCell::IsAvailable();
        for (size_t number = 0; number < media.size() - (cell ? 0 : 1); ++number)
        {
            Net net(4, fidelity);
            media[number].first(net);
            std::vector<uint64_t> bytes(4);
            Simulator::Schedule(Seconds(0.5), [&] {
                for (uint32_t i = 0; i < 4; ++i)
                {
                    net.At(i)->TraceConnectWithoutContext(
                        "Tx",
                        Callback<void, uint32_t, uint32_t, const Message&, uint64_t>(
                            [&bytes, i](uint32_t, uint32_t to, const Message&, uint64_t size) {
                                EXPECT_EQ(to, Transport::BROADCAST);
                                bytes[i] += size;
                            }));
                    Message beacon;
                    beacon.from = net.nodes.Get(i)->GetId();
                    net.At(i)->Broadcast(beacon);
                }
            });
            net.Run(1);
            EXPECT_EQ(bytes, media[number].second) << number << " in mode " << fidelity;
        }
    }
}

TEST(FlowTransport, AnIdleNetworkHasNoEvents)
{
    Net net(3);
    net.network.SetTrace(Replay({{Seconds(0), 10000000, Time(0), 0},
                                 {Seconds(1), 5000000, Time(0), 0},
                                 {Seconds(2), 10000000, Time(0), 0}}));
    net.network.AddSwitchedEthernet(net.nodes, DataRate("100Mbps"), MicroSeconds(1));
    net.network.Install();
    Simulator::Run();
    EXPECT_EQ(Simulator::GetEventCount(), 3u); // the nodes start
}

TEST(TcpModel, SlowStartFillsThePipe)
{
    // A window of 10 segments that doubles each round, until it holds the path.
    const Time roundTrip = MilliSeconds(40);
    TcpWindow window;
    Time now = Seconds(1);
    double expected = 10 * 1448;
    const double pipe = 100e6 / 8 * 0.04;
    while (expected < pipe)
    {
        ASSERT_NEAR(double(window.Available(now, roundTrip, pipe)), expected, 8); // whole bytes
        window.OnSent(window.Available(now, roundTrip, pipe));
        EXPECT_EQ(window.Available(now, roundTrip, pipe), 0u);
        now = window.NextRound(roundTrip);
        expected *= 2;
    }
    EXPECT_GT(window.Available(now, roundTrip, pipe), uint64_t(1) << 60);
}

TEST(TcpModel, AWindowThatIsNotFullGrowsInOldReleasesOnly)
{
    const Time roundTrip = MilliSeconds(40);
    for (const bool onlyWhenFull : {false, true})
    {
        TcpWindow window(onlyWhenFull);
        window.Available(Seconds(1), roundTrip, 1e9);
        window.OnSent(5 * 1448);
        const uint64_t next = window.Available(Seconds(2), roundTrip, 1e9);
        EXPECT_EQ(next, onlyWhenFull ? 10u * 1448 : 15u * 1448);
        window.OnSent(next);
        window.Available(Seconds(3), roundTrip, 1e9); // twice that
        window.OnSent(6 * 1448);
        EXPECT_EQ(window.Available(Seconds(4), roundTrip, 1e9),
                  onlyWhenFull ? 13u * 1448 : 36u * 1448);
    }
}

TEST(WifiContention, FollowsBianchisModel)
{
    EXPECT_DOUBLE_EQ(ContentionFactor(1.5), 1);
    // One and two stations with a window of 16, solved from equations 7 and 9 on another way.
    double tau = 0.1;
    for (int i = 0; i < 1000; ++i)
    {
        double sum = 0;
        for (int k = 0; k < 6; ++k)
        {
            sum += std::pow(2 * tau, k); // with two stations p is tau
        }
        tau = 2 / (17 + tau * 16 * sum);
    }
    const double share = 2 * tau * (1 - tau) / (1 - (1 - tau) * (1 - tau));
    const double perFrame = 1 + 2 * (1 - share) / share;
    EXPECT_NEAR(ContentionFactor(1) / ContentionFactor(2), perFrame, 1e-9);
    for (double n = 1; n < 50; n += 0.5)
    {
        EXPECT_GT(ContentionFactor(n), ContentionFactor(n + 0.5));
        EXPECT_GT(ContentionFactor(n), 0.4);
    }
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/inet-socket-address.h"
#include "ns3/ipv4.h"
#include "ns3/mdi-network-helper.h"
#include "ns3/mdi-packet-transport.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/tcp-socket-factory.h"
#include "ns3/udp-socket-factory.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// What happened to a message.
struct Event
{
    Time at;
    uint32_t from;
    uint32_t to;
    Message message;
};

/// A network under test: records everything, and ends the simulation.
class MdiPacketTransport : public testing::Test
{
  protected:
    ~MdiPacketTransport() override
    {
        Simulator::Destroy();
    }

    void Create(uint32_t count)
    {
        m_nodes.Create(count);
    }

    void Install(int64_t stream = 1)
    {
        m_network.Install();
        EXPECT_GT(m_network.AssignStreams(stream), 0);
        for (uint32_t i = 0; i < m_nodes.GetN(); ++i)
        {
            const uint32_t id = Id(i);
            At(i)->SetReceiveCallback(Callback<void, const Message&>([this, id](const Message& m) {
                m_received.push_back({Simulator::Now(), m.from, id, m});
            }));
            At(i)->SetDeliveredCallback(Callback<void, uint32_t, const Message&, Time>(
                [this, id](uint32_t to, const Message& m, Time elapsed) {
                    m_delivered.push_back({elapsed, id, to, m});
                    m_deliveredAt.push_back(Simulator::Now());
                }));
        }
    }

    Ptr<Transport> At(uint32_t i)
    {
        return m_nodes.Get(i)->GetObject<Transport>();
    }

    uint32_t Id(uint32_t i)
    {
        return m_nodes.Get(i)->GetId();
    }

    Message Tensor(uint32_t from, uint64_t bytes)
    {
        Message message;
        message.type = MessageType::TENSOR;
        message.from = Id(from);
        message.sequence = m_sequence[from]++;
        message.tensors = {{{1, int64_t(bytes)}, Dtype::UINT8}};
        message.payloadBytes = bytes;
        return message;
    }

    Message Beacon(uint32_t from)
    {
        Message message;
        message.from = Id(from);
        return message;
    }

    /// Sends a tensor at a time.
    void Send(Time at, uint32_t from, uint32_t to, uint64_t bytes)
    {
        Simulator::Schedule(at, &Transport::Send, At(from), Id(to), Tensor(from, bytes));
    }

    void Run(Time until)
    {
        Simulator::Stop(until);
        Simulator::Run();
    }

    /// Every message arrived once, whole, in order, and was reported delivered after that.
    void ExpectAllDelivered()
    {
        std::map<std::pair<uint32_t, uint32_t>, uint32_t> lastOf;
        uint32_t sent = 0;
        for (const auto& [node, count] : m_sequence)
        {
            sent += count;
        }
        ASSERT_EQ(m_received.size(), sent);
        ASSERT_EQ(m_delivered.size(), sent);
        for (const auto& event : m_received)
        {
            auto [last, isNew] = lastOf.emplace(std::pair(event.from, event.to), 0);
            EXPECT_TRUE(isNew || event.message.sequence > last->second);
            last->second = event.message.sequence;
            EXPECT_EQ(event.message.tensors.at(0).Bytes(), event.message.payloadBytes);
        }
        for (size_t i = 0; i < m_delivered.size(); ++i)
        {
            const auto& d = m_delivered[i];
            const auto same = [&d](const Event& r) {
                return r.from == d.from && r.to == d.to && r.message.sequence == d.message.sequence;
            };
            ASSERT_EQ(std::count_if(m_received.begin(), m_received.end(), same), 1);
            EXPECT_GE(m_deliveredAt[i],
                      std::find_if(m_received.begin(), m_received.end(), same)->at);
        }
        for (uint32_t i = 0; i < m_nodes.GetN(); ++i)
        {
            EXPECT_EQ(At(i)->QueuedBytes(), 0);
        }
    }

    void Wifi(double spacingM, double rangeM)
    {
        WifiOptions options;
        options.rangeM = rangeM;
        std::vector<Vector> positions;
        for (uint32_t i = 0; i < m_nodes.GetN(); ++i)
        {
            positions.emplace_back(i * spacingM, 0, 0);
        }
        m_network.AddWifiAdhoc(m_nodes, positions, options);
    }

    NodeContainer m_nodes;
    NetworkHelper m_network;
    std::vector<Event> m_received;
    std::vector<Event> m_delivered; //!< `at` holds the elapsed time
    std::vector<Time> m_deliveredAt;
    std::map<uint32_t, uint32_t> m_sequence; //!< tensors sent, by node index
};

/// Seconds that a message takes on one idle point-to-point link, its connection being warm:
/// (payload + header + n * (32 TCP + 20 IP + 2 PPP)) * 8 / rate + delay, n segments of 1448 bytes.
double
TransferSeconds(const Message& message, DataRate rate, Time delay)
{
    const uint64_t bytes = message.payloadBytes + MessageHeader(message).GetSerializedSize();
    const uint64_t segments = (bytes + 1447) / 1448;
    return (bytes + segments * 54) * 8.0 / rate.GetBitRate() + delay.GetSeconds();
}

struct TransferCase
{
    const char* rate;
    double delayMs;
};

class MdiTransfer : public MdiPacketTransport, public testing::WithParamInterface<TransferCase>
{
};

TEST_P(MdiTransfer, TakesSizeByRatePlusDelay)
{
    const DataRate rate(GetParam().rate);
    const Time delay = MicroSeconds(static_cast<uint64_t>(GetParam().delayMs * 1000));
    Create(2);
    m_network.AddPointToPoint(m_nodes.Get(0), m_nodes.Get(1), rate, delay);
    Install();
    // Opens the connection and lets the congestion window grow past rate times delay.
    const uint64_t warmUp = rate.GetBitRate() / 8 / 5 + 2000000;
    Send(Seconds(0), 0, 1, warmUp);
    Time at = Seconds(10);
    std::vector<Time> starts;
    for (uint64_t size : {1000, 10000, 100000, 802816, 3211264})
    {
        Send(at, 0, 1, size);
        starts.push_back(at);
        at += Seconds(10);
    }
    Run(at);
    ExpectAllDelivered();
    for (size_t i = 0; i < starts.size(); ++i)
    {
        const auto& event = m_received.at(i + 1);
        const double expected = TransferSeconds(event.message, rate, delay);
        const double measured = (event.at - starts[i]).GetSeconds();
        EXPECT_NEAR(measured / expected, 1, 1e-4) << event.message.payloadBytes << " bytes";
        RecordProperty("error_ppm_" + std::to_string(event.message.payloadBytes),
                       std::to_string((measured / expected - 1) * 1e6));
        // The acknowledgement is back after the delay, or DelAckTimeout later at the most.
        const Time late = m_delivered.at(i + 1).at - (event.at - starts[i]) - delay;
        EXPECT_GE(late, Seconds(0));
        EXPECT_LE(late, MicroSeconds(5200));
    }
}

INSTANTIATE_TEST_SUITE_P(Links,
                         MdiTransfer,
                         testing::Values(TransferCase{"5Mbps", 5},
                                         TransferCase{"20Mbps", 2},
                                         TransferCase{"100Mbps", 0.1},
                                         TransferCase{"100Mbps", 5},
                                         TransferCase{"1Gbps", 0.1},
                                         TransferCase{"1Gbps", 1.5}));

TEST_F(MdiPacketTransport, ColdConnectionCostsAHandshake)
{
    Create(2);
    m_network.AddPointToPoint(m_nodes.Get(0), m_nodes.Get(1), DataRate("100Mbps"), MilliSeconds(5));
    Install();
    Send(Seconds(1), 0, 1, 10000); // within the first window
    Run(Seconds(2));
    ASSERT_EQ(m_received.size(), 1);
    const double warm =
        TransferSeconds(m_received[0].message, DataRate("100Mbps"), MilliSeconds(5));
    EXPECT_NEAR((m_received[0].at - Seconds(1)).GetSeconds(), warm + 0.010, 1e-4);
}

TEST_F(MdiPacketTransport, ManyMessagesBothWaysOverASwitch)
{
    Create(4);
    m_network.AddSwitchedEthernet(m_nodes, DataRate("100Mbps"), MicroSeconds(5));
    Install();
    EXPECT_EQ(m_network.Switches().GetN(), 1);
    EXPECT_EQ(m_network.Neighbors(Id(1)), (std::vector<uint32_t>{Id(0), Id(2), Id(3)}));
    EXPECT_EQ(m_network.Path(Id(0), Id(3)).hops, 1);
    EXPECT_EQ(m_network.Path(Id(0), Id(3)).delay, MicroSeconds(10));
    for (uint32_t i = 0; i < 200; ++i)
    {
        const Time at = MilliSeconds(i);
        Send(at, i % 4, (i + 1 + i / 4 % 3) % 4, i * 977 % 50000);
    }
    Run(Seconds(20));
    ExpectAllDelivered();
}

TEST_F(MdiPacketTransport, EthernetGoodputBothWays)
{
    Create(3);
    m_network.AddSwitchedEthernet(m_nodes, DataRate("1Gbps"), MicroSeconds(1));
    Install();
    Send(Seconds(0), 0, 1, 20000000);
    Send(Seconds(0), 1, 0, 20000000);
    Run(Seconds(20));
    ASSERT_EQ(m_received.size(), 2);
    const double goodput = 20000000 * 8 / m_received[1].at.GetSeconds();
    const double nominal = m_network.Path(Id(0), Id(1)).goodput.GetBitRate();
    RecordProperty("goodput_mbps", std::to_string(goodput / 1e6));
    EXPECT_NEAR(nominal, 941e6, 1e6);
    EXPECT_NEAR(goodput / nominal, 1, 0.1); // acknowledgements and the start of the connection
}

TEST_F(MdiPacketTransport, ManyMessagesBothWaysOverCsma)
{
    Create(4);
    m_network.AddCsma(m_nodes, DataRate("100Mbps"), MicroSeconds(5));
    Install();
    EXPECT_EQ(m_network.Neighbors(Id(1)), (std::vector<uint32_t>{Id(0), Id(2), Id(3)}));
    for (uint32_t i = 0; i < 200; ++i)
    {
        Send(MilliSeconds(i), i % 4, (i + 1 + i / 4 % 3) % 4, i * 977 % 50000);
    }
    Run(Seconds(20));
    ExpectAllDelivered();
}

TEST_F(MdiPacketTransport, CsmaGoodput)
{
    Create(2);
    m_network.AddCsma(m_nodes, DataRate("100Mbps"), MicroSeconds(1));
    Install();
    Send(Seconds(0), 0, 1, 5000000);
    Run(Seconds(20));
    ASSERT_EQ(m_received.size(), 1);
    const double goodput = 5000000 * 8 / m_received[0].at.GetSeconds();
    RecordProperty("goodput_mbps", std::to_string(goodput / 1e6));
    EXPECT_NEAR(goodput / m_network.Path(Id(0), Id(1)).goodput.GetBitRate(), 1, 0.15);
}

TEST_F(MdiPacketTransport, ManyMessagesBothWaysOverWifi)
{
    Create(3);
    Wifi(3, 0);
    Install();
    for (uint32_t i = 0; i < 90; ++i)
    {
        Send(MilliSeconds(i), i % 3, (i + 1 + i / 3 % 2) % 3, i * 977 % 40000);
    }
    Run(Seconds(20));
    ExpectAllDelivered();
}

TEST_F(MdiPacketTransport, NobodyFallsSilentOnABusyWifi)
{
    // With A-MPDU some of these streams left a pair of stations stuck for good.
    Create(5);
    Wifi(3, 0);
    Install(1);
    for (uint32_t i = 0; i < 100; ++i)
    {
        Send(MilliSeconds(i), i % 5, (i + 1 + i / 5 % 4) % 5, 50000);
    }
    Run(Seconds(20));
    ExpectAllDelivered();
    EXPECT_LT(m_received.back().at, Seconds(5));
}

TEST_F(MdiPacketTransport, WifiGoodput)
{
    Create(5);
    Wifi(3, 0);
    Install();
    Send(Seconds(0), 0, 1, 6000000);
    Run(Seconds(10));
    ASSERT_EQ(m_received.size(), 1);
    const double goodput = 6000000 * 8 / m_received[0].at.GetSeconds();
    RecordProperty("goodput_mbps", std::to_string(goodput / 1e6));
    EXPECT_NEAR(goodput, 20e6, 1e6);
    EXPECT_EQ(m_network.Path(Id(0), Id(1)).goodput, DataRate("20Mbps"));
}

TEST_F(MdiPacketTransport, OtherWifiStandards)
{
    WifiOptions a;
    a.standard = "802.11a";
    a.dataMode = "OfdmRate54Mbps";
    WifiOptions ac;
    ac.standard = "802.11ac";
    ac.dataMode = "VhtMcs7";
    ac.channelWidthMHz = 80;
    WifiOptions n24;
    n24.band = "2.4GHz";
    n24.controlMode = "ErpOfdmRate24Mbps";
    for (const auto& options : {a, ac, n24})
    {
        NodeContainer pair;
        pair.Create(2);
        NetworkHelper network;
        network.AddWifiAdhoc(pair, {{0, 0, 0}, {3, 0, 0}}, options);
        network.Install();
        network.AssignStreams(1);
        uint32_t received = 0;
        pair.Get(1)->GetObject<Transport>()->SetReceiveCallback(
            Callback<void, const Message&>([&received](const Message&) { ++received; }));
        Message message;
        message.type = MessageType::RESULT;
        message.payloadBytes = 500000;
        message.from = pair.Get(0)->GetId();
        pair.Get(0)->GetObject<Transport>()->Send(pair.Get(1)->GetId(), message);
        Run(Seconds(2));
        EXPECT_EQ(received, 1) << options.standard;
        Simulator::Destroy();
    }
}

TEST_F(MdiPacketTransport, WifiChainOfFour)
{
    Create(4);
    Wifi(10, 15);
    Install();
    EXPECT_EQ(m_network.Neighbors(Id(1)), (std::vector<uint32_t>{Id(0), Id(2)}));
    EXPECT_EQ(m_network.Path(Id(0), Id(3)).hops, 3);
    for (uint32_t i = 0; i < 10; ++i)
    {
        Send(MilliSeconds(100 * i), 0, 3, 20000);
        Send(MilliSeconds(100 * i + 50), 3, 1, 5000);
    }
    Simulator::Schedule(Seconds(19), &Transport::Broadcast, At(0), Beacon(0));
    m_sequence[0]++; // node 1 alone hears the beacon
    Run(Seconds(20));
    ASSERT_EQ(m_received.back().message.type, MessageType::BEACON);
    EXPECT_EQ(m_received.back().to, Id(1));
    m_received.pop_back();
    m_sequence[0]--;
    ExpectAllDelivered();
}

TEST_F(MdiPacketTransport, MultiHopPointToPoint)
{
    // 0 - 1 - 2 - 3 and a detour 0 - 4 - 5 - 6 - 3; also 0 - 7 - 2 with the higher id.
    Create(8);
    const auto link = [this](uint32_t a, uint32_t b, const char* rate) {
        m_network.AddPointToPoint(m_nodes.Get(a), m_nodes.Get(b), DataRate(rate), MilliSeconds(1));
    };
    link(0, 7, "100Mbps");
    link(7, 2, "100Mbps");
    link(0, 1, "100Mbps");
    link(1, 2, "10Mbps");
    link(2, 3, "100Mbps");
    link(0, 4, "1Gbps");
    link(4, 5, "1Gbps");
    link(5, 6, "1Gbps");
    link(6, 3, "1Gbps");
    Install();
    const auto path = m_network.Path(Id(0), Id(3));
    EXPECT_EQ(path.hops, 3);
    EXPECT_EQ(path.delay, MilliSeconds(3));
    EXPECT_NEAR(path.goodput.GetBitRate(), 10e6 * 1448 / 1502, 1); // over 1, not over 7
    for (uint32_t a = 0; a < 8; ++a)
    {
        for (uint32_t b = 0; b < 8; ++b)
        {
            if (a != b)
            {
                Send(MilliSeconds(8 * a + b), a, b, 3000);
            }
        }
    }
    Simulator::Schedule(Seconds(5), &Transport::SendDatagram, At(6), Id(7), Beacon(6));
    Run(Seconds(6));
    ASSERT_EQ(m_received.back().message.type, MessageType::BEACON);
    EXPECT_EQ(m_received.back().to, Id(7));
    m_received.pop_back();
    ExpectAllDelivered();
}

TEST_F(MdiPacketTransport, MixedLinks)
{
    // Wi-Fi 0-1-2 in a chain, Ethernet 2-3-4, a cable 4-5 and a second link between 0 and 1.
    Create(6);
    WifiOptions options;
    options.rangeM = 15;
    NodeContainer radios(m_nodes.Get(0), m_nodes.Get(1), m_nodes.Get(2));
    m_network.AddPointToPoint(m_nodes.Get(4), m_nodes.Get(5), DataRate("1Gbps"), MilliSeconds(1));
    m_network.AddWifiAdhoc(radios, {{0, 0, 0}, {10, 0, 0}, {20, 0, 0}}, options);
    m_network.AddSwitchedEthernet(NodeContainer(m_nodes.Get(2), m_nodes.Get(3), m_nodes.Get(4)),
                                  DataRate("100Mbps"),
                                  MicroSeconds(1));
    m_network.AddPointToPoint(m_nodes.Get(0), m_nodes.Get(1), DataRate("1Gbps"), MilliSeconds(1));
    Install();
    EXPECT_EQ(m_network.Path(Id(5), Id(0)).hops, 4);
    EXPECT_EQ(m_network.Path(Id(5), Id(0)).goodput, DataRate("20Mbps"));
    for (uint32_t a = 0; a < 6; ++a)
    {
        for (uint32_t b = 0; b < 6; ++b)
        {
            if (a != b)
            {
                Send(MilliSeconds(40 * (6 * a + b)), a, b, 3000);
            }
        }
    }
    Run(Seconds(10));
    ExpectAllDelivered();
}

TEST_F(MdiPacketTransport, BroadcastReachesExactlyTheNeighbours)
{
    // A star over a switch with a cable behind each of two of its nodes.
    Create(6);
    m_network.AddSwitchedEthernet(
        NodeContainer(m_nodes.Get(0), m_nodes.Get(1), m_nodes.Get(2), m_nodes.Get(3)),
        DataRate("100Mbps"),
        MicroSeconds(1));
    m_network.AddPointToPoint(m_nodes.Get(0), m_nodes.Get(4), DataRate("1Gbps"), MilliSeconds(1));
    m_network.AddPointToPoint(m_nodes.Get(1), m_nodes.Get(5), DataRate("1Gbps"), MilliSeconds(1));
    Install();
    for (uint32_t i = 0; i < 6; ++i)
    {
        Simulator::Schedule(MilliSeconds(10 * i), &Transport::Broadcast, At(i), Beacon(i));
    }
    Run(Seconds(1));
    std::multiset<std::pair<uint32_t, uint32_t>> heard;
    std::multiset<std::pair<uint32_t, uint32_t>> expected;
    for (const auto& event : m_received)
    {
        heard.emplace(event.from, event.to);
    }
    for (uint32_t i = 0; i < 6; ++i)
    {
        for (uint32_t neighbor : m_network.Neighbors(Id(i)))
        {
            expected.emplace(Id(i), neighbor);
        }
    }
    EXPECT_EQ(heard, expected);
    EXPECT_TRUE(m_delivered.empty());
}

TEST_F(MdiPacketTransport, TracesCountHeaderAndPayload)
{
    Create(2);
    m_network.AddPointToPoint(m_nodes.Get(0), m_nodes.Get(1), DataRate("1Gbps"), MilliSeconds(1));
    Install();
    std::vector<std::vector<uint64_t>> tx;
    std::vector<std::vector<uint64_t>> rx;
    using Trace = Callback<void, uint32_t, uint32_t, const Message&, uint64_t>;
    for (uint32_t i = 0; i < 2; ++i)
    {
        At(i)->TraceConnectWithoutContext(
            "Tx", Trace([&tx](uint32_t from, uint32_t to, const Message&, uint64_t bytes) {
                tx.push_back({from, to, bytes});
            }));
        At(i)->TraceConnectWithoutContext(
            "Rx", Trace([&rx](uint32_t from, uint32_t to, const Message&, uint64_t bytes) {
                rx.push_back({from, to, bytes});
            }));
    }
    Send(Seconds(0), 0, 1, 5000);
    Simulator::Schedule(Seconds(1), &Transport::Broadcast, At(1), Beacon(1));
    Run(Seconds(2));
    const uint64_t bytes = 5000 + MessageHeader(m_delivered.at(0).message).GetSerializedSize();
    EXPECT_EQ(tx,
              (std::vector<std::vector<uint64_t>>{{Id(0), Id(1), bytes},
                                                  {Id(1), Transport::BROADCAST, 64}}));
    EXPECT_EQ(rx, (std::vector<std::vector<uint64_t>>{{Id(0), Id(1), bytes}, {Id(1), Id(0), 64}}));
}

/// Nothing arrives from or over the middle node of a chain once it is disconnected.
class MdiDisconnect : public MdiPacketTransport, public testing::WithParamInterface<bool>
{
};

TEST_P(MdiDisconnect, StopsEverything)
{
    Create(3);
    if (GetParam())
    {
        Wifi(10, 15);
    }
    else
    {
        for (uint32_t i = 0; i < 2; ++i)
        {
            m_network.AddPointToPoint(
                m_nodes.Get(i), m_nodes.Get(i + 1), DataRate("10Mbps"), MilliSeconds(1));
        }
    }
    Install();
    Send(Seconds(0), 0, 2, 1000);
    Send(Seconds(0), 1, 2, 1000);
    Send(Seconds(1), 0, 2, 10000000);
    for (uint32_t i = 0; i < 100; ++i)
    {
        Send(Seconds(1), 1, 0, 10000);
    }
    const Time off = MilliSeconds(1200);
    Simulator::Schedule(off, &Transport::Disconnect, At(1));
    Simulator::Schedule(off, &Transport::Disconnect, At(1)); // twice is no harm
    Send(Seconds(2), 1, 2, 1000);
    Send(Seconds(2), 2, 1, 1000);
    Simulator::Schedule(Seconds(2), &Transport::Broadcast, At(1), Beacon(1));
    Simulator::Schedule(Seconds(2), &Transport::Broadcast, At(0), Beacon(0));
    Simulator::Schedule(Seconds(2), &Transport::SendDatagram, At(1), Id(0), Beacon(1));
    Run(Seconds(100));
    EXPECT_GT(m_received.size(), 2);
    EXPECT_LT(m_received.size(), 102);
    // A frame may be on the way: the longest of Wi-Fi take 10 ms.
    const Time last = off + MilliSeconds(GetParam() ? 10 : 3);
    EXPECT_LT(m_received.back().at, last);
    for (const Time& at : m_deliveredAt)
    {
        EXPECT_LT(at, last);
    }
    EXPECT_EQ(At(1)->QueuedBytes(), 0);
    EXPECT_GT(At(0)->QueuedBytes(), 10000000);
}

INSTANTIATE_TEST_SUITE_P(Links, MdiDisconnect, testing::Bool(), [](const auto& info) {
    return info.param ? "wifi" : "pointToPoint";
});

TEST_F(MdiPacketTransport, ReconnectsAndSendsAgain)
{
    Create(2);
    m_network.AddPointToPoint(m_nodes.Get(0), m_nodes.Get(1), DataRate("10Mbps"), MilliSeconds(1));
    Install();
    Send(Seconds(0), 0, 1, 1000);
    const auto interface = [this](bool up) {
        auto ip = m_nodes.Get(1)->GetObject<Ipv4>();
        up ? ip->SetUp(1) : ip->SetDown(1);
    };
    // Longer than TCP tries: 6 time-outs of 0.2 s, doubled each.
    Simulator::Schedule(MilliSeconds(1100), [&interface] { interface(false); });
    Simulator::Schedule(Seconds(60), [&interface] { interface(true); });
    for (uint32_t i = 0; i < 10; ++i)
    {
        Send(MilliSeconds(1000 + 50 * i), 0, 1, 50000);
    }
    Run(Seconds(150));
    EXPECT_GT(m_received.back().at, Seconds(60));
    ExpectAllDelivered();
}

TEST_F(MdiPacketTransport, SurvivesStrangers)
{
    Create(2);
    m_network.AddPointToPoint(m_nodes.Get(0), m_nodes.Get(1), DataRate("10Mbps"), MilliSeconds(1));
    Install();
    const Ipv4Address address = m_nodes.Get(1)->GetObject<Ipv4>()->GetAddress(1, 0).GetLocal();
    auto tcp = Socket::CreateSocket(m_nodes.Get(0), TcpSocketFactory::GetTypeId());
    auto udp = Socket::CreateSocket(m_nodes.Get(0), UdpSocketFactory::GetTypeId());
    bool closed = false;
    tcp->SetCloseCallbacks(Callback<void, Ptr<Socket>>([&](Ptr<Socket>) { closed = true; }),
                           Callback<void, Ptr<Socket>>([&](Ptr<Socket>) { closed = true; }));
    Simulator::Schedule(Seconds(1), [&] {
        tcp->Bind();
        tcp->Connect(InetSocketAddress(address, 9000));
        udp->SendTo(ns3::Create<Packet>(100), 0, InetSocketAddress(address, 9001));
    });
    Simulator::Schedule(Seconds(2), [&] { tcp->Send(ns3::Create<Packet>(100000)); });
    Send(Seconds(3), 0, 1, 10000);
    Run(Seconds(10));
    EXPECT_TRUE(closed);
    ExpectAllDelivered();
}

/// Arrival times of a busy Wi-Fi channel.
std::vector<int64_t>
Arrivals(int64_t stream)
{
    NodeContainer nodes;
    nodes.Create(4);
    NetworkHelper network;
    network.AddWifiAdhoc(nodes, {{0, 0, 0}, {3, 0, 0}, {6, 0, 0}, {9, 0, 0}}, WifiOptions());
    network.Install();
    network.AssignStreams(stream);
    std::vector<int64_t> times;
    for (uint32_t i = 0; i < 4; ++i)
    {
        auto transport = nodes.Get(i)->GetObject<Transport>();
        transport->SetReceiveCallback(Callback<void, const Message&>(
            [&times](const Message&) { times.push_back(Simulator::Now().GetTimeStep()); }));
        Message message;
        message.type = MessageType::RESULT;
        message.from = nodes.Get(i)->GetId();
        message.payloadBytes = 30000;
        for (uint32_t j = 0; j < 5; ++j)
        {
            Simulator::Schedule(MilliSeconds(20 * j),
                                &Transport::Send,
                                transport,
                                nodes.Get((i + 1) % 4)->GetId(),
                                message);
        }
    }
    Simulator::Stop(Seconds(5));
    Simulator::Run();
    Simulator::Destroy();
    return times;
}

TEST(MdiPacketTransportSeed, SameStreamSameTimes)
{
    const auto times = Arrivals(1);
    EXPECT_EQ(times.size(), 20);
    EXPECT_EQ(Arrivals(1), times);
    EXPECT_NE(Arrivals(1000), times);
}

} // namespace

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-network-helper.h"
#include "ns3/mdi-trace-shaper.h"
#include "ns3/mdi-transport.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/traffic-control-layer.h"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

LinkReplay
Replay(const std::vector<LinkTrace::Row>& rows, Time end = Time(0))
{
    auto trace = std::make_shared<LinkTrace>();
    trace->rows = rows;
    trace->end = end;
    return {trace, !end.IsZero(), Time(0)};
}

/// Nodes whose links replay a trace; keeps when what arrived at node 1.
class TraceShaperTest : public testing::Test
{
  protected:
    static constexpr double CABLE_BPS = 1e9;
    const Time CABLE_DELAY = MilliSeconds(1);

    ~TraceShaperTest() override
    {
        Simulator::Destroy();
    }

    void Cable(const LinkReplay& replay)
    {
        m_nodes.Create(2);
        m_network.SetTrace(replay);
        m_network.AddPointToPoint(m_nodes.Get(0),
                                  m_nodes.Get(1),
                                  DataRate(static_cast<uint64_t>(CABLE_BPS)),
                                  CABLE_DELAY);
        Install();
    }

    void Install()
    {
        m_network.Install();
        m_network.AssignStreams(1);
        for (uint32_t i = 0; i < m_nodes.GetN(); ++i)
        {
            At(i)->SetReceiveCallback(
                Callback<void, const Message&>([this, i](const Message& message) {
                    if (message.type == MessageType::TENSOR)
                    {
                        m_tensors[i].push_back(Simulator::Now());
                        return;
                    }
                    m_sequences.push_back(message.sequence);
                    m_arrivals.push_back(Simulator::Now().GetSeconds());
                }));
        }
    }

    Ptr<Transport> At(uint32_t i)
    {
        return m_nodes.Get(i)->GetObject<Transport>();
    }

    /// A message that is one packet, from node 0 to node 1.
    void Datagram(Time at)
    {
        Message message;
        message.type = MessageType::HEARTBEAT;
        message.from = m_nodes.Get(0)->GetId();
        message.sequence = m_sent++;
        Simulator::Schedule(at, &Transport::SendDatagram, At(0), m_nodes.Get(1)->GetId(), message);
    }

    void Tensor(Time at, uint64_t bytes, uint32_t from = 0, uint32_t to = 1)
    {
        Message message;
        message.type = MessageType::TENSOR;
        message.from = m_nodes.Get(from)->GetId();
        message.tensors = {{{int64_t(bytes)}, Dtype::UINT8}};
        message.payloadBytes = bytes;
        Simulator::Schedule(at, &Transport::Send, At(from), m_nodes.Get(to)->GetId(), message);
    }

    void Run(double seconds)
    {
        Simulator::Stop(Seconds(seconds));
        Simulator::Run();
    }

    Ptr<TraceShaper> Shaper(uint32_t node)
    {
        auto control = m_nodes.Get(node)->GetObject<TrafficControlLayer>();
        return DynamicCast<TraceShaper>(
            control->GetRootQueueDiscOnDevice(m_nodes.Get(node)->GetDevice(0)));
    }

    /// Bits of a datagram's IP packet: 64 bytes of ours, UDP and IP.
    static constexpr double BITS = (64 + 8 + 20) * 8;

    /// What the cable adds to a datagram's time [s]; PPP is 2 bytes.
    const double m_cable = (BITS + 16) / CABLE_BPS + 0.001;

    NodeContainer m_nodes;
    NetworkHelper m_network;
    uint32_t m_sent = 0;
    std::vector<uint32_t> m_sequences;
    std::vector<double> m_arrivals;
    std::map<uint32_t, std::vector<Time>> m_tensors; //!< by receiver
};

} // namespace

TEST_F(TraceShaperTest, RatesThatChangeWithinPackets)
{
    // 10 packets at 1.5 packets/s, then the rest at 4 packets/s, then 1 Mb/s.
    const auto row = [](double t, double packets) {
        return LinkTrace::Row{Seconds(t), static_cast<uint64_t>(packets * BITS), Time(0), 0};
    };
    Cable(Replay({row(0, 1.5), row(1, 4), row(3, 100)}));
    for (int i = 0; i < 30; ++i)
    {
        Datagram(Seconds(0));
    }
    Run(10);
    ASSERT_EQ(m_arrivals.size(), 30u);
    for (int i = 0; i < 30; ++i)
    {
        const double packets = i + 1;
        const double end = packets <= 1.5   ? packets / 1.5
                           : packets <= 9.5 ? 1 + (packets - 1.5) / 4
                                            : 3 + (packets - 9.5) / 100;
        EXPECT_NEAR(m_arrivals[i], end + m_cable, 40e-9) << i; // each is rounded to 1 ns
    }
}

TEST_F(TraceShaperTest, BulkTransferOverRateSteps)
{
    Cable(Replay({{Seconds(0), 10000000, Time(0), 0},
                  {Seconds(4), 5000000, Time(0), 0},
                  {Seconds(6), 20000000, Time(0), 0}}));
    const uint64_t bytes = 2500000;
    Tensor(Seconds(0), 1000000); // opens the window
    Tensor(Seconds(3), bytes);
    Run(20);
    ASSERT_EQ(m_tensors[1].size(), 2u);
    const double segments = std::ceil(bytes / 1448.0);
    const double bits = (bytes + segments * 52) * 8; // our header hides in the last segment's band
    const double expected = 6 + (bits - 1 * 10e6 - 2 * 5e6) / 20e6 + 0.001 + 1500 * 8 / CABLE_BPS;
    EXPECT_NEAR(m_tensors[1][1].GetSeconds(), expected, 1500 * 8 / 20e6);
}

TEST_F(TraceShaperTest, ASilentTimeDelaysAndLosesNothing)
{
    Cable(Replay({{Seconds(0), 1000000, Time(0), 0},
                  {Seconds(5), 0, Time(0), 0},
                  {Seconds(15), 1000000, Time(0), 0}}));
    const double service = BITS / 1e6;
    Datagram(Seconds(1));
    Datagram(Seconds(5 - service / 2)); // half of it is through
    for (int i = 0; i < 20; ++i)
    {
        Datagram(Seconds(5 + 0.5 * i));
    }
    Datagram(Seconds(18));
    Run(30);
    ASSERT_EQ(m_arrivals.size(), 23u);
    EXPECT_NEAR(m_arrivals[0], 1 + service + m_cable, 3e-9);
    EXPECT_NEAR(m_arrivals[1], 15 + service / 2 + m_cable, 3e-9);
    for (int i = 0; i < 20; ++i)
    {
        EXPECT_NEAR(m_arrivals[2 + i], 15 + (i + 1.5) * service + m_cable, 30e-9);
    }
    EXPECT_NEAR(m_arrivals[22], 18 + service + m_cable, 3e-9);
}

TEST_F(TraceShaperTest, TransfersOutliveALongSilence)
{
    // Longer than ns-3's TCP keeps trying: the transport opens another connection.
    Cable(Replay({{Seconds(0), 10000000, Time(0), 0},
                  {Seconds(5), 0, Time(0), 0},
                  {Seconds(105), 10000000, Time(0), 0}}));
    Tensor(Seconds(4.9), 500000);
    Tensor(Seconds(50), 100000);
    Tensor(Seconds(50), 100000, 1, 0);
    Run(300);
    ASSERT_GE(m_tensors[1].size(), 2u);
    ASSERT_GE(m_tensors[0].size(), 1u);
    EXPECT_GT(m_tensors[1].front(), Seconds(105));
    EXPECT_EQ(At(0)->QueuedBytes() + At(1)->QueuedBytes(), 0u);
}

TEST_F(TraceShaperTest, OrderStaysWhenTheDelayFalls)
{
    Cable(Replay({{Seconds(0), 10000000, Seconds(1), 0}, {Seconds(1), 10000000, Time(0), 0}}));
    const double service = BITS / 10e6;
    Datagram(Seconds(0));
    Datagram(Seconds(0.9)); // goes at 1.9, and so does all before that
    for (int i = 0; i < 300; ++i)
    {
        Datagram(Seconds(1.1 + 0.002 * i));
    }
    Datagram(Seconds(2.5));
    Run(5);
    ASSERT_EQ(m_arrivals.size(), 303u);
    for (uint32_t i = 0; i < 303; ++i)
    {
        EXPECT_EQ(m_sequences[i], i);
    }
    EXPECT_NEAR(m_arrivals[0], 1 + service + m_cable, 3e-9);
    for (int i = 0; i < 301; ++i)
    {
        // Together, as fast as the cable takes them.
        EXPECT_NEAR(m_arrivals[1 + i], 1.9 + service + m_cable + i * (BITS + 16) / CABLE_BPS, 3e-9);
    }
    EXPECT_NEAR(m_arrivals[302], 2.5 + service + m_cable, 3e-9);
}

TEST_F(TraceShaperTest, LossIsThatOfTheTrace)
{
    Cable(Replay({{Seconds(0), 100000000, Time(0), 0.1}, {Seconds(50), 100000000, Time(0), 0}}));
    for (int i = 0; i < 10000; ++i)
    {
        Datagram(MilliSeconds(10 * i));
    }
    Run(110);
    const auto early = static_cast<double>(
        std::count_if(m_sequences.begin(), m_sequences.end(), [](uint32_t s) { return s < 5000; }));
    // Binomial, four standard deviations.
    EXPECT_NEAR(early, 4500, 4 * std::sqrt(5000 * 0.1 * 0.9));
    EXPECT_EQ(m_sequences.size() - early, 5000);
    EXPECT_EQ(Shaper(0)->GetStats().GetNDroppedPackets(TraceShaper::LOST), 5000 - early);
}

TEST_F(TraceShaperTest, LostSegmentsAreSentAgain)
{
    Cable(Replay({{Seconds(0), 10000000, MilliSeconds(5), 0.02}}));
    for (int i = 0; i < 20; ++i)
    {
        Tensor(Seconds(i), 50000);
    }
    Run(100);
    EXPECT_GE(m_tensors[1].size(), 20u);
    EXPECT_EQ(At(0)->QueuedBytes(), 0u);
    EXPECT_GT(Shaper(0)->GetStats().nTotalDroppedPackets, 0u);
}

TEST_F(TraceShaperTest, RepeatsFromWhereItStarts)
{
    // 1 s on, 1 s off, for ever; simulated time 0 is half a second before the silence.
    LinkReplay replay =
        Replay({{Seconds(0), 1000000, Time(0), 0}, {Seconds(1), 0, Time(0), 0}}, Seconds(2));
    replay.start = Seconds(0.5);
    Cable(replay);
    const double service = BITS / 1e6;
    for (double at : {0.2, 0.8, 1.6, 100.7, 101.6})
    {
        Datagram(Seconds(at));
    }
    Run(200);
    ASSERT_EQ(m_arrivals.size(), 5u);
    const double begins[] = {0.2, 1.5, 1.6, 101.5, 101.6};
    for (int i = 0; i < 5; ++i)
    {
        EXPECT_NEAR(m_arrivals[i], begins[i] + service + m_cable, 3e-9);
    }
}

TEST_F(TraceShaperTest, NothingIsPolled)
{
    std::vector<LinkTrace::Row> rows;
    for (int i = 0; i < 10000; ++i)
    {
        rows.push_back({MilliSeconds(i), 1000000u + i, MilliSeconds(2), 0});
    }
    Cable(Replay(rows, Seconds(10)));
    Datagram(Seconds(1));
    Run(99);
    EXPECT_EQ(m_arrivals.size(), 1u);
    EXPECT_LT(Simulator::GetEventCount(), 60u); // most of them start the two nodes
}

TEST_F(TraceShaperTest, TracesTheRateOfService)
{
    Cable(Replay({{Seconds(0), 1000, Time(0), 0},
                  {Seconds(1), 2000, Time(0), 0},
                  {Seconds(2), 3000, Time(0), 0},
                  {Seconds(9), 4000, Time(0), 0}}));
    std::vector<uint64_t> rates;
    Simulator::Schedule(MilliSeconds(1), [this, &rates] {
        Shaper(0)->TraceConnectWithoutContext(
            "Rate", Callback<void, DataRate, DataRate>([&rates](DataRate, DataRate to) {
                rates.push_back(to.GetBitRate());
            }));
    });
    for (int i = 0; i < 5; ++i)
    {
        Datagram(MilliSeconds(10)); // done before 9 s
    }
    Run(20);
    EXPECT_EQ(m_arrivals.size(), 5u);
    EXPECT_EQ(rates, (std::vector<uint64_t>{1000, 2000, 3000}));
}

TEST_F(TraceShaperTest, NothingLeavesANodeThatHasLeft)
{
    Cable(Replay({{Seconds(0), 7000, Seconds(1), 0}}));
    for (int i = 0; i < 30; ++i)
    {
        Datagram(Seconds(0));
    }
    Simulator::Schedule(Seconds(1.2), &Transport::Disconnect, At(0));
    Run(20);
    EXPECT_EQ(m_arrivals.size(), 1u); // served by 0.105 s, held until 1.105 s
}

TEST_F(TraceShaperTest, PlannersSeeTheMeansOfTheTrace)
{
    // 3 Mb/s for 1 s, 1 Mb/s for 3 s.
    Cable(Replay(
        {{Seconds(0), 3000000, MilliSeconds(40), 0}, {Seconds(1), 1000000, MilliSeconds(20), 0}},
        Seconds(4)));
    const PathInfo path = m_network.Path(m_nodes.Get(0)->GetId(), m_nodes.Get(1)->GetId());
    EXPECT_NEAR(path.goodput.GetBitRate(), 1500000.0 * 1448 / 1500, 1);
    EXPECT_EQ(path.delay, CABLE_DELAY + MilliSeconds(25));
    EXPECT_EQ(m_tensors.size(), 0u);
}

TEST_F(TraceShaperTest, AFasterTraceLeavesTheLinkToItself)
{
    m_nodes.Create(4);
    for (uint32_t i : {0, 2})
    {
        if (i == 2)
        {
            m_network.SetTrace(Replay({{Seconds(0), 1000000000000, Time(0), 0}}));
        }
        m_network.AddPointToPoint(
            m_nodes.Get(i), m_nodes.Get(i + 1), DataRate("1Gb/s"), CABLE_DELAY);
    }
    Install();
    Tensor(Seconds(1), 10000000, 0, 1);
    Tensor(Seconds(1), 10000000, 2, 3);
    Run(10);
    ASSERT_EQ(m_tensors[1].size(), 1u);
    ASSERT_EQ(m_tensors[3].size(), 1u);
    EXPECT_NEAR(m_tensors[3][0].GetSeconds(), m_tensors[1][0].GetSeconds(), 1e-5);
    EXPECT_EQ(m_network.Path(m_nodes.Get(0)->GetId(), m_nodes.Get(1)->GetId()).goodput,
              m_network.Path(m_nodes.Get(2)->GetId(), m_nodes.Get(3)->GetId()).goodput);
}

/// Each node sends 1 MB to the next at once, over a link that could do ten times the trace's rate.
class TracedMedia : public TraceShaperTest, public testing::WithParamInterface<const char*>
{
};

TEST_P(TracedMedia, LimitsEachNodeByItself)
{
    const std::string medium = GetParam();
    m_nodes.Create(3);
    m_network.SetTrace(Replay({{Seconds(0), 2000000, MilliSeconds(10), 0}}));
    if (medium == "ethernet")
    {
        m_network.AddSwitchedEthernet(m_nodes, DataRate("100Mb/s"), MicroSeconds(50));
    }
    else if (medium == "csma")
    {
        m_network.AddCsma(m_nodes, DataRate("100Mb/s"), MicroSeconds(50));
    }
    else
    {
        WifiOptions options;
        options.standard = medium;
        options.dataMode = medium == "802.11a"   ? "OfdmRate54Mbps"
                           : medium == "802.11n" ? "HtMcs7"
                                                 : "VhtMcs7";
        m_network.AddWifiAdhoc(m_nodes, {{0, 0, 0}, {3, 0, 0}, {6, 0, 0}}, options);
    }
    Install();
    const uint64_t bytes = 1000000;
    for (uint32_t i = 0; i < 3; ++i)
    {
        Tensor(Seconds(0), bytes, i, (i + 1) % 3);
    }
    Run(30);
    const double alone = bytes * 8.0 * 1500 / 1448 / 2e6;
    for (uint32_t i = 0; i < 3; ++i)
    {
        ASSERT_EQ(m_tensors[i].size(), 1u) << i;
        EXPECT_GT(m_tensors[i][0].GetSeconds(), alone) << i;
        // Acknowledgements of the other transfer share it: one of 52 bytes for two segments.
        EXPECT_LT(m_tensors[i][0].GetSeconds(), alone * 1.04 + 0.2) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(All,
                         TracedMedia,
                         testing::Values("ethernet", "csma", "802.11a", "802.11n", "802.11ac"));

TEST_F(TraceShaperTest, ASlowRadioBelowAFastTraceStillCarriesAll)
{
    m_nodes.Create(2);
    m_network.SetTrace(Replay({{Seconds(0), 1000000000, MilliSeconds(1), 0}}));
    WifiOptions options;
    options.dataMode = "HtMcs0";
    m_network.AddWifiAdhoc(m_nodes, {{0, 0, 0}, {3, 0, 0}}, options);
    Install();
    Tensor(Seconds(0), 3000000);
    Tensor(Seconds(0), 3000000, 1, 0);
    for (int i = 0; i < 20; ++i)
    {
        Datagram(Seconds(1 + 0.1 * i));
    }
    Run(60);
    EXPECT_EQ(m_tensors[1].size(), 1u);
    EXPECT_EQ(m_tensors[0].size(), 1u);
    EXPECT_EQ(m_arrivals.size(), 20u);
}

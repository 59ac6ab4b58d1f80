// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-test-network.h"

#include "ns3/boolean.h"
#include "ns3/mdi-handshake.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// Handshakes that talk to each other over a fixed delay, without workers.
class HandshakeTest : public ::testing::Test
{
  protected:
    struct Node
    {
        Ptr<Handshake> handshake;
        std::vector<TaskId> granted;
        std::vector<TaskId> refused;
        int retries = 0;
    };

    void Make(uint32_t count)
    {
        nodes.resize(count);
        for (uint32_t n = 0; n < count; ++n)
        {
            nodes[n].handshake = CreateObject<Handshake>();
            nodes[n].handshake->AssignStreams(n);
            Handshake::Host host;
            host.self = n;
            host.sendDatagram = [this, n](uint32_t to, Message m) { Deliver(n, to, m); };
            host.broadcast = [this, n](Message m) {
                for (uint32_t to = 0; to < nodes.size(); ++to)
                {
                    if (to != n)
                    {
                        Deliver(n, to, m);
                    }
                }
            };
            host.report = [] { return WorkerReport(); };
            host.transferTime = [](uint32_t, uint64_t) { return MilliSeconds(100); };
            host.granted = [this, n](const TaskId& t, uint32_t) { nodes[n].granted.push_back(t); };
            host.refused = [this, n](const TaskId& t) { nodes[n].refused.push_back(t); };
            host.retry = [this, n] { nodes[n].retries++; };
            nodes[n].handshake->SetHost(host);
        }
    }

    void TearDown() override
    {
        for (auto& node : nodes)
        {
            node.handshake->Dispose();
        }
        Simulator::Destroy();
    }

    void Deliver(uint32_t from, uint32_t to, Message message)
    {
        message.from = from;
        sent.push_back(message.type);
        if (lose && lose(message))
        {
            return;
        }
        Simulator::Schedule(delay, [this, to, message] { nodes[to].handshake->Receive(message); });
    }

    static Message Request(uint32_t source, double key)
    {
        Message request;
        request.type = MessageType::RTC;
        request.task.item.source = source;
        request.key = key;
        request.workFlop = 5;
        request.requestBytes = 1000;
        return request;
    }

    void Run(Time time)
    {
        Simulator::Stop(time);
        Simulator::Run();
    }

    std::vector<Node> nodes;
    std::vector<MessageType> sent;
    std::function<bool(const Message&)> lose;
    Time delay = MicroSeconds(500);
};

} // namespace

TEST_F(HandshakeTest, SimultaneousRequestsGiveOneGrantPerWindow)
{
    // papers.md section 5.4, check 4
    Make(6);
    for (uint32_t n = 1; n < 6; ++n)
    {
        nodes[n].handshake->Request(0, Request(n, 10.0 - n));
    }
    Run(MilliSeconds(12));
    for (uint32_t n = 1; n < 6; ++n)
    {
        EXPECT_EQ(nodes[n].granted.size(), n == 5 ? 1U : 0U) << n; // the smallest key
        EXPECT_EQ(nodes[n].refused.size(), n == 5 ? 0U : 1U) << n;
    }
    EXPECT_EQ(std::count(sent.begin(), sent.end(), MessageType::CTC), 5); // one broadcast to five
    EXPECT_EQ(std::count(sent.begin(), sent.end(), MessageType::NACK), 4);
    EXPECT_EQ(nodes[0].handshake->Reserved().at(1), 5);
}

TEST_F(HandshakeTest, ReservationEndsOnArrivalAndOnlyOnce)
{
    Make(2);
    const Message request = Request(1, 1);
    nodes[1].handshake->Request(0, request);
    Run(MilliSeconds(10));
    EXPECT_EQ(nodes[0].handshake->Reserved().size(), 1U);
    nodes[0].handshake->OnArrived(request.task);
    EXPECT_TRUE(nodes[0].handshake->Reserved().empty());
    nodes[0].handshake->OnArrived(request.task);
    EXPECT_TRUE(nodes[0].handshake->Reserved().empty());
}

TEST_F(HandshakeTest, ReservationOfATensorThatNeverComesExpires)
{
    Make(2);
    nodes[1].handshake->Request(0, Request(1, 1));
    Run(MilliSeconds(150));
    EXPECT_EQ(nodes[0].handshake->Reserved().size(), 1U); // T_res = 2 D + T_ctc > 200 ms
    Run(MilliSeconds(150));
    EXPECT_TRUE(nodes[0].handshake->Reserved().empty());
}

TEST_F(HandshakeTest, AGrantAfterTheTimeOutIsCancelled)
{
    Make(2);
    delay = MilliSeconds(12); // there, 5 ms window and back: 29 ms; T_ctc is 3 * 5 + 5 ms
    nodes[1].handshake->Request(0, Request(1, 1));
    Run(MilliSeconds(100));
    EXPECT_TRUE(nodes[1].granted.empty());
    EXPECT_EQ(nodes[1].refused.size(), 1U);
    EXPECT_EQ(std::count(sent.begin(), sent.end(), MessageType::CANCEL), 1);
    EXPECT_TRUE(nodes[0].handshake->Reserved().empty());
}

TEST_F(HandshakeTest, ALostRequestTimesOutBacksOffAndRetries)
{
    Make(2);
    lose = [](const Message& m) { return m.type == MessageType::RTC; };
    nodes[1].handshake->Request(0, Request(1, 1));
    EXPECT_FALSE(nodes[1].handshake->CanRequest());
    Run(MilliSeconds(100));
    EXPECT_EQ(nodes[1].refused.size(), 1U);
    EXPECT_EQ(nodes[1].retries, 1);
    EXPECT_TRUE(nodes[1].handshake->CanRequest());
}

TEST_F(HandshakeTest, AnOverheardGrantDefersRequestsToThatWorkerForAWindow)
{
    Make(3);
    nodes[1].handshake->Request(0, Request(1, 1));
    Run(MilliSeconds(7)); // 0.5 + 5 + 0.5 ms
    EXPECT_TRUE(nodes[2].handshake->IsDeferred(0));
    EXPECT_FALSE(nodes[1].handshake->IsDeferred(0));
    Run(MilliSeconds(6));
    EXPECT_FALSE(nodes[2].handshake->IsDeferred(0));
    EXPECT_EQ(nodes[2].retries, 1);
}

TEST_F(HandshakeTest, WithoutNackOnlyTheTimeOutRefuses)
{
    Make(3);
    nodes[0].handshake->SetAttribute("SendNack", BooleanValue(false));
    nodes[1].handshake->Request(0, Request(1, 1));
    nodes[2].handshake->Request(0, Request(2, 2));
    Run(MilliSeconds(100));
    EXPECT_EQ(std::count(sent.begin(), sent.end(), MessageType::NACK), 0);
    EXPECT_EQ(nodes[1].granted.size(), 1U);
    EXPECT_EQ(nodes[2].refused.size(), 1U);
}

TEST(HandshakeInSystem, ReservationsReturnToZeroAndATaskWaitsForItsGrant)
{
    IdealRun run;
    run.system = MakePreset("pa-mdi");
    run.speeds = {2e10, 1e11, 1e11, 1e11};
    run.Periodic(0, 40, 0.01, 10);
    run.Periodic(1, 40, 0.01, 1);
    std::map<TaskId, int> grants;
    std::vector<Ptr<Handshake>> handshakes;
    run.prepare = [&](MdiHelper& mdi) {
        for (const auto& worker : mdi.GetWorkers())
        {
            handshakes.push_back(worker->GetHandshake());
            worker->GetHandshake()->TraceConnectWithoutContext(
                "Grant",
                Callback<void, const TaskId&>([&](const TaskId& task) { grants[task]++; }));
        }
    };
    run.Run();
    size_t transfers = 0;
    for (const auto& span : run.spans)
    {
        if (span.transfer && span.type == MessageType::TENSOR)
        {
            ++transfers;
            EXPECT_GE(grants[span.task], 1);
        }
    }
    EXPECT_GT(transfers, 20U);
    for (const auto& handshake : handshakes)
    {
        EXPECT_TRUE(handshake->Reserved().empty());
    }
}

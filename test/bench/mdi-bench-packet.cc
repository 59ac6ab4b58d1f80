// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Packet mode against a bare TCP bulk transfer of ns-3: the same nodes, devices, queue discs and
// TCP attributes, the same bytes, but plain sockets without our messages.

#include "mdi-bench.h"

#include "ns3/inet-socket-address.h"
#include "ns3/ipv4.h"
#include "ns3/mdi-network-helper.h"
#include "ns3/mdi-packet-transport.h"
#include "ns3/node.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/string.h"
#include "ns3/tcp-socket-factory.h"

#include <algorithm>
#include <ctime>
#include <stdexcept>

namespace ns3
{
namespace mdi
{
namespace bench
{

namespace
{

constexpr uint16_t PORT = 5000; // not one of PacketTransport's

/// A medium and what crosses it.
struct Transfer
{
    std::string medium;    //!< point-to-point, ethernet or wifi
    uint64_t bytes = 0;    //!< of one message, with its header
    uint32_t messages = 0; //!< one after the other
};

/// What one side took.
struct Took
{
    double seconds = 0;   //!< of the processor
    double simulated = 0; //!< until the last byte was there [s]
};

/// The processor's time of a simulation, from its start to when somebody stops it.
Took
RunSimulator()
{
    const auto start = std::clock();
    Simulator::Run();
    return {static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC,
            Simulator::Now().GetSeconds()};
}

/// Two nodes of a network like those of scenarios.
NodeContainer
MakeNetwork(const std::string& medium, NetworkHelper& network)
{
    NodeContainer nodes;
    nodes.Create(medium == "point-to-point" ? 2 : 3);
    if (medium == "point-to-point")
    {
        network.AddPointToPoint(nodes.Get(0), nodes.Get(1), DataRate("1Gb/s"), MicroSeconds(100));
    }
    else if (medium == "ethernet")
    {
        network.AddSwitchedEthernet(nodes, DataRate("1Gb/s"), MicroSeconds(100));
    }
    else
    {
        WifiOptions options;
        options.standard = "802.11n";
        options.dataMode = "HtMcs7";
        network.AddWifiAdhoc(nodes, {Vector(0, 0, 0), Vector(5, 0, 0), Vector(0, 5, 0)}, options);
    }
    network.Install(nodes);
    network.AssignStreams(0);
    return nodes;
}

/// Our messages.
Took
RunMessages(const Transfer& transfer)
{
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(1);
    NetworkHelper network;
    const NodeContainer nodes = MakeNetwork(transfer.medium, network);
    Message message;
    message.type = MessageType::TENSOR;
    message.payloadBytes = transfer.bytes - MessageHeader(message).GetSerializedSize();
    uint32_t left = transfer.messages;
    const std::function<void(const Message&)> receive = [&left](const Message&) {
        if (--left == 0)
        {
            Simulator::Stop();
        }
    };
    nodes.Get(1)->GetObject<PacketTransport>()->SetReceiveCallback(
        Transport::ReceiveCallback(receive));
    const auto sender = nodes.Get(0)->GetObject<PacketTransport>();
    Simulator::Schedule(Seconds(1), [&] {
        for (uint32_t i = 0; i < transfer.messages; ++i)
        {
            sender->Send(nodes.Get(1)->GetId(), message);
        }
    });
    const Took took = RunSimulator();
    Simulator::Destroy();
    return took;
}

/// A TCP socket with the attributes that PacketTransport gives its own.
Ptr<Socket>
BareSocket(Ptr<Node> node)
{
    const auto socket = Socket::CreateSocket(node, TcpSocketFactory::GetTypeId());
    const auto transport = node->GetObject<PacketTransport>();
    for (const std::string name : {"SegmentSize",
                                   "SndBufSize",
                                   "RcvBufSize",
                                   "InitialCwnd",
                                   "DelAckTimeout",
                                   "MinRto",
                                   "ConnTimeout",
                                   "TcpNoDelay"})
    {
        StringValue value;
        transport->GetAttribute(name, value);
        socket->SetAttribute(name, value);
    }
    return socket;
}

/// Bytes without a meaning, as ns-3's BulkSendApplication sends them and its PacketSink takes them.
class BareTransfer
{
  public:
    BareTransfer(Ptr<Node> from, Ptr<Node> to, uint64_t bytes)
        : m_toSend(bytes),
          m_toReceive(bytes)
    {
        m_listener = BareSocket(to);
        m_listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), PORT));
        m_listener->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                                      MakeCallback(&BareTransfer::Accept, this));
        m_listener->Listen();
        m_socket = BareSocket(from);
        m_socket->SetConnectCallback(MakeCallback(&BareTransfer::Write, this),
                                     MakeNullCallback<void, Ptr<Socket>>());
        m_socket->SetSendCallback(MakeCallback(&BareTransfer::Room, this));
        m_socket->Bind();
        const auto address = to->GetObject<Ipv4>()->GetAddress(1, 0).GetLocal();
        Simulator::Schedule(
            Seconds(1), [this, address] { m_socket->Connect(InetSocketAddress(address, PORT)); });
    }

  private:
    void Accept(Ptr<Socket> socket, const Address&)
    {
        socket->SetRecvCallback(MakeCallback(&BareTransfer::Read, this));
        m_accepted = socket;
    }

    void Read(Ptr<Socket> socket)
    {
        while (const Ptr<Packet> packet = socket->Recv())
        {
            m_toReceive -= packet->GetSize();
        }
        if (m_toReceive == 0)
        {
            Simulator::Stop();
        }
    }

    void Room(Ptr<Socket> socket, uint32_t)
    {
        Write(socket);
    }

    void Write(Ptr<Socket> socket)
    {
        constexpr uint32_t WHOLE_SEGMENTS = 45 * 1448; // about what BulkSendApplication writes
        while (m_toSend > 0)
        {
            const auto size = static_cast<uint32_t>(std::min<uint64_t>(m_toSend, WHOLE_SEGMENTS));
            if (socket->GetTxAvailable() < size)
            {
                return;
            }
            m_toSend -= size;
            if (socket->Send(Create<Packet>(size)) < 0)
            {
                throw std::runtime_error("TCP refused to send");
            }
        }
    }

    uint64_t m_toSend;
    uint64_t m_toReceive;
    Ptr<Socket> m_listener;
    Ptr<Socket> m_socket;
    Ptr<Socket> m_accepted;
};

/// The same bytes without messages.
Took
RunBare(const Transfer& transfer)
{
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(1);
    NetworkHelper network;
    const NodeContainer nodes = MakeNetwork(transfer.medium, network);
    BareTransfer bare(nodes.Get(0), nodes.Get(1), transfer.bytes * transfer.messages);
    const Took took = RunSimulator();
    Simulator::Destroy();
    return took;
}

Record
MessagesAgainstBare(const Transfer& transfer)
{
    Took ours;
    Took bare;
    const Turns times = InTurns(
        7,
        [&] { return (ours = RunMessages(transfer)).seconds; },
        [&] { return (bare = RunBare(transfer)).seconds; });
    Record record;
    record.what = std::to_string(transfer.messages) + " messages of " +
                  std::to_string(transfer.bytes / 1000) + " kB, " + transfer.medium;
    record.reference = "plain ns-3 TCP sockets, the same bytes and devices";
    record.ratio = times.Ratio();
    record.spread = times.Spread(false);
    record.goal = Goal::AT_MOST;
    record.target = 1.15;
    record.details = {{"ours_cpu_s", Median(times.ours)},
                      {"bare_cpu_s", Median(times.reference)},
                      {"ours_simulated_s", ours.simulated - 1},
                      {"bare_simulated_s", bare.simulated - 1}};
    return record;
}

} // namespace

void
AddPacket()
{
    struct Medium
    {
        const char* name;
        uint64_t bytes; //!< altogether
    };

    for (const Medium& medium : {Medium{"point-to-point", 100000000},
                                 Medium{"ethernet", 60000000},
                                 Medium{"wifi", 20000000}})
    {
        for (const uint64_t bytes : {100000, 2000000})
        {
            Transfer transfer;
            transfer.medium = medium.name;
            transfer.bytes = bytes;
            transfer.messages = Size(static_cast<uint32_t>(medium.bytes / bytes), 2u);
            Add("packet/" + transfer.medium + "/" + std::to_string(bytes / 1000) +
                    "kB_against_bare_tcp",
                [transfer] { return MessagesAgainstBare(transfer); });
        }
    }
}

} // namespace bench
} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/buffer.h"
#include "ns3/mdi-message-reader.h"
#include "ns3/mdi-message.h"
#include "ns3/packet.h"

#include <gtest/gtest.h>
#include <random>
#include <sstream>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

const std::vector<MessageType> ALL = {MessageType::TENSOR,
                                      MessageType::RESULT,
                                      MessageType::BEACON,
                                      MessageType::RTC,
                                      MessageType::CTC,
                                      MessageType::NACK,
                                      MessageType::CANCEL,
                                      MessageType::DONE,
                                      MessageType::TOKEN,
                                      MessageType::HEARTBEAT,
                                      MessageType::FAILED,
                                      MessageType::LOST};

bool
Has(MessageType type, std::initializer_list<MessageType> types)
{
    return std::find(types.begin(), types.end(), type) != types.end();
}

/// A message with every field of its type set to something that is easily mixed up.
Message
Full(MessageType type)
{
    using T = MessageType;
    Message m;
    m.type = type;
    m.from = 0xfffffff1;
    m.sequence = 0x01020304;
    if (!Has(type, {T::BEACON, T::HEARTBEAT}))
    {
        m.task = {{7, 0x80000001}, 3, 65535};
        m.priority = 0.1F;
        m.admitted = NanoSeconds(1234567890123456789);
        m.hops = 513;
        m.input = 258;
    }
    if (Has(type, {T::TENSOR, T::RESULT}))
    {
        m.tensor = {1, 2, 3, 0x0102030405060708, {4, 0xfffffff5}};
        m.tensors = {{{1, 3, 224, 224}, Dtype::FLOAT32},
                     {{}, Dtype::INT64},
                     {{1, 2, 3, 4, 5, 6, 7, 0x123456789a}, Dtype::BOOL}};
        m.payloadBytes = 0x0102030405060708;
        m.exitThreshold = 0.75;
    }
    if (type == T::RTC)
    {
        m.key = -1e-300;
        m.workFlop = 8.2e9;
        m.requestBytes = 3211264;
    }
    if (Has(type, {T::BEACON, T::TENSOR, T::CTC, T::NACK}))
    {
        m.report = {NanoSeconds(-5), 9, 1e12, {{0.5F, 1e9}, {1000, 3.5}}, {}};
        m.report.queue = QueueReport{3, NanoSeconds(7)};
    }
    if (Has(type, {T::TENSOR, T::RESULT, T::TOKEN}))
    {
        m.stages = {{4, 1.5e9, 2e9}, {5, 2.5e9, 0.25}};
    }
    if (Has(type, {T::CTC, T::NACK, T::FAILED}))
    {
        m.node = 77;
    }
    if (type == T::TOKEN)
    {
        m.totalSpeedFlopPerS = 3e9;
        m.speedSoFarFlopPerS = 1e9;
        m.nextBoundary = 42;
        m.pipeline = {0, 3, 0xabcdef01};
    }
    if (type == T::LOST)
    {
        m.reason = "no memory for its tensor";
    }
    return m;
}

void
ExpectSame(const Message& a, const Message& b)
{
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.from, b.from);
    EXPECT_EQ(a.sequence, b.sequence);
    EXPECT_TRUE(a.task == b.task);
    EXPECT_EQ(a.priority, b.priority);
    EXPECT_EQ(a.admitted, b.admitted);
    EXPECT_EQ(a.hops, b.hops);
    EXPECT_EQ(a.input, b.input);
    EXPECT_TRUE(a.tensor == b.tensor);
    EXPECT_TRUE(a.tensors == b.tensors);
    EXPECT_EQ(a.payloadBytes, b.payloadBytes);
    EXPECT_EQ(a.key, b.key);
    EXPECT_EQ(a.workFlop, b.workFlop);
    EXPECT_EQ(a.requestBytes, b.requestBytes);
    EXPECT_EQ(a.report.time, b.report.time);
    EXPECT_EQ(a.report.profile, b.report.profile);
    EXPECT_EQ(a.report.speedFlopPerS, b.report.speedFlopPerS);
    ASSERT_EQ(a.report.queue.has_value(), b.report.queue.has_value());
    if (a.report.queue)
    {
        EXPECT_EQ(a.report.queue->tasks, b.report.queue->tasks);
        EXPECT_EQ(a.report.queue->servicePerTask, b.report.queue->servicePerTask);
    }
    EXPECT_EQ(a.exitThreshold, b.exitThreshold);
    ASSERT_EQ(a.report.backlog.size(), b.report.backlog.size());
    for (size_t i = 0; i < a.report.backlog.size(); ++i)
    {
        EXPECT_EQ(a.report.backlog[i].priority, b.report.backlog[i].priority);
        EXPECT_EQ(a.report.backlog[i].backlogFlop, b.report.backlog[i].backlogFlop);
    }
    ASSERT_EQ(a.stages.size(), b.stages.size());
    for (size_t i = 0; i < a.stages.size(); ++i)
    {
        EXPECT_EQ(a.stages[i].node, b.stages[i].node);
        EXPECT_EQ(a.stages[i].speedFlopPerS, b.stages[i].speedFlopPerS);
        EXPECT_EQ(a.stages[i].workFlop, b.stages[i].workFlop);
    }
    EXPECT_EQ(a.node, b.node);
    EXPECT_EQ(a.totalSpeedFlopPerS, b.totalSpeedFlopPerS);
    EXPECT_EQ(a.speedSoFarFlopPerS, b.speedSoFarFlopPerS);
    EXPECT_EQ(a.nextBoundary, b.nextBoundary);
    EXPECT_EQ(a.pipeline, b.pipeline);
    EXPECT_EQ(a.reason, b.reason);
}

std::vector<uint8_t>
Bytes(const MessageHeader& header)
{
    auto packet = Create<Packet>();
    packet->AddHeader(header);
    std::vector<uint8_t> bytes(packet->GetSize());
    packet->CopyData(bytes.data(), bytes.size());
    return bytes;
}

/// Deserializes exactly these octets.
uint32_t
Parse(const std::vector<uint8_t>& bytes, MessageHeader& header)
{
    Buffer buffer;
    buffer.AddAtStart(bytes.size());
    buffer.Begin().Write(bytes.data(), bytes.size());
    return header.Deserialize(buffer.Begin());
}

class MdiMessageType : public testing::TestWithParam<MessageType>
{
};

TEST_P(MdiMessageType, RoundTrip)
{
    const MessageHeader sent(Full(GetParam()));
    const auto bytes = Bytes(sent);
    ASSERT_EQ(bytes.size(), sent.GetSerializedSize());
    EXPECT_EQ(MessageHeader::PeekLength(bytes.data()), bytes.size());
    MessageHeader received;
    ASSERT_EQ(Parse(bytes, received), bytes.size());
    ExpectSame(sent.Get(), received.Get());
    EXPECT_EQ(Bytes(received), bytes);
}

TEST_P(MdiMessageType, SurvivesAPacketWithPayload)
{
    const MessageHeader sent(Full(GetParam()));
    auto packet = Create<Packet>(1000);
    packet->AddHeader(sent);
    EXPECT_EQ(packet->GetSize(), 1000 + sent.GetSerializedSize());
    MessageHeader received;
    EXPECT_EQ(packet->RemoveHeader(received), sent.GetSerializedSize());
    EXPECT_EQ(packet->GetSize(), 1000);
    ExpectSame(sent.Get(), received.Get());
}

TEST_P(MdiMessageType, TruncatedAnywhereIsInvalid)
{
    auto bytes = Bytes(MessageHeader(Full(GetParam()), 0));
    for (size_t size = 0; size < bytes.size(); ++size)
    {
        std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + size);
        MessageHeader header;
        EXPECT_EQ(Parse(cut, header), 0) << size;
        if (size >= MessageHeader::PREFIX_BYTES)
        {
            // The same with a length that agrees, so that the groups are cut.
            cut[4] = cut[5] = 0;
            cut[6] = size >> 8;
            cut[7] = size & 0xff;
            EXPECT_EQ(Parse(cut, header), 0) << size;
        }
    }
}

TEST_P(MdiMessageType, FlippedBitsDoNoHarm)
{
    const auto bytes = Bytes(MessageHeader(Full(GetParam())));
    std::mt19937 random(1);
    for (int i = 0; i < 20000; ++i)
    {
        auto bad = bytes;
        for (uint32_t flips = 1 + random() % 4; flips > 0; --flips)
        {
            bad[random() % bad.size()] ^= 1 << random() % 8;
        }
        MessageHeader header;
        const uint32_t read = Parse(bad, header);
        ASSERT_LE(read, bad.size());
        for (const auto& spec : header.Get().tensors)
        {
            ASSERT_LE(spec.shape.size(), 8);
            ASSERT_LE(static_cast<int>(spec.dtype), static_cast<int>(Dtype::BOOL));
            for (int64_t size : spec.shape)
            {
                ASSERT_GE(size, 0);
            }
        }
    }
}

TEST_P(MdiMessageType, ControlIsPadded)
{
    Message message;
    message.type = GetParam();
    const uint32_t size = MessageHeader(message, 64).GetSerializedSize();
    const uint32_t plain = MessageHeader(message, 0).GetSerializedSize();
    EXPECT_LE(plain, 100);
    if (Has(GetParam(), {MessageType::TENSOR, MessageType::RESULT, MessageType::TOKEN}))
    {
        EXPECT_EQ(size, plain);
    }
    else
    {
        EXPECT_EQ(size, std::max<uint32_t>(64, plain));
        EXPECT_EQ(MessageHeader(message, 500).GetSerializedSize(), 500);
    }
}

TEST_P(MdiMessageType, HasAName)
{
    std::ostringstream os;
    MessageHeader(Full(GetParam())).Print(os);
    EXPECT_EQ(os.str().find(MessageTypeName(GetParam())), 0);
    EXPECT_STRNE(MessageTypeName(GetParam()), "unknown");
}

INSTANTIATE_TEST_SUITE_P(All, MdiMessageType, testing::ValuesIn(ALL), [](const auto& info) {
    return MessageTypeName(info.param);
});

TEST(MdiMessage, RandomOctetsAreInvalid)
{
    std::mt19937 random(2);
    for (int i = 0; i < 20000; ++i)
    {
        std::vector<uint8_t> bytes(random() % 200);
        for (auto& byte : bytes)
        {
            byte = random();
        }
        // Half of them start like ours and end within a larger packet.
        if (i % 2 && bytes.size() > MessageHeader::PREFIX_BYTES)
        {
            const uint8_t start[] = {'M', 'D', 1, uint8_t(random() % 11), 0, 0, 0};
            std::copy(std::begin(start), std::end(start), bytes.begin());
        }
        MessageHeader header;
        ASSERT_LE(Parse(bytes, header), bytes.size());
    }
}

TEST(MdiMessage, WrongPrefixes)
{
    const auto good = Bytes(MessageHeader(Full(MessageType::RTC)));
    ASSERT_GT(MessageHeader::PeekLength(good.data()), 0);
    for (const auto& [at, value] : std::vector<std::pair<size_t, uint8_t>>{
             {0, 'X'}, {1, 'X'}, {2, 0}, {2, 2}, {3, 12}, {3, 255}, {4, 1}, {5, 2}})
    {
        auto bad = good;
        bad[at] = value;
        EXPECT_EQ(MessageHeader::PeekLength(bad.data()), 0) << at;
    }
    auto shorter = good;
    shorter[7] = 7;
    EXPECT_EQ(MessageHeader::PeekLength(shorter.data()), 0);
}

TEST(MdiMessage, LargestHeader)
{
    Message message;
    message.type = MessageType::TOKEN;
    const uint32_t empty = MessageHeader(message).GetSerializedSize();
    message.pipeline.resize((MessageHeader::MAX_BYTES - empty) / 4, 5);
    const MessageHeader sent(message);
    EXPECT_GT(sent.GetSerializedSize(), MessageHeader::MAX_BYTES - 4);
    MessageHeader received;
    EXPECT_EQ(Parse(Bytes(sent), received), sent.GetSerializedSize());
    EXPECT_EQ(received.Get().pipeline, message.pipeline);
}

TEST(MdiMessage, NetworkByteOrder)
{
    Message message;
    message.type = MessageType::HEARTBEAT;
    message.from = 0x0a0b0c0d;
    message.sequence = 2;
    const std::vector<uint8_t> expected{
        'M', 'D', 1, 9, 0, 0, 0, 16, 0x0a, 0x0b, 0x0c, 0x0d, 0, 0, 0, 2};
    EXPECT_EQ(Bytes(MessageHeader(message, 0)), expected);
}

TEST(MessageReader, MessagesComeWholeHoweverTheirBytesAreCut)
{
    std::vector<Message> sent;
    auto stream = Create<Packet>();
    for (const MessageType type : ALL)
    {
        Message message = Full(type);
        message.payloadBytes %= 5000;
        auto packet = Create<Packet>(static_cast<uint32_t>(message.payloadBytes));
        packet->AddHeader(MessageHeader(message));
        stream->AddAtEnd(packet);
        sent.push_back(message);
    }
    std::mt19937 random(1);
    for (const uint32_t longest : {1u, 7u, 1448u, 1000000u})
    {
        MessageReader reader;
        std::vector<Message> received;
        uint64_t bytes = 0;
        for (uint32_t at = 0; at < stream->GetSize();)
        {
            const uint32_t left = stream->GetSize() - at;
            ASSERT_GT(reader.Wanted(), 0u);
            const uint32_t some = 1 + static_cast<uint32_t>(random() % longest);
            const uint32_t chunk = std::min({some, reader.Wanted(), left});
            ASSERT_TRUE(reader.Read(stream->CreateFragment(at, chunk)));
            at += chunk;
            if (const auto whole = reader.Take())
            {
                received.push_back(whole->message);
                bytes += whole->bytes;
                EXPECT_FALSE(reader.Take());
                EXPECT_EQ(bytes, at);
            }
        }
        ASSERT_EQ(received.size(), sent.size());
        for (size_t i = 0; i < sent.size(); ++i)
        {
            ExpectSame(received[i], sent[i]);
        }
    }
}

TEST(MessageReader, WhatIsNoHeaderIsRefused)
{
    auto bytes = Bytes(MessageHeader(Full(MessageType::RTC)));
    bytes[0] = 'X';
    MessageReader reader;
    EXPECT_FALSE(reader.Read(Create<Packet>(bytes.data(), reader.Wanted())));
}

} // namespace

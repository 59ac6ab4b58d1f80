// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The header on the wire: octets of a stranger are a header or none, and a header that was read
// reads the same when it is written again. As the bytes of a connection they are messages, or end
// it.

#include "ns3/mdi-message-reader.h"
#include "ns3/mdi-message.h"
#include "ns3/packet.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

std::vector<uint8_t>
Octets(Ptr<const Packet> packet)
{
    std::vector<uint8_t> octets(packet->GetSize());
    packet->CopyData(octets.data(), packet->GetSize());
    return octets;
}

/// A connection that brings these octets.
void
ReadConnection(const uint8_t* data, uint32_t size)
{
    MessageReader reader;
    uint64_t bytes = 0; // of whole messages
    for (uint32_t at = 0; at < size;)
    {
        const uint32_t chunk = std::min(reader.Wanted(), size - at);
        if (chunk == 0)
        {
            std::abort();
        }
        if (!reader.Read(Create<Packet>(data + at, chunk)))
        {
            return;
        }
        at += chunk;
        if (const auto whole = reader.Take())
        {
            bytes += whole->bytes;
            if (bytes != at || reader.Take())
            {
                std::abort();
            }
        }
    }
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size >= MessageHeader::PREFIX_BYTES)
    {
        MessageHeader::PeekLength(data);
    }
    ReadConnection(data, static_cast<uint32_t>(size));
    const auto packet = Create<Packet>(data, static_cast<uint32_t>(size));
    MessageHeader header;
    const uint32_t read = packet->RemoveHeader(header);
    if (read > size)
    {
        std::abort();
    }
    if (read > 0)
    {
        const auto first = Create<Packet>();
        first->AddHeader(MessageHeader(header.Get(), 0));
        const auto octets = Octets(first);
        MessageHeader again;
        if (first->RemoveHeader(again) != octets.size())
        {
            std::abort();
        }
        const auto second = Create<Packet>();
        second->AddHeader(MessageHeader(again.Get(), 0));
        if (Octets(second) != octets)
        {
            std::abort();
        }
    }
    return 0;
}

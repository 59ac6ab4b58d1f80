// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-message-reader.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ns3
{
namespace mdi
{

uint32_t
MessageReader::Wanted() const
{
    if (m_payloadLeft > 0)
    {
        // Socket::Recv tells sizes as signed numbers.
        return static_cast<uint32_t>(
            std::min<uint64_t>(m_payloadLeft, std::numeric_limits<int32_t>::max()));
    }
    const uint32_t end = m_headerBytes > 0 ? m_headerBytes : MessageHeader::PREFIX_BYTES;
    return end - static_cast<uint32_t>(m_header.size());
}

bool
MessageReader::Read(Ptr<const Packet> packet)
{
    if (m_payloadLeft > 0)
    {
        m_payloadLeft -= packet->GetSize();
        return true;
    }
    const size_t before = m_header.size();
    m_header.resize(before + packet->GetSize());
    packet->CopyData(m_header.data() + before, packet->GetSize());
    if (m_headerBytes == 0)
    {
        if (m_header.size() < MessageHeader::PREFIX_BYTES)
        {
            return true;
        }
        m_headerBytes = MessageHeader::PeekLength(m_header.data());
        if (m_headerBytes == 0)
        {
            return false;
        }
    }
    if (m_header.size() < m_headerBytes)
    {
        return true;
    }
    MessageHeader header;
    if (Create<Packet>(m_header.data(), m_headerBytes)->RemoveHeader(header) != m_headerBytes)
    {
        return false;
    }
    m_message = header.Get();
    m_payloadLeft = m_message.payloadBytes;
    m_header.clear();
    return true;
}

std::optional<MessageReader::Whole>
MessageReader::Take()
{
    if (m_headerBytes == 0 || !m_header.empty() || m_payloadLeft > 0)
    {
        return std::nullopt;
    }
    Whole whole{std::move(m_message), m_headerBytes};
    whole.bytes += whole.message.payloadBytes;
    m_message = Message();
    m_headerBytes = 0;
    return whole;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_WIRE_H
#define MDI_WIRE_H

#include <cstdint>

namespace ns3
{
namespace mdi
{

// Sizes that packets have on the wire and in queues: the same in both fidelities of the network.

/// Octets of an IP packet.
constexpr uint32_t MTU_BYTES = 1500;

/// Octets of TCP (with its time stamps) and IP in front of a segment.
constexpr uint32_t TCP_IP_BYTES = 32 + 20;

/// Data bytes of a segment.
constexpr uint32_t TCP_SEGMENT_BYTES = MTU_BYTES - TCP_IP_BYTES;

/// Share of the bits of IP packets that is data.
constexpr double TCP_DATA_SHARE = static_cast<double>(TCP_SEGMENT_BYTES) / MTU_BYTES;

/// Octets around an IP packet: preamble 8, header 14, check sequence 4, gap 12.
constexpr uint32_t ETHERNET_BYTES = 38;

/// Packets that a host's device holds. Short: behind it the queue disc lets flows take turns.
constexpr uint32_t HOST_QUEUE_PACKETS = 10;

} // namespace mdi
} // namespace ns3

#endif // MDI_WIRE_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MESSAGE_SIZE_H
#define MDI_MESSAGE_SIZE_H

#include "mdi-message.h"

#include <cstdint>

namespace ns3
{
namespace mdi
{

/**
 * Size in octets of the header of a message: what MessageHeader(message, controlBytes) takes,
 * without making one. A message that no header can hold ends the program, as there.
 */
uint32_t HeaderBytes(const Message& message, uint32_t controlBytes);

} // namespace mdi
} // namespace ns3

#endif // MDI_MESSAGE_SIZE_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MESSAGE_READER_H
#define MDI_MESSAGE_READER_H

#include "mdi-message.h"

#include "ns3/packet.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Takes the bytes of a connection apart: headers are read, payloads are counted.
class MessageReader
{
  public:
    /// A message that has come whole.
    struct Whole
    {
        Message message;    //!< what its header says
        uint64_t bytes = 0; //!< header and payload
    };

    /// How many bytes it takes next, at most. \return above 0
    uint32_t Wanted() const;

    /**
     * \param packet the next bytes, not more than are wanted
     * \return false: they are no header, and where the next one begins is not known
     */
    bool Read(Ptr<const Packet> packet);

    /// After each Read. \return once for each message; none while bytes of it are missing
    std::optional<Whole> Take();

  private:
    std::vector<uint8_t> m_header; //!< octets of the header so far
    uint32_t m_headerBytes = 0;    //!< its whole length, 0 as long as it is unknown
    Message m_message;             //!< what it says
    uint64_t m_payloadLeft = 0;    //!< bytes of the payload still to come
};

} // namespace mdi
} // namespace ns3

#endif // MDI_MESSAGE_READER_H

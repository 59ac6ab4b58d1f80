// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FNV_H
#define MDI_FNV_H

#include <cstdint>
#include <string>

namespace ns3
{
namespace mdi
{

/// The hash FNV-1a (64 bits): unlike std::hash, the same on every machine.
class Fnv
{
  public:
    /// Add eight octets, the least significant first.
    void Add(uint64_t number)
    {
        for (int shift = 0; shift < 64; shift += 8)
        {
            AddOctet(static_cast<uint8_t>(number >> shift));
        }
    }

    /// Add a text and its length.
    void Add(const std::string& text)
    {
        for (const char character : text)
        {
            AddOctet(static_cast<uint8_t>(character));
        }
        Add(static_cast<uint64_t>(text.size()));
    }

    /// The hash of what was added so far.
    uint64_t Value() const
    {
        return m_hash;
    }

  private:
    void AddOctet(uint8_t octet)
    {
        m_hash = (m_hash ^ octet) * 1099511628211ULL;
    }

    uint64_t m_hash = 14695981039346656037ULL;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_FNV_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ANSWER_INDEX_H
#define MDI_ANSWER_INDEX_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Where in a file the entry of each key stands. Of a key 64 bits of hash are kept, so that an entry
 * takes 18 to 37 bytes however long its key is: who reads the place checks that it is the key's. Of
 * several keys with one hash, and of several entries with one key, the last counts.
 */
class AnswerIndex
{
  public:
    void Put(const std::string& key, uint64_t place); //!< an entry, or its new place

    /// The place of what may be the key's entry.
    std::optional<uint64_t> Find(const std::string& key) const;

    size_t Size() const; //!< entries

    /// What it takes of memory.
    uint64_t Bytes() const;

  private:
    struct Slot
    {
        uint64_t hash = 0; //!< 0: free
        uint64_t place = 0;
    };

    /// The slot of a hash, or the free one where it belongs. There must be slots.
    static size_t SlotOf(uint64_t hash, const std::vector<Slot>& slots);
    void Grow();

    std::vector<Slot> m_slots; //!< a power of two
    size_t m_size = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_ANSWER_INDEX_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RECENT_SET_H
#define MDI_RECENT_SET_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * The last so many different keys that were inserted: a set whose memory has a bound. No node is
 * allocated per key: a ring holds the keys in the order of insertion, an open-addressing table with
 * linear probing finds their places in it. Both grow to the bound as they are needed.
 *
 * \tparam Key what is remembered; default-constructible, has ==
 * \tparam Hash spreads keys over 64 bits
 */
template <typename Key, typename Hash>
class RecentSet
{
  public:
    /// \param limit of keys; 1 to 2^30
    explicit RecentSet(uint32_t limit)
        : m_limit(limit)
    {
    }

    /// Whether a key is among them.
    bool Contains(const Key& key) const
    {
        return !m_table.empty() && m_table[Find(key)] != FREE;
    }

    /// How many there are.
    size_t Size() const
    {
        return m_keys.size();
    }

    /**
     * Remember a key; one that is known stays where it is in the order.
     * \return the oldest key, if it is forgotten for this one
     */
    std::optional<Key> Insert(const Key& key)
    {
        if (m_keys.size() < m_limit && 2 * (m_keys.size() + 1) > m_table.size())
        {
            GrowTable();
        }
        size_t at = Find(key);
        if (m_table[at] != FREE)
        {
            return std::nullopt;
        }
        std::optional<Key> forgotten;
        uint32_t place = static_cast<uint32_t>(m_keys.size());
        if (place < m_limit)
        {
            m_keys.push_back(key);
        }
        else
        {
            place = m_oldest;
            m_oldest = (m_oldest + 1) % m_limit;
            forgotten = m_keys[place];
            Remove(Find(*forgotten));
            m_keys[place] = key;
            at = Find(key); // the gap may have moved it
        }
        m_table[at] = place;
        return forgotten;
    }

  private:
    static constexpr uint32_t FREE = std::numeric_limits<uint32_t>::max();

    size_t Home(const Key& key) const
    {
        return Hash()(key) & (m_table.size() - 1);
    }

    /// Where a key is in the table, or the free entry where it would be.
    size_t Find(const Key& key) const
    {
        size_t at = Home(key);
        while (m_table[at] != FREE && !(m_keys[m_table[at]] == key))
        {
            at = (at + 1) & (m_table.size() - 1);
        }
        return at;
    }

    /// Free an entry, and close the gap that this leaves for entries behind it.
    void Remove(size_t gap)
    {
        const size_t mask = m_table.size() - 1;
        m_table[gap] = FREE;
        for (size_t at = (gap + 1) & mask; m_table[at] != FREE; at = (at + 1) & mask)
        {
            const size_t home = Home(m_keys[m_table[at]]);
            if (((at - home) & mask) >= ((at - gap) & mask))
            {
                std::swap(m_table[gap], m_table[at]);
                gap = at;
            }
        }
    }

    /// At least half of the table is free.
    void GrowTable()
    {
        constexpr size_t LEAST = 16;
        const size_t size = m_table.empty() ? LEAST : 2 * m_table.size();
        m_table.assign(size, FREE);
        for (uint32_t place = 0; place < m_keys.size(); ++place)
        {
            m_table[Find(m_keys[place])] = place;
        }
    }

    uint32_t m_limit;
    uint32_t m_oldest = 0;         //!< place in m_keys, once there are m_limit
    std::vector<Key> m_keys;       //!< a ring
    std::vector<uint32_t> m_table; //!< places in m_keys; a power of two of entries
};

} // namespace mdi
} // namespace ns3

#endif // MDI_RECENT_SET_H

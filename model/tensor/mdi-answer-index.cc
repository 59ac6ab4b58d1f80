// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-answer-index.h"

#include "mdi-fnv.h"

namespace ns3
{
namespace mdi
{

namespace
{

constexpr size_t FIRST_SLOTS = 1024;

uint64_t
HashOf(const std::string& key)
{
    Fnv hash;
    hash.Add(key);
    return hash.Value() == 0 ? 1 : hash.Value();
}

} // namespace

void
AnswerIndex::Put(const std::string& key, uint64_t place)
{
    // An eighth stays free: searches end soon.
    if (8 * (m_size + 1) > 7 * m_slots.size())
    {
        Grow();
    }
    const uint64_t hash = HashOf(key);
    Slot& slot = m_slots[SlotOf(hash, m_slots)];
    m_size += slot.hash == 0 ? 1 : 0;
    slot = {hash, place};
}

std::optional<uint64_t>
AnswerIndex::Find(const std::string& key) const
{
    if (m_slots.empty())
    {
        return std::nullopt;
    }
    const Slot& slot = m_slots[SlotOf(HashOf(key), m_slots)];
    return slot.hash == 0 ? std::nullopt : std::make_optional(slot.place);
}

size_t
AnswerIndex::Size() const
{
    return m_size;
}

uint64_t
AnswerIndex::Bytes() const
{
    return m_slots.capacity() * sizeof(Slot);
}

size_t
AnswerIndex::SlotOf(uint64_t hash, const std::vector<Slot>& slots)
{
    const size_t mask = slots.size() - 1;
    size_t at = hash & mask;
    while (slots[at].hash != 0 && slots[at].hash != hash)
    {
        at = (at + 1) & mask;
    }
    return at;
}

void
AnswerIndex::Grow()
{
    std::vector<Slot> slots(m_slots.empty() ? FIRST_SLOTS : 2 * m_slots.size());
    for (const Slot& slot : m_slots)
    {
        if (slot.hash != 0)
        {
            slots[SlotOf(slot.hash, slots)] = slot;
        }
    }
    m_slots.swap(slots);
}

} // namespace mdi
} // namespace ns3

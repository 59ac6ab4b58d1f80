// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TASK_HASH_H
#define MDI_TASK_HASH_H

#include "mdi-task.h"

namespace ns3
{
namespace mdi
{

/// Spreads 64 bits over 64 bits: multiplications by odd numbers, high bits folded into low ones.
inline uint64_t
MixBits(uint64_t bits)
{
    bits = (bits ^ (bits >> 32)) * 0x9e3779b97f4a7c15ULL;
    bits = (bits ^ (bits >> 29)) * 0xd6e8feb86659fd93ULL;
    return bits ^ (bits >> 32);
}

/**
 * For hash tables of items with linear probing (RecentSet). Items with successive numbers, which
 * come one after another, lie side by side in groups that fill a line of the processor's cache.
 */
struct ItemHash
{
    /// \param rest of what is hashed, besides the item
    uint64_t operator()(const ItemId& item, uint64_t rest = 0) const
    {
        constexpr uint32_t GROUP_BITS = 4;
        const uint64_t group = uint64_t(item.source) << 32 | item.item >> GROUP_BITS;
        const uint64_t place = item.item & ((1U << GROUP_BITS) - 1);
        return MixBits(MixBits(group) + rest) << GROUP_BITS | place;
    }
};

/// For hash tables of tasks, as ItemHash.
struct TaskHash
{
    /// The hash of a task.
    uint64_t operator()(const TaskId& task) const
    {
        const uint64_t rest =
            uint64_t(task.epoch) << 32 | uint64_t(task.unit) << 16 | uint64_t(task.pass);
        return ItemHash()(task.item, rest);
    }
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TASK_HASH_H

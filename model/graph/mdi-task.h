// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TASK_H
#define MDI_TASK_H

#include <cstdint>
#include <tuple>

namespace ns3
{
namespace mdi
{

/// One datum admitted at a source: (m, d) of papers.md, section 1.
struct ItemId
{
    uint32_t source = 0; //!< m, index of the source in the deployment
    uint32_t item = 0;   //!< d, number of the datum at that source, from 0
};

inline bool
operator<(const ItemId& a, const ItemId& b)
{
    return std::tie(a.source, a.item) < std::tie(b.source, b.item);
}

inline bool
operator==(const ItemId& a, const ItemId& b)
{
    return a.source == b.source && a.item == b.item;
}

/// One execution unit applied to one item: tau = (m, d, k) of papers.md, section 1.
struct TaskId
{
    ItemId item; //!< the datum
    uint16_t epoch =
        0;             //!< which plan of the source the unit number refers to (AR-MDI re-allocates)
    uint16_t unit = 0; //!< k, index of the unit in that plan, from 0
    uint16_t pass = 0; //!< of a generation: how many tokens the item had made before
};

inline bool
operator<(const TaskId& a, const TaskId& b)
{
    return std::tie(a.item, a.epoch, a.pass, a.unit) < std::tie(b.item, b.epoch, b.pass, b.unit);
}

inline bool
operator==(const TaskId& a, const TaskId& b)
{
    return a.item == b.item && a.epoch == b.epoch && a.pass == b.pass && a.unit == b.unit;
}

} // namespace mdi
} // namespace ns3

#endif // MDI_TASK_H

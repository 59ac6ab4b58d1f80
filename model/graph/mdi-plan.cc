// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-plan.h"

#include <algorithm>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

bool
Plan::HasStrips() const
{
    return std::any_of(units.begin(), units.end(), [](const ExecutionUnit& unit) {
        return unit.op.kind != UnitKind::SLICE;
    });
}

Plan
MakeChainPlan(const std::vector<uint32_t>& boundaries, const std::vector<uint32_t>& nodes)
{
    if (boundaries.size() < 2 || !std::is_sorted(boundaries.begin(), boundaries.end()))
    {
        throw std::invalid_argument("a chain plan needs ascending boundaries, at least two");
    }
    const auto count = static_cast<uint32_t>(boundaries.size() - 1);
    if (!nodes.empty() && nodes.size() != count)
    {
        throw std::invalid_argument("a chain plan needs one node per unit");
    }
    Plan plan;
    for (uint32_t k = 0; k < count; ++k)
    {
        ExecutionUnit unit;
        unit.op.begin = boundaries[k];
        unit.op.end = boundaries[k + 1];
        unit.inputs = {{static_cast<int32_t>(k) - 1, 0, {}}};
        if (k + 1 < count)
        {
            unit.forwards = {{k + 1, 0}};
        }
        unit.node = nodes.empty() ? ExecutionUnit::NONE : static_cast<int32_t>(nodes[k]);
        plan.units.push_back(unit);
    }
    return plan;
}

} // namespace mdi
} // namespace ns3

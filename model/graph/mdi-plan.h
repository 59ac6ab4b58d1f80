// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PLAN_H
#define MDI_PLAN_H

#include <cstdint>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * One execution unit of a plan: required inputs, operator, and where its output goes. It fires when
 * every required input is there. (The triple of EdgeFlow, papers.md section 7.1; a chain of
 * consecutive layers is the simple case.)
 */
struct ExecutionUnit
{
    /// As a producer: the item itself, at its source. As a node: the router decides.
    static constexpr int32_t NONE = -1;

    uint32_t begin = 0;             //!< first layer of the operator
    uint32_t end = 0;               //!< one past its last layer
    std::vector<int32_t> inputs;    //!< producing units, NONE for the item itself
    std::vector<uint32_t> forwards; //!< units that need the output; empty: it is the result
    int32_t node = NONE;            //!< the worker that runs it, if the plan is static
};

/// The execution units into which a model is cut for one source, in topological order.
struct Plan
{
    std::vector<ExecutionUnit> units; //!< index = TaskId::unit
};

/**
 * The plan of consecutive slices.
 * \param boundaries cuts from 0 to L, ascending; equal neighbours give an empty unit, which only
 *        forwards
 * \param nodes one worker per unit, or empty where the router decides
 * \throws std::invalid_argument if the boundaries do not ascend or the sizes differ
 */
Plan MakeChainPlan(const std::vector<uint32_t>& boundaries,
                   const std::vector<uint32_t>& nodes = {});

} // namespace mdi
} // namespace ns3

#endif // MDI_PLAN_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PLAN_H
#define MDI_PLAN_H

#include "mdi-row-rule.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What sort of work a unit does.
enum class UnitKind
{
    SLICE,  //!< consecutive layers
    STRIP,  //!< rows of one layer's output (EdgeFlow)
    GATHER, //!< puts the result together from its rows: no work, and no processor
};

/// What a unit computes.
struct Operator
{
    UnitKind kind = UnitKind::SLICE; //!< what kind of unit
    uint32_t begin = 0;              //!< SLICE: the first layer
    uint32_t end = 0;                //!< SLICE: one past the last
    /// STRIP: layers that run together, ascending; the strip is one of the last one's output.
    std::vector<uint32_t> members;
    RowRange rows; //!< STRIP: of the output, {0, 1} if that has no rows
};

/// One of the tensors that a unit requires.
struct UnitInput
{
    /// As a producer: the item itself, at its source.
    static constexpr int32_t ITEM = -1;

    int32_t from = ITEM; //!< the unit that makes it, or ITEM
    int32_t layer = 0;   //!< STRIP, GATHER: whose output it is; -1-i: input i of the model
    /// STRIP, GATHER: the rows, of those that `from` makes; none: the unit only hears of the item.
    RowRange rows;
};

/// A line of a unit's forwarding table: the output, or rows of it, is an input of another unit.
struct UnitForward
{
    uint32_t unit = 0;  //!< who needs it
    uint16_t input = 0; //!< which of its inputs it is
};

/**
 * One execution unit of a plan: required inputs, operator, and where its output goes. It fires when
 * every required input is there (the triple of EdgeFlow, papers.md section 7.1). A chain of
 * consecutive layers is the simple case, row strips of single layers the general one.
 */
struct ExecutionUnit
{
    /// As a node: the router decides.
    static constexpr int32_t NONE = -1;

    Operator op;                       //!< what it computes
    std::vector<UnitInput> inputs;     //!< of a slice one, else at least one
    std::vector<UnitForward> forwards; //!< empty: it is the result, or rows that nobody needs
    int32_t node = NONE;               //!< the worker that runs it; a slice can be without
};

/// What the planner of a static plan expects of one item, on idle devices and private links.
struct PlanForecast
{
    int64_t latencyNs = 0;   //!< from admission to result [ns]
    uint64_t bytesMoved = 0; //!< payload between workers
    bool guardUsed = false;  //!< a single worker was faster than the planner's own plans
    uint32_t workers = 0;    //!< number of those that run something
};

/// The execution units into which a model is cut for one source, in topological order.
struct Plan
{
    std::vector<ExecutionUnit> units;     //!< index = TaskId::unit
    std::optional<PlanForecast> forecast; //!< if its planner makes one
    std::vector<uint32_t> boundaries;     //!< where slices may be cut anew, if that can happen

    /// Whether any unit is no slice: then units wait for several inputs, and all have a node.
    bool HasStrips() const;
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

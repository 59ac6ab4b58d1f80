// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_STRIP_H
#define MDI_ROW_STRIP_H

#include "mdi-layer-graph.h"
#include "mdi-tensor-id.h"

#include <cstdint>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * What an execution unit computes (EdgeFlow-style, reconstructed: papers.md, section 7.2): rows of
 * the output of one layer of a RowModel, on one input of the model.
 */
struct RowStrip
{
    uint32_t model = 0; //!< index of the model in the engine
    uint32_t input = 0; //!< index of the model's input in the input set
    /// Layers of the LayerGraph that run together, ascending, as RowLayer::members; the strip is
    /// that of the last one. Empty: the result of the model.
    std::vector<uint32_t> members;
    /// Rows of the output of the last member, of [0, RowLayer::height): {0, 1} if that has no rows.
    /// The result: {0, 0}, everything.
    RowRange rows;
};

/// Rows that a strip is computed from: they came from another unit, or from the source.
struct StripPart
{
    int32_t layer = 0; //!< whose output they are; -1-i: input i of the model
    RowRange rows;     //!< which of its rows; {0, 1} of an output without rows
    TensorId from;     //!< the strip they were taken from; of an input, boundary 0
};

/// Rows that a strip cannot do without.
struct StripNeed
{
    int32_t layer = 0; //!< whose output they are; -1-i: input i of the model
    RowRange rows;     //!< never empty; {0, 1} of an output without rows
};

/// Number of rows of a layer's output, or of input i of the model (-1-i); 1 if it has none.
int64_t RowsOf(const LayerGraph& graph, int32_t layer);

/// Shapes of rows of a layer's output, or of input i of the model (-1-i); none for no rows.
std::vector<TensorSpec> RowTensors(const LayerGraph& graph, int32_t layer, const RowRange& rows);

/**
 * The rows that each member of a strip makes: those that the strip and later members need of it.
 * Empty for a member that makes nothing but padding of another.
 * \throws std::invalid_argument if these are no layers that can run so, or no rows of the last one
 */
std::vector<RowRange> MemberRows(const LayerGraph& graph, const RowStrip& strip);

/**
 * What a strip needs of layers that are no members of it, and of the model's inputs; at most one
 * range for each, in the order of the layers, inputs first.
 * \throws std::invalid_argument as MemberRows
 */
std::vector<StripNeed> StripNeeds(const LayerGraph& graph, const RowStrip& strip);

/**
 * Names a strip: boundary, rows, and a lineage that stands for all of its parts, how they were
 * made included. So strips of different plans have different names, unless they were made of the
 * same rows all the way from the input. The order of the parts does not matter.
 *
 * \throws std::invalid_argument as MemberRows; if a part is of another model or input, or is not
 *         what it says; if a needed row is in no part
 */
TensorId NameStrip(const LayerGraph& graph,
                   const RowStrip& strip,
                   const std::vector<StripPart>& parts);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_STRIP_H

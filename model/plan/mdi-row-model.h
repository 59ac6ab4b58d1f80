// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_MODEL_H
#define MDI_ROW_MODEL_H

#include "mdi-layer-graph.h"
#include "mdi-row-rule.h"

#include <cstdint>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What a layer reads of an earlier one.
struct RowInput
{
    uint32_t layer = 0; //!< index in RowModel::layers
    RowRule rule;       //!< which of its rows are needed
};

/// A layer v as a row planner sees it: layers of the model that always run together.
struct RowLayer
{
    std::vector<uint32_t> members; //!< layers of the LayerGraph, ascending; empty: virtual
    std::vector<RowInput> inputs;  //!< its predecessors
    int64_t height = 1;            //!< H_v, rows of its output; 1 if that has none
    uint64_t rowBytes = 0;         //!< bytes per row of its output
    uint64_t weightBytes = 0;      //!< every device that runs a strip of it holds all of them
    double flop = 0;               //!< work of all rows, 2 FLOP per multiply-accumulate
    bool splittable = false;       //!< several devices can share its rows
};

/**
 * A model as a row planner sees it (EdgeFlow-style, reconstructed: papers.md, sections 7.2 and 7.8;
 * C. Hu, B. Li, INFOCOM 2022). Its first layers are virtual, the inputs of the model, and so is its
 * last one, the result: both lie on the source and cost no work.
 */
struct RowModel
{
    std::vector<RowLayer> layers; //!< in topological order
    uint32_t inputs = 0;          //!< number of virtual layers at the start

    /// Whether it is an input of the model or the result.
    bool IsVirtual(uint32_t layer) const
    {
        return layer < inputs || layer + 1 >= layers.size();
    }
};

/**
 * The row model of a neural network. Layers that the result does not need (early exits) are left
 * out. A layer can be split if its outputs have rows and at least one of its rules is not WHOLE. A
 * layer that makes no tensor (a list of channels, a number) runs together with each of its readers.
 *
 * \param graph the neural network
 * \param fuse run a layer with the rule SAME and one predecessor, whose only reader it is, together
 *        with that predecessor: it needs no row of another device, and there are fewer layers to
 *        plan
 */
RowModel MakeRowModel(const LayerGraph& graph, bool fuse = true);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_MODEL_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MODEL_TABLE_H
#define MDI_MODEL_TABLE_H

#include "mdi-layer-graph.h"
#include "mdi-model-spec.h"

#include <ostream>

namespace ns3
{
namespace mdi
{

/// What a row of a model's table stands for.
enum class ModelRows
{
    BLOCKS, //!< consecutive layers of one block
    LAYERS,
};

/**
 * Print what is known of a model, for people: its inputs, layers, work, weights and exits, then a
 * table with a row per block or layer. Its columns: the first layer's index; the number of layers
 * (of blocks), or the operator; the output shapes; work in MFLOP (1 multiply-accumulate = 2 FLOP);
 * bytes of the parameters; bytes alive at the cut behind the row, `-` where none is allowed; the
 * early exit that ends in the row.
 */
void PrintModel(std::ostream& os, const ModelSpec& model, const LayerGraph& graph, ModelRows rows);

} // namespace mdi
} // namespace ns3

#endif // MDI_MODEL_TABLE_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_ROWS_H
#define MDI_TORCH_ROWS_H

#include "mdi-row-rule.h"
#include "mdi-torch-call.h"

#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Per tensor that an operator reads and that is no constant, the rule of its rows.
using TensorRules = std::vector<std::pair<const torch::jit::Value*, RowRule>>;

/**
 * How the rows of an operator's output depend on the rows of the tensors that it reads
 * (EdgeFlow-style, reconstructed: papers.md, section 7.3). Only for operators that make one tensor
 * of four dimensions, whose attributes are constants of the graph, and whose rows may be computed
 * from a strip of their input by the operator as it is (see TorchStrips):
 *
 *     WINDOW: conv2d (also _convolution, padding "same"), max_pool2d, avg_pool2d, slices of rows
 *             from a fixed row to the end, padding by a constant (kernel 1)
 *     TRANSPOSED: conv_transpose2d (also _convolution)
 *     NEAREST, BILINEAR: upsample_nearest2d, upsample_bilinear2d (align_corners = false) by an
 *             integer factor; pixel_shuffle is NEAREST, too
 *     SPACE_TO_DEPTH: pixel_unshuffle
 *     CONCAT_ROWS: cat along the rows
 *     SAME: batch_norm, activations and other element-wise operators, cat, slices and softmax along
 *             another dimension; operands that are broadcast along the rows are WHOLE
 *
 * The caller checks the rules against the heights (RowRuleFits).
 *
 * \return empty if the operator cannot be split, as all others: linear layers, global and adaptive
 *         pooling, what changes the order or number of the dimensions, and so on
 */
TensorRules OperatorRows(const TorchCall& call);

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_ROWS_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_FLOP_H
#define MDI_TORCH_FLOP_H

#include "mdi-torch-call.h"

namespace ns3
{
namespace mdi
{

/**
 * Work of one call of an operator: 2 FLOP per multiply-accumulate of convolutions and matrix
 * products. All else counts 0 (norms, activations, pooling, additions, soft-max), as in the tables
 * of papers.md, section 9.
 *
 *     convolution (conv1d/2d/3d, _convolution): 2 * output elements * weights per output channel
 *                                               (Cin / groups * K * K)
 *     transposed convolution:                   2 * input elements * weights per input channel
 *                                               (Cout / groups * K * K)
 *     linear, mm, bmm, matmul, addmm, baddbmm, mv, addmv, dot:
 *                                               2 * output elements * length summed over
 *     einsum (two operands):                    2 * product of the lengths of all its letters
 *     _scaled_dot_product_attention:            2 * 2 * batch * heads * queries * keys * width
 *     lstm, gru, rnn_tanh, rnn_relu:            2 * weights (the matrices) * steps * batch
 *
 * \param node the operator
 * \param values of its inputs and outputs in an example run
 */
double OperatorFlop(const torch::jit::Node* node, const TorchValues& values);

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_FLOP_H

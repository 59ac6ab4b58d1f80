// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-flop.h"

#include <ATen/ATen.h>
#include <map>
#include <set>
#include <string>
#include <torch/csrc/jit/ir/ir.h>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double FLOP_PER_MAC = 2;

double
Convolution(const TorchCall& call, bool transposed)
{
    const at::Tensor weight = call.Tensor(1);
    const double elements = (transposed ? call.Tensor(0) : call.Output()).numel();
    return weight.size(0) == 0 ? 0 : elements * weight[0].numel();
}

/// "ij,jk->ik" of two operands; letters only (after what LibTorch itself accepts), else 0.
double
Einsum(const TorchCall& call)
{
    const std::string equation = call.Input(0).toStringRef();
    const auto operands = call.Input(1).toTensorVector();
    std::map<char, double> lengths;
    size_t operand = 0;
    int64_t dim = 0;
    for (const char letter : equation.substr(0, equation.find("->")))
    {
        if (letter == ',')
        {
            ++operand;
            dim = 0;
        }
        else if (letter == '.' || operand >= operands.size() || dim >= operands[operand].dim())
        {
            return 0; // an ellipsis
        }
        else if (letter != ' ')
        {
            lengths[letter] = static_cast<double>(operands[operand].size(dim++));
        }
    }
    double macs = operands.size() == 2 ? 1 : 0;
    for (const auto& [letter, length] : lengths)
    {
        macs *= length;
    }
    return macs;
}

double
Attention(const TorchCall& call)
{
    const at::Tensor query = call.Tensor(0);
    const double keys = call.Tensor(1).size(-2);
    return 2.0 * query.numel() * keys;
}

double
Recurrent(const TorchCall& call)
{
    double weights = 0;
    for (size_t i = 1; i < 4; ++i) // the list of parameters stands behind the states
    {
        const c10::IValue value = call.Input(i);
        if (value.isTensorList() && value.toTensorVector().size() > 2)
        {
            for (const at::Tensor& tensor : value.toTensorVector())
            {
                weights += tensor.dim() == 2 ? tensor.numel() : 0;
            }
        }
    }
    const at::Tensor input = call.Tensor(0);
    const double steps = input.numel() / std::max<double>(1, input.size(-1)); // steps * batch
    return weights * steps;
}

} // namespace

double
OperatorFlop(const torch::jit::Node* node, const TorchValues& values)
{
    static const std::set<std::string> convolutions = {"conv1d", "conv2d", "conv3d"};
    static const std::set<std::string> transposed = {
        "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"};
    // Which input holds the left factor; its last dimension is the one summed over.
    static const std::map<std::string, size_t> products = {{"linear", 0},
                                                           {"mm", 0},
                                                           {"bmm", 0},
                                                           {"matmul", 0},
                                                           {"mv", 0},
                                                           {"dot", 0},
                                                           {"addmm", 1},
                                                           {"addmv", 1},
                                                           {"baddbmm", 1}};
    static const std::set<std::string> recurrent = {"lstm", "gru", "rnn_tanh", "rnn_relu"};
    constexpr size_t TRANSPOSED = 6; // position of the argument in aten::_convolution
    const TorchCall call(node, values);
    const std::string op = node->kind().toUnqualString();
    if (convolutions.count(op) > 0 || transposed.count(op) > 0)
    {
        return FLOP_PER_MAC * Convolution(call, transposed.count(op) > 0);
    }
    if (op == "_convolution" || op == "convolution")
    {
        return FLOP_PER_MAC * Convolution(call, call.Input(TRANSPOSED).toBool());
    }
    const auto product = products.find(op);
    if (product != products.end())
    {
        return FLOP_PER_MAC * call.Output().numel() * call.Tensor(product->second).size(-1);
    }
    if (op == "einsum")
    {
        return FLOP_PER_MAC * Einsum(call);
    }
    if (op == "_scaled_dot_product_attention")
    {
        return FLOP_PER_MAC * Attention(call);
    }
    if (recurrent.count(op) > 0)
    {
        return FLOP_PER_MAC * Recurrent(call);
    }
    return 0;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-call.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <algorithm>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

namespace ns3
{
namespace mdi
{

TorchCall::TorchCall(const torch::jit::Node* node, const TorchValues& values)
    : m_node(node),
      m_values(values)
{
}

const torch::jit::Node*
TorchCall::Node() const
{
    return m_node;
}

c10::IValue
TorchCall::ValueOf(const torch::jit::Value* value) const
{
    const auto found = m_values.find(value);
    return found != m_values.end() ? found->second : torch::jit::toIValue(value).value();
}

c10::IValue
TorchCall::Input(size_t index) const
{
    return ValueOf(m_node->inputs().at(index));
}

at::Tensor
TorchCall::Tensor(size_t index) const
{
    return Input(index).toTensor();
}

at::Tensor
TorchCall::Output() const
{
    return m_values.at(m_node->outputs().at(0)).toTensor();
}

const torch::jit::Value*
TorchCall::Argument(const std::string& name) const
{
    const auto* schema = m_node->maybeSchema();
    const auto index = schema ? schema->argumentIndexWithName(name) : c10::nullopt;
    return index ? m_node->inputs().at(*index) : nullptr;
}

std::optional<c10::IValue>
TorchCall::Constant(const std::string& name) const
{
    const torch::jit::Value* value = Argument(name);
    if (!value)
    {
        return std::nullopt;
    }
    const auto isConstant = [](const torch::jit::Value* v) {
        return v->node()->kind() == torch::jit::prim::Constant;
    };
    const auto parts = value->node()->inputs();
    const bool list = value->node()->kind() == torch::jit::prim::ListConstruct &&
                      std::all_of(parts.begin(), parts.end(), isConstant);
    if (!list && !isConstant(value))
    {
        return std::nullopt;
    }
    const c10::IValue constant = ValueOf(value);
    return constant.isNone() ? std::nullopt : std::make_optional(constant);
}

} // namespace mdi
} // namespace ns3

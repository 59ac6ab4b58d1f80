// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_CALL_H
#define MDI_TORCH_CALL_H

// Includes LibTorch: only for the mdi-torch-*.cc files, never for users.

#include <ATen/ATen.h>
#include <algorithm>
#include <optional>
#include <string>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <unordered_map>

namespace ns3
{
namespace mdi
{

/// The values of a graph in an example run.
using TorchValues = std::unordered_map<const torch::jit::Value*, c10::IValue>;

/// An operator with the values of an example run.
class TorchCall
{
  public:
    /// Both must outlive the call.
    TorchCall(const torch::jit::Node* node, const TorchValues& values)
        : m_node(node),
          m_values(values)
    {
    }

    const torch::jit::Node* Node() const
    {
        return m_node;
    }

    c10::IValue ValueOf(const torch::jit::Value* value) const
    {
        const auto found = m_values.find(value);
        return found != m_values.end() ? found->second : torch::jit::toIValue(value).value();
    }

    c10::IValue Input(size_t index) const
    {
        return ValueOf(m_node->inputs().at(index));
    }

    at::Tensor Tensor(size_t index) const
    {
        return Input(index).toTensor();
    }

    at::Tensor Output() const
    {
        return m_values.at(m_node->outputs().at(0)).toTensor();
    }

    /// The argument of this name in the operator's schema; null if it has none.
    const torch::jit::Value* Argument(const std::string& name) const
    {
        const auto* schema = m_node->maybeSchema();
        const auto index = schema ? schema->argumentIndexWithName(name) : c10::nullopt;
        return index ? m_node->inputs().at(*index) : nullptr;
    }

    /// The same if it is a constant, or a list of constants; none also where it is None.
    std::optional<c10::IValue> Constant(const std::string& name) const
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

  private:
    const torch::jit::Node* m_node;
    const TorchValues& m_values;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_CALL_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_CALL_H
#define MDI_TORCH_CALL_H

#include "mdi-torch-values.h"

#include <cstddef>
#include <optional>
#include <string>

namespace torch::jit
{
struct Node;
}

namespace ns3
{
namespace mdi
{

/// An operator with the values of an example run.
class TorchCall
{
  public:
    /// Both must outlive the call.
    TorchCall(const torch::jit::Node* node, const TorchValues& values);

    const torch::jit::Node* Node() const;
    c10::IValue ValueOf(const torch::jit::Value* value) const;
    c10::IValue Input(size_t index) const;
    at::Tensor Tensor(size_t index) const;
    at::Tensor Output() const;

    /// The argument of this name in the operator's schema; null if it has none.
    const torch::jit::Value* Argument(const std::string& name) const;

    /// The same if it is a constant, or a list of constants; none also where it is None.
    std::optional<c10::IValue> Constant(const std::string& name) const;

  private:
    const torch::jit::Node* m_node;
    const TorchValues& m_values;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_CALL_H

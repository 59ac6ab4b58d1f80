// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_VALUES_H
#define MDI_TORCH_VALUES_H

#include "mdi-model-spec.h"

#include <cstdint>
#include <exception>
#include <string>
#include <unordered_map>
#include <vector>

namespace at
{
class Tensor;
}

namespace c10
{
struct IValue;
enum class ScalarType : int8_t;
} // namespace c10

namespace torch::jit
{
struct Value;
}

namespace ns3
{
namespace mdi
{

/// The values of a graph in an example run.
using TorchValues = std::unordered_map<const torch::jit::Value*, c10::IValue>;

/// The tensors in a value, depth first; lists, tuples and values of dictionaries in their order.
std::vector<at::Tensor> FlattenTensors(const c10::IValue& value);

/// Random inputs: floating point uniform in [0, 1), integers in [0, range), booleans 0 or 1.
std::vector<at::Tensor> RandomInputs(const std::vector<ModelInput>& inputs, uint64_t seed);

/// LibTorch's name for a type.
c10::ScalarType ToScalarType(Dtype dtype);

/// Shape and type. \throws std::invalid_argument if there is no such Dtype
TensorSpec SpecOf(const at::Tensor& tensor);

/// LibTorch's errors span many lines, with stack traces. \return the one that says what is wrong
std::string TorchMessage(const std::exception& error);

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_VALUES_H

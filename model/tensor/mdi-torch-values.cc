// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-values.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/ivalue.h>
#include <sstream>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

c10::ScalarType
ToScalarType(Dtype dtype)
{
    switch (dtype)
    {
    case Dtype::FLOAT32:
        return at::kFloat;
    case Dtype::FLOAT16:
        return at::kHalf;
    case Dtype::FLOAT64:
        return at::kDouble;
    case Dtype::INT64:
        return at::kLong;
    case Dtype::INT32:
        return at::kInt;
    case Dtype::INT8:
        return at::kChar;
    case Dtype::UINT8:
        return at::kByte;
    case Dtype::BOOL:
        return at::kBool;
    }
    throw std::invalid_argument("unknown element type");
}

std::vector<at::Tensor>
FlattenTensors(const c10::IValue& value)
{
    std::vector<c10::IValue> items;
    if (value.isTensor())
    {
        return {value.toTensor()};
    }
    if (value.isTuple())
    {
        items = value.toTupleRef().elements().vec();
    }
    else if (value.isList())
    {
        items = value.toListRef().vec();
    }
    else if (value.isGenericDict())
    {
        for (const auto& entry : value.toGenericDict())
        {
            items.push_back(entry.value());
        }
    }
    std::vector<at::Tensor> tensors;
    for (const c10::IValue& item : items)
    {
        const std::vector<at::Tensor> more = FlattenTensors(item);
        tensors.insert(tensors.end(), more.begin(), more.end());
    }
    return tensors;
}

std::vector<at::Tensor>
RandomInputs(const std::vector<ModelInput>& inputs, uint64_t seed)
{
    const at::Generator generator = at::detail::createCPUGenerator(seed);
    std::vector<at::Tensor> tensors;
    for (const auto& [spec, inputRange] : inputs)
    {
        const at::ScalarType type = ToScalarType(spec.dtype);
        if (at::isFloatingType(type))
        {
            tensors.push_back(at::rand(spec.shape, generator, at::kFloat).to(type));
        }
        else
        {
            const int64_t range = type == at::kBool ? 2 : inputRange;
            tensors.push_back(at::randint(range, spec.shape, generator, at::kLong).to(type));
        }
    }
    return tensors;
}

TensorSpec
SpecOf(const at::Tensor& tensor)
{
    for (int i = 0; i <= static_cast<int>(Dtype::BOOL); ++i)
    {
        const auto dtype = static_cast<Dtype>(i);
        if (ToScalarType(dtype) == tensor.scalar_type())
        {
            return TensorSpec{tensor.sizes().vec(), dtype};
        }
    }
    throw std::invalid_argument(std::string("makes a tensor of the unsupported type ") +
                                c10::toString(tensor.scalar_type()));
}

std::string
TorchMessage(const std::exception& error)
{
    const auto* torchError = dynamic_cast<const c10::Error*>(&error);
    std::string text = torchError ? torchError->what_without_backtrace() : error.what();
    // The interpreter puts its own trace before the message.
    for (const std::string mark : {"RuntimeError: ", "torch.jit.Error: "})
    {
        const size_t at = text.rfind(mark);
        if (at != std::string::npos)
        {
            text.erase(0, at + mark.size());
        }
    }
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line))
    {
        const size_t begin = line.find_first_not_of(" \t\r");
        if (begin != std::string::npos)
        {
            const size_t end = line.find_last_not_of(" \t\r:");
            return end == std::string::npos || end < begin ? line
                                                           : line.substr(begin, end - begin + 1);
        }
    }
    return "unknown error";
}

} // namespace mdi
} // namespace ns3

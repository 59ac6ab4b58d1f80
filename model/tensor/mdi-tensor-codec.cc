// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tensor-codec.h"

#include "mdi-fnv.h"

#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

bool
IsFloating(Dtype dtype)
{
    return dtype == Dtype::FLOAT16 || dtype == Dtype::FLOAT32 || dtype == Dtype::FLOAT64;
}

uint64_t
Elements(const TensorSpec& spec)
{
    return spec.Bytes() / DtypeBytes(spec.dtype);
}

} // namespace

std::string
TensorCodec::Name() const
{
    switch (kind)
    {
    case FLOAT16:
        return "fp16";
    case INT8:
        return "int8";
    case AUTOENCODER:
        return "autoencoder " + std::to_string(encoder) + " " + std::to_string(decoder);
    }
    throw std::invalid_argument("unknown codec");
}

uint64_t
FloatingElements(const std::vector<TensorSpec>& tensors)
{
    uint64_t elements = 0;
    for (const TensorSpec& spec : tensors)
    {
        elements += IsFloating(spec.dtype) ? Elements(spec) : 0;
    }
    return elements;
}

int64_t
CodecChannels(const std::vector<int64_t>& shape)
{
    return shape.empty() ? 1 : shape[0] * (shape.size() > 2 ? shape[1] : 1);
}

uint64_t
CodedBytes(const std::vector<TensorSpec>& tensors, TensorCodec::Kind kind)
{
    constexpr uint64_t HALF = 2;
    constexpr uint64_t RANGE = 8; // least and largest value of a channel
    uint64_t bytes = 0;
    for (const TensorSpec& spec : tensors)
    {
        if (!IsFloating(spec.dtype))
        {
            bytes += spec.Bytes();
        }
        else if (kind == TensorCodec::FLOAT16)
        {
            bytes += Elements(spec) * HALF;
        }
        else if (kind == TensorCodec::INT8)
        {
            bytes += Elements(spec) + uint64_t(CodecChannels(spec.shape)) * RANGE;
        }
        else
        {
            throw std::invalid_argument("the bytes of an autoencoder are its encoder's");
        }
    }
    return bytes;
}

uint64_t
NextLineage(uint64_t lineage, uint32_t boundary, const TensorCodec& codec)
{
    Fnv hash;
    hash.Add(lineage);
    hash.Add(uint64_t(boundary));
    hash.Add(codec.Name());
    return hash.Value() == 0 ? 1 : hash.Value();
}

} // namespace mdi
} // namespace ns3

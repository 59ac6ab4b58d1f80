// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-codec.h"

#include <ATen/ATen.h>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

at::Tensor
ThroughInt8(const at::Tensor& tensor)
{
    constexpr double LEVELS = 255;
    if (tensor.numel() == 0)
    {
        return tensor;
    }
    const at::Tensor rows =
        tensor.to(at::kFloat).reshape({CodecChannels(tensor.sizes().vec()), -1});
    const at::Tensor least = std::get<0>(rows.min(1, true));
    const at::Tensor step = (std::get<0>(rows.max(1, true)) - least) / LEVELS;
    // A channel of one value has no steps.
    const at::Tensor divisor = at::where(step > 0, step, at::ones_like(step));
    const at::Tensor levels = ((rows - least) / divisor).round().clamp(0, LEVELS).to(at::kByte);
    return (levels.to(at::kFloat) * step + least).reshape(tensor.sizes()).to(tensor.scalar_type());
}

} // namespace

at::Tensor
RoundTripTensor(const at::Tensor& tensor, TensorCodec::Kind kind)
{
    const at::NoGradGuard noGrad;
    if (!at::isFloatingType(tensor.scalar_type()))
    {
        return tensor;
    }
    switch (kind)
    {
    case TensorCodec::FLOAT16:
        return tensor.to(at::kHalf).to(tensor.scalar_type());
    case TensorCodec::INT8:
        return ThroughInt8(tensor);
    case TensorCodec::AUTOENCODER:
        break;
    }
    throw std::invalid_argument("an autoencoder is two models, not a change of one tensor");
}

} // namespace mdi
} // namespace ns3

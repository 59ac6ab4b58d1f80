// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_CODEC_H
#define MDI_TORCH_CODEC_H

#include "mdi-tensor-codec.h"

namespace at
{
class Tensor;
}

namespace ns3
{
namespace mdi
{

/// To be raised with every change of what is left: see JUDGE_VERSION.
constexpr uint32_t CODEC_VERSION = 1;

/**
 * What is left of a tensor after FLOAT16 or INT8 (TensorCodec) took it over the wire: the same
 * shape and type. One value that is infinite or not a number makes its whole channel not a number
 * (INT8).
 */
at::Tensor RoundTripTensor(const at::Tensor& tensor, TensorCodec::Kind kind);

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_CODEC_H

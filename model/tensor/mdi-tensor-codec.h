// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TENSOR_CODEC_H
#define MDI_TENSOR_CODEC_H

#include "mdi-layer-graph.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What happens to the values of a cut on their way (the strategy that decides it is a Codec).
struct TensorCodec
{
    /// Kinds of change.
    enum Kind
    {
        /// float32 and float64 become float16 and come back; the rest stays.
        FLOAT16,
        /// Each channel of a floating-point tensor becomes whole numbers from 0 to 255 between its
        /// least and its largest value, which travel along as two float32. A channel is an index
        /// of dimension 1 for each of dimension 0 (also a token of a sequence); tensors of fewer
        /// than three dimensions have one per index of dimension 0, those without, one.
        INT8,
        /// An encoder, and a decoder that restores the shapes: two models of the engine.
        AUTOENCODER,
    };

    Kind kind = FLOAT16;  //!< which
    uint32_t encoder = 0; //!< AUTOENCODER: index of the model
    uint32_t decoder = 0; //!< AUTOENCODER: index of the model

    /// Such as "int8"; names the codec in a TensorId's lineage.
    std::string Name() const;
};

/// Floating-point elements of tensors: those that FLOAT16 and INT8 change.
uint64_t FloatingElements(const std::vector<TensorSpec>& tensors);

/// Channels of a tensor of that shape: see TensorCodec::INT8.
int64_t CodecChannels(const std::vector<int64_t>& shape);

/// Bytes of tensors as FLOAT16 or INT8 put them on the wire.
uint64_t CodedBytes(const std::vector<TensorSpec>& tensors, TensorCodec::Kind kind);

/// The lineage of values of a lineage after a codec changed them at a cut. Never 0.
uint64_t NextLineage(uint64_t lineage, uint32_t boundary, const TensorCodec& codec);

} // namespace mdi
} // namespace ns3

#endif // MDI_TENSOR_CODEC_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_CODEC_H
#define MDI_CODEC_H

#include "mdi-tensor-engine.h"

#include "ns3/object.h"

#include <optional>

namespace ns3
{
namespace mdi
{

/// A cut as a codec puts it on the wire.
struct CodedCut
{
    TensorCodec values;    //!< what happens to the values
    uint64_t bytes = 0;    //!< on the wire, b' of papers.md 6.3
    double encodeFlop = 0; //!< W_enc, work of the sender
    double decodeFlop = 0; //!< W_dec, work of the receiver
};

/**
 * How the tensors of a cut look on the wire. Only what moves between workers inside the model is
 * coded: inputs and results go as they are. The sender's device runs the encoder before it sends,
 * the receiver's the decoder together with the unit; both take FLOP / F_n (reconstructed: papers.md
 * section 6.3).
 */
class Codec : public Object
{
  public:
    static TypeId GetTypeId();

    /// Attribute Required: whether a system is in error in which the codec changes no cut.
    bool IsRequired() const;

    /// \return nothing, if this cut goes as it is
    virtual std::optional<CodedCut> Code(const TensorEngine& engine,
                                         uint32_t model,
                                         uint32_t boundary) const = 0;

    /// The same for rows of one layer's output (EdgeFlow); nothing, if they go as they are. Bytes and
    /// work are those of the rows; values change as in all of the strip that they are of.
    virtual std::optional<CodedCut> CodeRows(const std::vector<TensorSpec>& tensors) const;

  private:
    bool m_required; //!< attribute Required
};

/// Floating-point values as float16: TensorCodec::FLOAT16. One FLOP per element and side.
class Float16Codec : public Codec
{
  public:
    static TypeId GetTypeId();
    std::optional<CodedCut> Code(const TensorEngine& engine,
                                 uint32_t model,
                                 uint32_t boundary) const override;
    std::optional<CodedCut> CodeRows(const std::vector<TensorSpec>& tensors) const override;
};

/**
 * Floating-point values as bytes, with a range per channel: TensorCodec::INT8. Four FLOP per
 * element for the sender (least, largest, difference, quotient), two for the receiver.
 */
class Int8Codec : public Codec
{
  public:
    static TypeId GetTypeId();
    std::optional<CodedCut> Code(const TensorEngine& engine,
                                 uint32_t model,
                                 uint32_t boundary) const override;
    std::optional<CodedCut> CodeRows(const std::vector<TensorSpec>& tensors) const override;
};

/**
 * The autoencoder that the model brings (MDI-Exit's idea for the first exit's features): its cut
 * shrinks to what the encoder makes; all other cuts, and strips of rows, go as they are. Bytes and
 * work are those of the two networks; values go through them.
 */
class AutoencoderCodec : public Codec
{
  public:
    static TypeId GetTypeId();
    std::optional<CodedCut> Code(const TensorEngine& engine,
                                 uint32_t model,
                                 uint32_t boundary) const override;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_CODEC_H

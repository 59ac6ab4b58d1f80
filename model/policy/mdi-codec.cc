// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-codec.h"

#include "ns3/boolean.h"

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(Codec);
NS_OBJECT_ENSURE_REGISTERED(Float16Codec);
NS_OBJECT_ENSURE_REGISTERED(Int8Codec);
NS_OBJECT_ENSURE_REGISTERED(AutoencoderCodec);

namespace
{

CodedCut
CodeElements(const std::vector<TensorSpec>& tensors,
             TensorCodec::Kind kind,
             double encodeFlop,
             double decodeFlop)
{
    CodedCut coded;
    coded.values.kind = kind;
    coded.bytes = CodedBytes(tensors, kind);
    const auto elements = static_cast<double>(FloatingElements(tensors));
    coded.encodeFlop = encodeFlop * elements;
    coded.decodeFlop = decodeFlop * elements;
    return coded;
}

} // namespace

TypeId
Codec::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::Codec")
            .SetParent<Object>()
            .SetGroupName("Mdi")
            .AddAttribute("Required",
                          "A scenario in which the codec changes no cut of any model is in error",
                          BooleanValue(true),
                          MakeBooleanAccessor(&Codec::m_required),
                          MakeBooleanChecker());
    return tid;
}

bool
Codec::IsRequired() const
{
    return m_required;
}

std::optional<CodedCut>
Codec::CodeRows(const std::vector<TensorSpec>&) const
{
    return std::nullopt;
}

TypeId
Float16Codec::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::Float16Codec")
                            .SetParent<Codec>()
                            .SetGroupName("Mdi")
                            .AddConstructor<Float16Codec>();
    return tid;
}

std::optional<CodedCut>
Float16Codec::Code(const TensorEngine& engine, uint32_t model, uint32_t boundary) const
{
    return CodeRows(engine.Graph(model).CutTensors(boundary));
}

std::optional<CodedCut>
Float16Codec::CodeRows(const std::vector<TensorSpec>& tensors) const
{
    return CodeElements(tensors, TensorCodec::FLOAT16, 1, 1);
}

TypeId
Int8Codec::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::Int8Codec")
                            .SetParent<Codec>()
                            .SetGroupName("Mdi")
                            .AddConstructor<Int8Codec>();
    return tid;
}

std::optional<CodedCut>
Int8Codec::Code(const TensorEngine& engine, uint32_t model, uint32_t boundary) const
{
    return CodeRows(engine.Graph(model).CutTensors(boundary));
}

std::optional<CodedCut>
Int8Codec::CodeRows(const std::vector<TensorSpec>& tensors) const
{
    return CodeElements(tensors, TensorCodec::INT8, 4, 2);
}

TypeId
AutoencoderCodec::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::AutoencoderCodec")
                            .SetParent<Codec>()
                            .SetGroupName("Mdi")
                            .AddConstructor<AutoencoderCodec>();
    return tid;
}

std::optional<CodedCut>
AutoencoderCodec::Code(const TensorEngine& engine, uint32_t model, uint32_t boundary) const
{
    const auto autoencoder = engine.AutoencoderOf(model);
    if (!autoencoder || autoencoder->boundary != boundary)
    {
        return std::nullopt;
    }
    const LayerGraph& encoder = engine.Graph(autoencoder->encoder);
    const LayerGraph& decoder = engine.Graph(autoencoder->decoder);
    CodedCut coded;
    coded.values = {TensorCodec::AUTOENCODER, autoencoder->encoder, autoencoder->decoder};
    coded.bytes = encoder.CutBytes(encoder.Size());
    coded.encodeFlop = encoder.Flop(0, encoder.Size());
    coded.decodeFlop = decoder.Flop(0, decoder.Size());
    return coded;
}

} // namespace mdi
} // namespace ns3

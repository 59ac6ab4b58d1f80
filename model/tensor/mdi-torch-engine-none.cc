// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// TorchEngine of a build without LibTorch: the attributes and the messages, no values.

#include "mdi-torch-engine.h"

#include "ns3/boolean.h"
#include "ns3/log.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <stdexcept>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiTorchEngine");

NS_OBJECT_ENSURE_REGISTERED(TorchEngine);

class TorchEngine::Impl
{
};

TypeId
TorchEngine::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::TorchEngine")
                            .SetParent<TensorEngine>()
                            .SetGroupName("Mdi")
                            .AddConstructor<TorchEngine>()
                            .AddAttribute("Memo",
                                          "Without effect: this build has no LibTorch.",
                                          BooleanValue(true),
                                          MakeBooleanAccessor(&TorchEngine::m_memo),
                                          MakeBooleanChecker())
                            .AddAttribute("StoreBytes",
                                          "Without effect: this build has no LibTorch.",
                                          UintegerValue(512ULL << 20),
                                          MakeUintegerAccessor(&TorchEngine::m_storeBytes),
                                          MakeUintegerChecker<uint64_t>())
                            .AddAttribute("Threads",
                                          "Without effect: this build has no LibTorch.",
                                          UintegerValue(1),
                                          MakeUintegerAccessor(&TorchEngine::m_threads),
                                          MakeUintegerChecker<uint32_t>())
                            .AddAttribute("Store",
                                          "Without effect: this build has no LibTorch.",
                                          StringValue(""),
                                          MakeStringAccessor(&TorchEngine::m_store),
                                          MakeStringChecker())
                            .AddAttribute("InputSeed",
                                          "Without effect: this build has no LibTorch.",
                                          UintegerValue(1),
                                          MakeUintegerAccessor(&TorchEngine::m_inputSeed),
                                          MakeUintegerChecker<uint64_t>());
    return tid;
}

TorchEngine::TorchEngine()
{
    NS_LOG_FUNCTION(this);
}

TorchEngine::~TorchEngine()
{
    NS_LOG_FUNCTION(this);
}

void
TorchEngine::DoDispose()
{
    NS_LOG_FUNCTION(this);
    TensorEngine::DoDispose();
}

bool
TorchEngine::IsAvailable()
{
    return false;
}

uint32_t
TorchEngine::LoadModel(const ModelSpec& model)
{
    NS_LOG_FUNCTION(this << model.name << model.file);
    const std::string& file = model.file;
    const std::string suffix = ".json";
    if (file.size() > suffix.size() &&
        file.compare(file.size() - suffix.size(), suffix.size(), suffix) == 0)
    {
        return TensorEngine::LoadModel(model);
    }
    throw std::runtime_error(file + ": this build has no LibTorch; install Debian's libtorch-dev " +
                             "and build again, or use --tensors=none with a layer graph (.json)");
}

bool
TorchEngine::HasValues() const
{
    return false;
}

TensorId
TorchEngine::Run(const TensorId& in, uint32_t end)
{
    return TensorEngine::Run(in, end);
}

TensorId
TorchEngine::RunRows(const RowStrip& strip, const std::vector<StripPart>& parts)
{
    return TensorEngine::RunRows(strip, parts);
}

TensorId
TorchEngine::Transcode(const TensorId& in, const TensorCodec& codec)
{
    return TensorEngine::Transcode(in, codec);
}

void
TorchEngine::Prepare(const TensorId& result)
{
    TensorEngine::Prepare(result);
}

void
TorchEngine::Finish()
{
    TensorEngine::Finish();
}

std::vector<Prediction>
TorchEngine::Predict(const TensorId& result)
{
    return {};
}

uint32_t
TorchEngine::InputOf(uint32_t model, uint32_t number) const
{
    return number;
}

TensorId
TorchEngine::Extend(const TensorId& result)
{
    return TensorEngine::Extend(result);
}

void
TorchEngine::CheckGeneration(uint32_t model, uint32_t promptTokens) const
{
    TensorEngine::CheckGeneration(model, promptTokens);
}

std::vector<int64_t>
TorchEngine::Labels(uint32_t model, uint32_t input)
{
    return {};
}

std::optional<double>
TorchEngine::MaxError(const TensorId& result)
{
    return std::nullopt;
}

std::string
TorchEngine::Describe() const
{
    return TensorEngine::Describe();
}

uint64_t
TorchEngine::SlicesRun() const
{
    return 0;
}

uint64_t
TorchEngine::WholesRun() const
{
    return 0;
}

} // namespace mdi
} // namespace ns3

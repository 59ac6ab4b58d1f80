// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-engine.h"

#include "mdi-torch-maker.h"
#include "mdi-torch-threads.h"

#include "ns3/boolean.h"
#include "ns3/log.h"
#include "ns3/uinteger.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <torch/csrc/api/include/torch/version.h>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiTorchEngine");

NS_OBJECT_ENSURE_REGISTERED(TorchEngine);

namespace
{

using Bundle = TorchStore::Bundle;

double
LargestDifference(const at::Tensor& a, const at::Tensor& b)
{
    if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type())
    {
        return std::numeric_limits<double>::infinity();
    }
    const at::Tensor x = a.to(at::kDouble).contiguous();
    const at::Tensor y = b.to(at::kDouble).contiguous();
    const double* left = x.data_ptr<double>();
    const double* right = y.data_ptr<double>();
    double largest = 0;
    for (int64_t i = 0; i < x.numel(); ++i)
    {
        const bool same = left[i] == right[i] || (std::isnan(left[i]) && std::isnan(right[i]));
        if (!same)
        {
            const double difference = std::fabs(left[i] - right[i]);
            largest = std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                             : std::max(largest, difference);
        }
    }
    return largest;
}

} // namespace

class TorchEngine::Impl : public TorchMaker
{
};

TypeId
TorchEngine::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::TorchEngine")
            .SetParent<TensorEngine>()
            .SetGroupName("Mdi")
            .AddConstructor<TorchEngine>()
            .AddAttribute("Memo",
                          "Whether layers whose output is in the store are not run again.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&TorchEngine::m_memo),
                          MakeBooleanChecker())
            .AddAttribute("StoreBytes",
                          "Bytes of tensors to keep; the least recently used ones leave, and are "
                          "computed again if needed.",
                          UintegerValue(512ULL << 20),
                          MakeUintegerAccessor(&TorchEngine::m_storeBytes),
                          MakeUintegerChecker<uint64_t>())
            .AddAttribute("InputSeed",
                          "Seed of the random inputs of the models (a plain number).",
                          UintegerValue(1),
                          MakeUintegerAccessor(&TorchEngine::m_inputSeed),
                          MakeUintegerChecker<uint64_t>());
    return tid;
}

TorchEngine::TorchEngine()
    : m_impl(std::make_unique<Impl>())
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
    m_impl = std::make_unique<Impl>();
    TensorEngine::DoDispose();
}

bool
TorchEngine::IsAvailable()
{
    return true;
}

uint32_t
TorchEngine::LoadModel(const ModelSpec& model)
{
    NS_LOG_FUNCTION(this << model.name << model.file);
    const std::string suffix = ".json";
    if (model.file.size() > suffix.size() &&
        model.file.compare(model.file.size() - suffix.size(), suffix.size(), suffix) == 0)
    {
        return TensorEngine::LoadModel(model);
    }
    // Results that are the same bits on any machine of one kind need a fixed number of threads.
    SetTorchThreads(1);
    TorchModel loaded(model, m_inputSeed);
    const uint32_t index = AddModel(loaded.slicer->Graph());
    m_impl->Add(index, std::move(loaded));
    return index;
}

bool
TorchEngine::HasValues() const
{
    return true;
}

TensorId
TorchEngine::Run(const TensorId& in, uint32_t end)
{
    NS_LOG_FUNCTION(this << in.model << in.input << in.boundary << end);
    const TensorId out = TensorEngine::Run(in, end);
    if (in.boundary != end && m_impl->Find(in.model) && !(m_memo && m_impl->Holds(out)))
    {
        m_impl->RunSlice(in, end, m_storeBytes);
    }
    return out;
}

TensorId
TorchEngine::RunRows(const RowStrip& strip, const std::vector<StripPart>& parts)
{
    const TensorId out = TensorEngine::RunRows(strip, parts);
    if (m_impl->Find(strip.model))
    {
        m_impl->AddStrip(out, strip, parts);
        if (!(m_memo && m_impl->Holds(out)))
        {
            m_impl->RunStrip(out, m_storeBytes);
        }
    }
    return out;
}

TensorId
TorchEngine::Transcode(const TensorId& in, const TensorCodec& codec)
{
    const TensorId out = TensorEngine::Transcode(in, codec);
    m_impl->AddLineage(out.lineage, in, codec);
    return out;
}

std::vector<Prediction>
TorchEngine::Predict(const TensorId& result)
{
    NS_LOG_FUNCTION(this << result.model << result.input << result.boundary);
    const TorchModel* model = m_impl->Find(result.model);
    if (!model)
    {
        return {};
    }
    const auto& answer = model->slicer->AnswerAt(result.boundary);
    const Bundle bundle = m_impl->Obtain(result, m_storeBytes);
    const at::Tensor& first = bundle.at(answer.inBundle.front());
    constexpr int64_t MOST_DIMENSIONS = 3;
    if (first.numel() == 0 || first.dim() > MOST_DIMENSIONS)
    {
        return {};
    }
    const at::NoGradGuard noGrad;
    const int64_t batch = first.dim() > 1 ? first.size(0) : 1;
    const int64_t classes = first.dim() > 0 ? first.size(-1) : 1;
    const at::Tensor all = first.to(at::kDouble).reshape({batch, -1, classes});
    // Of a sequence the last position: the next token of a language model.
    const at::Tensor scores = all.select(1, all.size(1) - 1).contiguous();
    std::vector<Prediction> predictions;
    for (int64_t i = 0; i < batch; ++i)
    {
        const double* score = scores[i].data_ptr<double>();
        const double* largest = std::max_element(score, score + classes);
        double sum = 0; // of the soft-max, relative to its largest term
        for (int64_t c = 0; c < classes; ++c)
        {
            sum += std::exp(score[c] - *largest);
        }
        predictions.push_back({largest - score, 1 / sum});
    }
    return predictions;
}

uint32_t
TorchEngine::InputOf(uint32_t model, uint32_t number) const
{
    const TorchModel* found = m_impl->Find(model);
    const uint64_t inputs = found ? found->inputs.Count() : 0;
    return inputs == 0 ? number : static_cast<uint32_t>(number % inputs);
}

TensorId
TorchEngine::Extend(const TensorId& result)
{
    const auto predictions = Predict(result);
    if (predictions.empty())
    {
        return TensorEngine::Extend(result);
    }
    const int64_t token = predictions.front().label;
    return {result.model, m_impl->Extend(result.model, result.input, token), 0};
}

void
TorchEngine::CheckGeneration(uint32_t model, uint32_t promptTokens) const
{
    TensorEngine::CheckGeneration(model, promptTokens);
    if (!m_impl->Find(model))
    {
        return;
    }
    const LayerGraph& graph = Graph(model);
    const auto& inputs = graph.Inputs();
    const bool sequence = inputs.size() == 1 && inputs[0].shape.size() == 2 &&
                          inputs[0].shape[0] == 1 &&
                          (inputs[0].dtype == Dtype::INT64 || inputs[0].dtype == Dtype::INT32);
    if (!sequence || inputs[0].shape[1] != promptTokens)
    {
        throw std::invalid_argument("model '" + graph.Name() + "' takes " + SpecsText(inputs) +
                                    ", but a prompt is one input of 1x" +
                                    std::to_string(promptTokens) +
                                    " token numbers; say so in its \"inputs\"");
    }
}

std::vector<int64_t>
TorchEngine::Labels(uint32_t model, uint32_t input)
{
    const TorchModel* found = m_impl->Find(model);
    if (input >= TorchMaker::FIRST_SEQUENCE)
    {
        return {};
    }
    return found ? found->inputs.Labels(input) : std::vector<int64_t>();
}

std::optional<double>
TorchEngine::MaxError(const TensorId& result)
{
    NS_LOG_FUNCTION(this << result.model << result.input << result.boundary);
    const TorchModel* model = m_impl->Find(result.model);
    if (!model)
    {
        return std::nullopt;
    }
    const auto& answer = model->slicer->AnswerAt(result.boundary);
    const Bundle bundle = m_impl->Obtain(result, m_storeBytes);
    const Bundle whole = m_impl->ObtainWhole(result.model, result.input, m_storeBytes);
    double largest = 0;
    for (size_t i = 0; i < answer.inWhole.size(); ++i)
    {
        largest = std::max(
            largest, LargestDifference(bundle.at(answer.inBundle[i]), whole.at(answer.inWhole[i])));
    }
    return largest;
}

std::string
TorchEngine::Describe() const
{
    return "LibTorch " TORCH_VERSION ", 1 thread";
}

uint64_t
TorchEngine::SlicesRun() const
{
    return m_impl->SlicesRun();
}

} // namespace mdi
} // namespace ns3

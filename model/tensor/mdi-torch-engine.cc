// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-engine.h"

#include "mdi-torch-answers.h"
#include "mdi-torch-judge.h"
#include "mdi-torch-maker.h"
#include "mdi-torch-threads.h"

#include "ns3/boolean.h"
#include "ns3/log.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <ATen/ATen.h>
#include <stdexcept>
#include <torch/csrc/api/include/torch/version.h>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiTorchEngine");

NS_OBJECT_ENSURE_REGISTERED(TorchEngine);

class TorchEngine::Impl
{
  public:
    explicit Impl(const TorchEngine& engine)
        : m_engine(engine)
    {
    }

    /// The attributes as they are now.
    TorchAnswers::Settings Settings() const
    {
        return {m_engine.m_memo, m_engine.m_threads, m_engine.m_storeBytes};
    }

    /// Share answers with other processes, if that is not done yet.
    void OpenStore();

    TorchMaker maker;
    TorchAnswers answers{maker}; //!< after the maker, which its threads use to their end

  private:
    const TorchEngine& m_engine;
    bool m_open = false;
};

void
TorchEngine::Impl::OpenStore()
{
    if (!m_engine.m_memo || m_open)
    {
        return;
    }
    try
    {
        answers.Open(m_engine.m_store);
    }
    catch (const std::runtime_error&)
    {
        if (!m_engine.m_store.empty())
        {
            throw;
        }
        // No place for a file that nobody asked for: each process finds its answers by itself.
    }
    m_open = true;
}

TypeId
TorchEngine::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::TorchEngine")
            .SetParent<TensorEngine>()
            .SetGroupName("Mdi")
            .AddConstructor<TorchEngine>()
            .AddAttribute("Memo",
                          "Whether layers run only for answers that nobody knows. Otherwise each "
                          "slice runs each time.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&TorchEngine::m_memo),
                          MakeBooleanChecker())
            .AddAttribute("StoreBytes",
                          "Bytes of tensors to keep; the least recently used ones leave, and are "
                          "computed again if needed.",
                          UintegerValue(512ULL << 20),
                          MakeUintegerAccessor(&TorchEngine::m_storeBytes),
                          MakeUintegerChecker<uint64_t>())
            .AddAttribute("Threads",
                          "Threads that run layers while the simulator goes on; 0: the simulator's "
                          "own.",
                          UintegerValue(1),
                          MakeUintegerAccessor(&TorchEngine::m_threads),
                          MakeUintegerChecker<uint32_t>(0, 1024))
            .AddAttribute("Store",
                          "With Memo, the name of a file that keeps answers for later runs and for "
                          "processes that run at the same time. Empty: one without a name, for the "
                          "processes that this one forks.",
                          StringValue(""),
                          MakeStringAccessor(&TorchEngine::m_store),
                          MakeStringChecker())
            .AddAttribute("InputSeed",
                          "Seed of the random inputs of the models (a plain number).",
                          UintegerValue(1),
                          MakeUintegerAccessor(&TorchEngine::m_inputSeed),
                          MakeUintegerChecker<uint64_t>());
    return tid;
}

TorchEngine::TorchEngine()
    : m_impl(std::make_unique<Impl>(*this))
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
    m_impl = std::make_unique<Impl>(*this);
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
    UseOneHeap();
    m_impl->answers.Finish();
    m_impl->OpenStore();
    TorchModel loaded(model, m_inputSeed);
    const uint32_t index = AddModel(loaded.slicer->Graph());
    m_impl->maker.Add(index, std::move(loaded));
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
    if (in.boundary != end && m_impl->maker.Find(in.model))
    {
        m_impl->maker.NoteSlice(in, end);
        if (!m_memo)
        {
            m_impl->answers.Run(in, out, m_impl->Settings());
        }
    }
    return out;
}

TensorId
TorchEngine::RunRows(const RowStrip& strip, const std::vector<StripPart>& parts)
{
    const TensorId out = TensorEngine::RunRows(strip, parts);
    if (m_impl->maker.Find(strip.model))
    {
        m_impl->maker.NoteStrip(out, strip, parts);
        if (!m_memo)
        {
            m_impl->answers.RunStrip(out, m_impl->Settings());
        }
    }
    return out;
}

TensorId
TorchEngine::Transcode(const TensorId& in, const TensorCodec& codec)
{
    const TensorId out = TensorEngine::Transcode(in, codec);
    m_impl->maker.NoteCodec(out.lineage, in, codec);
    return out;
}

void
TorchEngine::Prepare(const TensorId& result)
{
    NS_LOG_FUNCTION(this << result.model << result.input << result.boundary);
    if (m_impl->maker.Find(result.model))
    {
        m_impl->answers.Prepare(result, m_impl->Settings());
    }
}

void
TorchEngine::Finish()
{
    NS_LOG_FUNCTION(this);

    // Also where something went wrong: the next run must not find what this one left.
    struct Forgetting
    {
        TorchMaker& maker;

        ~Forgetting()
        {
            maker.ForgetSequences();
        }
    } const end{m_impl->maker};

    m_impl->answers.Finish();
}

std::vector<Prediction>
TorchEngine::Predict(const TensorId& result)
{
    NS_LOG_FUNCTION(this << result.model << result.input << result.boundary);
    if (!m_impl->maker.Find(result.model))
    {
        return {};
    }
    return PredictionsFromText(
        m_impl->answers.Ask(result, TorchAnswers::PREDICTIONS, m_impl->Settings()));
}

uint32_t
TorchEngine::InputOf(uint32_t model, uint32_t number) const
{
    const TorchModel* found = m_impl->maker.Find(model);
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
    return {result.model, m_impl->maker.Extend(result.model, result.input, token), 0};
}

void
TorchEngine::CheckGeneration(uint32_t model, uint32_t promptTokens) const
{
    TensorEngine::CheckGeneration(model, promptTokens);
    if (!m_impl->maker.Find(model))
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
    const TorchModel* found = m_impl->maker.Find(model);
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
    if (!m_impl->maker.Find(result.model))
    {
        return std::nullopt;
    }
    return NumberFromText(m_impl->answers.Ask(result, TorchAnswers::ERROR, m_impl->Settings()));
}

std::string
TorchEngine::Describe() const
{
    return "LibTorch " TORCH_VERSION ", 1 thread";
}

uint64_t
TorchEngine::SlicesRun() const
{
    return m_impl->maker.Work().slices + m_impl->maker.Work().strips;
}

uint64_t
TorchEngine::WholesRun() const
{
    return m_impl->maker.Work().wholes;
}

} // namespace mdi
} // namespace ns3

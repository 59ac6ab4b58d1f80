// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-engine.h"

#include "mdi-torch-slicer.h"

#include "ns3/boolean.h"
#include "ns3/log.h"
#include "ns3/uinteger.h"

#include <ATen/Parallel.h>
#include <cmath>
#include <dlfcn.h>
#include <limits>
#include <list>
#include <map>
#include <mutex>
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

using Bundle = std::vector<at::Tensor>;

/// A boundary that no model has: under it the store keeps what the whole model returned.
constexpr uint32_t WHOLE = std::numeric_limits<uint32_t>::max();

/// Results that are the same bits on any machine of one kind need a fixed number of threads.
void
UseOneThread()
{
    static std::once_flag once;
    std::call_once(once, []() {
        at::set_num_threads(1);
        // OpenBLAS counts its threads by itself; two of them yield to each other on small layers.
        using SetThreads = void (*)(int);
        if (const auto set =
                reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
        {
            set(1);
        }
        try
        {
            at::set_num_interop_threads(1);
        }
        catch (const c10::Error&)
        {
            // The program used LibTorch before and chose; slices run in this thread anyway.
        }
    });
}

/// A seed per (InputSeed, model, input): FNV-1a, so that it is the same everywhere.
uint64_t
MixSeed(uint64_t seed, const std::string& model, uint32_t input)
{
    uint64_t hash = 14695981039346656037ULL;
    const auto add = [&hash](uint8_t byte) {
        hash ^= byte;
        hash *= 1099511628211ULL;
    };
    for (int shift = 0; shift < 64; shift += 8)
    {
        add(static_cast<uint8_t>(seed >> shift));
    }
    for (const char character : model)
    {
        add(static_cast<uint8_t>(character));
    }
    for (int shift = 0; shift < 32; shift += 8)
    {
        add(static_cast<uint8_t>(input >> shift));
    }
    return hash;
}

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

/// The models, and the tensors made so far, least recently used first to leave.
class TorchEngine::Impl
{
  public:
    /// The slicer of a model; null if the model is known by its sizes only.
    TorchSlicer* Slicer(uint32_t model)
    {
        const auto found = m_slicers.find(model);
        return found == m_slicers.end() ? nullptr : found->second.get();
    }

    void AddSlicer(uint32_t model, std::unique_ptr<TorchSlicer> slicer)
    {
        m_slicers[model] = std::move(slicer);
    }

    bool Holds(const TensorId& id) const
    {
        return m_store.count(id) > 0;
    }

    /// The tensors of an id, made again from the nearest earlier ones if they were evicted.
    Bundle Obtain(const TensorId& id, uint64_t limit, uint64_t inputSeed)
    {
        const auto found = m_store.find(id);
        if (found != m_store.end())
        {
            m_order.splice(m_order.end(), m_order, found->second.place);
            return found->second.bundle;
        }
        TorchSlicer& slicer = *m_slicers.at(id.model);
        Bundle bundle;
        if (id.boundary == 0)
        {
            const LayerGraph& graph = slicer.Graph();
            const uint64_t seed = MixSeed(inputSeed, graph.Name(), id.input);
            bundle = RandomInputs(graph.Inputs(), seed);
        }
        else
        {
            const TensorId origin{id.model, id.input, 0};
            auto before = m_store.lower_bound(id);
            const bool near = before != m_store.begin() && !((--before)->first < origin);
            const TensorId from = near ? before->first : origin;
            bundle = RunSlice(from, id.boundary, limit, inputSeed);
        }
        Store(id, bundle, limit);
        return bundle;
    }

    Bundle RunSlice(const TensorId& in, uint32_t end, uint64_t limit, uint64_t inputSeed)
    {
        const Bundle bundle = Obtain(in, limit, inputSeed);
        ++m_slicesRun;
        return m_slicers.at(in.model)->Run(in.boundary, end, bundle);
    }

    Bundle ObtainWhole(const TensorId& result, uint64_t limit, uint64_t inputSeed)
    {
        const TensorId id{result.model, result.input, WHOLE};
        if (Holds(id))
        {
            return Obtain(id, limit, inputSeed);
        }
        const Bundle inputs = Obtain({result.model, result.input, 0}, limit, inputSeed);
        const Bundle whole = m_slicers.at(result.model)->RunWhole(inputs);
        Store(id, whole, limit);
        return whole;
    }

    /// Keep tensors, in place of any under this id; the newest stay even if alone too large.
    void Store(const TensorId& id, const Bundle& bundle, uint64_t limit)
    {
        Drop(id);
        uint64_t bytes = 0;
        for (const at::Tensor& tensor : bundle)
        {
            bytes += tensor.storage().nbytes(); // a view keeps all of its storage
        }
        m_store[id] = Entry{bundle, bytes, m_order.insert(m_order.end(), id)};
        m_bytes += bytes;
        while (m_bytes > limit && m_order.size() > 1)
        {
            const TensorId oldest = m_order.front();
            Drop(oldest);
        }
    }

    uint64_t SlicesRun() const
    {
        return m_slicesRun;
    }

  private:
    struct Entry
    {
        Bundle bundle;
        uint64_t bytes;
        std::list<TensorId>::iterator place; //!< in m_order
    };

    void Drop(const TensorId& id)
    {
        const auto found = m_store.find(id);
        if (found != m_store.end())
        {
            m_bytes -= found->second.bytes;
            m_order.erase(found->second.place);
            m_store.erase(found);
        }
    }

    std::map<uint32_t, std::unique_ptr<TorchSlicer>> m_slicers;
    std::map<TensorId, Entry> m_store;
    std::list<TensorId> m_order; //!< least recently used first
    uint64_t m_bytes = 0;
    uint64_t m_slicesRun = 0;
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
TorchEngine::LoadModel(const std::string& name,
                       const std::string& file,
                       const std::vector<TensorSpec>& inputs)
{
    NS_LOG_FUNCTION(this << name << file);
    const std::string suffix = ".json";
    if (file.size() > suffix.size() &&
        file.compare(file.size() - suffix.size(), suffix.size(), suffix) == 0)
    {
        return TensorEngine::LoadModel(name, file, inputs);
    }
    UseOneThread();
    auto slicer = std::make_unique<TorchSlicer>(name, file, inputs);
    const uint32_t model = AddModel(slicer->Graph());
    m_impl->AddSlicer(model, std::move(slicer));
    return model;
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
    if (in.boundary == end || !m_impl->Slicer(in.model) || (m_memo && m_impl->Holds(out)))
    {
        return out;
    }
    m_impl->Store(out, m_impl->RunSlice(in, end, m_storeBytes, m_inputSeed), m_storeBytes);
    return out;
}

std::optional<int64_t>
TorchEngine::Prediction(const TensorId& result)
{
    NS_LOG_FUNCTION(this << result.model << result.input);
    TorchSlicer* slicer = m_impl->Slicer(result.model);
    if (!slicer)
    {
        return std::nullopt;
    }
    if (result.boundary != slicer->Graph().Size())
    {
        throw std::invalid_argument("boundary " + std::to_string(result.boundary) +
                                    " is not the result of model '" + slicer->Graph().Name() + "'");
    }
    const Bundle bundle = m_impl->Obtain(result, m_storeBytes, m_inputSeed);
    const at::Tensor& first = bundle.at(slicer->ResultPositions().front());
    if (first.numel() == 0)
    {
        return std::nullopt;
    }
    // Of batch 0; of a sequence the last position, which is the next token of a language model.
    const at::Tensor ofBatch = first.dim() > 1 ? first[0] : first;
    const int64_t classes = ofBatch.dim() > 0 ? ofBatch.size(-1) : 1;
    const at::Tensor row = ofBatch.to(at::kDouble).reshape({-1, classes})[-1].contiguous();
    const double* values = row.data_ptr<double>();
    return std::max_element(values, values + classes) - values;
}

std::optional<double>
TorchEngine::MaxError(const TensorId& result)
{
    NS_LOG_FUNCTION(this << result.model << result.input);
    TorchSlicer* slicer = m_impl->Slicer(result.model);
    if (!slicer)
    {
        return std::nullopt;
    }
    if (result.boundary != slicer->Graph().Size())
    {
        throw std::invalid_argument("boundary " + std::to_string(result.boundary) +
                                    " is not the result of model '" + slicer->Graph().Name() + "'");
    }
    const Bundle bundle = m_impl->Obtain(result, m_storeBytes, m_inputSeed);
    const Bundle whole = m_impl->ObtainWhole(result, m_storeBytes, m_inputSeed);
    const std::vector<size_t>& positions = slicer->ResultPositions();
    double largest = whole.size() == positions.size() ? 0 : std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < whole.size() && i < positions.size(); ++i)
    {
        largest = std::max(largest, LargestDifference(bundle.at(positions[i]), whole[i]));
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

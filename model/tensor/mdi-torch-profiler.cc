// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-profiler.h"

#include "mdi-torch-clock.h"
#include "mdi-torch-slicer.h"
#include "mdi-torch-threads.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/custom_operator.h>
#include <torch/csrc/jit/runtime/interpreter.h>

namespace ns3
{
namespace mdi
{

namespace
{

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
namespace attr = torch::jit::attr;

constexpr const char* STAMP = "mdi::stamp";
constexpr uint64_t INPUT_SEED = 1;

/// The clock of the run in progress: an operator cannot be given one.
thread_local TorchClock* g_clock = nullptr;

/// Makes the operator that stamps known to LibTorch.
void
RegisterStamp()
{
    static const torch::jit::RegisterOperators registered({torch::jit::Operator(
        std::string(STAMP) + "() -> ()",
        [](torch::jit::Stack& stack) { g_clock->Stamp(); },
        c10::AliasAnalysisKind::CONSERVATIVE)});
}

/// The graph with a stamp before its first layer and one after each.
void
AddStamps(const TorchSlicer::SliceGraph& slice)
{
    const auto stamp = [&slice]() {
        return slice.graph->create(c10::Symbol::fromQualString(STAMP), {}, 0);
    };
    if (!slice.layers.empty())
    {
        stamp()->insertBefore(*slice.graph->nodes().begin());
    }
    for (Node* layer : slice.layers)
    {
        stamp()->insertAfter(layer);
    }
}

/// Calls `visit` for each node, also those in nested blocks.
void
VisitNodes(Block* block, const std::function<void(Node*)>& visit)
{
    for (Node* node : block->nodes())
    {
        visit(node);
        for (Block* inner : node->blocks())
        {
            VisitNodes(inner, visit);
        }
    }
}

/// Puts the weights on the CUDA device, and the tensors that operators make on a named device.
void
MoveToCuda(Graph& graph)
{
    VisitNodes(graph.block(), [](Node* node) {
        if (node->kind() != torch::jit::prim::Constant || !node->hasAttribute(attr::value))
        {
            return;
        }
        if (node->kindOf(attr::value) == torch::jit::AttributeKind::t)
        {
            node->t_(attr::value, node->t(attr::value).to(at::kCUDA));
        }
        else if (node->output()->type()->kind() == c10::TypeKind::DeviceObjType)
        {
            node->s_(attr::value, "cuda");
        }
    });
}

/// The floating-point types of the weights; of a model without any, the type of its first result.
std::string
PrecisionOf(Graph& graph, const LayerGraph& layers)
{
    std::set<Dtype> types;
    VisitNodes(graph.block(), [&types](Node* node) {
        if (node->kind() == torch::jit::prim::Constant && node->hasAttribute(attr::value) &&
            node->kindOf(attr::value) == torch::jit::AttributeKind::t &&
            node->t(attr::value).is_floating_point() && node->t(attr::value).dim() > 0)
        {
            types.insert(SpecOf(node->t(attr::value)).dtype);
        }
    });
    if (types.empty())
    {
        types.insert(layers.CutTensors(layers.Size()).at(0).dtype);
    }
    std::string precision;
    for (const Dtype type : types)
    {
        std::string name = DtypeName(type);
        const std::string prefix = "float";
        name =
            name.compare(0, prefix.size(), prefix) == 0 ? "fp" + name.substr(prefix.size()) : name;
        precision += (precision.empty() ? "" : "+") + name;
    }
    return precision;
}

/// One run. \return seconds between the stamps around and within it
std::vector<double>
TimedRun(const torch::jit::Code& code,
         const std::vector<at::Tensor>& inputs,
         TorchClock& clock,
         bool around)
{
    std::vector<c10::IValue> stack;
    for (const at::Tensor& input : inputs)
    {
        stack.emplace_back(input.clone());
    }
    g_clock = &clock;
    if (around)
    {
        clock.Stamp();
    }
    torch::jit::InterpreterState(code).run(stack);
    if (around)
    {
        clock.Stamp();
    }
    return clock.Take();
}

Timing
Summary(std::vector<double> seconds)
{
    std::sort(seconds.begin(), seconds.end());
    const auto n = static_cast<double>(seconds.size());
    Timing timing;
    timing.minS = seconds.front();
    timing.medianS = (seconds[(seconds.size() - 1) / 2] + seconds[seconds.size() / 2]) / 2;
    timing.meanS = std::accumulate(seconds.begin(), seconds.end(), 0.0) / n;
    double squares = 0;
    for (const double s : seconds)
    {
        squares += (s - timing.meanS) * (s - timing.meanS);
    }
    if (timing.meanS > 0)
    {
        timing.spread = std::sqrt(squares / (n - 1)) / timing.meanS;
    }
    return timing;
}

} // namespace

std::string
ProfilerMissing(const ProfileOptions& options)
{
    return options.cuda ? TorchClock::CudaMissing() : "";
}

ModelTiming
ProfileModel(const ModelSpec& model,
             const ProfileOptions& options,
             const std::function<void(uint64_t)>& progress)
{
    RegisterStamp();
    SetTorchThreads(options.threads);
    const TorchSlicer slicer(model);
    const uint32_t size = slicer.Graph().Size();
    ModelTiming timing;
    timing.graph = slicer.Graph();
    timing.framework = "LibTorch " TORCH_VERSION ", " + std::to_string(options.threads) +
                       (options.threads == 1 ? " thread" : " threads");
    try
    {
        const at::NoGradGuard noGrad;
        const auto whole = slicer.CopySlice(0, size);
        const auto layers = slicer.CopySlice(0, size);
        timing.precision = PrecisionOf(*whole.graph, timing.graph);
        std::vector<at::Tensor> inputs = RandomInputs(model.inputs, INPUT_SEED);
        if (options.cuda)
        {
            MoveToCuda(*whole.graph);
            MoveToCuda(*layers.graph);
            for (at::Tensor& input : inputs)
            {
                input = input.to(at::kCUDA);
            }
            timing.framework = "LibTorch " TORCH_VERSION ", CUDA, " + TorchClock::CudaDevice();
        }
        AddStamps(layers);
        const torch::jit::Code wholeCode(whole.graph, "mdi whole");
        const torch::jit::Code layersCode(layers.graph, "mdi layers");
        TorchClock clock(options.cuda);
        std::vector<double> wholeS;
        std::vector<std::vector<double>> layersS(size);
        for (uint64_t turn = 0; turn < uint64_t(options.warmup) + options.repeats; ++turn)
        {
            const std::vector<double> run = TimedRun(wholeCode, inputs, clock, true);
            const std::vector<double> stamped = TimedRun(layersCode, inputs, clock, false);
            if (turn >= options.warmup)
            {
                wholeS.push_back(run.at(0));
                for (uint32_t i = 0; i < size; ++i)
                {
                    layersS[i].push_back(stamped.at(i));
                }
            }
            if (progress)
            {
                progress(turn + 1);
            }
        }
        timing.whole = Summary(std::move(wholeS));
        for (auto& seconds : layersS)
        {
            timing.layers.push_back(Summary(std::move(seconds)));
            timing.layersS += timing.layers.back().meanS;
        }
    }
    catch (const std::exception& error)
    {
        throw std::runtime_error(model.file + ": " + TorchMessage(error));
    }
    return timing;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// How a TorchSlicer cuts its graph into slices, and runs them.

#include "mdi-torch-slicer.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <functional>
#include <stdexcept>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/interpreter.h>

namespace ns3
{
namespace mdi
{

namespace
{

using torch::jit::Node;
using torch::jit::Value;

} // namespace

/// Made ready to run.
struct TorchSlicer::Slice
{
    torch::jit::Code code;
    size_t inputs; //!< of the bundle it takes so many, the first
};

TorchSlicer::~TorchSlicer() = default;

std::vector<Value*>
TorchSlicer::Alive(uint32_t boundary) const
{
    std::unordered_set<int32_t> read;
    for (uint32_t i = boundary; i < m_graph.Size(); ++i)
    {
        read.insert(m_graph.Layers()[i].inputs.begin(), m_graph.Layers()[i].inputs.end());
    }
    read.insert(m_graph.Outputs().begin(), m_graph.Outputs().end());
    std::vector<Value*> alive;
    for (size_t i = 0; i < m_graph.Inputs().size(); ++i)
    {
        if (boundary == 0 || read.count(-1 - static_cast<int32_t>(i)) > 0)
        {
            alive.push_back(m_trace.graph->inputs()[i]);
        }
    }
    for (uint32_t i = 0; i < boundary; ++i)
    {
        if (read.count(static_cast<int32_t>(i)) > 0)
        {
            const auto& tensors = m_operators[i].tensors;
            alive.insert(alive.end(), tensors.begin(), tensors.end());
        }
    }
    return alive;
}

std::vector<torch::jit::Value*>
TorchSlicer::Bundle(uint32_t boundary) const
{
    std::vector<Value*> bundle = Alive(boundary);
    const auto exit = m_exitValues.find(boundary);
    if (exit != m_exitValues.end())
    {
        bundle.push_back(exit->second);
    }
    return bundle;
}

TorchSlicer::SliceGraph
TorchSlicer::CopySlice(uint32_t begin, uint32_t end) const
{
    auto graph = std::make_shared<torch::jit::Graph>();
    std::vector<Node*> layers;
    std::unordered_map<const Value*, Value*> known;
    for (const Value* value : Alive(begin))
    {
        known[value] = graph->addInput()->setType(value->type());
    }
    const std::function<Value*(Value*)> map = [&](Value* value) {
        const auto place = known.find(value);
        if (place != known.end())
        {
            return place->second;
        }
        if (value->node()->kind() != torch::jit::prim::Constant && !IsGlue(value))
        {
            throw std::logic_error("slice [" + std::to_string(begin) + ", " + std::to_string(end) +
                                   ") misses " + value->debugName());
        }
        Node* copy = graph->insertNode(graph->createClone(value->node(), map));
        known[value] = copy->output();
        return copy->output();
    };
    for (uint32_t i = begin; i < end; ++i)
    {
        Node* node = m_operators[i].node;
        Node* copy = graph->insertNode(graph->createClone(node, map));
        for (size_t k = 0; k < node->outputs().size(); ++k)
        {
            known[node->outputs()[k]] = copy->outputs()[k];
        }
        layers.push_back(copy);
    }
    for (Value* value : Bundle(end))
    {
        graph->registerOutput(map(value));
    }
    return {graph, layers};
}

TorchSlicer::LayerCopy
TorchSlicer::CopyLayer(uint32_t layer) const
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    Node* node = m_operators.at(layer).node;
    LayerCopy copy{std::make_shared<torch::jit::Graph>(), nullptr, {}, ChangesInputs(node)};
    std::unordered_map<const Value*, Value*> known;
    for (const Value* source : Sources(node))
    {
        Read read{Producer(source), source->offset(), true, 0};
        if (read.layer >= 0)
        {
            const auto& tensors = m_operators[read.layer].tensors;
            const auto found = std::find(tensors.begin(), tensors.end(), source);
            read.tensor = found != tensors.end();
            read.inBundle = found - tensors.begin();
        }
        copy.reads.push_back(read);
        known[source] = copy.graph->addInput()->setType(source->type());
    }
    const std::function<Value*(Value*)> map = [&](Value* value) {
        const auto place = known.find(value);
        if (place != known.end())
        {
            return place->second;
        }
        Node* own = copy.graph->insertNode(copy.graph->createClone(value->node(), map));
        known[value] = own->output();
        return own->output();
    };
    copy.node = copy.graph->insertNode(copy.graph->createClone(node, map));
    for (Value* output : copy.node->outputs())
    {
        copy.graph->registerOutput(output);
    }
    return copy;
}

const TorchSlicer::Slice&
TorchSlicer::Prepare(uint32_t begin, uint32_t end)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    const auto found = m_slices.find({begin, end});
    if (found != m_slices.end())
    {
        return *found->second;
    }
    const auto graph = CopySlice(begin, end).graph;
    auto slice = std::make_shared<const Slice>(
        Slice{torch::jit::Code(graph, "mdi slice"), graph->inputs().size()});
    return *m_slices.emplace(std::make_pair(begin, end), std::move(slice)).first->second;
}

std::vector<at::Tensor>
TorchSlicer::Run(uint32_t begin, uint32_t end, const std::vector<at::Tensor>& bundle)
{
    const at::NoGradGuard noGrad;
    const Slice& slice = Prepare(begin, end);
    std::vector<c10::IValue> stack;
    for (size_t i = 0; i < slice.inputs; ++i)
    {
        const at::Tensor& tensor = bundle.at(i);
        // Later boundaries hold no tensor that a slice would change: see ForbidUncuttable.
        stack.emplace_back(begin == 0 && m_changesInput ? tensor.clone() : tensor);
    }
    try
    {
        torch::jit::InterpreterState(slice.code).run(stack);
    }
    catch (const std::exception& error)
    {
        throw std::runtime_error(m_file + ": layers " + std::to_string(begin) + " to " +
                                 std::to_string(end) + ": " + TorchMessage(error));
    }
    std::vector<at::Tensor> outputs;
    for (const c10::IValue& value : stack)
    {
        outputs.push_back(value.toTensor());
    }
    return outputs;
}

std::vector<at::Tensor>
TorchSlicer::RunWhole(const std::vector<at::Tensor>& inputs)
{
    const at::NoGradGuard noGrad;
    // Its profiling would rewrite the graph after some calls, and with it the last bits.
    const torch::jit::GraphOptimizerEnabledGuard asWritten(false);
    std::vector<c10::IValue> arguments;
    for (const at::Tensor& input : inputs)
    {
        arguments.emplace_back(input.clone());
    }
    try
    {
        return FlattenTensors(m_trace.whole->forward(arguments));
    }
    catch (const std::exception& error)
    {
        throw std::runtime_error(m_file + ": " + TorchMessage(error));
    }
}

} // namespace mdi
} // namespace ns3

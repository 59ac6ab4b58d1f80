// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The layers of a model, from its graph. How slices of them run is in mdi-torch-slices.cc.

#include "mdi-torch-slicer.h"

#include "mdi-torch-exits.h"
#include "mdi-torch-flop.h"
#include "mdi-torch-names.h"
#include "mdi-torch-rows.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <functional>
#include <set>
#include <stdexcept>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

namespace ns3
{
namespace mdi
{

namespace
{

using torch::jit::Node;
using torch::jit::Value;

bool
IsConstant(const Value* value)
{
    return value->node()->kind() == torch::jit::prim::Constant;
}

/// How many dimensions of a tensor count tokens.
int
TokenDims(const TensorSpec& spec)
{
    int count = 0;
    for (uint32_t bits = spec.tokenDims; bits != 0; bits &= bits - 1)
    {
        ++count;
    }
    return count;
}

/**
 * What a key/value cache keeps of a token for a layer: attention multiplies queries by keys, which
 * gives a score for each pair of tokens, and scores by values.
 * \param layers all before it
 * \param tokens of the sequence; 0: it is none
 */
uint64_t
CachedBytes(const Layer& layer, const std::vector<Layer>& layers, uint32_t tokens)
{
    const bool product = layer.op == "aten::matmul" || layer.op == "aten::bmm";
    if (tokens == 0 || !product || layer.inputs.size() != 2 || layer.inputs[0] < 0 ||
        layer.inputs[1] < 0)
    {
        return 0;
    }
    // In the order in which they are made: queries and keys have one size.
    const TensorSpec& one = layers[layer.inputs[0]].outputs.front();
    const TensorSpec& other = layers[layer.inputs[1]].outputs.front();
    const TensorSpec& kept = TokenDims(other) == 2 ? one : other;
    const bool attention =
        TokenDims(layer.outputs.front()) == 2 || TokenDims(one) == 2 || TokenDims(other) == 2;
    return attention && TokenDims(kept) == 1 ? kept.Bytes() / tokens : 0;
}

/// Calls `visit` for each value that the node, or a node in its blocks, reads.
void
VisitReads(const Node* node, const std::function<void(Value*)>& visit)
{
    for (Value* input : const_cast<Node*>(node)->inputs())
    {
        visit(input);
    }
    for (const torch::jit::Block* block : node->blocks())
    {
        for (const Node* inner : block->nodes())
        {
            VisitReads(inner, visit);
        }
        VisitReads(block->return_node(), visit);
    }
}

} // namespace

TorchSlicer::TorchSlicer(const ModelSpec& model)
    : m_file(model.file),
      m_trace(TraceTorchModel(model))
{
    try
    {
        FindOperators();
        m_graph = MakeGraph(model);
        ForbidUncuttable(m_graph);
        FindAnswers(model.exits);
    }
    catch (const std::exception& error)
    {
        throw std::runtime_error(m_file + ": " + TorchMessage(error));
    }
    m_trace.values->clear();
    m_trace.longer.reset();
}

const LayerGraph&
TorchSlicer::Graph() const
{
    return m_graph;
}

const TorchSlicer::Answer&
TorchSlicer::AnswerAt(uint32_t boundary) const
{
    const auto found = m_answers.find(boundary);
    if (found == m_answers.end())
    {
        throw std::invalid_argument("boundary " + std::to_string(boundary) +
                                    " is neither the result nor an exit of model '" +
                                    m_graph.Name() + "'");
    }
    return found->second;
}

void
TorchSlicer::FindOperators()
{
    torch::jit::AliasDb aliases(m_trace.graph);
    for (Node* node : m_trace.graph->nodes())
    {
        const auto kind = node->kind();
        if (kind == torch::jit::prim::Constant)
        {
            continue;
        }
        if ((kind == torch::jit::prim::ListConstruct || kind == torch::jit::prim::TupleConstruct ||
             kind == torch::jit::prim::DictConstruct) &&
            !aliases.hasWriters(node->output()))
        {
            m_glue.insert(node->output());
            continue;
        }
        Operator op{node, {}};
        for (Value* output : node->outputs())
        {
            const c10::IValue& value = m_trace.values->at(output);
            if (value.isTensor() && value.toTensor().defined())
            {
                op.tensors.push_back(output);
            }
        }
        m_index[node] = static_cast<int32_t>(m_operators.size());
        m_operators.push_back(std::move(op));
    }
}

bool
TorchSlicer::IsGlue(const Value* value) const
{
    return m_glue.count(value) > 0;
}

int32_t
TorchSlicer::Producer(const Value* value) const
{
    if (value->node()->kind() == torch::jit::prim::Param)
    {
        return -1 - static_cast<int32_t>(value->offset());
    }
    return m_index.at(value->node());
}

void
TorchSlicer::AddSources(const Value* value,
                        std::unordered_set<const Value*>& seen,
                        std::vector<const Value*>& sources) const
{
    // What a nested block makes for itself is no source.
    if (value->node()->owningBlock() != m_trace.graph->block() || IsConstant(value) ||
        !seen.insert(value).second)
    {
        return;
    }
    if (!IsGlue(value))
    {
        sources.push_back(value);
        return;
    }
    for (const Value* part : value->node()->inputs())
    {
        AddSources(part, seen, sources);
    }
}

std::vector<const Value*>
TorchSlicer::Sources(const Node* node) const
{
    std::unordered_set<const Value*> seen;
    std::vector<const Value*> sources;
    VisitReads(node, [&](Value* value) { AddSources(value, seen, sources); });
    return sources;
}

std::vector<std::pair<const void*, uint64_t>>
TorchSlicer::Weights(const Node* node)
{
    std::vector<std::pair<const void*, uint64_t>> weights;
    // The weights of an LSTM come in a list.
    const std::function<void(const Value*)> add = [&](const Value* value) {
        const auto kind = value->node()->kind();
        if (kind == torch::jit::prim::ListConstruct || kind == torch::jit::prim::TupleConstruct)
        {
            for (const Value* part : value->node()->inputs())
            {
                add(part);
            }
        }
        if (!IsConstant(value))
        {
            return;
        }
        const auto constant = torch::jit::toIValue(value);
        for (const at::Tensor& tensor :
             constant ? FlattenTensors(*constant) : std::vector<at::Tensor>())
        {
            const std::pair<const void*, uint64_t> found(tensor.data_ptr(), tensor.nbytes());
            if (found.second > 0 && std::count(weights.begin(), weights.end(), found) == 0)
            {
                weights.push_back(found);
            }
        }
    };
    VisitReads(node, add);
    return weights;
}

Layer
TorchSlicer::MakeLayer(const Operator& op, LayerNames& names) const
{
    Layer layer;
    layer.name = names.Next(op.node);
    layer.op = op.node->kind().toQualString();
    layer.block = names.BlockOf(op.node);
    std::set<int32_t> producers;
    for (const Value* source : Sources(op.node))
    {
        producers.insert(Producer(source));
    }
    layer.inputs.assign(producers.begin(), producers.end());
    for (const Value* tensor : op.tensors)
    {
        try
        {
            layer.outputs.push_back(SpecOf(m_trace.values->at(tensor).toTensor()));
        }
        catch (const std::invalid_argument& error)
        {
            throw std::runtime_error("layer '" + layer.name + "' " + error.what());
        }
    }
    layer.flop = OperatorFlop(op.node, *m_trace.values);
    for (const auto& [storage, bytes] : Weights(op.node))
    {
        layer.weightBytes += bytes;
    }
    return layer;
}

std::vector<RowRule>
TorchSlicer::RulesOf(const Operator& op,
                     const Layer& layer,
                     const std::vector<Layer>& layers,
                     const std::vector<TensorSpec>& inputs) const
{
    std::map<int32_t, RowRule> byProducer;
    for (const auto& [value, rule] : OperatorRows(TorchCall(op.node, *m_trace.values)))
    {
        const auto [known, isNew] = byProducer.emplace(Producer(value), rule);
        if (!isNew && !(known->second == rule))
        {
            return {}; // read twice, each time by another rule
        }
    }
    const int64_t height = CommonHeight(layer.outputs);
    std::vector<RowRule> rules;
    for (const int32_t input : layer.inputs)
    {
        const auto found = byProducer.find(input);
        const int64_t from = CommonHeight(input >= 0 ? layers[input].outputs
                                                     : std::vector<TensorSpec>{inputs[-1 - input]});
        if (found == byProducer.end() ||
            (found->second.kind != RowKind::WHOLE && !RowRuleFits(found->second, from, height)))
        {
            return {};
        }
        rules.push_back(found->second);
    }
    return rules;
}

LayerGraph
TorchSlicer::MakeGraph(const ModelSpec& model) const
{
    std::vector<Layer> layers;
    std::vector<const Node*> nodes;
    for (const Operator& op : m_operators)
    {
        nodes.push_back(op.node);
    }
    LayerNames names(nodes);
    std::vector<TensorSpec> inputs = InputSpecs(model);
    uint32_t tokens = 0;
    for (TensorSpec& spec : inputs)
    {
        if (model.longest > 0 && !spec.shape.empty())
        {
            tokens = static_cast<uint32_t>(spec.shape.back());
            spec.tokenDims = 1U << (spec.shape.size() - 1);
        }
    }
    for (const Operator& op : m_operators)
    {
        Layer layer = MakeLayer(op, names);
        layer.rows = RulesOf(op, layer, layers, InputSpecs(model));
        MarkTokens(op, tokens, model.longest, layer);
        layer.cacheBytes = CachedBytes(layer, layers, tokens);
        layers.push_back(std::move(layer));
    }
    MarkShared(layers);
    const auto& results = m_trace.graph->outputs();
    std::set<uint32_t> outputs;
    for (size_t i = 0; i < results.size(); ++i)
    {
        if (std::count(model.exits.begin(), model.exits.end(), i) == 0)
        {
            outputs.insert(static_cast<uint32_t>(Producer(results[i])));
        }
    }
    LayerGraph graph(
        model.name, std::move(inputs), std::move(layers), {outputs.begin(), outputs.end()});
    graph.SetTokens(tokens);
    return graph;
}

void
TorchSlicer::MarkTokens(const Operator& op, uint32_t tokens, uint32_t longest, Layer& layer) const
{
    for (size_t i = 0; m_trace.longer && i < op.tensors.size(); ++i)
    {
        TensorSpec& spec = layer.outputs.at(i);
        const auto longer = m_trace.longer->at(op.tensors[i]).toTensor().sizes();
        for (size_t d = 0; d < spec.shape.size(); ++d)
        {
            if (longer[d] == spec.shape[d])
            {
                continue;
            }
            if (spec.shape[d] != tokens || longer[d] != std::max(tokens + 1, longest))
            {
                throw std::runtime_error("'" + layer.name + "' makes " + SpecsText({spec}) +
                                         " of " + std::to_string(tokens) +
                                         " tokens; sizes may only be those of the sequence: only "
                                         "language models generate");
            }
            spec.tokenDims |= 1U << d;
        }
    }
}

void
TorchSlicer::MarkShared(std::vector<Layer>& layers) const
{
    std::map<const void*, std::vector<size_t>> readers;
    std::vector<std::vector<std::pair<const void*, uint64_t>>> weights;
    for (size_t i = 0; i < m_operators.size(); ++i)
    {
        weights.push_back(Weights(m_operators[i].node));
        for (const auto& [storage, bytes] : weights.back())
        {
            readers[storage].push_back(i);
        }
    }
    std::map<const void*, uint32_t> ids; // counted in the order of layers
    for (size_t i = 0; i < layers.size(); ++i)
    {
        for (const auto& [storage, bytes] : weights[i])
        {
            if (readers[storage].size() > 1)
            {
                const auto id = ids.emplace(storage, static_cast<uint32_t>(ids.size())).first;
                layers[i].shared.push_back({id->second, bytes});
            }
        }
    }
}

void
TorchSlicer::FindAnswers(const std::vector<uint32_t>& exits)
{
    const auto& results = m_trace.graph->outputs();
    std::vector<uint32_t> layers;
    for (const uint32_t exit : exits)
    {
        layers.push_back(static_cast<uint32_t>(Producer(results.at(exit))));
    }
    m_graph.SetExits(layers);
    const auto found = m_graph.Exits();
    for (size_t i = 0; i < exits.size(); ++i)
    {
        const uint32_t boundary = found[i].boundary;
        m_exitValues[boundary] = results[exits[i]];
        m_answers[boundary] = Answer{{Alive(boundary).size()}, {exits[i]}};
    }
    const std::vector<Value*> last = Alive(m_graph.Size());
    Answer& result = m_answers[m_graph.Size()];
    for (size_t i = 0; i < results.size(); ++i)
    {
        if (std::count(exits.begin(), exits.end(), i) == 0)
        {
            result.inBundle.push_back(std::find(last.begin(), last.end(), results[i]) -
                                      last.begin());
            result.inWhole.push_back(i);
        }
    }
}

void
TorchSlicer::ForbidUncuttable(LayerGraph& graph)
{
    const auto forbid = [&](int32_t producer, int32_t reader) {
        for (int32_t b = std::max(1, producer + 1); b <= reader; ++b)
        {
            graph.ForbidCut(static_cast<uint32_t>(b));
        }
    };
    torch::jit::AliasDb aliases(m_trace.graph);
    std::vector<Value*> made(m_trace.graph->inputs().begin(), m_trace.graph->inputs().end());
    std::unordered_map<const Value*, int32_t> changed; // by which layer
    const auto read = [&](const Value* source, const std::string& reader) {
        const auto found = changed.find(source);
        if (found != changed.end() && m_changedAndRead.empty())
        {
            m_changedAndRead = reader + " reads a tensor that layer '" +
                               graph.Layers()[found->second].name + "' changed in place";
        }
    };
    for (const Operator& op : m_operators)
    {
        const int32_t here = m_index.at(op.node);
        for (const Value* source : Sources(op.node))
        {
            read(source, "layer '" + graph.Layers()[here].name + "'");
            const int32_t producer = Producer(source);
            if (producer < 0)
            {
                continue;
            }
            const auto& tensors = m_operators[producer].tensors;
            if (std::find(tensors.begin(), tensors.end(), source) == tensors.end())
            {
                forbid(producer, here); // cannot travel: not a tensor
            }
        }
        if (ChangesInputs(op.node))
        {
            for (Value* value : made)
            {
                if (aliases.writesToAlias(op.node, {value}))
                {
                    m_changesInput = m_changesInput || Producer(value) < 0;
                    forbid(Producer(value), here);
                    changed[value] = here;
                }
            }
        }
        made.insert(made.end(), op.tensors.begin(), op.tensors.end());
    }
    for (const Value* result : m_trace.graph->outputs())
    {
        read(result, "the result");
    }
}

bool
TorchSlicer::ChangesInputs(const Node* node)
{
    const auto* schema = node->maybeSchema();
    return !schema || schema->is_mutable() || !node->blocks().empty();
}

void
TorchSlicer::CheckOnTheirOwn() const
{
    if (!m_changedAndRead.empty())
    {
        throw std::runtime_error(m_file + ": " + m_changedAndRead + ": it cannot run in row " +
                                 "strips; write x = f(x) without in-place operators");
    }
}

} // namespace mdi
} // namespace ns3

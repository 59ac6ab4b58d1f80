// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-trace.h"

#include "mdi-torch-exits.h"
#include "mdi-torch-passes.h"

#include <ATen/ATen.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <stdexcept>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/passes/lower_tuples.h>
#include <torch/csrc/jit/passes/peephole_list_idioms.h>
#include <torch/csrc/jit/passes/remove_mutation.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/csrc/jit/serialization/import.h>

namespace ns3
{
namespace mdi
{

namespace
{

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Symbol;
using torch::jit::Value;

constexpr uint64_t EXAMPLE_SEEDS[] = {1, 2};

torch::jit::Module
Load(const std::string& file)
{
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    char magic[2] = {0, 0};
    stream.read(magic, sizeof magic);
    if (!stream && errno != 0)
    {
        throw std::runtime_error(std::string("cannot be read: ") + std::strerror(errno));
    }
    if (magic[0] != 'P' || magic[1] != 'K')
    {
        throw std::runtime_error("this is no TorchScript file; expected one made by "
                                 "torch.jit.save");
    }
    try
    {
        return torch::jit::load(file, at::kCPU);
    }
    catch (const std::exception& error)
    {
        const std::string what = TorchMessage(error);
        if (what.find("central directory") != std::string::npos ||
            what.find("invalid header or archive is corrupted") != std::string::npos)
        {
            throw std::runtime_error("the file is truncated or damaged; export it again");
        }
        if (what.find("constants.pkl") != std::string::npos)
        {
            throw std::runtime_error("no TorchScript is in it (a file of torch.save: weights or a "
                                     "pickled model?); export the model with torch.jit.save");
        }
        const std::string unknown = "Unknown builtin op: ";
        const size_t at = what.find(unknown);
        if (at != std::string::npos)
        {
            const std::string op = what.substr(at + unknown.size());
            throw std::runtime_error("it calls the operator " +
                                     op.substr(0, op.find_last_not_of('.') + 1) +
                                     ", which LibTorch does not have; export the model without it");
        }
        throw std::runtime_error("LibTorch cannot load it: " + what);
    }
}

/// Tidies lists and tuples away, so that cuts may come between their makers. Changes no number.
void
Simplify(std::shared_ptr<Graph>& graph)
{
    torch::jit::ConstantPropagation(graph);
    ForwardContainers(graph);
    torch::jit::RemoveListMutation(graph);
    torch::jit::PeepholeOptimizeListIdioms(graph);
    torch::jit::LowerSimpleTuples(graph);
    torch::jit::EliminateDeadCode(graph);
}

std::shared_ptr<Graph>
FreezeGraph(const torch::jit::Module& module, size_t inputs)
{
    // Without numeric optimisation: folding batch norm into convolutions changes the last bits.
    const torch::jit::Module frozen = torch::jit::freeze(InlineModule(module), c10::nullopt, false);
    std::shared_ptr<Graph> graph = frozen.get_method("forward").graph()->copy();
    torch::jit::Inline(*graph);
    Simplify(graph);
    if (graph->inputs()[0]->hasUses())
    {
        throw std::runtime_error("forward() changes attributes of the module; only models that "
                                 "keep no state between calls can be cut");
    }
    graph->eraseInput(0);
    if (graph->inputs().size() != inputs)
    {
        const size_t taken = graph->inputs().size();
        throw std::runtime_error("forward() takes " + std::to_string(taken) +
                                 (taken == 1 ? " input" : " inputs") + ", but the shapes of " +
                                 std::to_string(inputs) + " were given");
    }
    for (const Value* input : graph->inputs())
    {
        if (!input->type()->isSubtypeOf(*c10::TensorType::get()))
        {
            throw std::runtime_error("forward() takes '" + input->debugName() + "' of type " +
                                     input->type()->str() + "; only tensors are supported");
        }
    }
    return graph;
}

/// Runs a copy of the graph in which every value is an output.
TorchValues
Record(const Graph& graph, const std::vector<at::Tensor>& inputs)
{
    const std::shared_ptr<Graph> copy = const_cast<Graph&>(graph).copy();
    while (!copy->outputs().empty())
    {
        copy->eraseOutput(0);
    }
    std::vector<const Value*> names(graph.inputs().begin(), graph.inputs().end());
    for (Value* input : copy->inputs())
    {
        copy->registerOutput(input);
    }
    auto original = graph.nodes().begin();
    for (Node* node : copy->nodes())
    {
        for (size_t i = 0; i < node->outputs().size(); ++i)
        {
            names.push_back((*original)->outputs()[i]);
            copy->registerOutput(node->outputs()[i]);
        }
        ++original;
    }
    const std::vector<c10::IValue> outputs = RunGraph(copy, inputs);
    TorchValues values;
    for (size_t i = 0; i < names.size(); ++i)
    {
        values[names[i]] = outputs[i];
    }
    return values;
}

bool
IsConstant(const Value* value)
{
    return value->node()->kind() == torch::jit::prim::Constant;
}

/// Replaces what can be known from the shapes alone by constants. \return whether there was any
bool
FoldShapes(const std::shared_ptr<Graph>& graph,
           const TorchValues& values,
           const TorchValues& others)
{
    static const std::set<Symbol> queries = {Symbol::fromQualString("aten::size"),
                                             Symbol::fromQualString("aten::dim"),
                                             Symbol::fromQualString("aten::len"),
                                             Symbol::fromQualString("aten::numel"),
                                             Symbol::fromQualString("aten::is_floating_point"),
                                             Symbol::fromQualString("prim::dtype"),
                                             Symbol::fromQualString("prim::device"),
                                             Symbol::fromQualString("prim::layout"),
                                             Symbol::fromQualString("prim::is_cuda"),
                                             Symbol::fromQualString("prim::shape")};
    torch::jit::AliasDb aliases(graph);
    bool changed = false;
    std::vector<Node*> nodes(graph->nodes().begin(), graph->nodes().end());
    for (Node* node : nodes)
    {
        if (node->kind() == torch::jit::prim::Constant || node->outputs().size() != 1 ||
            !node->blocks().empty() || node->hasSideEffects() || node->isNondeterministic() ||
            !node->output()->hasUses())
        {
            continue;
        }
        const bool query = queries.count(node->kind()) > 0;
        if (!query && aliases.hasWriters(node))
        {
            continue; // a list that changes later
        }
        const c10::IValue& value = values.at(node->output());
        bool known = !value.isTensor() && FlattenTensors(value).empty();
        for (const Value* input : node->inputs())
        {
            known = known && (IsConstant(input) || (query && values.at(input).isTensor()));
        }
        if (!known || !(value == others.at(node->output())))
        {
            continue;
        }
        torch::jit::WithInsertPoint guard(node);
        const auto constant = torch::jit::tryInsertConstant(*graph, value);
        if (constant)
        {
            (*constant)->setType(node->output()->type());
            node->output()->replaceAllUsesWith(*constant);
            changed = true;
        }
    }
    return changed;
}

void
RemoveMessages(const Graph& graph)
{
    std::vector<Node*> messages;
    for (Node* node : const_cast<Graph&>(graph).nodes())
    {
        if (node->kind() == torch::jit::aten::warn || node->kind() == torch::jit::prim::Print)
        {
            messages.push_back(node);
        }
    }
    for (Node* node : messages)
    {
        node->destroy();
    }
}

/// Collects the tensors of a result, in the order of FlattenTensors.
void
FlattenOutput(Graph& graph,
              torch::jit::AliasDb& aliases,
              Value* value,
              const c10::IValue& example,
              std::vector<Value*>& tensors)
{
    Node* node = value->node();
    if (example.isTensor())
    {
        const bool made = node->kind() != torch::jit::prim::Param && !IsConstant(value);
        // A result that no layer makes would belong to no slice.
        tensors.push_back(made ? value : graph.insert(torch::jit::aten::clone, {value}));
        return;
    }
    if (FlattenTensors(example).empty())
    {
        return;
    }
    std::vector<c10::IValue> items;
    std::vector<Value*> parts;
    // Read by its one user only, nobody changes it; its tensors may be written to in place.
    const bool built = (node->kind() == torch::jit::prim::ListConstruct ||
                        node->kind() == torch::jit::prim::TupleConstruct ||
                        node->kind() == torch::jit::prim::DictConstruct) &&
                       (value->uses().size() == 1 || !aliases.hasWriters(node));
    if (example.isGenericDict() && built)
    {
        for (const auto& entry : example.toGenericDict())
        {
            items.push_back(entry.value());
            parts.push_back(node->inputs()[2 * parts.size() + 1]);
        }
    }
    else if (example.isTuple())
    {
        items = example.toTupleRef().elements().vec();
        Node* source = built ? node : graph.insertNode(graph.createTupleUnpack(value));
        parts = built ? source->inputs().vec() : source->outputs().vec();
    }
    else if (example.isList())
    {
        items = example.toListRef().vec();
        Node* source = built ? node : graph.insertNode(graph.createListUnpack(value, items.size()));
        parts = built ? source->inputs().vec() : source->outputs().vec();
    }
    else
    {
        throw std::runtime_error("forward() returns a " + value->type()->str() +
                                 "; expected tensors, or tuples, lists or a dictionary of them");
    }
    for (size_t i = 0; i < items.size(); ++i)
    {
        FlattenOutput(graph, aliases, parts[i], items[i], tensors);
    }
}

void
FlattenOutputs(const std::shared_ptr<Graph>& graph, const TorchValues& values)
{
    std::vector<Value*> tensors;
    {
        torch::jit::AliasDb aliases(graph);
        torch::jit::WithInsertPoint guard(graph->return_node());
        for (Value* output : graph->outputs())
        {
            FlattenOutput(*graph, aliases, output, values.at(output), tensors);
        }
    }
    if (tensors.empty())
    {
        throw std::runtime_error("forward() returns no tensor");
    }
    while (!graph->outputs().empty())
    {
        graph->eraseOutput(0);
    }
    for (Value* tensor : tensors)
    {
        graph->registerOutput(tensor);
    }
    torch::jit::EliminateDeadCode(graph);
}

/// Cuts and sizes are only known in advance where the shapes do not depend on the data.
void
CheckShapes(const TorchValues& values, const TorchValues& others)
{
    for (const auto& [name, value] : values)
    {
        const c10::IValue& other = others.at(name);
        if (value.isTensor() && value.toTensor().defined() && other.isTensor() &&
            value.toTensor().sizes() != other.toTensor().sizes())
        {
            throw std::runtime_error("the shape of '" + name->debugName() +
                                     "' depends on the data; only fixed shapes can be cut");
        }
    }
}

} // namespace

TorchTrace
TraceTorchModel(const ModelSpec& model)
{
    try
    {
        ModelSpec other = model;
        for (ModelInput& input : other.inputs)
        {
            if (model.longest > 0 && !input.spec.shape.empty())
            {
                int64_t& tokens = input.spec.shape.back();
                tokens = std::max<int64_t>(tokens + 1, model.longest);
            }
        }
        TorchTrace trace{std::make_unique<torch::jit::Module>(Load(model.file)),
                         nullptr,
                         std::make_unique<TorchValues>(),
                         nullptr};
        trace.whole->eval();
        if (!trace.whole->find_method("forward"))
        {
            throw std::runtime_error("the module has no forward()");
        }
        trace.graph = FreezeGraph(*trace.whole, model.inputs.size());
        RemoveMessages(*trace.graph);
        TorchValues others;
        const auto record = [&]() {
            try
            {
                *trace.values = Record(*trace.graph, RandomInputs(model.inputs, EXAMPLE_SEEDS[0]));
                others = Record(*trace.graph, RandomInputs(other.inputs, EXAMPLE_SEEDS[1]));
            }
            catch (const std::exception& error)
            {
                throw std::runtime_error(
                    "cannot run on inputs " + SpecsText(InputSpecs(model)) +
                    (model.longest > 0
                         ? " and on " + SpecsText(InputSpecs(other)) + ", as it must to generate"
                         : "") +
                    ": " + TorchMessage(error));
            }
        };
        record();
        // A folded branch brings new nodes to the top, so again, but not without end.
        constexpr int MAX_ROUNDS = 8;
        for (int round = 0; round < MAX_ROUNDS; ++round)
        {
            if (!FoldShapes(trace.graph, *trace.values, others))
            {
                break;
            }
            Simplify(trace.graph);
            RemoveMessages(*trace.graph);
            record();
        }
        FlattenOutputs(trace.graph, *trace.values);
        PrepareExits(trace.graph, model.exits);
        record();
        if (model.longest > 0)
        {
            trace.longer = std::make_unique<TorchValues>(std::move(others));
            return trace;
        }
        CheckShapes(*trace.values, others);
        return trace;
    }
    catch (const std::exception& error)
    {
        throw std::runtime_error(model.file + ": " + TorchMessage(error));
    }
}

std::vector<c10::IValue>
RunGraph(const std::shared_ptr<Graph>& graph, const std::vector<at::Tensor>& inputs)
{
    const at::NoGradGuard noGrad;
    const torch::jit::Code code(graph, "mdi");
    std::vector<c10::IValue> stack(inputs.begin(), inputs.end());
    torch::jit::InterpreterState(code).run(stack);
    return stack;
}

} // namespace mdi
} // namespace ns3

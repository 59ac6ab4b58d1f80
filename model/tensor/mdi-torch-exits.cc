// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-exits.h"

#include <algorithm>
#include <stdexcept>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/ir.h>

namespace ns3
{
namespace mdi
{

void
PrepareExits(const std::shared_ptr<torch::jit::Graph>& graph, const std::vector<uint32_t>& exits)
{
    if (exits.empty())
    {
        return;
    }
    const size_t results = graph->outputs().size();
    for (const uint32_t exit : exits)
    {
        if (exit >= results || std::count(exits.begin(), exits.end(), exit) > 1)
        {
            throw std::runtime_error("exit " + std::to_string(exit) +
                                     " is wrong: forward() returns " + std::to_string(results) +
                                     " tensors, numbered from 0, and each is one exit at most");
        }
    }
    if (exits.size() == results)
    {
        throw std::runtime_error("all " + std::to_string(results) +
                                 " results are early exits; the last one is the model's result");
    }
    for (const uint32_t exit : exits)
    {
        torch::jit::Value* value = graph->outputs()[exit];
        if (value->uses().size() > 1)
        {
            torch::jit::WithInsertPoint guard(value->node()->next());
            graph->return_node()->replaceInput(exit,
                                               graph->insert(torch::jit::aten::clone, {value}));
        }
    }
    torch::jit::AliasDb aliases(graph);
    torch::jit::Node* before = graph->param_node();
    for (const uint32_t exit : exits)
    {
        // What the exit needs and has not run yet moves to before the mark, the exit behind it.
        torch::jit::Node* mark = graph->create(torch::jit::prim::Constant, 1);
        mark->i_(torch::jit::attr::value, 0);
        mark->output()->setType(c10::IntType::get());
        if (before == graph->param_node())
        {
            graph->prependNode(mark);
        }
        else
        {
            mark->insertAfter(before);
        }
        torch::jit::Node* node = graph->outputs()[exit]->node();
        const bool moved = aliases.moveAfterTopologicallyValid(node, mark);
        mark->destroy();
        if (!moved)
        {
            throw std::runtime_error("exit " + std::to_string(exit) +
                                     " cannot be computed where its features appear");
        }
        before = node;
    }
}

} // namespace mdi
} // namespace ns3

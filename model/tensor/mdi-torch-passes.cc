// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-passes.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace
{

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::GraphFunction;
using torch::jit::Node;
using torch::jit::Value;

void InlineFunction(GraphFunction& function, std::set<GraphFunction*>& done);

void
InlineMethods(Block* block, std::set<GraphFunction*>& done)
{
    const std::vector<Node*> nodes(block->nodes().begin(), block->nodes().end());
    for (Node* node : nodes)
    {
        for (Block* inner : node->blocks())
        {
            InlineMethods(inner, done);
        }
        if (node->kind() != torch::jit::prim::CallMethod)
        {
            continue;
        }
        Value* const module = node->input(0);
        const auto type = module->type()->cast<c10::ClassType>();
        if (!type || !type->is_module())
        {
            continue; // an interface: freezing knows which module it is
        }
        GraphFunction* const method =
            torch::jit::tryToGraphFunction(type->getMethod(node->s(torch::jit::attr::name)));
        if (!method)
        {
            continue;
        }
        InlineFunction(*method, done);
        std::string path;
        Value* owner = module;
        while (owner->node()->kind() == torch::jit::prim::GetAttr)
        {
            path = owner->node()->s(torch::jit::attr::name) + (path.empty() ? "" : "." + path);
            owner = owner->node()->input(0);
        }
        if (path.empty())
        {
            torch::jit::inlineCallTo(node, method, method->graph().get());
            continue;
        }
        // inlineCallTo takes the name from the GetAttr, so for the while of the call there is one
        // with the whole path.
        Node* const name =
            block->owningGraph()->create(torch::jit::prim::GetAttr, {owner})->insertBefore(node);
        name->s_(torch::jit::attr::name, path);
        name->output()->setType(module->type());
        node->replaceInput(0, name->output());
        torch::jit::inlineCallTo(node, method, method->graph().get());
        name->output()->replaceAllUsesWith(module);
        name->destroy();
    }
}

/// Inlines what a method calls, once; the methods it calls first.
void
InlineFunction(GraphFunction& function, std::set<GraphFunction*>& done)
{
    if (done.insert(&function).second)
    {
        function.ensure_defined();
        std::shared_ptr<Graph> graph = function.graph();
        InlineMethods(graph->block(), done);
        // Calls of plain functions, which have no path; and what LibTorch's inliner would tidy:
        // freezing does not know that branches never taken change nothing.
        torch::jit::preoptimizeGraph(graph);
    }
}

/// A list or dictionary of tensors, and what is in it at a place of the graph.
class Container
{
  public:
    explicit Container(Node* node)
        : m_node(node)
    {
    }

    /// Replace its readers. \return whether it was one that could be followed
    bool Forward()
    {
        std::vector<Node*> users;
        if (!Begin() || !FindUsers(users))
        {
            return false;
        }
        for (Node* user : users)
        {
            if (!Step(user))
            {
                return false;
            }
        }
        for (const auto& change : m_changes)
        {
            change();
        }
        return true;
    }

  private:
    bool IsList() const
    {
        return m_node->output()->type()->kind() == c10::TypeKind::ListType;
    }

    /// What is in it when it is made.
    bool Begin()
    {
        if (m_node->kind() == torch::jit::prim::ListConstruct)
        {
            const auto list = m_node->output()->type()->cast<c10::ListType>();
            m_values = m_node->inputs().vec();
            return list && list->getElementType()->isSubtypeOf(*c10::TensorType::get());
        }
        const auto dict = m_node->output()->type()->cast<c10::DictType>();
        if (!dict || !dict->getValueType()->isSubtypeOf(*c10::TensorType::get()))
        {
            return false;
        }
        for (size_t i = 0; i + 1 < m_node->inputs().size(); i += 2)
        {
            if (!Set(m_node->input(i), m_node->input(i + 1)))
            {
                return false;
            }
        }
        return true;
    }

    /// Everybody who sees it, in order; false if somebody in a nested block does.
    bool FindUsers(std::vector<Node*>& users) const
    {
        for (const torch::jit::Use& use : m_node->output()->uses())
        {
            if (use.user->owningBlock() != m_node->owningBlock())
            {
                return false;
            }
            if (std::find(users.begin(), users.end(), use.user) == users.end())
            {
                users.push_back(use.user);
            }
        }
        const Node* const last = m_node->owningBlock()->return_node();
        std::sort(users.begin(), users.end(), [last](const Node* a, const Node* b) {
            return a != b && a != last && (b == last || a->isBefore(b));
        });
        return true;
    }

    /// Where a key is in m_keys; its size if it is new, nothing if it is not known.
    std::optional<size_t> Find(const Value* key) const
    {
        const auto value = torch::jit::toIValue(key);
        if (!value)
        {
            return std::nullopt;
        }
        for (size_t i = 0; i < m_keys.size(); ++i)
        {
            if (*torch::jit::toIValue(m_keys[i]) == *value)
            {
                return i;
            }
        }
        return m_keys.size();
    }

    bool Set(Value* key, Value* value)
    {
        const auto place = Find(key);
        if (!place)
        {
            return false;
        }
        if (*place == m_keys.size())
        {
            m_keys.push_back(key);
            m_values.push_back(value);
        }
        m_values[*place] = value;
        return true;
    }

    /// The element that is read there, null if that cannot be said.
    Value* Get(const Value* key) const
    {
        if (!IsList())
        {
            const auto place = Find(key);
            return place && *place < m_values.size() ? m_values[*place] : nullptr;
        }
        const auto index = torch::jit::toIValue(key);
        if (!index)
        {
            return nullptr;
        }
        const auto size = static_cast<int64_t>(m_values.size());
        const int64_t i = index->toInt() < 0 ? index->toInt() + size : index->toInt();
        return i >= 0 && i < size ? m_values[i] : nullptr;
    }

    /// The element itself of what was read from here.
    Value* Resolve(Value* value) const
    {
        const auto read = m_read.find(value);
        return read == m_read.end() ? value : read->second;
    }

    /// Follow one user. \return false if what it does is not known
    bool Step(Node* user)
    {
        static const std::set<torch::jit::Symbol> readers = {torch::jit::aten::cat,
                                                             torch::jit::aten::stack,
                                                             torch::jit::aten::len,
                                                             torch::jit::prim::ListUnpack,
                                                             torch::jit::prim::Return};
        Value* const container = m_node->output();
        const bool first = user->kind() == torch::jit::prim::Return ||
                           (!user->inputs().empty() && user->input(0) == container);
        if (!first || std::count(user->inputs().begin(), user->inputs().end(), container) > 1)
        {
            return false;
        }
        if (IsList() && user->kind() == torch::jit::aten::append)
        {
            m_values.push_back(Resolve(user->input(1)));
            m_changes.emplace_back([user]() { user->destroy(); });
            return !user->output()->hasUses();
        }
        if (!IsList() && user->kind() == torch::jit::aten::_set_item)
        {
            m_changes.emplace_back([user]() { user->destroy(); });
            return Set(user->input(1), Resolve(user->input(2)));
        }
        if (user->kind() == torch::jit::aten::__getitem__)
        {
            Value* const element = Get(user->input(1));
            m_read[user->output()] = element;
            m_changes.emplace_back([user, element]() {
                user->output()->replaceAllUsesWith(element);
                user->destroy();
            });
            return element != nullptr;
        }
        if (readers.count(user->kind()) == 0)
        {
            return false;
        }
        m_changes.emplace_back([this, user, container, keys = m_keys, values = m_values]() {
            Graph* const graph = user->owningGraph();
            Node* const made = IsList() ? graph->createList(ElementType(), values)
                                        : graph->createDict(KeyType(), ElementType(), keys, values);
            if (user->kind() == torch::jit::prim::Return)
            {
                graph->appendNode(made);
            }
            else
            {
                made->insertBefore(user);
            }
            made->output()->setType(container->type());
            user->replaceInputWith(container, made->output());
        });
        return true;
    }

    c10::TypePtr KeyType() const
    {
        return m_node->output()->type()->expect<c10::DictType>()->getKeyType();
    }

    c10::TypePtr ElementType() const
    {
        const auto type = m_node->output()->type();
        return IsList() ? type->expect<c10::ListType>()->getElementType()
                        : type->expect<c10::DictType>()->getValueType();
    }

    Node* m_node;
    std::vector<Value*> m_keys;            //!< constants, of a dictionary
    std::vector<Value*> m_values;          //!< tensors
    std::map<const Value*, Value*> m_read; //!< outputs of readers that go away
    std::vector<std::function<void()>> m_changes;
};

} // namespace

torch::jit::Module
InlineModule(const torch::jit::Module& module)
{
    torch::jit::Module copy = module.clone(true);
    std::set<GraphFunction*> done;
    if (auto* forward = torch::jit::tryToGraphFunction(copy.get_method("forward").function()))
    {
        InlineFunction(*forward, done);
    }
    return copy;
}

void
ForwardContainers(const std::shared_ptr<Graph>& graph)
{
    const std::vector<Node*> nodes(graph->nodes().begin(), graph->nodes().end());
    std::vector<Node*> followed;
    for (Node* node : nodes)
    {
        const auto kind = node->kind();
        const bool container = kind == torch::jit::prim::ListConstruct ||
                               kind == torch::jit::prim::DictConstruct ||
                               (kind == torch::jit::aten::dict && node->inputs().empty());
        // Those that never change need nothing, but elements of dictionaries are looked up.
        const auto changes = [node](const torch::jit::Use& use) {
            return use.user->kind() == torch::jit::aten::append ||
                   use.user->kind() == torch::jit::aten::_set_item ||
                   (use.user->kind() == torch::jit::aten::__getitem__ &&
                    node->output()->type()->kind() == c10::TypeKind::DictType);
        };
        if (container &&
            std::any_of(node->output()->uses().begin(), node->output()->uses().end(), changes) &&
            Container(node).Forward())
        {
            followed.push_back(node);
        }
    }
    for (Node* node : followed)
    {
        if (!node->output()->hasUses())
        {
            node->destroy();
        }
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-names.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <torch/csrc/jit/ir/ir.h>

namespace ns3
{
namespace mdi
{

namespace
{

using torch::jit::Node;

/// The path of the module whose code the node is, such as "layer1.0.conv1".
std::string
Scope(const Node* node)
{
    std::string scope;
    if (!node->callstack())
    {
        return scope;
    }
    for (const auto& entry : (*node->callstack())->vec())
    {
        const auto& module = std::get<2>(entry);
        // Plain functions and the module itself have no name of an instance.
        if (!module || module->instance_name().empty() || module->instance_name() == "SELF" ||
            module->instance_name() == "INSTANCE_NAME_UNKNOWN")
        {
            continue;
        }
        scope += (scope.empty() ? "" : ".") + module->instance_name();
    }
    return scope;
}

/// The operator without its namespace and a leading underscore.
std::string
ShortName(const Node* node)
{
    const std::string op = node->kind().toUnqualString();
    return op.size() > 1 && op[0] == '_' && op[1] != '_' ? op.substr(1) : op;
}

bool
IsDigit(unsigned char c)
{
    return std::isdigit(c) != 0;
}

/// The components of a scope.
std::vector<std::string>
Components(const std::string& scope)
{
    std::vector<std::string> components;
    std::istringstream list(scope);
    for (std::string component; std::getline(list, component, '.');)
    {
        components.push_back(component);
    }
    return components;
}

bool
IsNumber(const std::string& component)
{
    return std::all_of(component.begin(), component.end(), IsDigit);
}

/// What numbered siblings have in common: `features.denseblock` of `features.denseblock2`.
std::string
Family(const std::string& parent, const std::string& component)
{
    const auto digit = std::find_if(component.begin(), component.end(), IsDigit);
    return digit == component.end() ? "" : parent + std::string(component.begin(), digit);
}

} // namespace

LayerNames::LayerNames(const std::vector<const Node*>& nodes)
{
    for (const Node* node : nodes)
    {
        std::string parent;
        for (const std::string& component : Components(Scope(node)))
        {
            m_families[Family(parent, component)].insert(component);
            parent += component + ".";
        }
    }
}

std::string
LayerNames::Next(const Node* node)
{
    const std::string scope = Scope(node);
    const std::string name = scope.empty() ? ShortName(node) : scope + "/" + ShortName(node);
    const uint32_t occurrence = ++m_occurrences[name];
    return occurrence == 1 ? name : name + "#" + std::to_string(occurrence);
}

std::string
LayerNames::BlockOf(const Node* node) const
{
    const std::string scope = Scope(node);
    if (scope.empty())
    {
        return ShortName(node);
    }
    std::string parent;
    std::string withDigit;
    const std::vector<std::string> components = Components(scope);
    for (size_t i = 0; i < components.size(); ++i)
    {
        const std::string here = parent + components[i];
        const std::string family = Family(parent, components[i]);
        if (IsNumber(components[i]))
        {
            return here;
        }
        if (!family.empty() && m_families.at(family).size() > 1)
        {
            const bool more = i + 1 < components.size() && IsNumber(components[i + 1]);
            return more ? here + "." + components[i + 1] : here;
        }
        withDigit = withDigit.empty() && !family.empty() ? here : withDigit;
        parent = here + ".";
    }
    return withDigit.empty() ? components.front() : withDigit;
}

} // namespace mdi
} // namespace ns3

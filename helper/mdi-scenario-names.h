// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SCENARIO_NAMES_H
#define MDI_SCENARIO_NAMES_H

#include "mdi-json-reader.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Most devices of a scenario.
constexpr uint32_t MAX_NODES = 10000;

/// A path as written in a scenario: relative to the scenario's folder.
std::string ResolvePath(const std::string& scenario, const std::string& path);

/// The names of things that have one, in their order.
template <typename T>
std::vector<std::string>
NamesOf(const std::vector<T>& things)
{
    std::vector<std::string> names;
    for (const auto& thing : things)
    {
        names.push_back(thing.name);
    }
    return names;
}

/**
 * Index of a name in a list.
 * \param at where the name is written
 * \param names the list
 * \param what it names, for people, such as "device"
 * \throws BadInput with the nearest name of the list
 */
uint32_t FindName(const JsonReader& at,
                  const std::vector<std::string>& names,
                  const std::string& what);

} // namespace mdi
} // namespace ns3

#endif // MDI_SCENARIO_NAMES_H

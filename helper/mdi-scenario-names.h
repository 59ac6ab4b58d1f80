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

/// Longest time in a scenario or a trace.
constexpr double MAX_TIME_S = 1e9;

/// A path as written in a file, such as a scenario: relative to that file's folder.
std::string ResolvePath(const std::string& file, const std::string& path);

/// "1 device", "2 devices".
std::string Count(size_t number, const std::string& thing);

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

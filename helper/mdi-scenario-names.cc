// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-scenario-names.h"

#include <algorithm>
#include <filesystem>

namespace ns3
{
namespace mdi
{

std::string
ResolvePath(const std::string& scenario, const std::string& path)
{
    const std::filesystem::path p(path);
    return p.is_absolute()
               ? path
               : (std::filesystem::path(scenario).parent_path() / p).lexically_normal().string();
}

uint32_t
FindName(const JsonReader& at, const std::vector<std::string>& names, const std::string& what)
{
    const std::string name = at.Name();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
    {
        at.Fail("unknown " + what + " " + Quoted(name), DidYouMean(name, names));
    }
    return static_cast<uint32_t>(found - names.begin());
}

} // namespace mdi
} // namespace ns3

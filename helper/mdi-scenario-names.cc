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
ResolvePath(const std::string& file, const std::string& path)
{
    const std::filesystem::path p(path);
    return p.is_absolute()
               ? path
               : (std::filesystem::path(file).parent_path() / p).lexically_normal().string();
}

std::string
Count(size_t number, const std::string& thing)
{
    return std::to_string(number) + " " + thing + (number == 1 ? "" : "s");
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

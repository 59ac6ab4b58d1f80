// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_VISIBLE_ENTRIES_H
#define MDI_VISIBLE_ENTRIES_H

#include <algorithm>
#include <filesystem>
#include <vector>

namespace ns3
{
namespace mdi
{

/// The entries of a folder by name, but those that begin with a dot. \throws std::filesystem's
inline std::vector<std::filesystem::path>
VisibleEntries(const std::filesystem::path& folder)
{
    std::vector<std::filesystem::path> entries;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
    {
        if (entry.path().filename().string().front() != '.')
        {
            entries.push_back(entry.path());
        }
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

} // namespace mdi
} // namespace ns3

#endif // MDI_VISIBLE_ENTRIES_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-did-you-mean.h"

#include <algorithm>
#include <cctype>

namespace ns3
{
namespace mdi
{

namespace
{

std::string
Shorten(const std::string& text)
{
    constexpr std::size_t KEEP = 60;
    return text.size() <= KEEP
               ? text
               : text.substr(0, KEEP / 2) + "..." + text.substr(text.size() - KEEP / 3);
}

std::size_t
EditDistance(const std::string& a, const std::string& b)
{
    // Optimal string alignment, three rows.
    std::vector<std::size_t> before;
    std::vector<std::size_t> row(b.size() + 1);
    std::vector<std::size_t> next(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
    {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i)
    {
        next[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j)
        {
            next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            {
                next[j] = std::min(next[j], before[j - 2] + 1);
            }
        }
        before = row;
        std::swap(row, next);
    }
    return row[b.size()];
}

std::string
LowerCase(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return text;
}

} // namespace

std::string
Nearest(const std::string& name, const std::vector<std::string>& candidates)
{
    constexpr std::size_t LONGEST = 200; // beyond it nobody mistypes, and the distance is quadratic
    std::string nearest;
    std::size_t smallest = std::max<std::size_t>(1, name.size() / 3) + 1;
    for (const std::string& candidate : candidates)
    {
        if (name.empty() || std::max(name.size(), candidate.size()) > LONGEST)
        {
            continue;
        }
        const std::string a = LowerCase(name);
        const std::string b = LowerCase(candidate);
        // "memory" for "memory_bytes", and the reverse: a forgotten or an added unit.
        const std::size_t common = std::min(a.size(), b.size());
        const bool starts = common > 2 && a.compare(0, common, b, 0, common) == 0 && a != b;
        const std::size_t distance = starts ? 1 : EditDistance(a, b);
        if (distance < smallest && distance < candidate.size())
        {
            smallest = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

std::string
DidYouMean(const std::string& name, const std::vector<std::string>& candidates)
{
    const std::string nearest = Nearest(name, candidates);
    if (!nearest.empty())
    {
        return "did you mean " + Quoted(nearest) + "?";
    }
    if (candidates.empty())
    {
        return "none is known";
    }
    constexpr std::size_t LISTED = 20;
    std::string known = "known are: ";
    for (std::size_t i = 0; i < candidates.size() && i < LISTED; ++i)
    {
        known += (i == 0 ? "" : ", ") + OneLine(candidates[i]);
    }
    return known + (candidates.size() > LISTED ? ", ..." : "");
}

std::string
Quoted(const std::string& text)
{
    return "'" + Shorten(OneLine(text)) + "'";
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-pass-times.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ns3
{
namespace mdi
{

uint32_t
PassCurve::Largest() const
{
    return points.empty() ? 0 : points.back().first;
}

double
PassCurve::At(uint32_t number) const
{
    const auto above = std::lower_bound(
        points.begin(), points.end(), number, [](const auto& point, uint32_t value) {
            return point.first < value;
        });
    if (above == points.end())
    {
        throw std::out_of_range("times are known up to " + std::to_string(Largest()) +
                                " tokens, not for " + std::to_string(number));
    }
    if (staircase || above == points.begin())
    {
        return above->second;
    }
    const auto below = above - 1;
    const double share = double(number - below->first) / (above->first - below->first);
    return below->second + share * (above->second - below->second);
}

} // namespace mdi
} // namespace ns3

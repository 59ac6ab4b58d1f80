// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-costs.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace ns3
{
namespace mdi
{

namespace
{

/// Rounded up. Doubles round monotonically: more never becomes less.
int64_t
Nanoseconds(double ns)
{
    return ns < static_cast<double>(ROW_TIME_MAX) ? static_cast<int64_t>(std::ceil(ns))
                                                  : ROW_TIME_MAX;
}

void
Check(bool good, const std::string& what)
{
    if (!good)
    {
        throw std::invalid_argument("row costs: " + what);
    }
}

void
CheckTime(const RowTime& time, int64_t height, const std::string& where)
{
    Check(time.overhead >= 0 && time.least >= 0 && std::isfinite(time.perRow) && time.perRow >= 0,
          where + ": times are numbers from 0 up");
    Check(time.table.empty() ||
              (static_cast<int64_t>(time.table.size()) == height + 1 && time.table[0] >= 0 &&
               std::is_sorted(time.table.begin(), time.table.end())),
          where + ": a table has an entry per number of rows, from 0 up, never descending");
}

} // namespace

int64_t
RowTime::At(int64_t rows) const
{
    if (rows <= 0)
    {
        return 0;
    }
    const int64_t time = table.empty() ? Nanoseconds(perRow * static_cast<double>(rows))
                                       : table.at(static_cast<size_t>(rows));
    return std::min(ROW_TIME_MAX, std::max(least, overhead + time));
}

double
RowTime::PerRow(int64_t height) const
{
    return table.empty() ? perRow : static_cast<double>(table.back()) / static_cast<double>(height);
}

int64_t
RowLink::Busy(uint64_t bytes) const
{
    return Nanoseconds(8e9 * static_cast<double>(bytes) / rate);
}

void
CheckRowCosts(const RowModel& model, const RowCosts& costs)
{
    const uint32_t devices = costs.Devices();
    Check(devices > 0 && costs.source < devices, "the source is none of the devices");
    Check(devices < 64, "at most 63 devices");
    Check(costs.compute.size() == model.layers.size(), "expected times for every layer");
    for (uint32_t v = 0; v < model.layers.size(); ++v)
    {
        if (model.IsVirtual(v))
        {
            continue;
        }
        const std::string where = "layer " + std::to_string(v);
        Check(costs.compute[v].size() == devices, where + ": expected a time per device");
        for (const RowTime& time : costs.compute[v])
        {
            CheckTime(time, model.layers[v].height, where);
        }
    }
    for (uint32_t j = 0; j < devices; ++j)
    {
        Check(costs.links[j].size() == devices, "expected a link to every device");
        for (uint32_t k = 0; k < devices; ++k)
        {
            Check(j == k || (costs.links[j][k].latency >= 0 && costs.links[j][k].rate > 0),
                  "a link needs a rate above 0 and a latency from 0 up");
        }
    }
    Check(costs.memory.empty() || costs.memory.size() == devices, "expected a memory per device");
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-link-trace.h"

#include <algorithm>
#include <functional>

namespace ns3
{
namespace mdi
{

namespace
{

/// The first row that begins after a time, or the end of the rows.
std::vector<LinkTrace::Row>::const_iterator
After(const LinkTrace& trace, Time time)
{
    return std::upper_bound(trace.rows.begin(),
                            trace.rows.end(),
                            time,
                            [](Time t, const LinkTrace::Row& row) { return t < row.time; });
}

/// Mean of a figure of the rows, each weighted by how long it lasts.
double
Mean(const LinkTrace& trace, const std::function<double(const LinkTrace::Row&)>& figure)
{
    if (trace.end.IsZero())
    {
        return figure(trace.rows.back());
    }
    double sum = 0;
    for (size_t i = 0; i < trace.rows.size() && trace.rows[i].time < trace.end; ++i)
    {
        const Time until =
            i + 1 < trace.rows.size() ? Min(trace.rows[i + 1].time, trace.end) : trace.end;
        sum += figure(trace.rows[i]) * (until - trace.rows[i].time).GetSeconds();
    }
    return sum / trace.end.GetSeconds();
}

/// Time in the trace, folded into its length if it is repeated.
Time
InTrace(const LinkReplay& replay, Time now)
{
    const Time time = replay.start + now;
    const Time end = replay.trace->end;
    return replay.repeat && !end.IsZero() ? TimeStep(time.GetTimeStep() % end.GetTimeStep()) : time;
}

} // namespace

const LinkTrace::Row&
LinkTrace::At(Time time) const
{
    return *std::prev(After(*this, time));
}

double
LinkTrace::MeanRateBps() const
{
    return Mean(*this, [](const Row& row) { return static_cast<double>(row.rateBps); });
}

Time
LinkTrace::MeanDelay() const
{
    return Seconds(Mean(*this, [](const Row& row) { return row.delay.GetSeconds(); }));
}

const LinkTrace::Row&
LinkReplay::At(Time now) const
{
    return trace->At(InTrace(*this, now));
}

std::optional<Time>
LinkReplay::NextChange(Time now) const
{
    const Time time = InTrace(*this, now);
    const auto next = After(*trace, time);
    if (next != trace->rows.end())
    {
        return now + (next->time - time);
    }
    if (repeat && !trace->end.IsZero())
    {
        return now + (trace->end - time);
    }
    return std::nullopt;
}

} // namespace mdi
} // namespace ns3

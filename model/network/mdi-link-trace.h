// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_LINK_TRACE_H
#define MDI_LINK_TRACE_H

#include "ns3/nstime.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What a link was measured to do over time, constant from one row to the next.
struct LinkTrace
{
    /// In force from `time` until the next row.
    struct Row
    {
        Time time;            //!< since the trace began
        uint64_t rateBps = 0; //!< bits of IP packets; 0: nothing passes
        Time delay;           //!< one way, on top of the time that the rate takes
        double loss = 0;      //!< probability that a packet is lost
    };

    std::vector<Row> rows; //!< at least one, times ascending, the first 0
    Time end;              //!< where a repetition begins again, after the last row; 0: never

    /// The row in force; after the end, the last one. `time` must not be negative.
    const Row& At(Time time) const;

    /// Mean over the time from 0 to `end` [b/s]; of a trace without end, the last row's.
    double MeanRateBps() const;

    /// The same of the delay.
    Time MeanDelay() const;
};

/// How a trace is replayed in simulated time.
struct LinkReplay
{
    std::shared_ptr<const LinkTrace> trace; //!< shared by all that replay it
    bool repeat = false; //!< from its start after its end; else the last row stays
    Time start;          //!< where in the trace simulated time 0 is

    /// The row in force at a simulated time.
    const LinkTrace::Row& At(Time now) const;

    /// The simulated time of the first row after `now`, if there is one.
    std::optional<Time> NextChange(Time now) const;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_LINK_TRACE_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SECONDS_H
#define MDI_SECONDS_H

#include "ns3/nstime.h"

#include <cmath>

namespace ns3
{
namespace mdi
{

/**
 * Seconds(double) and Time::GetSeconds go through 128-bit arithmetic, ten times slower than this; a
 * policy that weighs every waiting task against every neighbour lives from it.
 */
inline Time
FromSeconds(double seconds)
{
    return NanoSeconds(std::llround(seconds * 1e9));
}

/// See FromSeconds.
inline double
ToSeconds(Time time)
{
    return static_cast<double>(time.GetNanoSeconds()) / 1e9;
}

} // namespace mdi
} // namespace ns3

#endif // MDI_SECONDS_H

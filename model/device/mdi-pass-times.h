// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PASS_TIMES_H
#define MDI_PASS_TIMES_H

#include <cstdint>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * How the time of a pass grows with the tokens that it works on, or with the context that it
 * attends to: factors of a known time, at a few points.
 */
struct PassCurve
{
    /// The factor of the first point at or above a number; else straight lines between points.
    bool staircase = false;
    std::vector<std::pair<uint32_t, double>> points; //!< number and factor, ascending

    /// The largest number that it knows; 0 without points.
    uint32_t Largest() const;

    /**
     * The factor; below the first point that one's.
     * \throws std::out_of_range above the largest number
     */
    double At(uint32_t number) const;
};

/// How long passes of a language model take, in one power mode of one device.
struct PassTimes
{
    uint32_t tokens = 0; //!< the layers' mean times are for a pass over so many
    PassCurve whole;     //!< of passes over any number of tokens, without what is in a cache
    /// Of passes over one token, with the rest in a cache, by context; times the layers' cached
    /// times. No points: these are not known.
    PassCurve cached;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_PASS_TIMES_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_COSTS_H
#define MDI_ROW_COSTS_H

#include "mdi-row-model.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * The longest time there is, 73 years: sums of two do not overflow, and what takes longer is as
 * good as never done [ns].
 */
constexpr int64_t ROW_TIME_MAX = std::numeric_limits<int64_t>::max() / 4;

/// Time that a device takes for a strip of a layer, o_{v,k} + c_{v,k} * rows, but not less than a
/// least time, which papers.md does not have.
struct RowTime
{
    int64_t overhead = 0; //!< o_{v,k}, per call [ns]
    double perRow = 0;    //!< c_{v,k}; the time of a strip is rounded up [ns]
    /// Measured, for 0..H_v rows, in place of perRow; never descends [ns].
    std::vector<int64_t> table;
    int64_t least = 0; //!< however few rows there are [ns]

    /// For so many rows, 0 for none [ns].
    int64_t At(int64_t rows) const;

    /// c_{v,k}, of a table the mean over so many rows [ns].
    double PerRow(int64_t height) const;
};

/// A private link from one device to another.
struct RowLink
{
    int64_t latency = 0; //!< l_jk, one way [ns]
    double rate = 1e9;   //!< R_jk, goodput [bit/s], above 0

    /// Time on the link without its latency, rounded up [ns].
    int64_t Busy(uint64_t bytes) const;
};

/// What the devices k = 0..N-1, in this order, and their links cost. N is below 64.
struct RowCosts
{
    std::vector<std::vector<RowTime>> compute; //!< per layer (virtual: unused), per device
    std::vector<std::vector<RowLink>> links;   //!< [from][to]; to itself: unused
    std::vector<uint64_t> memory;              //!< per device; empty: no limits [bytes]
    uint32_t source = 0;                       //!< holds the input and wants the result
    bool serialRx = false; //!< a device receives one tensor at a time, first ready first

    /// Number of devices N.
    uint32_t Devices() const
    {
        return static_cast<uint32_t>(links.size());
    }
};

/**
 * Check that the costs suit a model.
 * \throws std::invalid_argument saying what does not
 */
void CheckRowCosts(const RowModel& model, const RowCosts& costs);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_COSTS_H

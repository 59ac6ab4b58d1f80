// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_STATISTICS_H
#define MDI_STATISTICS_H

#include <cstdint>
#include <vector>

namespace ns3
{
namespace mdi
{

/// A mean and the half-width of its 95 % confidence interval (NaN for a single value).
struct MeanInterval
{
    double mean = 0;      //!< of the values
    double halfWidth = 0; //!< in their unit
};

double Mean(const std::vector<double>& values); //!< NaN of none

/// Where a quantile lies between order statistics: with linear interpolation (type 7 of Hyndman
/// and Fan, as numpy's default).
struct QuantilePlace
{
    /**
     * \param count of values, at least 1
     * \param q in [0, 1]
     */
    QuantilePlace(uint64_t count, double q);

    /// The quantile, of the order statistics of ranks `below` and `above`.
    double Between(double valueBelow, double valueAbove) const;

    uint64_t below; //!< rank, from 0
    uint64_t above; //!< rank
    double share;   //!< of the way from one to the other
};

/**
 * The quantile, interpolated as QuantilePlace says.
 * \param values not empty, in any order
 * \param q in [0, 1]
 */
double Quantile(std::vector<double> values, double q);

/**
 * Mean of independent replications with Student's t interval.
 * \param values not empty
 */
MeanInterval MeanWithInterval(const std::vector<double>& values);

/// The 97.5 % quantile of Student's t distribution with `degrees` >= 1 degrees of freedom.
double StudentT975(unsigned degrees);

} // namespace mdi
} // namespace ns3

#endif // MDI_STATISTICS_H

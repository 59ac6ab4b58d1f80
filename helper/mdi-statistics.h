// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_STATISTICS_H
#define MDI_STATISTICS_H

#include <vector>

namespace ns3
{
namespace mdi
{

/// A mean and the half-width of its 95 % confidence interval (NaN for a single value).
struct MeanInterval
{
    double mean = 0;
    double halfWidth = 0;
};

double Mean(const std::vector<double>& values);

/**
 * The quantile with linear interpolation between order statistics (type 7 of Hyndman and Fan, as
 * numpy's default).
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

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace ns3
{
namespace mdi
{

double
Mean(const std::vector<double>& values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

QuantilePlace::QuantilePlace(uint64_t count, double q)
{
    const double at = q * static_cast<double>(count - 1);
    below = static_cast<uint64_t>(at);
    above = std::min(below + 1, count - 1);
    share = at - static_cast<double>(below);
}

double
QuantilePlace::Between(double valueBelow, double valueAbove) const
{
    return valueBelow + share * (valueAbove - valueBelow);
}

double
Quantile(std::vector<double> values, double q)
{
    std::sort(values.begin(), values.end());
    const QuantilePlace place(values.size(), q);
    return place.Between(values[place.below], values[place.above]);
}

MeanInterval
MeanWithInterval(const std::vector<double>& values)
{
    MeanInterval result;
    result.mean = Mean(values);
    if (values.size() < 2)
    {
        result.halfWidth = std::numeric_limits<double>::quiet_NaN();
        return result;
    }
    double squares = 0;
    for (double value : values)
    {
        squares += (value - result.mean) * (value - result.mean);
    }
    const double count = static_cast<double>(values.size());
    result.halfWidth = StudentT975(static_cast<unsigned>(values.size() - 1)) *
                       std::sqrt(squares / (count - 1) / count);
    return result;
}

double
StudentT975(unsigned degrees)
{
    // Exact values where the series below is poor.
    static const double SMALL[] = {12.706204736,
                                   4.302652730,
                                   3.182446305,
                                   2.776445105,
                                   2.570581836,
                                   2.446911851,
                                   2.364624252,
                                   2.306004135,
                                   2.262157163,
                                   2.228138852};
    if (degrees <= 10)
    {
        return SMALL[degrees - 1];
    }
    // Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5), error below 1e-5 from here on.
    const double x = 1.959963985;
    const double v = degrees;
    const double x3 = x * x * x;
    const double x5 = x3 * x * x;
    const double x7 = x5 * x * x;
    const double x9 = x7 * x * x;
    return x + (x3 + x) / (4 * v) + (5 * x5 + 16 * x3 + 3 * x) / (96 * v * v) +
           (3 * x7 + 19 * x5 + 17 * x3 - 15 * x) / (384 * v * v * v) +
           (79 * x9 + 776 * x7 + 1482 * x5 - 1920 * x3 - 945 * x) / (92160 * v * v * v * v);
}

} // namespace mdi
} // namespace ns3

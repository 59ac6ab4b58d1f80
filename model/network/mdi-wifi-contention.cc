// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-wifi-contention.h"

#include <cmath>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double WINDOW = 16; // slots of the first attempt
constexpr int STAGES = 6;     // doublings, up to 1024 slots

/// Probability that a station sends in a slot, if it collides with probability p.
double
Attempts(double p)
{
    // Equation 7, with the quotient of the geometric series as a sum: also right at p = 1/2.
    double sum = 0;
    for (int i = 0; i < STAGES; ++i)
    {
        sum += std::pow(2 * p, i);
    }
    return 2 / (1 + WINDOW + p * WINDOW * sum);
}

/// s: transmissions that collide with no other, of all.
double
CollisionFreeShare(double stations)
{
    if (stations <= 1)
    {
        return 1;
    }
    // Equation 9: p = 1 - (1 - tau(p))^(n-1); the right side falls with p.
    double low = 0;
    double high = 1;
    for (int i = 0; i < 60; ++i)
    {
        const double p = (low + high) / 2;
        const double met = 1 - std::pow(1 - Attempts(p), stations - 1);
        (met > p ? low : high) = p;
    }
    const double tau = Attempts(low);
    const double any = 1 - std::pow(1 - tau, stations);            // equation 10
    return stations * tau * std::pow(1 - tau, stations - 1) / any; // equation 11
}

/// Time that the channel spends on a data frame, in frames.
double
TimePerFrame(double stations)
{
    const double share = CollisionFreeShare(stations);
    return 1 + 2 * (1 - share) / share;
}

} // namespace

double
ContentionFactor(double stations)
{
    // Asked for at every change of a channel: halves of stations are kept.
    thread_local std::vector<double> known;
    const auto halves = static_cast<size_t>(std::lround(2 * stations));
    while (known.size() <= halves)
    {
        const double next = static_cast<double>(known.size()) / 2;
        known.push_back(TimePerFrame(1.5) / TimePerFrame(next));
    }
    return known[halves];
}

} // namespace mdi
} // namespace ns3

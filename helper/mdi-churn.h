// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_CHURN_H
#define MDI_CHURN_H

#include "ns3/nstime.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

/// A time in which a device or a network is off.
struct Outage
{
    Time begin;              //!< simulated time, above 0
    std::optional<Time> end; //!< none: for good
};

/// When devices and networks of a scenario fail, and what is done about it.
struct Churn
{
    /// A rule: once at a time, or again and again at random.
    struct Failure
    {
        std::vector<uint32_t> devices;  //!< that it concerns, each for itself
        std::vector<uint32_t> networks; //!< the same
        Outage once;                    //!< if the means are 0
        double meanUpS = 0;             //!< of the exponential time until it fails [s]
        double meanDownS = 0;           //!< of the exponential time until it is back [s]
    };

    std::vector<Failure> failures;  //!< what is off by any of them is off
    Time itemTimeout = Seconds(10); //!< see Source
    uint32_t retries = 2;           //!< see Source
    Time peerTimeout = Seconds(2);  //!< Transport's UserTimeout
};

/// By device or network: when it is off, ascending and disjoint.
struct Outages
{
    std::vector<std::vector<Outage>> devices;  //!< by index
    std::vector<std::vector<Outage>> networks; //!< by index
};

/**
 * Draw what fails in a run. Nothing but the rules, the seed and the run decides: all systems of a
 * run meet the same failures.
 * \param churn the rules
 * \param devices how many there are
 * \param networks how many there are
 * \param limit no random failure begins later
 * \param stream the first; a million for each device and network, so that a rule for one does not
 *        change the failures of another
 */
Outages DrawOutages(
    const Churn& churn, size_t devices, size_t networks, Time limit, int64_t stream);

} // namespace mdi
} // namespace ns3

#endif // MDI_CHURN_H

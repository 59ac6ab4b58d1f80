// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-churn.h"

#include "mdi-seconds.h"

#include "ns3/random-variable-stream.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

namespace
{

/// Random rules that one target may have streams for: more than a scenario may have.
constexpr int64_t MOST_RULES = 1000000;

/// What one rule does to one of its targets.
std::vector<Outage>
Draw(const Churn::Failure& failure, Time limit, int64_t stream)
{
    if (failure.meanUpS == 0)
    {
        return {failure.once};
    }
    const auto random = CreateObject<ExponentialRandomVariable>();
    random->SetStream(stream);
    std::vector<Outage> outages;
    Time at;
    while (true)
    {
        const Time begin = at + FromSeconds(random->GetValue(failure.meanUpS, 0)) + NanoSeconds(1);
        at = begin + FromSeconds(random->GetValue(failure.meanDownS, 0)) + NanoSeconds(1);
        if (begin > limit)
        {
            return outages;
        }
        outages.push_back({begin, at});
    }
}

/// Ascending and disjoint: where one begins before another has ended, they are one.
std::vector<Outage>
Union(std::vector<Outage> outages)
{
    std::sort(outages.begin(), outages.end(), [](const Outage& a, const Outage& b) {
        return a.begin < b.begin;
    });
    std::vector<Outage> merged;
    for (const Outage& next : outages)
    {
        if (merged.empty() || (merged.back().end && *merged.back().end < next.begin))
        {
            merged.push_back(next);
        }
        else if (merged.back().end)
        {
            merged.back().end =
                next.end ? std::make_optional(Max(*merged.back().end, *next.end)) : std::nullopt;
        }
    }
    return merged;
}

} // namespace

Outages
DrawOutages(const Churn& churn, size_t devices, size_t networks, Time limit, int64_t stream)
{
    Outages drawn;
    drawn.devices.resize(devices);
    drawn.networks.resize(networks);
    // A target has streams of its own, whatever else fails: devices first, then networks.
    std::vector<int64_t> rules(devices + networks);
    const auto add =
        [&](const Churn::Failure& failure, size_t target, std::vector<Outage>& outages) {
            const int64_t rule = failure.meanUpS > 0 ? rules.at(target)++ : 0;
            const auto more =
                Draw(failure, limit, stream + static_cast<int64_t>(target) * MOST_RULES + rule);
            outages.insert(outages.end(), more.begin(), more.end());
        };
    for (const auto& failure : churn.failures)
    {
        for (const uint32_t device : failure.devices)
        {
            add(failure, device, drawn.devices.at(device));
        }
        for (const uint32_t network : failure.networks)
        {
            add(failure, devices + network, drawn.networks.at(network));
        }
    }
    for (auto* all : {&drawn.devices, &drawn.networks})
    {
        for (auto& outages : *all)
        {
            outages = Union(std::move(outages));
        }
    }
    return drawn;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-churn.h"

#include "mdi-helper.h"
#include "mdi-seconds.h"
#include "mdi-transport.h"

#include "ns3/node.h"
#include "ns3/random-variable-stream.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <memory>

namespace ns3
{
namespace mdi
{

namespace
{

/// A network without a trace: its own rate is less.
constexpr uint64_t NO_LIMIT_BPS = 1000000000000;

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

/// Lets a worker fail and come back, one event at a time.
class Victim : public SimpleRefCount<Victim>
{
  public:
    Victim(Ptr<Worker> worker, const std::vector<Outage>& outages)
        : m_worker(worker),
          m_outages(outages)
    {
    }

    void Schedule()
    {
        if (m_next < m_outages.size())
        {
            const Time delay = m_outages[m_next].begin - Simulator::Now();
            Simulator::ScheduleWithContext(
                m_worker->GetNode()->GetId(), delay, &Victim::Fail, Ptr<Victim>(this));
        }
    }

  private:
    void Fail()
    {
        const Outage outage = m_outages[m_next++];
        m_worker->Fail(!outage.end);
        if (outage.end)
        {
            Simulator::Schedule(
                *outage.end - Simulator::Now(), &Victim::Recover, Ptr<Victim>(this));
        }
    }

    void Recover()
    {
        m_worker->Recover();
        Schedule();
    }

    Ptr<Worker> m_worker;
    std::vector<Outage> m_outages;
    size_t m_next = 0;
};

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

LinkReplay
WithOutages(const std::optional<LinkReplay>& replay, const std::vector<Outage>& outages, Time limit)
{
    LinkTrace::Row always;
    always.rateBps = NO_LIMIT_BPS;
    // All times at which anything changes.
    std::vector<Time> times{Time(0)};
    for (std::optional<Time> at = replay ? replay->NextChange(Time(0)) : std::nullopt;
         at && *at <= limit;
         at = replay->NextChange(*at))
    {
        times.push_back(*at);
    }
    for (const Outage& outage : outages)
    {
        times.push_back(outage.begin);
        times.push_back(outage.end.value_or(outage.begin));
    }
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());

    auto trace = std::make_shared<LinkTrace>();
    trace->end = replay ? replay->trace->end : Time(0); // of its means
    auto outage = outages.begin();
    for (const Time& time : times)
    {
        while (outage != outages.end() && outage->end && *outage->end <= time)
        {
            ++outage;
        }
        LinkTrace::Row row = replay ? replay->At(time) : always;
        row.time = time;
        row.loss = outage != outages.end() && outage->begin <= time ? 1 : row.loss;
        trace->rows.push_back(row);
    }
    return {trace, false, Time(0)};
}

void
InstallChurn(const Churn& churn,
             const std::vector<std::vector<Outage>>& outages,
             const MdiHelper& mdi)
{
    for (const auto& source : mdi.GetSources())
    {
        source->SetAttribute("ItemTimeout", TimeValue(churn.itemTimeout));
        source->SetAttribute("Retries", UintegerValue(churn.retries));
    }
    // By then a source has issued the item again, or given it up; unless it knew that it is late.
    const Time patience = 2 * churn.itemTimeout;
    const auto& workers = mdi.GetWorkers();
    for (size_t i = 0; i < workers.size(); ++i)
    {
        workers[i]->SetAttribute("Patience", TimeValue(patience));
        workers[i]->GetNode()->GetObject<Transport>()->SetAttribute("UserTimeout",
                                                                    TimeValue(churn.peerTimeout));
        Create<Victim>(workers[i], outages.at(i))->Schedule();
    }
}

} // namespace mdi
} // namespace ns3

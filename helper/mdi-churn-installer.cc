// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-churn-installer.h"

#include "mdi-transport.h"

#include "ns3/node.h"
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

/// Lets a worker fail and come back, one event at a time.
class OutageSchedule : public SimpleRefCount<OutageSchedule>
{
  public:
    OutageSchedule(Ptr<Worker> worker, const std::vector<Outage>& outages)
        : m_worker(worker),
          m_outages(outages)
    {
    }

    void Schedule()
    {
        if (m_next < m_outages.size())
        {
            const Time delay = m_outages[m_next].begin - Simulator::Now();
            Simulator::ScheduleWithContext(m_worker->GetNode()->GetId(),
                                           delay,
                                           &OutageSchedule::Fail,
                                           Ptr<OutageSchedule>(this));
        }
    }

  private:
    void Fail()
    {
        const Outage outage = m_outages[m_next++];
        m_worker->Fail(!outage.end);
        if (outage.end)
        {
            Simulator::Schedule(*outage.end - Simulator::Now(),
                                &OutageSchedule::Recover,
                                Ptr<OutageSchedule>(this));
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
        Create<OutageSchedule>(workers[i], outages.at(i))->Schedule();
    }
}

} // namespace mdi
} // namespace ns3

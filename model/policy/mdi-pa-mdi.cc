// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-pa-mdi.h"

#include "mdi-seconds.h"

#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/simulator.h"

#include <cmath>

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(PaMdiRouter);
NS_OBJECT_ENSURE_REGISTERED(PaMdiQueue);

namespace
{

/// Phi of a task where the estimate puts it.
double
Metric(const Task& task,
       const Estimate& estimate,
       const LocalView& view,
       bool overlap,
       double ageWeight,
       double lossExponent)
{
    return PaMdiMetric(ToSeconds(estimate.Completion(overlap)),
                       ToSeconds(Simulator::Now() - task.admitted),
                       ageWeight,
                       task.priority,
                       view.GetDeployment().Sources()[task.id.item.source].accuracy,
                       estimate.lossProbability,
                       lossExponent);
}

} // namespace

double
PaMdiMetric(double completion,
            double age,
            double ageWeight,
            double priority,
            double accuracy,
            double lossProbability,
            double lossExponent)
{
    const double survival = lossExponent == 0 ? 1 : std::pow(1 - lossProbability, lossExponent);
    return (completion + ageWeight * age) / (priority * accuracy * survival);
}

TypeId
PaMdiRouter::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::PaMdiRouter")
            .SetParent<Router>()
            .SetGroupName("Mdi")
            .AddConstructor<PaMdiRouter>()
            .AddAttribute("Immediate",
                          "Place a task when it is created, as MS-MDI does, rather than when the "
                          "processor or the radio falls idle (reconstructed)",
                          BooleanValue(false),
                          MakeBooleanAccessor(&PaMdiRouter::m_immediate),
                          MakeBooleanChecker())
            .AddAttribute("Overlap",
                          "Backlog drains while the tensor travels: max(D, w) + t rather than "
                          "D + w + t. The sum is the reported rule",
                          BooleanValue(false),
                          MakeBooleanAccessor(&PaMdiRouter::m_overlap),
                          MakeBooleanChecker())
            .AddAttribute("UrgentBacklogOnly",
                          "Count only backlog that would be served before the task: that of its "
                          "priority and above (reconstructed option)",
                          BooleanValue(false),
                          MakeBooleanAccessor(&PaMdiRouter::m_urgentBacklog),
                          MakeBooleanChecker())
            .AddAttribute("AgeWeight",
                          "a: weight of the task's age in Phi",
                          DoubleValue(1),
                          MakeDoubleAccessor(&PaMdiRouter::m_ageWeight),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("LossExponent",
                          "e: exponent of the success probability of the hop in Phi",
                          DoubleValue(0),
                          MakeDoubleAccessor(&PaMdiRouter::m_lossExponent),
                          MakeDoubleChecker<double>(0, 1));
    return tid;
}

Estimate
PaMdiRouter::Choose(const Task& task, const LocalView& view)
{
    auto metric = [&](const Estimate& e) {
        return Metric(task, e, view, m_overlap, m_ageWeight, m_lossExponent);
    };
    Estimate best = view.Predict(task, view.Self(), m_urgentBacklog);
    for (uint32_t node : view.Candidates())
    {
        const Estimate other = view.Predict(task, node, m_urgentBacklog);
        if (metric(other) < metric(best))
        {
            best = other;
        }
    }
    return best;
}

bool
PaMdiRouter::IsImmediate() const
{
    return m_immediate;
}

TypeId
PaMdiQueue::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::PaMdiQueue")
            .SetParent<QueueDiscipline>()
            .SetGroupName("Mdi")
            .AddConstructor<PaMdiQueue>()
            .AddAttribute("Overlap",
                          "As the router's attribute of that name",
                          BooleanValue(false),
                          MakeBooleanAccessor(&PaMdiQueue::m_overlap),
                          MakeBooleanChecker())
            .AddAttribute("AgeWeight",
                          "a: weight of the task's age in Phi",
                          DoubleValue(1),
                          MakeDoubleAccessor(&PaMdiQueue::m_ageWeight),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute(
                "AgeCredit",
                "lambda: additive anti-starvation term [1], key = Phi - lambda * age; use "
                "with AgeWeight 0 (reconstructed option, tunable default, unverified)",
                DoubleValue(0),
                MakeDoubleAccessor(&PaMdiQueue::m_ageCredit),
                MakeDoubleChecker<double>(0))
            .AddAttribute("LossExponent",
                          "e: as the router's attribute of that name",
                          DoubleValue(0),
                          MakeDoubleAccessor(&PaMdiQueue::m_lossExponent),
                          MakeDoubleChecker<double>(0, 1));
    return tid;
}

double
PaMdiQueue::Key(const Task& task, const Estimate& estimate, const LocalView& view) const
{
    const double age = ToSeconds(Simulator::Now() - task.admitted);
    return Metric(task, estimate, view, m_overlap, m_ageWeight, m_lossExponent) - m_ageCredit * age;
}

} // namespace mdi
} // namespace ns3

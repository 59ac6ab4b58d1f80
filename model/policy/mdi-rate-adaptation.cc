// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-rate-adaptation.h"

#include "mdi-seconds.h"

#include "ns3/double.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(RateAdaptation);

TypeId
RateAdaptation::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::RateAdaptation")
            .SetParent<Admission>()
            .SetGroupName("Mdi")
            .AddConstructor<RateAdaptation>()
            .AddAttribute("InitialGap",
                          "mu at the start (tunable default, unverified)",
                          TimeValue(Seconds(1)),
                          MakeTimeAccessor(&RateAdaptation::m_initialGap),
                          MakeTimeChecker(MicroSeconds(1)))
            .AddAttribute(
                "MinGap",
                "mu_min: never a shorter time between items (tunable default, unverified)",
                TimeValue(MilliSeconds(1)),
                MakeTimeAccessor(&RateAdaptation::m_minGap),
                MakeTimeChecker(MicroSeconds(1)))
            .AddAttribute("MaxGap",
                          "mu_max: never a longer time between items (tunable default, unverified)",
                          TimeValue(Seconds(10)),
                          MakeTimeAccessor(&RateAdaptation::m_maxGap),
                          MakeTimeChecker(MicroSeconds(1)))
            .AddAttribute("StepLow",
                          "step_a: mu shrinks by this part while Q <= T_Q1 (tunable default, "
                          "unverified)",
                          DoubleValue(0.2),
                          MakeDoubleAccessor(&RateAdaptation::m_stepLow),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("StepMiddle",
                          "step_b: mu shrinks by this part while T_Q1 < Q <= T_Q2; 0 holds it "
                          "(tunable default, unverified)",
                          DoubleValue(0.1),
                          MakeDoubleAccessor(&RateAdaptation::m_stepMiddle),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("StepDown",
                          "step_z: mu grows by this part while Q > T_Q2 (tunable default, "
                          "unverified)",
                          DoubleValue(0.2),
                          MakeDoubleAccessor(&RateAdaptation::m_stepDown),
                          MakeDoubleChecker<double>(0))
            .AddAttribute("LowTasks",
                          "T_Q1 [tasks] (tunable default, unverified)",
                          UintegerValue(10),
                          MakeUintegerAccessor(&RateAdaptation::m_lowTasks),
                          MakeUintegerChecker<uint32_t>())
            .AddAttribute("HighTasks",
                          "T_Q2 [tasks] (tunable default, unverified)",
                          UintegerValue(30),
                          MakeUintegerAccessor(&RateAdaptation::m_highTasks),
                          MakeUintegerChecker<uint32_t>())
            .AddAttribute("Period",
                          "P_adm: time between adaptations (tunable default, unverified)",
                          TimeValue(Seconds(1)),
                          MakeTimeAccessor(&RateAdaptation::m_period),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddTraceSource("Gap",
                            "mu: time between items [s]",
                            MakeTraceSourceAccessor(&RateAdaptation::m_gapS),
                            "ns3::TracedValueCallback::Double");
    return tid;
}

void
RateAdaptation::NotifyConstructionCompleted()
{
    Admission::NotifyConstructionCompleted();
    if (m_lowTasks > m_highTasks)
    {
        throw std::invalid_argument("RateAdaptation: LowTasks is more than HighTasks");
    }
    if (m_minGap > m_maxGap)
    {
        throw std::invalid_argument("RateAdaptation: MinGap is more than MaxGap");
    }
}

bool
RateAdaptation::Waits() const
{
    return true;
}

void
RateAdaptation::DoStart()
{
    const Time first = std::clamp(m_initialGap, m_minGap, m_maxGap);
    m_gapS = ToSeconds(first);
    m_adapt = Simulator::Schedule(m_period, &RateAdaptation::Adapt, this);
    ScheduleAfter(first, [this] { Next(); });
}

void
RateAdaptation::Next()
{
    if (Release())
    {
        ScheduleAfter(FromSeconds(m_gapS.Get()), [this] { Next(); });
    }
    else
    {
        m_adapt.Cancel();
    }
}

void
RateAdaptation::Adapt()
{
    const uint32_t tasks = QueuedTasks();
    if (tasks > m_highTasks)
    {
        m_gapS = std::min(ToSeconds(m_maxGap), (1 + m_stepDown) * m_gapS.Get());
    }
    else
    {
        const double step = tasks > m_lowTasks ? m_stepMiddle : m_stepLow;
        m_gapS = std::max(ToSeconds(m_minGap), (1 - step) * m_gapS.Get());
    }
    m_adapt = Simulator::Schedule(m_period, &RateAdaptation::Adapt, this);
}

void
RateAdaptation::DoStop()
{
    m_adapt.Cancel();
}

void
RateAdaptation::DoPause()
{
    m_adapt.Cancel();
    CancelScheduled();
}

void
RateAdaptation::DoResume()
{
    m_adapt = Simulator::Schedule(m_period, &RateAdaptation::Adapt, this);
    ScheduleAfter(FromSeconds(m_gapS.Get()), [this] { Next(); });
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-exit-rule.h"

#include "ns3/double.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(ExitRule);
NS_OBJECT_ENSURE_REGISTERED(FixedExit);
NS_OBJECT_ENSURE_REGISTERED(AdaptiveExit);

TypeId
ExitRule::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::ExitRule").SetParent<Object>().SetGroupName("Mdi");
    return tid;
}

bool
ExitRule::Leaves(uint32_t exit, const std::vector<Prediction>& answers, double threshold) const
{
    return !answers.empty() &&
           std::all_of(answers.begin(), answers.end(), [threshold](const Prediction& answer) {
               return answer.confidence >= threshold;
           });
}

void
ExitRule::Start(std::function<uint32_t()> tasks)
{
}

void
ExitRule::Stop()
{
}

TypeId
FixedExit::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::FixedExit")
            .SetParent<ExitRule>()
            .SetGroupName("Mdi")
            .AddConstructor<FixedExit>()
            .AddAttribute("Threshold",
                          "T_e: an item leaves at the first exit whose confidence reaches it [0, 1] "
                          "(tunable default, unverified)",
                          DoubleValue(0.9),
                          MakeDoubleAccessor(&FixedExit::m_threshold),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("PerExit",
                          "T_e^k: a threshold for each exit, separated by commas, in place of "
                          "Threshold; the last holds for all exits behind",
                          StringValue(""),
                          MakeStringAccessor(&FixedExit::SetPerExit, &FixedExit::GetPerExit),
                          MakeStringChecker());
    return tid;
}

double
FixedExit::Threshold() const
{
    return m_threshold;
}

bool
FixedExit::Leaves(uint32_t exit, const std::vector<Prediction>& answers, double threshold) const
{
    const double here = m_perExit.empty()
                            ? threshold
                            : m_perExit[std::min<size_t>(exit, m_perExit.size()) - 1];
    return ExitRule::Leaves(exit, answers, here);
}

void
FixedExit::SetPerExit(std::string thresholds)
{
    m_perExit.clear();
    std::istringstream list(thresholds);
    for (std::string text; std::getline(list, text, ',');)
    {
        std::istringstream number(text);
        double threshold = 0;
        if (!(number >> threshold) || !(number >> std::ws).eof() || threshold < 0 || threshold > 1)
        {
            throw std::invalid_argument("FixedExit::PerExit: '" + text +
                                        "' is no threshold from 0 to 1; write such as 0.9,0.8,0.8");
        }
        m_perExit.push_back(threshold);
    }
}

std::string
FixedExit::GetPerExit() const
{
    std::ostringstream text;
    for (size_t i = 0; i < m_perExit.size(); ++i)
    {
        text << (i == 0 ? "" : ",") << m_perExit[i];
    }
    return text.str();
}

TypeId
AdaptiveExit::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::AdaptiveExit")
            .SetParent<ExitRule>()
            .SetGroupName("Mdi")
            .AddConstructor<AdaptiveExit>()
            .AddAttribute("Initial",
                          "T_e at the start (tunable default, unverified)",
                          DoubleValue(0.9),
                          MakeDoubleAccessor(&AdaptiveExit::m_initial),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("Minimum",
                          "T_e_min: never less (tunable default, unverified)",
                          DoubleValue(0.5),
                          MakeDoubleAccessor(&AdaptiveExit::m_minimum),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("UpLow",
                          "up_a: added to T_e while Q <= T_Q1 (tunable default, unverified)",
                          DoubleValue(0.05),
                          MakeDoubleAccessor(&AdaptiveExit::m_upLow),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("UpMiddle",
                          "up_b: added to T_e while T_Q1 < Q <= T_Q2 (tunable default, unverified)",
                          DoubleValue(0.025),
                          MakeDoubleAccessor(&AdaptiveExit::m_upMiddle),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("Down",
                          "down_z: taken from T_e while Q > T_Q2 (tunable default, unverified)",
                          DoubleValue(0.05),
                          MakeDoubleAccessor(&AdaptiveExit::m_down),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("LowTasks",
                          "T_Q1 [tasks] (tunable default, unverified)",
                          UintegerValue(10),
                          MakeUintegerAccessor(&AdaptiveExit::m_lowTasks),
                          MakeUintegerChecker<uint32_t>())
            .AddAttribute("HighTasks",
                          "T_Q2 [tasks] (tunable default, unverified)",
                          UintegerValue(30),
                          MakeUintegerAccessor(&AdaptiveExit::m_highTasks),
                          MakeUintegerChecker<uint32_t>())
            .AddAttribute("Period",
                          "P_adm: time between adaptations (tunable default, unverified)",
                          TimeValue(Seconds(1)),
                          MakeTimeAccessor(&AdaptiveExit::m_period),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddTraceSource("Threshold",
                            "T_e for items that are admitted from now on",
                            MakeTraceSourceAccessor(&AdaptiveExit::m_threshold),
                            "ns3::TracedValueCallback::Double");
    return tid;
}

void
AdaptiveExit::NotifyConstructionCompleted()
{
    ExitRule::NotifyConstructionCompleted();
    if (m_lowTasks > m_highTasks)
    {
        throw std::invalid_argument("AdaptiveExit: LowTasks is more than HighTasks");
    }
    m_threshold = m_initial;
}

double
AdaptiveExit::Threshold() const
{
    return m_threshold.Get();
}

void
AdaptiveExit::Start(std::function<uint32_t()> tasks)
{
    m_tasks = std::move(tasks);
    m_next = Simulator::Schedule(m_period, &AdaptiveExit::Adapt, this);
}

void
AdaptiveExit::Adapt()
{
    const uint32_t tasks = m_tasks();
    if (tasks > m_highTasks)
    {
        m_threshold = std::max(m_minimum, m_threshold.Get() - m_down);
    }
    else
    {
        m_threshold = std::min(1.0, m_threshold.Get() + (tasks > m_lowTasks ? m_upMiddle : m_upLow));
    }
    m_next = Simulator::Schedule(m_period, &AdaptiveExit::Adapt, this);
}

void
AdaptiveExit::Stop()
{
    m_next.Cancel();
}

void
AdaptiveExit::DoDispose()
{
    Stop();
    m_tasks = nullptr;
    ExitRule::DoDispose();
}

} // namespace mdi
} // namespace ns3

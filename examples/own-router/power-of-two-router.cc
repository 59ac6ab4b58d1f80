// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/log.h"
#include "ns3/mdi-router.h"
#include "ns3/random-variable-stream.h"
#include "ns3/uinteger.h"

NS_LOG_COMPONENT_DEFINE("PowerOfTwoRouter");

namespace own
{

using namespace ns3;

/**
 * The power of two choices (M. Mitzenmacher, IEEE TPDS 12(10), 2001): of a few neighbours drawn at
 * random and the worker itself, the one with the earliest expected end of the task. Reports of
 * neighbours are always a little old, so workers that all choose the best of all neighbours
 * overrun the same one; drawing spreads them.
 */
class PowerOfTwoRouter : public mdi::Router
{
  public:
    static TypeId GetTypeId();
    mdi::Estimate Choose(const mdi::Task& task, const mdi::LocalView& view) override;
    int64_t AssignStreams(int64_t stream) override;

  private:
    uint32_t m_choices; //!< attribute Choices
    Ptr<UniformRandomVariable> m_random = CreateObject<UniformRandomVariable>();
};

NS_OBJECT_ENSURE_REGISTERED(PowerOfTwoRouter);

TypeId
PowerOfTwoRouter::GetTypeId()
{
    static TypeId tid = TypeId("own::PowerOfTwoRouter")
                            .SetParent<mdi::Router>()
                            .AddConstructor<PowerOfTwoRouter>()
                            .AddAttribute("Choices",
                                          "Neighbours to draw for each task",
                                          UintegerValue(2),
                                          MakeUintegerAccessor(&PowerOfTwoRouter::m_choices),
                                          MakeUintegerChecker<uint32_t>(1));
    return tid;
}

mdi::Estimate
PowerOfTwoRouter::Choose(const mdi::Task& task, const mdi::LocalView& view)
{
    mdi::Estimate best = view.Predict(task, view.Self(), false);
    std::vector<uint32_t> nodes = view.Candidates();
    for (uint32_t drawn = 0; drawn < m_choices && !nodes.empty(); ++drawn)
    {
        const auto chosen = nodes.begin() + m_random->GetInteger(0, nodes.size() - 1);
        const mdi::Estimate other = view.Predict(task, *chosen, false);
        if (other.Completion(true) < best.Completion(true)) // true: it waits while it travels
        {
            best = other;
        }
        nodes.erase(chosen);
    }
    NS_LOG_INFO("node " << view.Self() << " gives a task to node " << best.node);
    return best;
}

int64_t
PowerOfTwoRouter::AssignStreams(int64_t stream)
{
    m_random->SetStream(stream);
    return 1;
}

} // namespace own

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-exit-router.h"

#include "mdi-seconds.h"

#include "ns3/boolean.h"
#include "ns3/uinteger.h"

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(MdiExitRouter);

TypeId
MdiExitRouter::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::MdiExitRouter")
            .SetParent<Router>()
            .SetGroupName("Mdi")
            .AddConstructor<MdiExitRouter>()
            .AddAttribute("OutputTasks",
                          "T_O: a longer output queue sends new tasks to the input queue [tasks] "
                          "(tunable default, unverified)",
                          UintegerValue(50),
                          MakeUintegerAccessor(&MdiExitRouter::m_outputTasks),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("IncludeService",
                          "Compare (|I| + 1) Gamma, completion rather than waiting times "
                          "(reconstructed option, better between unequal devices)",
                          BooleanValue(false),
                          MakeBooleanAccessor(&MdiExitRouter::m_includeService),
                          MakeBooleanChecker());
    return tid;
}

MdiExitRouter::MdiExitRouter()
    : m_uniform(CreateObject<UniformRandomVariable>())
{
}

bool
MdiExitRouter::IsImmediate() const
{
    return false;
}

bool
MdiExitRouter::NeedsQueues() const
{
    return true;
}

bool
MdiExitRouter::Keeps(const Task& task, const LocalView& view) const
{
    return view.InputTasks(view.Self()) == 0 || view.OutputTasks() >= m_outputTasks;
}

Estimate
MdiExitRouter::Choose(const Task& task, const LocalView& view)
{
    const uint32_t self = view.Self();
    const Estimate stay = view.Predict(task, self, false);
    const auto head = view.OutputHead();
    if (!head || !(*head == task.id))
    {
        return stay;
    }
    if (stay.wait.IsZero() && view.InputTasks(self) == 0)
    {
        return stay; // the processor is idle
    }
    const uint32_t more = m_includeService ? 1 : 0;
    auto queueing = [&](uint32_t node) {
        return (view.InputTasks(node) + more) * ToSeconds(view.ServicePerTask(node));
    };
    uint32_t best = self;
    double remote = 0;
    for (uint32_t node : view.Candidates())
    {
        if (view.OutputTasks() > view.InputTasks(node))
        {
            const double there = ToSeconds(view.TransferPerTask(task, node)) + queueing(node);
            if (best == self || there < remote)
            {
                best = node;
                remote = there;
            }
        }
    }
    if (best == self)
    {
        return stay;
    }
    const double local = queueing(self);
    // With probability local / remote; never where nothing waits here.
    const bool goes = local > remote || Coin(task.id, view.News()) * remote < local;
    return goes ? view.Predict(task, best, false) : stay;
}

double
MdiExitRouter::Coin(const TaskId& head, uint64_t news)
{
    if (!m_tossedFor || !(*m_tossedFor == head) || m_tossedAt != news)
    {
        m_tossedFor = head;
        m_tossedAt = news;
        m_coin = m_uniform->GetValue(0, 1);
    }
    return m_coin;
}

int64_t
MdiExitRouter::AssignStreams(int64_t stream)
{
    m_uniform->SetStream(stream);
    return 1;
}

} // namespace mdi
} // namespace ns3

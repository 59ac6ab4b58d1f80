// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-queue-discipline.h"

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(QueueDiscipline);
NS_OBJECT_ENSURE_REGISTERED(FifoQueue);
NS_OBJECT_ENSURE_REGISTERED(PriorityQueue);

TypeId
QueueDiscipline::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::QueueDiscipline").SetParent<Object>().SetGroupName("Mdi");
    return tid;
}

int64_t
QueueDiscipline::AssignStreams(int64_t stream)
{
    return 0;
}

TypeId
FifoQueue::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::FifoQueue")
                            .SetParent<QueueDiscipline>()
                            .SetGroupName("Mdi")
                            .AddConstructor<FifoQueue>();
    return tid;
}

double
FifoQueue::Key(const Task& task, const Estimate& estimate, const LocalView& view) const
{
    return static_cast<double>(task.admitted.GetNanoSeconds());
}

TypeId
PriorityQueue::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::PriorityQueue")
                            .SetParent<QueueDiscipline>()
                            .SetGroupName("Mdi")
                            .AddConstructor<PriorityQueue>();
    return tid;
}

double
PriorityQueue::Key(const Task& task, const Estimate& estimate, const LocalView& view) const
{
    return -static_cast<double>(task.priority);
}

} // namespace mdi
} // namespace ns3

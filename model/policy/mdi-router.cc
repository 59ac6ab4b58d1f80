// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-router.h"

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(Router);
NS_OBJECT_ENSURE_REGISTERED(StayRouter);

TypeId
Router::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::Router").SetParent<Object>().SetGroupName("Mdi");
    return tid;
}

bool
Router::IsImmediate() const
{
    return true;
}

bool
Router::Keeps(const Task& task, const LocalView& view) const
{
    return false;
}

bool
Router::NeedsReports() const
{
    return true;
}

bool
Router::NeedsQueues() const
{
    return false;
}

void
Router::Forget()
{
}

int64_t
Router::AssignStreams(int64_t stream)
{
    return 0;
}

TypeId
StayRouter::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::StayRouter")
                            .SetParent<Router>()
                            .SetGroupName("Mdi")
                            .AddConstructor<StayRouter>();
    return tid;
}

Estimate
StayRouter::Choose(const Task& task, const LocalView& view)
{
    return view.Predict(task, view.Self(), false);
}

bool
StayRouter::NeedsReports() const
{
    return false;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-ms-mdi-router.h"

#include "ns3/boolean.h"

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(MsMdiRouter);

TypeId
MsMdiRouter::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::MsMdiRouter")
            .SetParent<Router>()
            .SetGroupName("Mdi")
            .AddConstructor<MsMdiRouter>()
            .AddAttribute("Overlap",
                          "Backlog drains while the tensor travels: max(D, w) + t rather than "
                          "D + w + t (reconstructed)",
                          BooleanValue(true),
                          MakeBooleanAccessor(&MsMdiRouter::m_overlap),
                          MakeBooleanChecker());
    return tid;
}

Estimate
MsMdiRouter::Choose(const Task& task, const LocalView& view)
{
    Estimate best = view.Predict(task, view.Self(), false);
    for (uint32_t node : view.Candidates())
    {
        const Estimate other = view.Predict(task, node, false);
        if (other.Completion(m_overlap) < best.Completion(m_overlap))
        {
            best = other;
        }
    }
    return best;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-ddi-router.h"

#include "ns3/simulator.h"
#include "ns3/string.h"

#include <stdexcept>

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(DdiRouter);

namespace
{

/// Whether a datum may go to a node: one that is not known to be out of reach.
bool
MayGive(uint32_t node, const LocalView& view)
{
    return view.GetDeployment().MayHandOver(view.Self(), node) && !view.IsSilent(node);
}

} // namespace

TypeId
DdiRouter::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::DdiRouter")
                            .SetParent<Router>()
                            .SetGroupName("Mdi")
                            .AddConstructor<DdiRouter>()
                            .AddAttribute("Variant",
                                          "greedy, equal or proportional (all reconstructed)",
                                          StringValue("greedy"),
                                          MakeStringAccessor(&DdiRouter::SetVariant),
                                          MakeStringChecker());
    return tid;
}

Estimate
DdiRouter::Choose(const Task& task, const LocalView& view)
{
    Estimate estimate;
    estimate.node = view.Self();
    // Only whole data move: a later unit of a cut model stays where its item is.
    if (task.id.unit != 0)
    {
        return estimate;
    }
    estimate.node = m_variant == "greedy" ? ChooseGreedy(task, view)
                                          : ChooseByShare(task, view, m_variant == "proportional");
    return estimate;
}

bool
DdiRouter::NeedsReports() const
{
    return false;
}

void
DdiRouter::SetVariant(std::string variant)
{
    if (variant != "greedy" && variant != "equal" && variant != "proportional")
    {
        throw std::invalid_argument("DdiRouter::Variant is '" + variant +
                                    "'; choose greedy, equal or proportional");
    }
    m_variant = variant;
}

void
DdiRouter::Forget()
{
    m_transmitFree = Time();
    m_workerFree.clear();
    m_sharing.clear();
}

uint32_t
DdiRouter::ChooseGreedy(const Task& task, const LocalView& view)
{
    const Deployment& deployment = view.GetDeployment();
    const uint32_t source = task.id.item.source;
    const Time now = Simulator::Now();
    const uint64_t resultBytes = deployment.CutBytes(source, deployment.GraphOf(source).Size());

    struct Option
    {
        uint32_t node;
        Time sent;
        Time finished;
        Time done;
    };

    auto evaluate = [&](const Deployment::Worker& worker) {
        Option option{worker.node, m_transmitFree, now, now};
        Time ready = now;
        Time back;
        if (worker.node != view.Self())
        {
            const PathInfo path = deployment.TensorPath(view.Self(), worker.node);
            option.sent = Max(now, m_transmitFree) +
                          path.goodput.CalculateBytesTxTime(task.Input().payloadBytes);
            ready = option.sent + path.delay;
            back = path.delay + path.goodput.CalculateBytesTxTime(resultBytes);
        }
        const auto free = m_workerFree.find(worker.node);
        option.finished = (free == m_workerFree.end() ? ready : Max(ready, free->second)) +
                          deployment.BookedTime(worker.profile, source, task.op, task.id.pass);
        option.done = option.finished + back;
        return option;
    };

    Option best{};
    bool found = false;
    // Itself first, so that a tie saves the transfer; then in the order of the deployment.
    for (bool self : {true, false})
    {
        for (const auto& worker : deployment.Workers())
        {
            if ((worker.node == view.Self()) != self || !MayGive(worker.node, view))
            {
                continue;
            }
            const Option option = evaluate(worker);
            if (!found || option.done < best.done)
            {
                best = option;
                found = true;
            }
        }
    }
    m_transmitFree = best.sent;
    m_workerFree[best.node] = best.finished;
    return best.node;
}

uint32_t
DdiRouter::ChooseByShare(const Task& task, const LocalView& view, bool bySpeed)
{
    const Deployment& deployment = view.GetDeployment();
    auto speed = [&](const Deployment::Worker& worker) {
        return bySpeed ? 1 / deployment.UnitTime(worker.profile, task.id.item.source, task.op)
                                 .GetSeconds()
                       : 1.0;
    };
    double total = 0;
    std::vector<uint32_t> sharing;
    for (const auto& worker : deployment.Workers())
    {
        if (MayGive(worker.node, view))
        {
            total += speed(worker);
            sharing.push_back(worker.node);
        }
    }
    if (sharing != m_sharing)
    {
        m_sharing = sharing;
        m_given.clear();
        m_givenAll = 0;
    }
    m_givenAll++;
    uint32_t best = view.Self();
    double most = 0;
    for (bool self : {true, false})
    {
        for (const auto& worker : deployment.Workers())
        {
            const double behind = m_givenAll * speed(worker) / total - m_given[worker.node];
            // Rounding must not decide between equal workers.
            if ((worker.node == view.Self()) == self && behind > most + 1e-9 &&
                MayGive(worker.node, view))
            {
                most = behind;
                best = worker.node;
            }
        }
    }
    m_given[best]++;
    return best;
}

} // namespace mdi
} // namespace ns3

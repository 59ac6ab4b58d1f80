// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// How a Pipeline survives workers that fail and takes in those that come back. Speeds, epochs and
// tokens are in mdi-pipeline.cc.

#include "mdi-pipeline.h"

#include "mdi-seconds.h"

#include "ns3/log.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <iterator>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiPipelineResilience");

void
Pipeline::ScheduleBeat()
{
    m_timer = Simulator::Schedule(FromSeconds(m_phase->GetValue(0, ToSeconds(m_heartbeat))),
                                  [this] { BeatAndCheck(); });
}

void
Pipeline::Stop()
{
    m_timer.Cancel();
    m_kept.clear();
}

void
Pipeline::Resume()
{
    NS_LOG_FUNCTION(this);
    ForgetAll();
    ScheduleBeat();
    const auto& sources = m_host.deployment->Sources();
    for (uint32_t source = 0; source < sources.size(); ++source)
    {
        const auto& order = m_chains[source].order;
        if (sources[source].node == m_host.self)
        {
            Readmit(source, m_host.self);
            continue;
        }
        if (std::find(order.begin(), order.end(), m_host.self) == order.end())
        {
            continue;
        }
        Message back;
        back.type = MessageType::FAILED;
        back.task.item.source = source;
        back.node = m_host.self;
        m_host.send(sources[source].node, back);
    }
}

bool
Pipeline::IsDead(uint32_t source, uint16_t epoch, uint32_t node) const
{
    const auto& returned = m_chains[source].returned;
    const auto since = returned.find(node);
    const bool before = since != returned.end() && static_cast<int16_t>(epoch - since->second) < 0;
    return before || m_dead.count(node) > 0;
}

int32_t
Pipeline::Redirect(Message& message) const
{
    const Plan& plan = *FindPlan(message.task.item.source, message.task.epoch);
    for (uint16_t unit = message.task.unit; unit < plan.units.size(); ++unit)
    {
        const int32_t node = plan.units[unit].node;
        if (!IsDead(message.task.item.source, message.task.epoch, static_cast<uint32_t>(node)))
        {
            message.task.unit = unit;
            return node;
        }
    }
    return ExecutionUnit::NONE;
}

void
Pipeline::OnHandedOver(uint32_t to, const Message& message)
{
    m_kept[message.task] = {to, message};
    // The clock of a worker that owes us something starts at the latest now.
    m_heard.emplace(to, Simulator::Now());
}

void
Pipeline::OnUndelivered(uint32_t to, const Message& message)
{
    const bool isKept = message.type == MessageType::TENSOR;
    const bool owed = !isKept || (m_kept.count(message.task) > 0 && m_kept[message.task].to == to);
    if (owed && !IsDead(message.task.item.source, message.task.epoch, to))
    {
        m_host.send(to, message);
    }
}

void
Pipeline::OnOutputSafe(const Task& task)
{
    if (task.committed)
    {
        SendDone(task.id, task.handedBy);
    }
}

void
Pipeline::OnInputDropped(const Message& input)
{
    SendDone(input.task, input.from);
}

void
Pipeline::SendDone(const TaskId& task, uint32_t to)
{
    // A slice that this worker took over from a failed one came from itself.
    if (to != m_host.self)
    {
        Message done;
        done.type = MessageType::DONE;
        done.task = task;
        m_host.send(to, done);
    }
}

void
Pipeline::OnHeard(uint32_t from)
{
    m_heard[from] = Simulator::Now();
}

void
Pipeline::BeatAndCheck()
{
    Message beat;
    beat.type = MessageType::HEARTBEAT;
    for (uint32_t node : m_predecessors)
    {
        m_host.sendDatagram(node, beat);
    }
    std::set<uint32_t> debtors;
    for (const auto& [task, kept] : m_kept)
    {
        debtors.insert(kept.to);
    }
    for (uint32_t node : debtors)
    {
        if (m_dead.count(node) == 0 && Simulator::Now() - m_heard[node] > m_missed * m_heartbeat)
        {
            OnFailure(node);
        }
    }
    m_timer = Simulator::Schedule(m_heartbeat, [this] { BeatAndCheck(); });
}

void
Pipeline::OnFailure(uint32_t node)
{
    NS_LOG_FUNCTION(this << node);
    m_dead.insert(node);
    // Tokens that it may not have passed on, before newer ones.
    for (auto& chain : m_chains)
    {
        const auto passedOn = chain.passedOn;
        for (const auto& [epoch, kept] : passedOn)
        {
            if (kept.to == node)
            {
                chain.passedOn.erase(epoch);
                PassOn(kept.message);
            }
        }
    }
    const auto& sources = m_host.deployment->Sources();
    for (uint32_t source = 0; source < m_chains.size(); ++source)
    {
        const auto& order = m_chains[source].order;
        if (std::find(order.begin(), order.end(), node) == order.end())
        {
            continue;
        }
        m_failureTrace(source, node);
        if (sources[source].node == m_host.self)
        {
            DropFromOrder(source, node);
        }
        else if (sources[source].node != node)
        {
            Message failed;
            failed.type = MessageType::FAILED;
            failed.task.item.source = source;
            failed.task.epoch = m_chains[source].epoch;
            failed.node = node;
            m_host.send(sources[source].node, failed);
        }
    }
    GiveAgain([node](const Kept& kept) { return kept.to == node; });
}

template <typename IsLost>
void
Pipeline::GiveAgain(IsLost isLost)
{
    std::vector<Message> lost;
    for (auto kept = m_kept.begin(); kept != m_kept.end();)
    {
        if (isLost(kept->second))
        {
            lost.push_back(kept->second.message);
            kept = m_kept.erase(kept);
        }
        else
        {
            ++kept;
        }
    }
    for (auto& message : lost)
    {
        const int32_t next = Redirect(message);
        if (next == ExecutionUnit::NONE)
        {
            m_host.runHere(message);
        }
        else
        {
            m_host.handOver(message, static_cast<uint32_t>(next));
        }
    }
}

void
Pipeline::OnFailedMessage(const Message& message)
{
    const uint32_t source = message.task.item.source;
    const bool own = m_host.deployment->Sources()[source].node == m_host.self;
    if (own && message.from == message.node)
    {
        Readmit(source, message.node);
    }
    else if (own && IsDead(source, message.task.epoch, message.node))
    {
        // Known; or it has come back since.
        if (m_dead.count(message.node) > 0)
        {
            DropFromOrder(source, message.node);
        }
    }
    else if (own)
    {
        OnFailure(message.node); // it may owe this worker something, too
    }
    else
    {
        OnReturn(source, message.node, message.task.epoch);
    }
}

void
Pipeline::OnReturn(uint32_t source, uint32_t node, uint16_t epoch)
{
    NS_LOG_FUNCTION(this << source << node << epoch);
    m_dead.erase(node);
    m_heard[node] = Simulator::Now();
    m_chains[source].returned[node] = epoch;
    GiveAgain([node, source, epoch](const Kept& kept) {
        const TaskId& task = kept.message.task;
        return kept.to == node && task.item.source == source &&
               static_cast<int16_t>(task.epoch - epoch) < 0;
    });
}

void
Pipeline::Readmit(uint32_t source, uint32_t node)
{
    NS_LOG_FUNCTION(this << source << node);
    const uint16_t epoch = static_cast<uint16_t>(m_chains[source].epoch + 1);
    if (node != m_host.self)
    {
        OnReturn(source, node, epoch);
    }
    std::vector<uint32_t> order;
    for (const uint32_t worker : DeployedOrder(source))
    {
        const auto& now = m_chains[source].order;
        if (worker == node || std::find(now.begin(), now.end(), worker) != now.end())
        {
            order.push_back(worker);
        }
    }
    for (const uint32_t worker : order)
    {
        if (worker != node && worker != m_host.self)
        {
            Message returned;
            returned.type = MessageType::FAILED;
            returned.task.item.source = source;
            returned.task.epoch = epoch;
            returned.node = node;
            m_host.send(worker, returned);
        }
    }
    Renew(source, order);
}

void
Pipeline::DropFromOrder(uint32_t source, uint32_t node)
{
    m_dead.insert(node);
    std::vector<uint32_t> order = m_chains[source].order;
    const auto found = std::find(order.begin(), order.end(), node);
    if (found == order.end())
    {
        return; // known already
    }
    order.erase(found);
    Renew(source, order);
}

void
Pipeline::Renew(uint32_t source, const std::vector<uint32_t>& order)
{
    double total = 0;
    for (uint32_t worker : order)
    {
        const auto known = m_speeds[source].find(worker);
        const auto& deployment = *m_host.deployment;
        total += known != m_speeds[source].end()
                     ? known->second
                     : deployment.Table(deployment.ProfileOf(worker), source).SpeedFlopPerS();
    }
    Reallocate(source, order, total);
}

} // namespace mdi
} // namespace ns3

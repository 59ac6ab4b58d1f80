// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// What a Worker does when its own device fails and comes back, when others cannot be reached, and
// when a source of its node tries an item again.

#include "mdi-worker.h"

#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiWorkerOutage");

void
Worker::Fail(bool forGood)
{
    NS_LOG_FUNCTION(this << forGood);
    if (m_failed)
    {
        return;
    }
    m_failed = true;
    StopApplication();
    m_transport->Disconnect();
    m_device->Stop();
    if (m_handshake)
    {
        m_handshake->Reset();
    }
    if (m_pipeline)
    {
        m_pipeline->Stop();
    }
    ForgetAll();
    TellSources(forGood ? State::GONE : State::FAILED);
}

void
Worker::ForgetAll()
{
    m_inbox.Clear();
    m_packer.Clear();
    m_early.clear();
    m_ready.clear();
    m_atWork.clear();
    m_unsafe.clear();
    m_soloTransfers.clear();
    m_dropped = RecentSet<TaskId, TaskHash>(Inbox::REMEMBERED);
    m_resent = RecentSet<TaskId, TaskHash>(Inbox::REMEMBERED);
    m_whole.clear();
    m_exitStarted = false;
    m_caches = CacheKeeper();
    m_view = WorkerView();
    ConfigureView();
    m_router->Forget();
    m_queuesTrace(0, 0);
}

void
Worker::Recover()
{
    NS_LOG_FUNCTION(this);
    if (!m_failed)
    {
        return;
    }
    m_failed = false;
    m_device->Resume(m_deployment->WeightBytesOn(m_self));
    m_transport->Reconnect();
    if (m_pipeline)
    {
        m_pipeline->Resume();
    }
    StartBeacons();
    TellSources(State::BACK);
}

void
Worker::TellSources(State state)
{
    for (const auto& [source, callback] : m_stateCallbacks)
    {
        callback(state);
    }
}

void
Worker::OnUndelivered(uint32_t to, const Message& message)
{
    NS_LOG_FUNCTION(this << to << MessageTypeName(message.type));
    if (m_failed)
    {
        return;
    }
    m_view.OnUndelivered(to, message, m_silence);
    if (message.type == MessageType::TENSOR)
    {
        EndSolo(message);
    }
    if (message.type == MessageType::RESULT)
    {
        // Once more: the source's device may have come back, and forgotten the connection.
        if (!m_resent.Contains(message.task))
        {
            m_resent.Insert(message.task);
            Send(to, message);
            return;
        }
        OutputSafe(message.task); // whoever kept its input need not give it again
    }
    // A task that a router had placed there is placed anew. Other plans have no other worker: there
    // the source tries again.
    if (m_pipeline && message.type != MessageType::RESULT && message.type != MessageType::LOST)
    {
        m_pipeline->OnUndelivered(to, message);
    }
    else if (message.type == MessageType::TENSOR)
    {
        const ExecutionUnit& unit = FindPlan(message.task)->units[message.task.unit];
        if (unit.node == ExecutionUnit::NONE && unit.inputs.size() == 1 &&
            !m_deployment->IsBound(message.task) && !m_dropped.Contains(Attempt(message.task)))
        {
            m_caches.OnTakenBack(message.task);
            Accept(message, unit, false);
        }
    }
    if (m_transport->QueuedBytes() == 0)
    {
        Dispatch();
    }
}

uint16_t
Worker::NextAttempt(uint32_t source, uint16_t attempt, bool last) const
{
    const auto& units = m_deployment->GetPlan(source).units;
    const bool placed = std::any_of(units.begin(), units.end(), [](const ExecutionUnit& unit) {
        return unit.node != ExecutionUnit::NONE;
    });
    return last || placed || m_pipeline || attempt == ALONE ? ALONE : attempt + 1;
}

uint16_t
Worker::AttemptOf(const TaskId& task) const
{
    return m_pipeline && task.epoch != ALONE ? 0 : task.epoch;
}

bool
Worker::HoldsWhole(uint32_t source)
{
    if (m_whole.count(source) > 0)
    {
        return true;
    }
    const uint64_t before = m_deployment->WeightBytesOn(m_self, m_whole);
    std::set<uint32_t> whole = m_whole;
    whole.insert(source);
    if (!m_device->Allocate(m_deployment->WeightBytesOn(m_self, whole) - before))
    {
        return false;
    }
    m_whole = whole;
    m_alonePlans[source] = MakeChainPlan({0, m_deployment->GraphOf(source).Size()}, {m_self});
    return true;
}

bool
Worker::Holds(ItemId item) const
{
    return m_packer.Holds(item) || std::count(m_atWork.begin(), m_atWork.end(), item) > 0 ||
           std::any_of(m_ready.begin(), m_ready.end(), [item](const Ready& ready) {
               return ready.task.id.item == item;
           });
}

void
Worker::EndWork(ItemId item)
{
    m_atWork.erase(std::find(m_atWork.begin(), m_atWork.end(), item));
}

void
Worker::GiveUp(ItemId item, uint16_t attempt, const std::string& reason)
{
    TaskId task;
    task.item = item;
    task.epoch = attempt;
    if (m_failed)
    {
        m_resultCallbacks.at(item.source)(Lost(task, reason)); // nobody else can be told
        return;
    }
    Lose(task, reason);
}

} // namespace mdi
} // namespace ns3

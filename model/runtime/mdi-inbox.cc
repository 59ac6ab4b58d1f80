// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-inbox.h"

#include "ns3/simulator.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

namespace
{

/// A task's unit and pass, of any item of its source.
TaskId
AnyItem(const TaskId& task)
{
    return {{task.item.source, 0}, 0, task.unit, task.pass};
}

} // namespace

uint64_t
InputBytes(const Message& input)
{
    // Coded tensors are decoded when their unit runs: their place is kept from the start.
    return input.coded ? input.tensors.Bytes() : input.payloadBytes;
}

void
Inbox::Configure(Ptr<ComputeDevice> device)
{
    m_device = device;
}

void
Inbox::Clear()
{
    *this = Inbox();
}

bool
Inbox::IsCopy(const Message& input, size_t inputs) const
{
    if (m_complete.Contains(input.task))
    {
        return true;
    }
    if (inputs == 1)
    {
        return false;
    }
    const auto waiting = m_incomplete.find(input.task);
    if (waiting != m_incomplete.end())
    {
        return waiting->second.inputs.count(input.input) > 0;
    }
    // Of a task that is forgotten, the other inputs would never come. One that later items of its
    // source have overtaken by so many tasks can only be such a copy.
    const auto forgotten = m_forgotten.find(AnyItem(input.task));
    return forgotten != m_forgotten.end() && input.task.item.item < forgotten->second;
}

std::optional<std::vector<Message>>
Inbox::Add(Message input, size_t inputs)
{
    const TaskId task = input.task;
    std::vector<Message> all;
    if (inputs == 1)
    {
        all.push_back(std::move(input));
        Remember(task);
        return all;
    }
    m_joins.insert({task.item.source, task.unit});
    Incomplete& here = m_incomplete[task];
    if (here.inputs.empty())
    {
        here.since = Simulator::Now();
    }
    here.inputs[input.input] = std::move(input);
    if (here.inputs.size() < inputs)
    {
        return std::nullopt;
    }
    for (auto& [number, message] : here.inputs)
    {
        all.push_back(std::move(message));
    }
    m_incomplete.erase(task);
    Remember(task);
    return all;
}

void
Inbox::Remember(const TaskId& task)
{
    const auto old = m_complete.Insert(task);
    if (old && m_joins.count({old->item.source, old->unit}) > 0)
    {
        uint32_t& end = m_forgotten[AnyItem(*old)];
        end = std::max(end, old->item.item + 1);
    }
}

void
Inbox::Drop(const std::function<bool(const TaskId& task, Time since)>& which)
{
    for (auto waiting = m_incomplete.begin(); waiting != m_incomplete.end();)
    {
        if (!which(waiting->first, waiting->second.since))
        {
            ++waiting;
            continue;
        }
        for (const auto& [number, input] : waiting->second.inputs)
        {
            m_device->Free(InputBytes(input));
        }
        waiting = m_incomplete.erase(waiting);
    }
}

bool
Inbox::Empty() const
{
    return m_incomplete.empty();
}

} // namespace mdi
} // namespace ns3

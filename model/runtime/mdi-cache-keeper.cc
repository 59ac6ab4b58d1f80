// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-cache-keeper.h"

#include "ns3/simulator.h"

namespace ns3
{
namespace mdi
{

void
CacheKeeper::Configure(Ptr<const Deployment> deployment, Ptr<ComputeDevice> device)
{
    m_deployment = deployment;
    m_device = device;
}

void
CacheKeeper::Clear()
{
    m_deployment = nullptr;
    m_device = nullptr;
}

bool
CacheKeeper::IsLastPass(const TaskId& task) const
{
    return task.pass + 1 == m_deployment->Sources()[task.item.source].Passes();
}

void
CacheKeeper::OnPlaced(const TaskId& reader, uint32_t to)
{
    if (reader.pass == 0 && !IsLastPass(reader) &&
        m_deployment->Sources()[reader.item.source].Caches())
    {
        m_places[{reader.item, reader.unit}] = {to, Simulator::Now()};
    }
}

void
CacheKeeper::OnTakenBack(const TaskId& reader)
{
    if (reader.pass == 0)
    {
        m_places.erase({reader.item, reader.unit});
    }
}

std::optional<uint32_t>
CacheKeeper::PlaceOf(const TaskId& reader)
{
    const auto place = m_places.find({reader.item, reader.unit});
    if (place == m_places.end() || !m_deployment->IsBound(reader))
    {
        return std::nullopt;
    }
    const uint32_t node = place->second.node;
    place->second.used = Simulator::Now();
    if (IsLastPass(reader))
    {
        m_places.erase(place);
    }
    return node;
}

bool
CacheKeeper::Holds(const TaskId& task, uint32_t begin) const
{
    const auto kept = m_kept.find({task.item, task.unit});
    return kept != m_kept.end() && kept->second.begin == begin;
}

bool
CacheKeeper::Keep(const Task& task)
{
    const uint32_t source = task.id.item.source;
    if (!m_deployment->Sources()[source].Caches())
    {
        return true;
    }
    if (Holds(task.id, task.op.begin))
    {
        m_kept.at({task.id.item, task.id.unit}).used = Simulator::Now();
        return true;
    }
    const uint64_t bytes = m_deployment->CacheBytes(source, task.op);
    if (!m_device->Allocate(bytes))
    {
        return false;
    }
    m_kept[{task.id.item, task.id.unit}] = {bytes, task.op.begin, Simulator::Now()};
    return true;
}

void
CacheKeeper::OnFinished(const TaskId& task)
{
    const auto kept = m_kept.find({task.item, task.unit});
    if (kept != m_kept.end() && IsLastPass(task))
    {
        m_device->Free(kept->second.bytes);
        m_kept.erase(kept);
    }
}

std::set<uint32_t>
CacheKeeper::Drop(ItemId item)
{
    for (auto kept = m_kept.lower_bound({item, 0});
         kept != m_kept.end() && kept->first.first == item;)
    {
        m_device->Free(kept->second.bytes);
        kept = m_kept.erase(kept);
    }
    std::set<uint32_t> nodes;
    for (auto place = m_places.lower_bound({item, 0});
         place != m_places.end() && place->first.first == item;)
    {
        nodes.insert(place->second.node);
        place = m_places.erase(place);
    }
    return nodes;
}

void
CacheKeeper::Forget(Time since, const std::function<bool(ItemId)>& isHere)
{
    for (auto kept = m_kept.begin(); kept != m_kept.end();)
    {
        if (kept->second.used < since && !isHere(kept->first.first))
        {
            m_device->Free(kept->second.bytes);
            kept = m_kept.erase(kept);
        }
        else
        {
            ++kept;
        }
    }
    for (auto place = m_places.begin(); place != m_places.end();)
    {
        const bool old = place->second.used < since && !isHere(place->first.first);
        place = old ? m_places.erase(place) : std::next(place);
    }
}

bool
CacheKeeper::Empty() const
{
    return m_kept.empty() && m_places.empty();
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-store.h"

#include <ATen/core/Tensor.h>

namespace ns3
{
namespace mdi
{

const TorchStore::Bundle*
TorchStore::Find(const TensorId& id)
{
    const auto found = m_entries.find(id);
    if (found == m_entries.end())
    {
        return nullptr;
    }
    m_order.splice(m_order.end(), m_order, found->second.place);
    return &found->second.bundle;
}

bool
TorchStore::Holds(const TensorId& id) const
{
    return m_entries.count(id) > 0;
}

const TensorId*
TorchStore::Nearest(const TensorId& id) const
{
    auto before = m_entries.lower_bound(id);
    if (before == m_entries.begin())
    {
        return nullptr;
    }
    const TensorId& found = (--before)->first;
    const bool same = found.model == id.model && found.input == id.input &&
                      found.lineage == id.lineage &&
                      found.rows == id.rows; // rows of one layer are not all that is alive there
    return same ? &found : nullptr;
}

void
TorchStore::Put(const TensorId& id, const Bundle& bundle, uint64_t limitBytes)
{
    Drop(id);
    uint64_t bytes = 0;
    for (const at::Tensor& tensor : bundle)
    {
        bytes += tensor.storage().nbytes(); // a view keeps all of its storage
    }
    m_entries[id] = Entry{bundle, bytes, m_order.insert(m_order.end(), id)};
    m_bytes += bytes;
    while (m_bytes > limitBytes && m_order.size() > 1)
    {
        const TensorId oldest = m_order.front();
        Drop(oldest);
    }
}

void
TorchStore::DropInputs(uint32_t first)
{
    std::vector<TensorId> dropped;
    for (const auto& [id, entry] : m_entries)
    {
        if (id.input >= first)
        {
            dropped.push_back(id);
        }
    }
    for (const TensorId& id : dropped)
    {
        Drop(id);
    }
}

void
TorchStore::Drop(const TensorId& id)
{
    const auto found = m_entries.find(id);
    if (found != m_entries.end())
    {
        m_bytes -= found->second.bytes;
        m_order.erase(found->second.place);
        m_entries.erase(found);
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_STORE_H
#define MDI_TORCH_STORE_H

// Includes LibTorch: only for the mdi-torch-*.cc files, never for users.

#include "mdi-tensor-id.h"

#include <ATen/ATen.h>
#include <list>
#include <map>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Tensors by name, up to a number of bytes; the least recently used ones leave.
class TorchStore
{
  public:
    using Bundle = std::vector<at::Tensor>;

    /// \return null if it is not here
    const Bundle* Find(const TensorId& id)
    {
        const auto found = m_entries.find(id);
        if (found == m_entries.end())
        {
            return nullptr;
        }
        m_order.splice(m_order.end(), m_order, found->second.place);
        return &found->second.bundle;
    }

    bool Holds(const TensorId& id) const
    {
        return m_entries.count(id) > 0;
    }

    /// The nearest one before `id` of the same model, input and lineage; null if there is none.
    const TensorId* Nearest(const TensorId& id) const
    {
        auto before = m_entries.lower_bound(id);
        if (before == m_entries.begin())
        {
            return nullptr;
        }
        const TensorId& found = (--before)->first;
        const bool same =
            found.model == id.model && found.input == id.input && found.lineage == id.lineage;
        return same ? &found : nullptr;
    }

    /// Keep tensors, in place of any of this name; the newest stay even if alone too large.
    void Put(const TensorId& id, const Bundle& bundle, uint64_t limitBytes)
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

  private:
    struct Entry
    {
        Bundle bundle;
        uint64_t bytes;
        std::list<TensorId>::iterator place; //!< in m_order
    };

    void Drop(const TensorId& id)
    {
        const auto found = m_entries.find(id);
        if (found != m_entries.end())
        {
            m_bytes -= found->second.bytes;
            m_order.erase(found->second.place);
            m_entries.erase(found);
        }
    }

    std::map<TensorId, Entry> m_entries;
    std::list<TensorId> m_order; //!< least recently used first
    uint64_t m_bytes = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_STORE_H

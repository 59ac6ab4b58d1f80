// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_STORE_H
#define MDI_TORCH_STORE_H

#include "mdi-tensor-id.h"

#include <cstdint>
#include <list>
#include <map>
#include <vector>

namespace at
{
class Tensor;
}

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
    const Bundle* Find(const TensorId& id);

    bool Holds(const TensorId& id) const;

    /// The nearest one before `id` of the same model, input and lineage; null if there is none.
    const TensorId* Nearest(const TensorId& id) const;

    /// Keep tensors, in place of any of this name; the newest stay even if alone too large.
    void Put(const TensorId& id, const Bundle& bundle, uint64_t limitBytes);

    /// Forget what belongs to inputs from a number on.
    void DropInputs(uint32_t first);

  private:
    struct Entry
    {
        Bundle bundle;
        uint64_t bytes;
        std::list<TensorId>::iterator place; //!< in m_order
    };

    void Drop(const TensorId& id);

    std::map<TensorId, Entry> m_entries;
    std::list<TensorId> m_order; //!< least recently used first
    uint64_t m_bytes = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_STORE_H

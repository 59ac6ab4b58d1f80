// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TENSOR_SPECS_H
#define MDI_TENSOR_SPECS_H

#include "mdi-layer-graph.h"

#include "ns3/ptr.h"
#include "ns3/simple-ref-count.h"

#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Shapes and types of the tensors of a message. They are never changed, only replaced: a message is
 * copied several times on its way, and its copies share them.
 */
class TensorSpecs
{
  public:
    TensorSpecs() = default;

    /// Those listed.
    TensorSpecs(std::initializer_list<TensorSpec> specs)
        : TensorSpecs(std::vector<TensorSpec>(specs))
    {
    }

    /// Those of a vector.
    TensorSpecs(std::vector<TensorSpec> specs)
        : m_shared(specs.empty() ? nullptr : Create<Shared>(std::move(specs)))
    {
    }

    /// As a vector.
    const std::vector<TensorSpec>& Get() const
    {
        static const std::vector<TensorSpec> none;
        return m_shared ? m_shared->specs : none;
    }

    /// As a vector.
    operator const std::vector<TensorSpec>&() const
    {
        return Get();
    }

    /// Size in bytes of the dense tensors together.
    uint64_t Bytes() const
    {
        if (!m_shared)
        {
            return 0;
        }
        if (!m_shared->bytes)
        {
            m_shared->bytes = TotalBytes(m_shared->specs);
        }
        return *m_shared->bytes;
    }

    /// Number of tensors.
    size_t size() const
    {
        return Get().size();
    }

    /// One of them, which must be there.
    const TensorSpec& at(size_t i) const
    {
        return Get().at(i);
    }

    /// The first.
    std::vector<TensorSpec>::const_iterator begin() const
    {
        return Get().begin();
    }

    /// Behind the last.
    std::vector<TensorSpec>::const_iterator end() const
    {
        return Get().end();
    }

  private:
    struct Shared : public SimpleRefCount<Shared>
    {
        explicit Shared(std::vector<TensorSpec> list)
            : specs(std::move(list))
        {
        }

        const std::vector<TensorSpec> specs;
        mutable std::optional<uint64_t> bytes; //!< once somebody has asked
    };

    Ptr<const Shared> m_shared; //!< null: none
};

inline bool
operator==(const TensorSpecs& a, const TensorSpecs& b)
{
    return a.Get() == b.Get();
}

} // namespace mdi
} // namespace ns3

#endif // MDI_TENSOR_SPECS_H

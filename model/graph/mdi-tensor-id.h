// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TENSOR_ID_H
#define MDI_TENSOR_ID_H

#include "mdi-row-rule.h"

#include <cstdint>
#include <tuple>

namespace ns3
{
namespace mdi
{

/**
 * Names a tensor by how it was made, not by where it lies: the values alive at a boundary of a
 * model after it was given one input, or rows of the output of the layer before that boundary (a
 * strip, see mdi-row-strip.h). It travels in message headers, so that a receiver can always
 * obtain the values (from the store, or by running the layers again), in any process.
 */
struct TensorId
{
    uint32_t model = 0;    //!< index of the model in the engine
    uint32_t input = 0;    //!< index of the model's input in the input set
    uint32_t boundary = 0; //!< the cut; 0 is the input itself, L the result
    /// Names the codecs that changed the values at earlier cuts, in their order (see
    /// TensorEngine::Transcode), and the strips that they were computed from (NameStrip). 0: none
    /// did. An engine must have seen the coding, or computed the strips, to make such values
    /// again: one process, for now.
    uint64_t lineage = 0;
    /// Rows of the output of layer `boundary` - 1; {0, 0}: everything alive at the boundary.
    RowRange rows{};
};

inline bool
operator==(const TensorId& a, const TensorId& b)
{
    return a.model == b.model && a.input == b.input && a.boundary == b.boundary &&
           a.lineage == b.lineage && a.rows == b.rows;
}

inline bool
operator<(const TensorId& a, const TensorId& b)
{
    const auto key = [](const TensorId& id) {
        return std::tie(id.model, id.input, id.lineage, id.boundary, id.rows.begin, id.rows.end);
    };
    return key(a) < key(b);
}

} // namespace mdi
} // namespace ns3

#endif // MDI_TENSOR_ID_H

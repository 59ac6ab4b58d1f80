// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TENSOR_ID_H
#define MDI_TENSOR_ID_H

#include <cstdint>
#include <tuple>

namespace ns3
{
namespace mdi
{

/**
 * Names a tensor by how it was made, not by where it lies: the values alive at a boundary of a
 * model after it was given one input. It travels in message headers, so that a receiver can always
 * obtain the values (from the store, or by running the layers again), in any process.
 */
struct TensorId
{
    uint32_t model = 0;    //!< index of the model in the engine
    uint32_t input = 0;    //!< index of the model's input in the input set
    uint32_t boundary = 0; //!< the cut; 0 is the input itself, L the result
    /// Names the codecs that changed the values at earlier cuts, in their order: see
    /// TensorEngine::Transcode. 0: none did. An engine must have seen the coding to make such
    /// values again: one process, for now.
    uint64_t lineage = 0;
};

inline bool
operator==(const TensorId& a, const TensorId& b)
{
    return a.model == b.model && a.input == b.input && a.boundary == b.boundary &&
           a.lineage == b.lineage;
}

inline bool
operator<(const TensorId& a, const TensorId& b)
{
    return std::tie(a.model, a.input, a.lineage, a.boundary) <
           std::tie(b.model, b.input, b.lineage, b.boundary);
}

} // namespace mdi
} // namespace ns3

#endif // MDI_TENSOR_ID_H

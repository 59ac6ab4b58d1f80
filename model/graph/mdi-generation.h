// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_GENERATION_H
#define MDI_GENERATION_H

#include <cstdint>

namespace ns3
{
namespace mdi
{

/**
 * How a language model answers a prompt: token by token, each by a pass of the model. The token
 * that a pass made goes back to the item's source, and the next pass begins there with it.
 */
struct Generation
{
    uint32_t promptTokens = 0; //!< P: what the first pass works on (prefill)
    uint32_t newTokens = 0;    //!< N: passes of an item; there is no end of text before
    /// Workers keep keys and values of the tokens that they have seen (a KV cache): passes after
    /// the first work on one token, on the same workers. Without, each works on all tokens so far.
    bool cache = false;
};

/// What one pass of the model works on.
struct Pass
{
    uint32_t tokens = 0;  //!< that go through the layers; 0: the model's own input, no sequence
    uint32_t context = 0; //!< that these attend to, themselves included
    bool cached = false;  //!< keys and values of the others are in the cache
};

/// \param number of the pass, from 0
inline Pass
PassOf(const Generation& generation, uint16_t number)
{
    const uint32_t context = generation.promptTokens + number;
    const bool cached = generation.cache && number > 0;
    return {cached ? 1 : context, context, cached};
}

} // namespace mdi
} // namespace ns3

#endif // MDI_GENERATION_H

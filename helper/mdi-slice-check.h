// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SLICE_CHECK_H
#define MDI_SLICE_CHECK_H

#include "mdi-tensor-engine.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Slices as many as there are allowed cuts.
constexpr uint32_t ALL_SLICES = std::numeric_limits<uint32_t>::max();

/// How a model that was cut compares with the whole one.
struct SliceCheck
{
    uint32_t slices = 0;              //!< that ran one after another
    uint32_t ways = 0;                //!< ways to cut the model that were tried
    double maxError = 0;              //!< largest absolute difference; 0: the same bits
    std::string where;                //!< the answer that differs most, such as "exit 2"
    std::vector<uint32_t> boundaries; //!< of the slices that made it, 0 and L included
};

/**
 * The boundaries of slices of about equal work, between allowed cuts.
 * \param slices at least 1; more than there can be: as many as there can be
 * \return 0, the cuts, L
 */
std::vector<uint32_t> SliceBoundaries(const LayerGraph& graph, uint32_t slices);

/**
 * Run a model slice by slice and compare what it says, at each early exit and at the end, with the
 * whole model. An exit inside of a slice is reached by a shorter slice from the same boundary.
 *
 * Slices really run only in an engine that has values and does not look for their outputs in a
 * store (attribute Memo of TorchEngine false).
 *
 * \param engine has values of this model
 * \param model its index
 * \param boundaries of the slices, first 0, last L
 * \param input index of the model's input
 * \throws std::invalid_argument if the engine has no values of the model
 * \throws std::runtime_error one line, if a slice cannot be run
 */
SliceCheck CheckCuts(TensorEngine& engine,
                     uint32_t model,
                     const std::vector<uint32_t>& boundaries,
                     uint32_t input = 0);

/**
 * Cut a model into slices of about equal work and compare: see CheckCuts and SliceBoundaries.
 * \param slices ALL_SLICES: as many as there are allowed cuts
 */
SliceCheck CheckSlices(TensorEngine& engine, uint32_t model, uint32_t slices, uint32_t input = 0);

/**
 * Cut a model into two at every allowed cut, one after the other, and compare: see CheckCuts.
 * \param progress is told the number of cuts done so far
 * \return the way to cut that differs most
 */
SliceCheck CheckEveryCut(TensorEngine& engine,
                         uint32_t model,
                         uint32_t input = 0,
                         const std::function<void(uint64_t done)>& progress = {});

} // namespace mdi
} // namespace ns3

#endif // MDI_SLICE_CHECK_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_CHAIN_CUTS_H
#define MDI_CHAIN_CUTS_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Where a model is cut into consecutive slices. Pure functions on the cumulated work at the
 * boundaries at which a cut is allowed.
 *
 * Every function takes `boundaries` (ascending, first 0, last L; LayerGraph::BlockBoundaries or
 * LayerBoundaries) and `work`, the cumulated work in FLOP (or seconds) at each of them, first 0.
 * Every function returns the boundaries of the slices, first 0, last L.
 */

/// Cumulated work at each boundary, from the work of each layer.
std::vector<double> CumulatedWork(const std::vector<uint32_t>& boundaries,
                                  const std::function<double(uint32_t, uint32_t)>& workOfSlice);

/**
 * Where a worker of a pipeline ends: of the boundaries that leave `minSlices` steps to it and to
 * each worker behind it, as far as there are enough steps for all, the one whose cumulated work is
 * nearest to a target; a tie goes to the smaller one (AR-MDI-style, reconstructed: papers.md,
 * section 3).
 *
 * \param work see above
 * \param target cumulated work [FLOP]
 * \param at index of the boundary where the worker begins
 * \param after number of workers behind it
 * \param workers number of workers of the pipeline
 * \param minSlices see above
 * \return an index of `work`; the last one for the last worker
 */
size_t NearestCut(const std::vector<double>& work,
                  double target,
                  size_t at,
                  size_t after,
                  size_t workers,
                  uint32_t minSlices);

/**
 * Shares in proportion to speed: worker n ends at the boundary whose cumulated work is nearest to
 * W * p_n / S, with p_n the speed of workers 1..n (AR-MDI-style, reconstructed: papers.md,
 * section 3). A tie goes to the smaller boundary.
 *
 * \param boundaries see above
 * \param work see above
 * \param speeds s_n of each worker, positive [FLOP/s]
 * \param minSlices each worker gets at least this many block steps, as far as there are enough
 * \return speeds.size() + 1 boundaries; workers can be left empty where blocks are coarse
 * \throws std::invalid_argument if a size or speed is not valid
 */
std::vector<uint32_t> ProportionalCuts(const std::vector<uint32_t>& boundaries,
                                       const std::vector<double>& work,
                                       const std::vector<double>& speeds,
                                       uint32_t minSlices = 0);

/**
 * Slices of as equal work as the boundaries allow: the largest slice is as small as possible
 * (min-max, exact), never an empty slice. Fewer slices where there are fewer blocks.
 */
std::vector<uint32_t> EqualWorkCuts(const std::vector<uint32_t>& boundaries,
                                    const std::vector<double>& work,
                                    uint32_t parts);

/// Time of worker n for the slice [begin, end), and of its outgoing link for the cut at `end`.
struct StageCosts
{
    /// Seconds that worker n computes; 0 for an empty slice.
    std::function<double(uint32_t n, uint32_t begin, uint32_t end)> compute;
    /// Seconds that the link from worker n to the next (the last: to the source) is busy with a
    /// cut.
    std::function<double(uint32_t n, uint32_t boundary)> link;
};

/// The period of a pipeline cut so: max over workers of compute and link time, private links [s].
double Bottleneck(const std::vector<uint32_t>& cuts, const StageCosts& costs);

/**
 * The cuts with the smallest Bottleneck, exact, O(N L^2): best[n][l] of papers.md, section 3 (the
 * `dp` allocation of AR-MDI-style, reconstructed; a min-max pipeline as PipeEdge's, section 8). A
 * worker may stay empty; it then only forwards and still pays its link. Private links only.
 */
std::vector<uint32_t> MinMaxCuts(const std::vector<uint32_t>& boundaries,
                                 uint32_t workers,
                                 const StageCosts& costs);

} // namespace mdi
} // namespace ns3

#endif // MDI_CHAIN_CUTS_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_PIPELINE_H
#define MDI_ROW_PIPELINE_H

#include "mdi-row-plan.h"

#include <cstdint>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Consecutive layers that one device of a pipeline runs.
struct RowStage
{
    uint32_t device = 0; //!< runs them
    uint32_t begin = 0;  //!< first layer of the RowModel
    uint32_t end = 0;    //!< one past the last
};

bool operator==(const RowStage& a, const RowStage& b);

/// A model cut into consecutive layers, whole ones, over some of the devices in some order.
struct RowPipeline
{
    std::vector<RowStage> stages; //!< in order; no device twice, none without layers
    int64_t period = 0;           //!< time between two results of a full pipeline [ns]
    RowPlan plan;                 //!< the same for one inference
};

/**
 * Period of a pipeline: the longest that a device computes or a link is busy for one item, the
 * links from and to the source included. What a later stage needs of an earlier one passes through
 * the devices in between [ns].
 */
int64_t PipelinePeriod(const RowModel& model,
                       const RowCosts& costs,
                       const std::vector<RowStage>& stages);

/**
 * The pipeline with the smallest period: exact, over every subset of the devices in every order, by
 * dynamic programming over (layers done, devices used, last device) (PipeEdge-style, reconstructed:
 * papers.md, section 8; arXiv 2110.14895). Memory limits hold per stage: its weights, and the
 * largest input and output of one of its layers. Of equal periods, fewer stages, then the plan that
 * comes first by Precedes, among those found.
 *
 * \param model the model
 * \param costs of the devices and private links
 * \throws std::invalid_argument if the costs do not suit, the model does not fit, or there are more
 *         than 10 devices: time and memory grow with 2^N
 */
RowPipeline MinMaxPipeline(const RowModel& model, const RowCosts& costs);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_PIPELINE_H

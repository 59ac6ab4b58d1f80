// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_UNITS_H
#define MDI_ROW_UNITS_H

#include "mdi-plan.h"
#include "mdi-row-pipeline.h"
#include "mdi-row-plan.h"

#include <cstdint>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * The execution units of a plan in row strips (EdgeFlow-style, reconstructed: papers.md, section
 * 7.2): a unit per strip, with the rows that it requires of each unit before it, and one at the
 * source that gathers the result. A strip that sees nothing but padding requires no rows, but hears
 * of the item. Where one device runs everything, the model is one unit, a slice.
 *
 * \param graph the neural network
 * \param model MakeRowModel of it
 * \param cuts per layer of the row model; those of virtual layers are ignored
 * \param nodes the workers, as the plan's devices
 * \param source the device that holds the input and wants the result
 * \throws std::invalid_argument if the sizes differ, or there are more units than fit into a TaskId
 */
Plan MakeRowUnits(const LayerGraph& graph,
                  const RowModel& model,
                  const std::vector<RowCuts>& cuts,
                  const std::vector<uint32_t>& nodes,
                  uint32_t source);

/**
 * The execution units of a pipeline: slices, where the graph can be cut between its stages; else
 * MakeRowUnits of its plan.
 */
Plan MakePipelineUnits(const LayerGraph& graph,
                       const RowModel& model,
                       const RowPipeline& pipeline,
                       const std::vector<uint32_t>& nodes,
                       uint32_t source);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_UNITS_H

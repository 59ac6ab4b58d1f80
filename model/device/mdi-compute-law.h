// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_COMPUTE_LAW_H
#define MDI_COMPUTE_LAW_H

#include "mdi-compute-trace.h"

namespace ns3
{
namespace mdi
{

/**
 * Time of a layer by a law: the largest of the host's time for an operation, FLOP / rate, and bytes
 * / rate; bytes are those of the weights, the inputs and the outputs. An embedding reads no more
 * of its table than it puts out.
 *
 * \param law of a device
 * \param graph the model
 * \param layer its index, below graph.Size()
 */
Time EstimateLayer(const ComputeLaw& law, const LayerGraph& graph, uint32_t layer);

/// How many layers of a model a trace has no time of; all, if it does not know the model.
uint32_t CountUnknownLayers(const ComputeTrace& trace, const LayerGraph& graph);

/**
 * The profile of a model in which the layers that the trace does not know are estimated by its law.
 * It is marked "calibrated", with the wider error band of the two where some layers were known. Of
 * a model that is not known at all, the spread is the largest of the mode's models, and dispatch
 * and least are the law's time for an operation.
 *
 * \param trace the device
 * \param graph the model
 * \throws std::invalid_argument one line: there is no law, and the model or a layer is not known
 */
ModelProfile CompleteProfile(const ComputeTrace& trace, const LayerGraph& graph);

/// The trace with the profile that CompleteProfile makes; the trace itself if it knows every layer.
ComputeTrace WithEstimates(const ComputeTrace& trace, const LayerGraph& graph);

} // namespace mdi
} // namespace ns3

#endif // MDI_COMPUTE_LAW_H

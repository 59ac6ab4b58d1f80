// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_PROFILER_H
#define MDI_TORCH_PROFILER_H

#include "mdi-layer-graph.h"
#include "mdi-model-spec.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// How to measure a model.
struct ProfileOptions
{
    uint32_t repeats = 50; //!< measured runs of the whole and of the layers each; at least 2
    uint32_t warmup = 10;  //!< runs of each before them
    uint32_t threads = 1;  //!< of an operator
    bool cuda = false;     //!< on the first CUDA device instead of the processor
};

/// The time of something that was measured repeatedly.
struct Timing
{
    double meanS = 0;   //!< mean [s]
    double spread = 0;  //!< standard deviation (of a sample) over mean
    double minS = 0;    //!< least [s]
    double medianS = 0; //!< median [s]
};

/// What was measured of a model.
struct ModelTiming
{
    LayerGraph graph;           //!< the model
    Timing whole;               //!< a run of all layers
    std::vector<Timing> layers; //!< by layer, as they stand in the graph
    double layersS = 0;         //!< sum of the layers' means [s]
    std::string framework;      //!< such as "LibTorch 1.13.1, 4 threads"
    std::string precision;      //!< of the weights, such as "fp32"
};

/**
 * Why ProfileModel cannot work here with these options, on one line; empty if it can.
 */
std::string ProfilerMissing(const ProfileOptions& options);

/**
 * Time a TorchScript model and each of its layers on this machine, with random inputs.
 *
 * The whole: LibTorch's interpreter runs the slice of all layers, as TorchEngine runs slices, from
 * its start to its end. The graph is frozen without numeric optimisation, no operator is fused with
 * another.
 *
 * The layers: the same run with a time stamp after each operator. So every operator is timed within
 * its run, in-place ones on fresh values, ones between which no cut is allowed too, and no run is
 * started for a single layer. A list or tuple that an operator reads is made in that operator's
 * time. Early-exit branches are run, too.
 *
 * Runs of the two kinds take turns, so that a drift of the machine hits both alike. Nothing is left
 * out of the means. Copies of the inputs are made between the runs.
 *
 * Sets the number of threads for the whole process.
 *
 * \param progress called after each turn with the number of turns done, of warmup + repeats
 * \throws std::runtime_error one line: the file, what is wrong, what would be right
 */
ModelTiming ProfileModel(const ModelSpec& model,
                         const ProfileOptions& options,
                         const std::function<void(uint64_t)>& progress = {});

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_PROFILER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Slices of real models against the whole, in LibTorch.

#include "mdi-bench.h"
#include "mdi-torch-slicer.h"

#include "ns3/mdi-chain-cuts.h"
#include "ns3/mdi-model-reader.h"
#include "ns3/mdi-torch-engine.h"

#include <ATen/ATen.h>
#include <algorithm>

namespace ns3
{
namespace mdi
{
namespace bench
{

namespace
{

/**
 * The same pictures through the module as it was loaded, and through its slices one after the
 * other. `slices` 0: as many as there are allowed cuts.
 */
Record
SlicesAgainstWhole(const std::string& name, uint32_t slices)
{
    TorchEngine onlyOneThread; // loading a model in it fixes the number of threads
    const ModelSpec model = ReadModel(ZooModel(name));
    onlyOneThread.LoadModel(model);
    TorchSlicer slicer(model);
    const LayerGraph& graph = slicer.Graph();
    const std::vector<uint32_t> cuts = graph.LayerBoundaries();
    const std::vector<double> work =
        CumulatedWork(cuts, [&graph](uint32_t b, uint32_t e) { return graph.Flop(b, e); });
    const std::vector<uint32_t> boundaries = slices == 0 ? cuts : EqualWorkCuts(cuts, work, slices);
    const std::vector<at::Tensor> inputs = RandomInputs(model.inputs, 1);
    const auto sliced = [&] {
        std::vector<at::Tensor> bundle = inputs;
        for (size_t i = 1; i < boundaries.size(); ++i)
        {
            bundle = slicer.Run(boundaries[i - 1], boundaries[i], bundle);
        }
    };
    const auto whole = [&] { slicer.RunWhole(inputs); };
    const double once = SecondsOf(whole);
    const auto turns = static_cast<uint32_t>(std::clamp(2 / once, 5.0, 200.0));
    const Turns times = InTurns(
        turns, [&] { return SecondsOf(sliced); }, [&] { return SecondsOf(whole); });
    Record record;
    record.what = name + " in " + std::to_string(boundaries.size() - 1) + " slices";
    record.reference = "the whole model in LibTorch, one thread";
    record.ratio = times.Ratio();
    record.spread = times.Spread(false);
    record.details = {{"slices", static_cast<double>(boundaries.size() - 1)},
                      {"whole_s", Median(times.reference)},
                      {"slices_s", Median(times.ours)}};
    return record;
}

} // namespace

void
AddSlices()
{
    for (const std::string name : {"resnet50", "mobilenetv2", "vgg16", "gpt2", "yolov5s"})
    {
        for (const uint32_t slices : {2, 4, 16, 0})
        {
            const std::string count = slices == 0 ? "all" : std::to_string(slices);
            if (Smoke() && (name != "mobilenetv2" || slices != 2))
            {
                continue; // models take seconds to make and to load
            }
            Add("slices/" + name + "/" + count + "_against_whole",
                [name, slices] { return SlicesAgainstWhole(name, slices); });
        }
    }
}

} // namespace bench
} // namespace mdi
} // namespace ns3

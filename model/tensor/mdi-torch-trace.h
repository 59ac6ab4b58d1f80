// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_TRACE_H
#define MDI_TORCH_TRACE_H

#include "mdi-torch-values.h"

#include <memory>
#include <vector>

namespace torch::jit
{
struct Graph;
struct Module;
} // namespace torch::jit

namespace ns3
{
namespace mdi
{

/// A TorchScript model made ready for cutting.
struct TorchTrace
{
    /// As loaded, in evaluation mode: the reference for all slices.
    std::unique_ptr<torch::jit::Module> whole;

    /**
     * The model frozen without numeric optimisation, inlined, without its `self`. Its outputs are
     * tensors, flattened in the order of FlattenTensors. What depends on shapes only is a constant
     * (shapes are fixed); of a sequence, what depends on its length is not.
     */
    std::shared_ptr<torch::jit::Graph> graph;

    /// Every value of the graph's top block in an example run.
    std::unique_ptr<TorchValues> values;

    /// The same of a sequence of ModelSpec::longest tokens, or at least one more than the inputs'
    /// own; null without it.
    std::unique_ptr<TorchValues> longer;
};

/**
 * Read a TorchScript file and run it on random inputs.
 * \throws std::runtime_error one line: the file, what is wrong, what would be right
 */
TorchTrace TraceTorchModel(const ModelSpec& model);

/// Run a graph as it stands, without LibTorch's optimisations. \return its outputs
std::vector<c10::IValue> RunGraph(const std::shared_ptr<torch::jit::Graph>& graph,
                                  const std::vector<at::Tensor>& inputs);

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_TRACE_H

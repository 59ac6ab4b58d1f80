// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_SLICER_H
#define MDI_TORCH_SLICER_H

// Includes LibTorch: only for the mdi-torch-*.cc files, never for users.

#include "mdi-torch-trace.h"

#include <map>
#include <string>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Cuts a TorchScript model into slices that run on their own, bit for bit like the whole.
 *
 * Layers are the operators of the frozen, inlined graph, in its order. Constants, and lists and
 * tuples of tensors, are no layers: each slice that needs one makes its own (weights are shared,
 * never copied). What cannot cross a network as a tensor (a number read from a tensor, a list from
 * aten::split) may not be alive at a cut, and a cut never comes between the maker of a tensor
 * and an in-place operator that changes it: such boundaries are forbidden in the LayerGraph. So no
 * slice ever changes a tensor that it was given.
 *
 * Names: `<module scope>/<operator>`, such as `layer1.0.conv1/convolution`; without a scope the
 * operator alone; the second one of a name ends in `#2`. Blocks: the scope up to and including
 * its first numeric component (`layer1.0`), else its first component (`fc`), else the operator.
 *
 * Work: 2 FLOP per multiply-accumulate of convolutions (also transposed) and matrix products
 * (linear, addmm, mm, bmm, baddbmm, matmul, addmv, mv, dot); everything else counts 0, as the
 * tables of papers.md, section 9, do.
 *   convolution: 2 * output elements * weights per output channel (Cin / groups * K * K)
 *   transposed:  2 * input elements * weights per input channel (Cout / groups * K * K)
 *   product:     2 * output elements * length of the dimension summed over
 */
class TorchSlicer
{
  public:
    /**
     * \param name the model's name
     * \param file path of the TorchScript file
     * \param inputs shapes and types of the model's inputs
     * \throws std::runtime_error one line: the file, what is wrong, what would be right
     */
    TorchSlicer(const std::string& name,
                const std::string& file,
                const std::vector<TensorSpec>& inputs);

    /// The layers, with forbidden cuts.
    const LayerGraph& Graph() const;

    /**
     * Run layers [begin, end). Both boundaries must be allowed.
     * \param bundle the tensors alive at `begin`, in the order of LayerGraph::CutTensors
     * \return the tensors alive at `end`
     */
    std::vector<at::Tensor> Run(uint32_t begin,
                                uint32_t end,
                                const std::vector<at::Tensor>& bundle);

    /// Run the module as it was loaded. \return the tensors of its result, flattened
    std::vector<at::Tensor> RunWhole(const std::vector<at::Tensor>& inputs);

    /// For each tensor of RunWhole, its position in the bundle at the last boundary.
    const std::vector<size_t>& ResultPositions() const;

  private:
    using Value = torch::jit::Value;
    using Node = torch::jit::Node;

    /// An operator of the graph as a layer.
    struct Operator
    {
        Node* node;                  //!< in m_trace.graph
        std::vector<Value*> tensors; //!< its outputs that are tensors, in order
    };

    /// A slice made ready to run.
    struct Slice
    {
        torch::jit::Code code;
    };

    void FindOperators();
    LayerGraph MakeGraph(const std::string& name, const std::vector<TensorSpec>& inputs) const;
    Layer MakeLayer(const Operator& op, std::map<std::string, uint32_t>& names) const;
    double Flop(const Node* node) const;

    /// Whether each slice makes its own: a list or tuple of tensors that nobody changes.
    bool IsGlue(const Value* value) const;

    /// The layer that makes a value, or -1-i for an input.
    int32_t Producer(const Value* value) const;

    /// The values of inputs and layers that a node reads, also through glue and nested blocks.
    std::vector<const Value*> Sources(const Node* node) const;
    void AddSources(const Value* value,
                    std::unordered_set<const Value*>& seen,
                    std::vector<const Value*>& sources) const;

    void ForbidUncuttable(LayerGraph& graph);

    /// The values alive at a boundary, in the order of LayerGraph::CutTensors.
    std::vector<Value*> Alive(uint32_t boundary) const;
    Slice& Prepare(uint32_t begin, uint32_t end);

    std::string m_file;
    TorchTrace m_trace;
    std::vector<Operator> m_operators;
    std::unordered_map<const Node*, int32_t> m_index; //!< of the operators
    std::unordered_set<const Value*> m_glue;
    LayerGraph m_graph;
    bool m_changesInput = false; //!< an in-place operator works on an input of the model
    std::vector<size_t> m_resultPositions;
    std::map<std::pair<uint32_t, uint32_t>, Slice> m_slices;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_SLICER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_SLICER_H
#define MDI_TORCH_SLICER_H

#include "mdi-torch-trace.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace torch::jit
{
struct Node;
}

namespace ns3
{
namespace mdi
{

class LayerNames;

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
 * its first component that is a number (`h.0`) or one of several numbered siblings
 * (`features.denseblock1`, with the number behind it: `layer1.0`), else the first that has a digit
 * (`features.conv0`), else the first (`fc`), else the operator.
 *
 * Work: see OperatorFlop. Rules of rows: see OperatorRows. Early exits: see PrepareExits.
 *
 * Several threads may run slices, and whole models, at a time.
 */
class TorchSlicer
{
  public:
    /// \throws std::runtime_error one line: the file, what is wrong, what would be right
    explicit TorchSlicer(const ModelSpec& model);
    ~TorchSlicer();

    /// The layers, with forbidden cuts.
    const LayerGraph& Graph() const;

    /**
     * Run layers [begin, end). Both boundaries must be allowed.
     * \param bundle the tensors alive at `begin`, in the order of LayerGraph::CutTensors; more
     *        are left alone
     * \return the tensors alive at `end`, and the answer of an early exit there
     */
    std::vector<at::Tensor> Run(uint32_t begin,
                                uint32_t end,
                                const std::vector<at::Tensor>& bundle);

    /// Run the module as it was loaded. \return the tensors of its result, flattened
    std::vector<at::Tensor> RunWhole(const std::vector<at::Tensor>& inputs);

    /// Where the tensors of a result stand.
    struct Answer
    {
        std::vector<size_t> inBundle; //!< that Run returns at the boundary
        std::vector<size_t> inWhole;  //!< that RunWhole returns
    };

    /**
     * The result, or an early exit's answer.
     * \throws std::invalid_argument if there is none at this boundary
     */
    const Answer& AnswerAt(uint32_t boundary) const;

    /// The graph of a slice, for those who run it in their own way (ProfileModel does).
    struct SliceGraph
    {
        std::shared_ptr<torch::jit::Graph> graph; //!< takes the bundle at its first boundary
        std::vector<torch::jit::Node*> layers;    //!< its layers, in order
    };

    /// A new graph of layers [begin, end), which shares the weights.
    SliceGraph CopySlice(uint32_t begin, uint32_t end) const;

    /// What a layer reads, in the way that its maker returns it.
    struct Read
    {
        int32_t layer;   //!< made it; -1-i: input i of the model
        size_t output;   //!< which of its operator's outputs, tensors or not
        bool tensor;     //!< whether it is a tensor
        size_t inBundle; //!< if so, which of its maker's tensors
    };

    /// One layer on its own, for those who run it on parts of its inputs (TorchStrips does).
    struct LayerCopy
    {
        std::shared_ptr<torch::jit::Graph> graph; //!< takes `reads`, returns all outputs
        torch::jit::Node* node;                   //!< the operator in it
        std::vector<Read> reads;
        bool changesInputs; //!< in place: give it copies
    };

    /// A new graph of one layer, which shares the weights.
    LayerCopy CopyLayer(uint32_t layer) const;

    /**
     * Layers run on their own only if none reads a tensor that another one changed in place, except
     * as that one's output.
     * \throws std::runtime_error one line: the file, the two layers, what would be right
     */
    void CheckOnTheirOwn() const;

  private:
    using Value = torch::jit::Value;
    using Node = torch::jit::Node;

    /// An operator of the graph as a layer.
    struct Operator
    {
        Node* node;                  //!< in m_trace.graph
        std::vector<Value*> tensors; //!< its outputs that are tensors, in order
    };

    struct Slice; //!< a slice made ready to run

    void FindOperators();
    LayerGraph MakeGraph(const ModelSpec& model) const;
    void FindAnswers(const std::vector<uint32_t>& exits);
    /// Address and size of each tensor of weights that an operator reads.
    static std::vector<std::pair<const void*, uint64_t>> Weights(const Node* node);
    void MarkShared(std::vector<Layer>& layers) const;
    /// The rules of a layer's inputs; empty if it cannot be split. \param layers all before it
    std::vector<RowRule> RulesOf(const Operator& op,
                                 const Layer& layer,
                                 const std::vector<Layer>& layers,
                                 const std::vector<TensorSpec>& inputs) const;
    Layer MakeLayer(const Operator& op, LayerNames& names) const;

    /// Marks the dimensions of a layer's outputs that count tokens.
    void MarkTokens(const Operator& op, uint32_t tokens, uint32_t longest, Layer& layer) const;

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

    /// Whether an operator may change what it reads.
    static bool ChangesInputs(const Node* node);

    /// The values alive at a boundary, in the order of LayerGraph::CutTensors.
    std::vector<Value*> Alive(uint32_t boundary) const;

    /// What a slice that ends here returns: the values alive, then the answer of an exit.
    std::vector<Value*> Bundle(uint32_t boundary) const;
    const Slice& Prepare(uint32_t begin, uint32_t end);

    std::string m_file;
    TorchTrace m_trace;
    std::vector<Operator> m_operators;
    std::unordered_map<const Node*, int32_t> m_index; //!< of the operators
    std::unordered_set<const Value*> m_glue;
    LayerGraph m_graph;
    bool m_changesInput = false;          //!< an in-place operator works on an input of the model
    std::string m_changedAndRead;         //!< see CheckOnTheirOwn; empty if there is no such layer
    std::map<uint32_t, Answer> m_answers; //!< by boundary
    std::map<uint32_t, Value*> m_exitValues; //!< by boundary
    mutable std::mutex m_mutex; //!< guards the slices, and the graph while it is copied
    std::map<std::pair<uint32_t, uint32_t>, std::shared_ptr<const Slice>> m_slices;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_SLICER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_LAYER_GRAPH_H
#define MDI_LAYER_GRAPH_H

#include "mdi-row-rule.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Element type of a tensor. The values go over the wire (MessageHeader): never renumber.
enum class Dtype : uint8_t
{
    FLOAT32 = 0,
    FLOAT16 = 1,
    FLOAT64 = 2,
    INT64 = 3,
    INT32 = 4,
    INT8 = 5,
    UINT8 = 6,
    BOOL = 7,
};

/// Bytes of one element.
uint64_t DtypeBytes(Dtype dtype);

/// The name used in files, such as "float32".
const char* DtypeName(Dtype dtype);

/// The reverse of DtypeName. \return false when there is no such type
bool DtypeFromName(const std::string& name, Dtype& dtype);

/// Shape and element type of one tensor, the batch dimension included.
struct TensorSpec
{
    std::vector<int64_t> shape;   //!< sizes, such as {1, 3, 32, 32}
    Dtype dtype = Dtype::FLOAT32; //!< element type
    uint32_t tokenDims = 0;       //!< bit d: dimension d counts the tokens of a sequence

    /// Size in bytes of the dense tensor.
    uint64_t Bytes() const;
};

bool operator==(const TensorSpec& a, const TensorSpec& b);

/// The tensors of a pass over another number of tokens: dimensions that count tokens change.
std::vector<TensorSpec> WithTokens(std::vector<TensorSpec> specs, int64_t tokens);

/// Size in bytes of dense tensors together.
uint64_t TotalBytes(const std::vector<TensorSpec>& specs);

/// Such as "1x3x32x32 float32, 1 int64".
std::string SpecsText(const std::vector<TensorSpec>& specs);

/**
 * The height that the tensors have in common, the third of their four dimensions (batch, channels,
 * height, width); 0 if they have none.
 */
int64_t CommonHeight(const std::vector<TensorSpec>& specs);

/// Weights that several layers read, such as a language model's embedding that is its head, too.
struct SharedWeights
{
    uint32_t id = 0;    //!< the same in all layers that read them
    uint64_t bytes = 0; //!< their size
};

/**
 * One operation of a neural network: the smallest thing that a cut can separate.
 * The layers of a LayerGraph stand in an executable (topological) order.
 */
struct Layer
{
    std::string name;                  //!< module scope and operator, unique in its model
    std::string op;                    //!< operator, such as "aten::_convolution"
    std::string block;                 //!< the block for people, such as "layer1.0"
    std::vector<int32_t> inputs;       //!< producing layers; -1-i is input i of the model
    std::vector<TensorSpec> outputs;   //!< the tensors that it makes
    double flop = 0;                   //!< work of one call, 2 FLOP per multiply-accumulate
    uint64_t weightBytes = 0;          //!< parameters and buffers that it reads
    uint64_t cacheBytes = 0;           //!< keys and values that it keeps of one token, if it does
    std::vector<SharedWeights> shared; //!< those of them that other layers read, too
    /// Per input, how the rows of its outputs depend on that input's; empty: cannot be split.
    std::vector<RowRule> rows;
};

/// An early exit: an answer that is ready before the last layer (papers.md, section 6).
struct Exit
{
    uint32_t layer = 0;    //!< makes the answer, as its only output
    uint32_t boundary = 0; //!< the first cut behind it: an item can leave here
};

/**
 * What a partitioner knows of a neural network: layers in executable order, their work, and what
 * crosses each cut. It knows nothing of devices, networks or tensors.
 *
 * Boundary b in 0..L lies before layer b: boundary 0 is the input of the model, boundary L its
 * result. A slice is a half-open range of layers [begin, end).
 */
class LayerGraph
{
  public:
    LayerGraph() = default;

    /**
     * \param name the model's name
     * \param inputs the inputs of the model
     * \param layers in executable order: every input of a layer is produced before it
     * \param outputs layers whose outputs form the result (the last layer, if empty)
     * \throws std::invalid_argument naming the layer that refers to a later or unknown one, or
     *         whose sizes or row rules cannot be
     */
    LayerGraph(std::string name,
               std::vector<TensorSpec> inputs,
               std::vector<Layer> layers,
               std::vector<uint32_t> outputs = {});

    const std::string& Name() const;               //!< of the model, as in traces
    const std::vector<TensorSpec>& Inputs() const; //!< what the model takes
    const std::vector<Layer>& Layers() const;      //!< in executable order
    const std::vector<uint32_t>& Outputs() const;  //!< layers whose outputs are the result

    /// Number of layers L.
    uint32_t Size() const;

    /// Work of the slice in FLOP.
    double Flop(uint32_t begin, uint32_t end) const;

    /// Bytes of the weights that the slice needs; what several of its layers share counts once.
    uint64_t WeightBytes(uint32_t begin, uint32_t end) const;

    /// The same for any set of layers: `held` has an entry per layer.
    uint64_t WeightBytes(const std::vector<bool>& held) const;

    /// Bytes of the key/value cache that the slice keeps of one token; 0 if that is not known.
    uint64_t CacheBytes(uint32_t begin, uint32_t end) const;

    /// Number of tokens of the sequence for which shapes and work hold; 0: no model of sequences.
    uint32_t Tokens() const;

    /// The model works on sequences of any length; see Tokens and TensorSpec::tokenDims.
    void SetTokens(uint32_t tokens);

    /// The tensors that are alive at a boundary, the model's inputs first, then in layer order.
    std::vector<TensorSpec> CutTensors(uint32_t boundary) const;

    /// Bytes that cross a boundary: b_{m,k} of papers.md, section 1.
    uint64_t CutBytes(uint32_t boundary) const;

    /**
     * The boundaries at which people cut: 0, L, and each boundary where the block changes, unless
     * `CanCut` forbids it. Ascending.
     */
    std::vector<uint32_t> BlockBoundaries() const;

    /// Every boundary at which a cut is allowed, 0 and L included. Ascending.
    std::vector<uint32_t> LayerBoundaries() const;

    /// Whether a cut is allowed here. Not inside an in-place chain: see ForbidCut.
    bool CanCut(uint32_t boundary) const;

    /**
     * Early exits in order of depth; the result itself is none. What an exit says is alive nowhere:
     * an item that goes on does not need it.
     */
    std::vector<Exit> Exits() const;

    /// By layer: whether it only helps to make the answer of an early exit, not the result.
    std::vector<bool> Branches() const;

    /**
     * \param layers the layers that make the answers, ascending
     * \throws std::invalid_argument if they do not ascend, one is read by others or is the result,
     *         or does not have one output; or if no cut lies between two of them
     */
    void SetExits(const std::vector<uint32_t>& layers);

    /// Forbid a boundary (the slicer does, where an in-place operator follows its producer).
    void ForbidCut(uint32_t boundary);

  private:
    void CheckBoundary(uint32_t boundary) const;
    void CheckSlice(uint32_t begin, uint32_t end) const;
    void CheckRows(const Layer& layer, const std::string& here) const;

    std::string m_name;
    std::vector<TensorSpec> m_inputs;
    std::vector<Layer> m_layers;
    std::vector<uint32_t> m_outputs;
    std::vector<double> m_flopBefore;     //!< prefix sums, L + 1 entries
    std::vector<uint32_t> m_inputLastUse; //!< per model input, last layer that reads it
    std::vector<uint32_t> m_lastUse;      //!< per layer, last layer that reads it; L if result
    std::vector<bool> m_cuttable;         //!< per boundary
    std::vector<uint32_t> m_exits;        //!< layers
    uint32_t m_tokens = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_LAYER_GRAPH_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TENSOR_ENGINE_H
#define MDI_TENSOR_ENGINE_H

#include "mdi-layer-graph.h"
#include "mdi-model-spec.h"
#include "mdi-row-strip.h"
#include "mdi-tensor-codec.h"
#include "mdi-tensor-id.h"

#include "ns3/object.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What a classifier says of one picture, or a language model of the next token.
struct Prediction
{
    int64_t label = 0;     //!< the class of the largest output
    double confidence = 0; //!< its soft-max probability, C_k of papers.md section 6
};

/// The autoencoder of a model: models of the engine that shrink and restore one cut.
struct Autoencoder
{
    uint32_t boundary = 0; //!< the cut
    uint32_t encoder = 0;  //!< index of the model
    uint32_t decoder = 0;  //!< index of the model
};

/**
 * What a unit computes. This base class knows sizes only: every answer about values is empty. The
 * leaf TorchEngine (mdi-torch-engine.h) runs the layers with LibTorch.
 *
 * An engine belongs to one process and outlives the simulations that use it.
 */
class TensorEngine : public Object
{
  public:
    static TypeId GetTypeId();

    TensorEngine();
    ~TensorEngine() override;

    /**
     * Load a model and make it known.
     * \param model this class reads layer graphs only (`.json`, as `./mdi inspect --json` prints
     *        them), which bring their own inputs and exits; leaves read other formats. Its
     *        autoencoder is left to SetAutoencoder
     * \return its index, the `model` of a TensorId; models are numbered from 0
     * \throws std::runtime_error one line: the file, what is wrong, what would be right
     */
    virtual uint32_t LoadModel(const ModelSpec& model);

    /// Make a model known by its layers alone. \return its index, as LoadModel
    uint32_t AddModel(const LayerGraph& graph);

    /// The layers of a model.
    const LayerGraph& Graph(uint32_t model) const;

    /// Whether the engine computes values, and so can answer Prediction and MaxError.
    virtual bool HasValues() const;

    /**
     * Run layers [in.boundary, end) of the model on `in`.
     * \return the name of the output
     */
    virtual TensorId Run(const TensorId& in, uint32_t end);

    /**
     * Compute a strip of rows, as an execution unit of EdgeFlow does.
     * \param strip which rows of which layers
     * \param parts the rows that it is computed from, in any order; they may overlap and hold more
     *        than StripNeeds
     * \return the name of the strip; of the result, a name for Predict and MaxError
     * \throws std::invalid_argument as NameStrip
     */
    virtual TensorId RunRows(const RowStrip& strip, const std::vector<StripPart>& parts);

    /**
     * Change the values at a cut, or of a strip, as a codec does that takes them over the wire.
     * \return the name of what arrives
     * \throws std::invalid_argument if an autoencoder, which is made for a cut, gets a strip
     */
    virtual TensorId Transcode(const TensorId& in, const TensorCodec& codec);

    /**
     * Predict and MaxError will be asked of this result: an engine with values may begin to work
     * on the answers meanwhile. No answer depends on it.
     */
    virtual void Prepare(const TensorId& result);

    /**
     * Wait for all work that goes on meanwhile: at the end of a simulation, and before this process
     * forks.
     * \throws std::exception what went wrong in it and was told to nobody
     */
    virtual void Finish();

    /**
     * What the model says of an item, for each element of its batch; of a sequence, at the last
     * position. Empty without values, and for results that name no class (more than three
     * dimensions).
     * \param result at the last boundary, or at that of an early exit, whose answer it then is
     */
    virtual std::vector<Prediction> Predict(const TensorId& result);

    /// The `input` of a TensorId for the model's item number `number`: input sets are finite.
    virtual uint32_t InputOf(uint32_t model, uint32_t number) const;

    /**
     * The input of a language model's next pass: the sequence that a result was computed from, and
     * the token that it says (see Predict). Without values, the same input again.
     */
    virtual TensorId Extend(const TensorId& result);

    /**
     * Whether a model can generate with a prompt of so many tokens.
     * \throws std::invalid_argument one line: why not
     */
    virtual void CheckGeneration(uint32_t model, uint32_t promptTokens) const;

    /// What is right, for each element of the batch; empty if that is not known.
    virtual std::vector<int64_t> Labels(uint32_t model, uint32_t input);

    /**
     * Largest absolute difference between a result and that of the whole, never sliced model on
     * the same input; empty without values.
     * \param result as for Predict
     */
    virtual std::optional<double> MaxError(const TensorId& result);

    /**
     * Give a model an autoencoder for one of its cuts.
     * \throws std::invalid_argument one line, if the encoder does not take the tensors of the cut,
     *         or the decoder does not make them of what the encoder makes
     */
    void SetAutoencoder(uint32_t model, const Autoencoder& autoencoder);

    /// The autoencoder of a model, if it has one.
    std::optional<Autoencoder> AutoencoderOf(uint32_t model) const;

    /// An engine that knows the same models by their sizes only.
    Ptr<TensorEngine> SizesOnly() const;

    /// Versions of the libraries behind the engine, or "sizes only", for the manifest.
    virtual std::string Describe() const;

  private:
    std::vector<LayerGraph> m_graphs;
    std::map<uint32_t, Autoencoder> m_autoencoders; //!< by model
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TENSOR_ENGINE_H

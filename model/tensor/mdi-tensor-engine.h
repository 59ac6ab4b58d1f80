// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TENSOR_ENGINE_H
#define MDI_TENSOR_ENGINE_H

#include "mdi-layer-graph.h"
#include "mdi-tensor-id.h"

#include "ns3/object.h"

#include <optional>
#include <string>

namespace ns3
{
namespace mdi
{

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
     * \param name the model's name in traces and results
     * \param file path of a layer-graph description (`.json`, as `./mdi inspect --json` prints it);
     *        leaves read other formats
     * \param inputs shapes and types of the model's inputs (a description brings its own)
     * \return its index, the `model` of a TensorId; models are numbered from 0
     * \throws std::runtime_error one line: the file, what is wrong, what would be right
     */
    virtual uint32_t LoadModel(const std::string& name,
                               const std::string& file,
                               const std::vector<TensorSpec>& inputs);

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

    /// The class with the largest value of a result (boundary L); empty without values.
    virtual std::optional<int64_t> Prediction(const TensorId& result);

    /**
     * Largest absolute difference between a result and that of the whole, never sliced model on
     * the same input; empty without values.
     */
    virtual std::optional<double> MaxError(const TensorId& result);

    /// Versions of the libraries behind the engine, or "sizes only", for the manifest.
    virtual std::string Describe() const;

  private:
    std::vector<LayerGraph> m_graphs;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TENSOR_ENGINE_H

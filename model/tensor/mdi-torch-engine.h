// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_ENGINE_H
#define MDI_TORCH_ENGINE_H

#include "mdi-tensor-engine.h"

#include <memory>

namespace ns3
{
namespace mdi
{

/**
 * Runs slices of TorchScript models with LibTorch (LibTorch itself is hidden behind the
 * implementation: no header of ours includes it).
 *
 * A model is frozen without numeric optimisation and inlined; a slice is the part of its graph
 * between two boundaries, run on its own; a strip is rows of some of its layers (RunRows throws
 * std::runtime_error where in-place operators forbid it). Weights are shared by all. One thread, so
 * that results are the same bits on any machine of one kind.
 */
class TorchEngine : public TensorEngine
{
  public:
    static TypeId GetTypeId();

    TorchEngine();
    ~TorchEngine() override;

    /// Whether this build has LibTorch. Without it LoadModel throws and says so.
    static bool IsAvailable();

    /**
     * Load a TorchScript file and its input set, trace its shapes with an example input, and make
     * it known.
     * \return the model's index
     * \throws std::runtime_error one line: the file, what is wrong, what would be right
     */
    uint32_t LoadModel(const ModelSpec& model) override;

    bool HasValues() const override;
    TensorId Run(const TensorId& in, uint32_t end) override;
    TensorId RunRows(const RowStrip& strip, const std::vector<StripPart>& parts) override;
    TensorId Transcode(const TensorId& in, const TensorCodec& codec) override;
    std::vector<Prediction> Predict(const TensorId& result) override;
    uint32_t InputOf(uint32_t model, uint32_t number) const override;
    TensorId Extend(const TensorId& result) override;
    void CheckGeneration(uint32_t model, uint32_t promptTokens) const override;
    std::vector<int64_t> Labels(uint32_t model, uint32_t input) override;
    std::optional<double> MaxError(const TensorId& result) override;
    std::string Describe() const override;

    /// Number of slices and strips that LibTorch really ran so far (for tests and benchmarks).
    uint64_t SlicesRun() const;

  protected:
    void DoDispose() override;

  private:
    class Impl; //!< everything that knows LibTorch
    std::unique_ptr<Impl> m_impl;
    bool m_memo;           //!< attribute Memo
    uint64_t m_storeBytes; //!< attribute StoreBytes
    uint64_t m_inputSeed;  //!< attribute InputSeed
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_ENGINE_H

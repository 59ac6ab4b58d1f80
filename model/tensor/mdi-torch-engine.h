// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_ENGINE_H
#define MDI_TORCH_ENGINE_H

#include "mdi-tensor-engine.h"

#include <memory>
#include <string>

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
 * std::runtime_error where in-place operators forbid it). Weights are shared by all. Each operator
 * runs in one thread, so that results are the same bits on any machine of one kind and on any
 * number of threads, which work while the simulator goes on (attribute Threads).
 *
 * With the memo, Run, RunRows and Transcode only note how a tensor is made. What results need is an
 * answer: Prepare, Predict and MaxError look for it by the identity of the result, in memory and in
 * a file that processes share (attribute Store), and only if nobody knows it, slices run, from the
 * nearest stored tensors on. Without, each Run and RunRows really runs layers.
 *
 * What goes wrong in a thread is thrown by the next call that needs it, at the latest by Finish.
 * The threads begin with the first work and end in Finish: a process may fork before and after.
 * Names of sequences, which Extend gives, end there, too.
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
    void Prepare(const TensorId& result) override;
    void Finish() override;
    std::vector<Prediction> Predict(const TensorId& result) override;
    uint32_t InputOf(uint32_t model, uint32_t number) const override;
    TensorId Extend(const TensorId& result) override;
    void CheckGeneration(uint32_t model, uint32_t promptTokens) const override;
    std::vector<int64_t> Labels(uint32_t model, uint32_t input) override;
    std::optional<double> MaxError(const TensorId& result) override;
    std::string Describe() const override;

    /// Number of slices and strips that LibTorch really ran so far (for tests and benchmarks).
    /// Call Finish before: threads may be at work.
    uint64_t SlicesRun() const;

    /// How often LibTorch ran whole models, to compare results with.
    uint64_t WholesRun() const;

  protected:
    void DoDispose() override;

  private:
    class Impl; //!< everything that knows LibTorch
    std::unique_ptr<Impl> m_impl;
    bool m_memo;           //!< attribute Memo
    uint64_t m_storeBytes; //!< attribute StoreBytes
    uint32_t m_threads;    //!< attribute Threads
    std::string m_store;   //!< attribute Store
    uint64_t m_inputSeed;  //!< attribute InputSeed
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_ENGINE_H

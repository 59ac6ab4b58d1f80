// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_STRIPS_H
#define MDI_TORCH_STRIPS_H

#include "mdi-row-strip.h"
#include "mdi-torch-slicer.h"

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Rows of the tensors of one layer, or of one input of the model.
struct StripPiece
{
    int32_t layer;                  //!< -1-i: input i of the model
    RowRange rows;                  //!< which rows; {0, 1} of an output without rows
    std::vector<at::Tensor> bundle; //!< of so many rows, in the order of Layer::outputs
};

/// To be raised with every change of what strips hold, to the last bit: see JUDGE_VERSION.
constexpr uint32_t STRIPS_VERSION = 1;

/**
 * Computes strips of rows (EdgeFlow-style, reconstructed: papers.md, sections 7.2 and 7.3).
 *
 * Operators run as they are, their own padding included, on a part of their input that is large
 * enough: what they make at its borders is cropped, unless these are the true borders of the layer.
 * So divisors of average pooling, ceil mode and the values of padding are those of the whole layer,
 * and no attribute is changed but the output size of up-sampling. Several threads may run strips at
 * a time.
 */
class TorchStrips
{
  public:
    /// \param slicer cuts the model; must outlive the strips
    explicit TorchStrips(const TorchSlicer& slicer);
    ~TorchStrips();

    /**
     * \param strip which rows of which layers
     * \param pieces hold all rows of StripNeeds
     * \return the rows of the last member's tensors; of the result, the bundle at the last boundary
     * \throws std::runtime_error one line, if a layer fails or reads from another one what is no
     *         tensor
     */
    std::vector<at::Tensor> Run(const RowStrip& strip, std::vector<StripPiece> pieces);

  private:
    struct Operator; //!< a layer made ready to run

    using Values = std::map<std::pair<int32_t, size_t>, c10::IValue>; //!< by layer and output

    const Operator& Prepare(uint32_t layer);

    /**
     * Rows of one layer.
     * \param others what members made that are no tensors; more are added
     */
    StripPiece RunLayer(uint32_t layer,
                        const RowRange& rows,
                        const std::vector<StripPiece>& pieces,
                        Values& others);

    /// Rows of one tensor; zeros in place of rows that no piece has.
    at::Tensor Gather(int32_t layer,
                      size_t inBundle,
                      const RowRange& rows,
                      const std::vector<StripPiece>& pieces) const;

    const TorchSlicer& m_slicer;
    std::mutex m_mutex; //!< guards the operators
    std::map<uint32_t, std::unique_ptr<Operator>> m_operators;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_STRIPS_H

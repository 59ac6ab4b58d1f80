// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_INPUTS_H
#define MDI_TORCH_INPUTS_H

#include "mdi-model-spec.h"

#include <string>
#include <vector>

namespace at
{
class Tensor;
}

namespace ns3
{
namespace mdi
{

/// To be raised with every change of what an input's values are: see JUDGE_VERSION.
constexpr uint32_t INPUTS_VERSION = 1;

/**
 * The data that a model is run on: a folder of pictures, a tensor file, or random numbers.
 *
 * Folder of pictures (PNG, JPEG, BMP, ...): a folder per class, as torchvision's ImageFolder has
 * them; labels count the class folders in the order of their names. Pictures that lie in the folder
 * itself have no label. The order is that of their paths. Read when they are needed.
 *
 * Tensor file: made by torch.save, a tensor with a sample per index of dimension 0, or a dictionary
 * {"inputs": tensor or list of tensors (one per input of the model), "labels": int64 tensor}.
 * Without labels, the tensor or list itself (LibTorch 1.13 cannot read a dictionary of one entry).
 * Samples of unsigned bytes are taken for pictures and prepared as such. All others are converted
 * to the model's type as they are.
 *
 * Input i of a model with batch B holds the samples i B to i B + B - 1, counted around the end of
 * the set.
 */
class TorchInputs
{
  public:
    /// \throws std::runtime_error one line: the set, what is wrong, what would be right
    TorchInputs(const ModelSpec& model, uint64_t seed);

    /// The tensors of one input. \throws std::runtime_error one line: a picture cannot be read
    std::vector<at::Tensor> Get(uint32_t input) const;

    /// What is right, for each sample of the batch; empty if that is not known.
    std::vector<int64_t> Labels(uint32_t input) const;

    /// Inputs that differ: from here on they repeat. 0 if they are random and never do.
    uint64_t Count() const;

  private:
    void ReadFolder();
    void ReadTensorFile();
    int64_t Batch() const;

    ModelSpec m_model;
    uint64_t m_seed;
    size_t m_size = 0;
    std::vector<std::string> m_files;  //!< pictures
    std::vector<at::Tensor> m_tensors; //!< by input; dimension 0 counts samples
    std::vector<int64_t> m_labels;     //!< by sample; -1: none
};

/**
 * A picture as a model expects it: resize, centre crop and normalisation as torchvision's
 * transforms do them (0.14, on PIL pictures; interpolated values may differ by 1 of 255).
 * \param pixels unsigned bytes, channels x height x width
 * \param height of the result
 * \param width of the result
 * \return float32, channels x height x width
 */
at::Tensor PreparePicture(const at::Tensor& pixels,
                          const Preprocess& preprocess,
                          int64_t height,
                          int64_t width);

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_INPUTS_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_JUDGE_H
#define MDI_TORCH_JUDGE_H

#include "mdi-tensor-engine.h"

#include <optional>
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

/// To be raised with every change of what is said of the same tensors: answers that are kept from
/// before then count no more.
constexpr uint32_t JUDGE_VERSION = 1;

/// What the first tensor of a result says: see TensorEngine::Predict.
std::vector<Prediction> PredictionsOf(const at::Tensor& result);

/// Largest absolute difference; infinite between tensors of different shapes or types.
double LargestDifference(const at::Tensor& a, const at::Tensor& b);

/// As text without blanks, bit for bit.
std::string PredictionsText(const std::vector<Prediction>& predictions);
std::vector<Prediction> PredictionsFromText(const std::string& text);
std::string NumberText(double number);
double NumberFromText(const std::string& text);

/// Tensors as text without blanks, bit for bit; empty if they are too large to be kept so.
std::string TensorsText(const std::vector<at::Tensor>& tensors);
std::vector<at::Tensor> TensorsFromText(const std::string& text);

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_JUDGE_H

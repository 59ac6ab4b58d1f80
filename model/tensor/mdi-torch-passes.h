// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_PASSES_H
#define MDI_TORCH_PASSES_H

#include <memory>

namespace torch::jit
{
struct Graph;
struct Module;
} // namespace torch::jit

namespace ns3
{
namespace mdi
{

/**
 * A copy of the module (which shares its tensors) whose forward() calls no submodule: all code is
 * inlined. The call stack of each operator holds the whole path of its module, such as `h.0` and
 * `attn`; LibTorch's own inliner would keep only `0` of `self.h.0`.
 */
torch::jit::Module InlineModule(const torch::jit::Module& module);

/**
 * Lists and dictionaries of tensors that forward() fills step by step (`features.append(x)`,
 * `result["out"] = x`) become new ones at each place that reads them, so that cuts may come between
 * the steps. Changes no number. Left as they are: containers that other containers or nested blocks
 * see.
 */
void ForwardContainers(const std::shared_ptr<torch::jit::Graph>& graph);

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_PASSES_H

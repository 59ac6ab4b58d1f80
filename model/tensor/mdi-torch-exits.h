// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_EXITS_H
#define MDI_TORCH_EXITS_H

#include <cstdint>
#include <memory>
#include <vector>

namespace torch::jit
{
struct Graph;
}

namespace ns3
{
namespace mdi
{

/**
 * Bring the operators of a graph with early exits into the order in which a device would run them:
 * all that the first exit needs, then what the second one needs beside it, and so on. (People often
 * collect feature maps first and call the branches at the end of forward().) An exit's answer that
 * later operators read, too, is copied, so that the exit is an operator of its own.
 *
 * \param graph its outputs are tensors, each made by an operator
 * \param exits which outputs are early exits, by depth
 * \throws std::runtime_error one line, if there is no such output or all are exits
 */
void PrepareExits(const std::shared_ptr<torch::jit::Graph>& graph,
                  const std::vector<uint32_t>& exits);

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_EXITS_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_NAMES_H
#define MDI_TORCH_NAMES_H

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace torch::jit
{
struct Node;
}

namespace ns3
{
namespace mdi
{

/// The names of layers, and the blocks that they belong to, from the modules whose code they are:
/// see TorchSlicer.
class LayerNames
{
  public:
    /// \param nodes of all layers
    explicit LayerNames(const std::vector<const torch::jit::Node*>& nodes);

    /// The name of the next layer: the second one with a name gets a number.
    std::string Next(const torch::jit::Node* node);

    /// The block of a layer.
    std::string BlockOf(const torch::jit::Node* node) const;

  private:
    std::map<std::string, std::set<std::string>> m_families; //!< numbered siblings
    std::map<std::string, uint32_t> m_occurrences;           //!< by name
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_NAMES_H

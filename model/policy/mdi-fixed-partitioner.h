// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FIXED_PARTITIONER_H
#define MDI_FIXED_PARTITIONER_H

#include "mdi-partitioner.h"

#include <string>

namespace ns3
{
namespace mdi
{

/**
 * Slices on workers as somebody has set them, such as a testbed's published split. The attribute
 * Stages lists `WORKER from LAYER`, separated by semicolons; the first stage begins with the model.
 * LAYER is a layer, or a block or scope whose first layer is meant. Workers may come twice, as the
 * starter of a ring does that has the head as well:
 *
 *     orin-a; orin-b from blk.18; orin-a from head
 */
class FixedPartitioner : public Partitioner
{
  public:
    static TypeId GetTypeId();

    /// \throws std::invalid_argument one line: a worker or layer that is not there, or no cut
    Plan MakePlan(const Deployment& deployment, uint32_t source) const override;

  private:
    std::string m_stages; //!< attribute Stages
};

} // namespace mdi
} // namespace ns3

#endif // MDI_FIXED_PARTITIONER_H

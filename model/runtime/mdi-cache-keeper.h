// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_CACHE_KEEPER_H
#define MDI_CACHE_KEEPER_H

#include "mdi-compute-device.h"
#include "mdi-deployment.h"
#include "mdi-local-view.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace ns3
{
namespace mdi
{

/**
 * What a worker remembers of items that generate with a key/value cache, between two passes: the
 * keys and values of the units that ran here, and who it gave the other units to. Later passes of a
 * unit go where the first one went.
 */
class CacheKeeper
{
  public:
    void Configure(Ptr<const Deployment> deployment,
                   Ptr<ComputeDevice> device); //!< before the start
    void Clear();                              //!< forget everything

    /// A router gave a unit to another worker.
    void OnPlaced(const TaskId& reader, uint32_t to);

    /// The unit did not get there.
    void OnTakenBack(const TaskId& reader);

    /// Who has the keys and values of a unit that this worker makes the input of; none: itself.
    std::optional<uint32_t> PlaceOf(const TaskId& reader);

    /// Whether keys and values of the task's unit are here, from a layer on.
    bool Holds(const TaskId& task, uint32_t begin) const;

    /// Take the memory for a unit's keys and values, once. \return false, if there is not enough
    bool Keep(const Task& task);

    /// A pass of a unit has run here: after the last one its keys and values go.
    void OnFinished(const TaskId& task);

    /// The item has ended without a result. \return the workers that it was given to
    std::set<uint32_t> Drop(ItemId item);

    /**
     * Forget items of which nothing has come.
     * \param since when
     * \param isHere whether something of an item is still to run here: that one stays
     */
    void Forget(Time since, const std::function<bool(ItemId)>& isHere);

    /// Whether nothing is remembered.
    bool Empty() const;

  private:
    /// A unit of an item, whatever the pass.
    using ItemUnit = std::pair<ItemId, uint16_t>;

    /// Keys and values of a unit.
    struct Kept
    {
        uint64_t bytes;
        uint32_t begin; //!< first layer of a slice
        Time used;      //!< when it was last
    };

    /// Who has a unit.
    struct Place
    {
        uint32_t node;
        Time used; //!< when it was last
    };

    bool IsLastPass(const TaskId& task) const;

    Ptr<const Deployment> m_deployment;
    Ptr<ComputeDevice> m_device;
    std::map<ItemUnit, Place> m_places;
    std::map<ItemUnit, Kept> m_kept;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_CACHE_KEEPER_H

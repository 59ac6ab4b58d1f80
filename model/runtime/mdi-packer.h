// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PACKER_H
#define MDI_PACKER_H

#include "mdi-compute-device.h"
#include "mdi-deployment.h"
#include "mdi-message.h"

#include "ns3/nstime.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Encodes and stages what a worker sends, before it is sent: codecs on the processor, staging there
 * or beside it, as the deployment says. One message after the other in each place; they hold memory
 * meanwhile, where there is enough.
 */
class Packer
{
  public:
    /// What it needs of its worker.
    struct Host
    {
        Ptr<const Deployment> deployment;                        //!< codecs and staging
        Ptr<ComputeDevice> device;                               //!< its processor and memory
        uint16_t profile = 0;                                    //!< of the device
        std::function<void(Message message, uint32_t to)> ready; //!< may be sent
        std::function<void()> changed; //!< a message waits for the processor, or one is done
    };

    /// Before the start.
    void Configure(Host host);

    /// Forget everything: the device has failed, or the simulation ends.
    void Clear();

    /// Whether a message needs the processor, or time, before it can be sent.
    bool Needs(const Message& message) const;

    /// Pack a message. \param to who it is for
    void Add(Message message, uint32_t to);

    /// Whether a message waits for a slot of the processor that it may have now.
    bool Waits() const;

    /// Occupy a slot, which is idle, with the first one that waits.
    void Start();

    /// Whether there is nothing to pack.
    bool Idle() const;

    /// Whether something of an item is here.
    bool Holds(ItemId item) const;

  private:
    /// A message that cannot be sent yet.
    struct Unpacked
    {
        Message message;
        uint32_t to;    //!< who it is for
        uint64_t bytes; //!< memory that it holds
    };

    void StageBeside(Unpacked packed);
    void Finish(Unpacked packed);
    void EndWork(ItemId item);

    Host m_host;
    std::deque<Unpacked> m_waiting; //!< for the processor
    bool m_onProcessor = false;     //!< one is there
    uint32_t m_beside = 0;          //!< messages that are staged beside it
    Time m_besideFree;              //!< when the thread there is
    std::vector<ItemId> m_atWork;   //!< on the processor or beside it
    uint32_t m_life = 0;            //!< what was begun before Clear is void
};

} // namespace mdi
} // namespace ns3

#endif // MDI_PACKER_H

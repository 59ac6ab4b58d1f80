// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SOURCE_H
#define MDI_SOURCE_H

#include "mdi-admission.h"
#include "mdi-deployment.h"
#include "mdi-window.h"
#include "mdi-worker.h"

#include "ns3/application.h"
#include "ns3/traced-callback.h"

namespace ns3
{
namespace mdi
{

/**
 * A node's data: admits items to the worker of the same node, as its Admission says, and receives
 * their results, or word that they are lost. What comes after an item's end is dropped. Of items
 * that generate, it takes the token of each pass and has the worker begin the next.
 */
class Source : public Application
{
  public:
    /// Trace signature: the item.
    using ItemTracedCallback = void (*)(ItemId item);

    /// Trace signature: the item's result, as it arrived.
    using ResultTracedCallback = void (*)(const Message& result);

    static TypeId GetTypeId();

    Source();
    ~Source() override;

    /**
     * Before the start.
     * \param index of the source in the deployment
     * \param deployment what it is
     * \param worker the worker of the same node
     * \param admission when it releases items
     */
    void Configure(uint32_t index,
                   Ptr<const Deployment> deployment,
                   Ptr<Worker> worker,
                   Ptr<Admission> admission);

    uint32_t GetAdmitted() const;  //!< items so far
    uint32_t GetCompleted() const; //!< items so far
    uint32_t GetEnded() const;     //!< items so far, completed or known to be lost

    /// \return number of streams used
    int64_t AssignStreams(int64_t stream);

  protected:
    void DoDispose() override;

  private:
    /// An item from its admission on, until it and all before it have ended.
    struct Item
    {
        bool ended = false;
        uint16_t passes = 0; //!< that have given their token
    };

    void StartApplication() override;
    void StopApplication() override;
    bool Admit();
    void OnEnd(const Message& end);

    uint32_t m_index = 0;
    Ptr<const Deployment> m_deployment;
    Ptr<Worker> m_worker;
    Ptr<Admission> m_admission;
    Window<Item> m_items; //!< those before it have ended
    uint32_t m_completed = 0;
    uint32_t m_ended = 0;

    TracedCallback<ItemId> m_admittedTrace;
    TracedCallback<const Message&> m_tokenTrace;
    TracedCallback<const Message&> m_completedTrace;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_SOURCE_H

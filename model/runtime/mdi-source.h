// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SOURCE_H
#define MDI_SOURCE_H

#include "mdi-admission.h"
#include "mdi-deployment.h"
#include "mdi-window.h"
#include "mdi-worker.h"

#include "ns3/application.h"
#include "ns3/event-id.h"
#include "ns3/traced-callback.h"

#include <deque>
#include <map>
#include <string>

namespace ns3
{
namespace mdi
{

/**
 * A node's data: admits items to the worker of the same node, as its Admission says, and receives
 * their results, or word that they are lost. What comes after an item's end is dropped. Of items
 * that generate, it takes the token of each pass and has the worker begin the next.
 *
 * With an ItemTimeout, an item of which nothing came back for so long is issued again, unless its
 * task waits on this very node; the last attempt runs here whole (Worker::ALONE). After that, and
 * where keys and values of its earlier passes may be gone, it is lost. While the node's device is
 * off, items that are due are lost at once.
 */
class Source : public Application
{
  public:
    /// Trace signature: the item.
    using ItemTracedCallback = void (*)(ItemId item);

    /// Trace signature: the item and why it was lost.
    using LostTracedCallback = void (*)(ItemId item, const std::string& reason);

    /// Trace signature: the item's result, as it arrived.
    using ResultTracedCallback = void (*)(const Message& result);

    /// Trace signature: the item and the number of the attempt, from 1; Worker::ALONE for the last.
    using RetryTracedCallback = void (*)(ItemId item, uint16_t attempt);

    /// Trace signature: the items that will never be admitted.
    using ClosedTracedCallback = void (*)(uint32_t items);

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
        uint16_t passes = 0;  //!< that have given their token
        uint16_t attempt = 0; //!< at this pass
        uint16_t retries = 0; //!< of this pass
        uint32_t issues = 0;  //!< counts issues: earlier deadlines are void
        Time admitted;
    };

    /// An item is to have given something by then.
    struct Deadline
    {
        Time at;
        uint32_t item;
        uint32_t issue;
    };

    void StartApplication() override;
    void StopApplication() override;
    bool Admit();
    void OnEnd(const Message& end);
    void OnState(Worker::State state);
    void Await(uint32_t item);
    void CheckDeadlines();
    void OnTimeout(uint32_t item);

    uint32_t m_index = 0;
    Ptr<const Deployment> m_deployment;
    Ptr<Worker> m_worker;
    Ptr<Admission> m_admission;
    Window<Item> m_items; //!< those before it have ended
    uint32_t m_completed = 0;
    uint32_t m_ended = 0;
    bool m_off = false;               //!< the device of the node is
    bool m_closed = false;            //!< and stays so
    std::deque<Deadline> m_deadlines; //!< ascending
    EventId m_nextDeadline;
    std::map<uint32_t, Message> m_last; //!< by item, with an ItemTimeout: of the pass before

    Time m_itemTimeout; //!< attribute ItemTimeout
    uint32_t m_retries; //!< attribute Retries

    TracedCallback<ItemId> m_admittedTrace;
    TracedCallback<const Message&> m_tokenTrace;
    TracedCallback<const Message&> m_completedTrace;
    TracedCallback<ItemId, const std::string&> m_lostTrace;
    TracedCallback<ItemId, uint16_t> m_retryTrace;
    TracedCallback<uint32_t> m_closedTrace;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_SOURCE_H

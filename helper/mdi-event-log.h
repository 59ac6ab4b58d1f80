// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_EVENT_LOG_H
#define MDI_EVENT_LOG_H

#include "mdi-compute-energy-model.h"
#include "mdi-helper.h"
#include "mdi-message.h"
#include "mdi-run-listener.h"

#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * What happens to the items of this rank, in memory: a Recorder must see those of all ranks, and
 * they may have gone on past the end of the last item.
 */
class EventLog : public RunListener
{
  public:
    /// \param mdi installed \param spans whether the recorder will record spans
    EventLog(const MdiHelper& mdi, bool spans);

    /// Items of this rank's sources of which the source does not know the end.
    uint64_t Unfinished() const;

    /// All events until now, for EventReplay.
    const std::string& Text() const;

  private:
    friend class EventReplay;

    /// What happened: the listener's calls, and that slots of a device are taken or free.
    enum Kind : uint8_t
    {
        ADMITTED,
        TOKEN,
        COMPLETED,
        LOST,
        CLOSED,
        TX,
        RX,
        STARTED,
        FINISHED,
        QUEUES,
        SERVED,
        BUSY,
    };

    /// It, as far as a Recorder asks; the reason of a loss follows.
    struct Event
    {
        int64_t time = 0;       //!< time steps
        uint64_t number = 0;    //!< of the simulator's event: what one event says stays together
        uint64_t bytes = 0;     //!< on the wire; of SERVED: time steps
        TaskId task;            //!< or the item only
        TensorId tensor;        //!< of a result
        uint32_t first = 0;     //!< node, sender, worker's index, number of items
        uint32_t second = 0;    //!< receiver, queue's length, slots
        uint32_t third = 0;     //!< queue's length
        uint32_t sequence = 0;  //!< of a message
        uint32_t textBytes = 0; //!< of a reason
        uint16_t hops = 0;      //!< of a message
        MessageType type = MessageType::TENSOR;
        Kind kind = ADMITTED;
    };

    void Add(Event event, const std::string& text = "");
    void AddMessage(Event event, const Message& message);
    void OnAdmitted(ItemId item) override;
    void OnToken(const Message& result) override;
    void OnCompleted(const Message& result) override;
    void OnLost(ItemId item, const std::string& reason) override;
    void OnClosed(uint32_t items) override;
    void OnTx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes) override;
    void OnRx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes) override;
    void OnStarted(uint32_t node, const Task& task) override;
    void OnFinished(uint32_t node, const Task& task) override;
    void OnQueues(uint32_t node, uint32_t inputTasks, uint32_t outputTasks) override;
    void OnServed(uint32_t worker, TaskId task, Time took) override;
    void OnBusy(uint32_t worker, uint32_t before, uint32_t now);

    std::vector<Ptr<Source>> m_sources; //!< of this rank
    uint64_t m_items = 0;               //!< that they will admit
    std::string m_text;
};

/**
 * Tells a listener what was logged, at the same simulated times, in a simulation in which nothing
 * else happens: a Recorder ends it as it would have ended the other. Energy models follow.
 */
class EventReplay
{
  public:
    /**
     * \param logs EventLog::Text of each rank
     * \param mdi installed on nodes that nobody simulates
     * \param listener must outlive this
     */
    EventReplay(std::vector<std::string> logs, const MdiHelper& mdi, RunListener& listener);

  private:
    /// A log, and how far it is told.
    struct Log
    {
        std::string text;
        size_t next = 0;
    };

    static EventLog::Event At(const Log& log);
    void ScheduleNext();
    void TellEvent(Log& log);
    void Tell(const EventLog::Event& event, const std::string& text);

    std::vector<Log> m_logs;                             //!< by rank
    std::vector<Ptr<ComputeEnergyModel>> m_energyModels; //!< by worker; null: none
    RunListener& m_listener;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_EVENT_LOG_H

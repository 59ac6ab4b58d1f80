// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RECORDER_H
#define MDI_RECORDER_H

#include "mdi-energy-account.h"
#include "mdi-helper.h"
#include "mdi-message.h"
#include "mdi-transport.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What became of one item.
struct ItemRecord
{
    ItemId id;
    float priority = 1;
    Time admitted;
    std::optional<Time> completed;     //!< when the result was at its source
    std::string lost;                  //!< why it was lost; empty if it was not
    std::optional<uint32_t> exit;      //!< where it left, from 1; the last is the model's end
    double layerFraction = 1;          //!< of the model's layers, how many it passed
    std::vector<int64_t> predictions;  //!< by element of the batch; empty if not known
    std::vector<int64_t> labels;       //!< what is right; empty if not known
    std::optional<double> outputError; //!< largest difference from the whole model's output
    std::optional<Time> firstToken;    //!< of an item that generates: when it was at the source
    uint32_t tokens = 0;               //!< that it has generated
    uint32_t hops = 0; //!< times that its tensors moved between workers, along the longest way
    uint64_t bytesOnWire = 0; //!< our headers and payloads of all its messages, each once
};

/// Something that took time on a device or between two nodes.
struct Span
{
    bool transfer = false; //!< else a task
    uint32_t from = 0;     //!< node: the device, or the sender
    uint32_t to = 0;       //!< the receiver
    Time begin;
    Time end;
    TaskId task;
    uint64_t bytes = 0;                     //!< of a transfer
    MessageType type = MessageType::TENSOR; //!< of a transfer
};

/// The lengths of a worker's queues, from a time on.
struct QueueSample
{
    uint32_t node = 0;
    Time time;
    uint32_t inputTasks = 0;  //!< |I|
    uint32_t outputTasks = 0; //!< |O|
};

/**
 * Listens to the trace sources of a simulation and keeps what the results need; stops the
 * simulation when every item that will be admitted has ended.
 */
class Recorder
{
  public:
    /**
     * \param mdi installed
     * \param spans whether to keep spans and lengths of queues for a timeline
     */
    Recorder(const MdiHelper& mdi, bool spans);

    /// By source, then by item.
    const std::vector<std::vector<ItemRecord>>& Items() const;
    const std::vector<Span>& Spans() const;

    /// Every change of a queue, if spans are kept.
    const std::vector<QueueSample>& Queues() const;

    /// Bytes of messages that belong to no item: beacons, tokens, heartbeats.
    uint64_t ControlBytes() const;

    /// What the devices drew.
    const EnergyAccount& Energy() const;

    /// Items that were admitted and have neither completed nor been lost.
    uint64_t InFlight() const;

  private:
    void OnAdmitted(ItemId item);
    void OnToken(const Message& result);
    void OnCompleted(const Message& result);
    void Judge(const Message& result, ItemRecord& record);
    void OnLost(ItemId item, const std::string& reason);
    void OnTx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes);
    void OnRx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes);
    void OnStarted(uint32_t node, const Task& task);
    void OnFinished(uint32_t node, const Task& task);
    void OnQueues(uint32_t node, uint32_t inputTasks, uint32_t outputTasks);
    void OnEnded();

    Ptr<const Deployment> m_deployment;
    bool m_keepSpans;
    std::vector<std::vector<ItemRecord>> m_items;
    std::vector<Span> m_spans;
    std::vector<QueueSample> m_queues;
    std::map<std::pair<uint32_t, TaskId>, Time> m_running;
    std::map<std::tuple<uint32_t, uint32_t, MessageType, uint32_t>, Time> m_travelling;
    EnergyAccount m_energy;
    uint64_t m_controlBytes = 0;
    uint64_t m_open = 0; //!< items not ended, those not yet admitted included
};

} // namespace mdi
} // namespace ns3

#endif // MDI_RECORDER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RUN_SINK_H
#define MDI_RUN_SINK_H

#include "mdi-message.h"

#include "ns3/nstime.h"

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
    ItemId id;                         //!< source and number
    float priority = 1;                //!< gamma of its source
    Time admitted;                     //!< when its source released it
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
    bool transfer = false;                  //!< else a task
    uint32_t from = 0;                      //!< node: the device, or the sender
    uint32_t to = 0;                        //!< the receiver
    Time begin;                             //!< simulated time
    Time end;                               //!< simulated time
    TaskId task;                            //!< which one, or what the tensor is for
    uint64_t bytes = 0;                     //!< of a transfer
    MessageType type = MessageType::TENSOR; //!< of a transfer
};

/// The lengths of a worker's queues, from a time on.
struct QueueSample
{
    uint32_t node = 0;        //!< the worker's
    Time time;                //!< from when on
    uint32_t inputTasks = 0;  //!< |I|
    uint32_t outputTasks = 0; //!< |O|
};

/**
 * Who takes what a Recorder has of a simulation, while it runs. An exception ends the simulation.
 */
class RunSink
{
  public:
    virtual ~RunSink() = default;

    /**
     * An item of which everything is known. Items of one source come in their order, of different
     * sources in any.
     * \param item valid during the call
     */
    virtual void OnItem(const ItemRecord& item) = 0;

    /// By end, where the recorder is told to record spans.
    virtual void OnSpan(const Span& span) = 0;

    /// Every change of a queue, where the recorder is told to record spans.
    virtual void OnQueue(const QueueSample& sample) = 0;
};

/// Keeps everything in memory: for scripts and tests with few items.
class RunCollector : public RunSink
{
  public:
    void OnItem(const ItemRecord& item) override
    {
        if (item.id.source >= items.size())
        {
            items.resize(item.id.source + 1);
        }
        items[item.id.source].push_back(item);
    }

    void OnSpan(const Span& span) override
    {
        spans.push_back(span);
    }

    void OnQueue(const QueueSample& sample) override
    {
        queues.push_back(sample);
    }

    std::vector<std::vector<ItemRecord>> items; //!< by source, as far as there are any; by item
    std::vector<Span> spans;                    //!< by end
    std::vector<QueueSample> queues;            //!< by time
};

} // namespace mdi
} // namespace ns3

#endif // MDI_RUN_SINK_H

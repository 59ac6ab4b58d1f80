// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MESSAGE_H
#define MDI_MESSAGE_H

#include "mdi-layer-graph.h"
#include "mdi-task.h"
#include "mdi-tensor-id.h"
#include "mdi-tensor-specs.h"

#include "ns3/header.h"
#include "ns3/nstime.h"

#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What a message is for. The values go over the wire: never renumber.
enum class MessageType : uint8_t
{
    TENSOR = 0,    //!< an input of a task, for the worker that shall run it
    RESULT = 1,    //!< an item's result, for its source
    BEACON = 2,    //!< the state of a worker, to its one-hop neighbours
    RTC = 3,       //!< PA-MDI: asks a worker to take a task (papers.md, 5.3)
    CTC = 4,       //!< PA-MDI: grants it
    NACK = 5,      //!< PA-MDI: refuses it
    CANCEL = 6,    //!< PA-MDI: gives a grant back
    DONE = 7,      //!< AR-MDI: the task's output has been handed on; its sender may forget it
    TOKEN = 8,     //!< AR-MDI: a new allocation travels down the pipeline
    HEARTBEAT = 9, //!< AR-MDI: a worker lives
    FAILED = 10,   //!< AR-MDI: tells the source that a worker of its pipeline has failed
    LOST = 11,     //!< tells the source that an attempt at an item will give no result
};

/// How many types there are.
constexpr uint8_t MESSAGE_TYPES = static_cast<uint8_t>(MessageType::LOST) + 1;

/// The name in logs and timelines, such as "tensor".
const char* MessageTypeName(MessageType type);

/// Work that waits at a worker for sources of one priority.
struct BacklogEntry
{
    float priority = 0;     //!< gamma_m
    double backlogFlop = 0; //!< B_n of those sources, in FLOP
};

/// A worker's input queue, for MDI-Exit (papers.md, 6.2).
struct QueueReport
{
    uint32_t tasks = 0;  //!< |I_n|: tasks that wait for its processor
    Time servicePerTask; //!< Gamma_n: smoothed time that a task takes, over its slots
};

/// What a worker tells of itself; rides on BEACON, TENSOR, CTC and NACK (papers.md, 5.3).
struct WorkerReport
{
    Time time;                         //!< when the sender took the figures
    uint16_t profile = 0;              //!< index of its device profile in the deployment
    double speedFlopPerS = 0;          //!< F_n
    std::vector<BacklogEntry> backlog; //!< B_n by priority
    std::optional<QueueReport> queue;  //!< for routers that need it
};

/// AR-MDI: the speed of one worker of the pipeline.
struct StageReport
{
    uint32_t node = 0;        //!< the worker
    double speedFlopPerS = 0; //!< s_n, smoothed
    double workFlop = 0;      //!< work of its slice
};

/**
 * What workers and sources say to each other. Only the groups that the type needs go over the
 * wire.
 */
struct Message
{
    MessageType type = MessageType::BEACON; //!< says which groups count
    uint32_t from = 0;                      //!< node id of the sender
    uint32_t sequence = 0;                  //!< counts the sender's messages of this type

    // group task: TENSOR, RESULT, RTC, CTC, NACK, CANCEL, DONE, LOST, TOKEN, FAILED (the last two:
    // only the source, epoch and unit count)
    TaskId task;        //!< which task of which item
    float priority = 1; //!< gamma_m
    Time admitted;      //!< when the item was admitted at its source
    uint16_t hops = 0;  //!< how often tensors moved between workers on the longest way to here
    uint16_t input = 0; //!< TENSOR: which of the unit's inputs this is, from 0; below 2^15

    // group tensor: TENSOR, RESULT
    TensorId tensor;           //!< names the values
    TensorSpecs tensors;       //!< their shapes and types
    uint64_t payloadBytes = 0; //!< bytes that follow the header; virtual, they carry no values
    bool coded = false;        //!< the payload is what a codec made of the tensors
    std::optional<double> exitThreshold; //!< TENSOR: T_e of the item, where exits are taken

    // group request: RTC
    double key = 0;            //!< the task's place in the order of the sender's queue
    double workFlop = 0;       //!< W_{m,k}
    uint64_t requestBytes = 0; //!< bytes of the tensor that would follow

    // group report: BEACON, TENSOR, CTC, NACK
    WorkerReport report; //!< the sender's load

    // group stages: TENSOR, RESULT, TOKEN: speeds of the pipeline's workers so far
    std::vector<StageReport> stages; //!< by stage

    // group node: CTC, NACK (the worker that is answered), FAILED (the worker that failed)
    uint32_t node = 0; //!< node id

    // group reason: LOST
    std::string reason; //!< why; at most 255 octets go over the wire

    // group token: TOKEN
    double totalSpeedFlopPerS = 0;  //!< S
    double speedSoFarFlopPerS = 0;  //!< p_{n-1}
    uint16_t nextBoundary = 0;      //!< first layer that is not allocated yet
    std::vector<uint32_t> pipeline; //!< node ids of the pipeline, in order
};

/**
 * The module's header in packets. It starts every message; `payloadBytes` octets follow it.
 *
 * Layout, in network byte order: magic "MD", version, type, total header length (4 octets), then
 * the groups of the type, then zeros up to the type's minimum size (control messages take
 * `controlBytes`, 64 by default, as in papers.md 5.3).
 */
class MessageHeader : public Header
{
  public:
    /// Octets in which the length of the whole header can be read.
    static constexpr uint32_t PREFIX_BYTES = 8;

    /// No header is longer; a longer one on the wire is an error.
    static constexpr uint32_t MAX_BYTES = 65536;

    static TypeId GetTypeId();

    MessageHeader() = default;

    /**
     * \param message what to say
     * \param controlBytes control messages (no tensor, no token) are padded to this size
     */
    explicit MessageHeader(const Message& message, uint32_t controlBytes = 64);

    /// The message that was read or given.
    const Message& Get() const;

    /**
     * Total header length in octets, from its first PREFIX_BYTES octets.
     * \return 0 if they do not start a header of ours
     */
    static uint32_t PeekLength(const uint8_t prefix[PREFIX_BYTES]);

    TypeId GetInstanceTypeId() const override;
    uint32_t GetSerializedSize() const override;
    void Serialize(Buffer::Iterator start) const override;

    /// \return octets read, or 0 if they are not a valid header (never reads past the buffer)
    uint32_t Deserialize(Buffer::Iterator start) override;
    void Print(std::ostream& os) const override;

  private:
    Message m_message;
    uint32_t m_minBytes = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_MESSAGE_H

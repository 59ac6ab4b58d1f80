// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_INBOX_H
#define MDI_INBOX_H

#include "mdi-compute-device.h"
#include "mdi-message.h"
#include "mdi-recent-set.h"
#include "mdi-task-hash.h"

#include "ns3/nstime.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Memory that the input of a task holds, from when it is here until the task has run or left.
uint64_t InputBytes(const Message& input);

/**
 * The inputs of a worker's tasks until each has all of them. A task comes out once: what it gets
 * again is a copy (a connection was repeated, or a live worker was taken for dead).
 */
class Inbox
{
  public:
    /// So many tasks are remembered, to know late copies by. A later copy of a tensor runs once
    /// more, and its source drops the result: memory has a bound, and nothing is wrong.
    static constexpr uint32_t REMEMBERED = 16384;

    /// \param device that inputs have memory of; before the start
    void Configure(Ptr<ComputeDevice> device);

    /// Forget everything; the device has forgotten, too.
    void Clear();

    /// \param input of a task that needs \param inputs of them \return whether it was here before
    bool IsCopy(const Message& input, size_t inputs) const;

    /**
     * \param input no copy; its memory is taken
     * \param inputs that the task needs
     * \return all of them, by number, if this was the last one
     */
    std::optional<std::vector<Message>> Add(Message input, size_t inputs);

    /// Drop tasks that still miss inputs, and free what they have of them.
    /// \param which by task and by when its first input came
    void Drop(const std::function<bool(const TaskId& task, Time since)>& which);

    /// Whether no task misses inputs.
    bool Empty() const;

  private:
    /// Inputs of a task that misses others.
    struct Incomplete
    {
        std::map<uint16_t, Message> inputs; //!< by number
        Time since;                         //!< when the first came
    };

    void Remember(const TaskId& task);

    Ptr<ComputeDevice> m_device;
    std::map<TaskId, Incomplete> m_incomplete;
    RecentSet<TaskId, TaskHash> m_complete{REMEMBERED}; //!< tasks that came out
    std::set<std::pair<uint32_t, uint16_t>> m_joins; //!< by source, units that need several inputs
    /// Of those, by source, unit and pass (the rest is 0): the first item that none is after which
    /// m_complete has forgotten.
    std::map<TaskId, uint32_t> m_forgotten;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_INBOX_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TIMELINE_H
#define MDI_TIMELINE_H

#include "mdi-simulation.h"

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What a timeline is made of, wherever it is kept.
struct TimelineData
{
    /// Calls with each element.
    template <typename T>
    using Each = std::function<void(const std::function<void(const T&)>&)>;

    std::string title;             //!< of the process: the system and the run
    Each<Span> spans;              //!< calls with each span, in their order; more than once
    Each<QueueSample> queues;      //!< the same for the lengths of queues
    std::vector<RateSample> rates; //!< of link traces
    std::vector<OffSpan> off;      //!< devices and networks
};

/**
 * A run's spans as events of the Chrome trace-event format, each followed by a comma and a new
 * line: a process per run, in it a thread per device (complete events) and per link (asynchronous
 * events, since several tensors can be under way at once), counters of queues, of the rates of link
 * traces and of networks that are off. A device that is off runs a task "off" of category outage.
 * Times in microseconds.
 *
 * \param os where to
 * \param data of a run that recorded spans
 * \param process number of the process in the file
 * \param devices names of the nodes, by node id
 * \param sources names of the sources
 */
void WriteTimelineEvents(std::ostream& os,
                         const TimelineData& data,
                         uint32_t process,
                         const std::vector<std::string>& devices,
                         const std::vector<std::string>& sources);

/// The same of a run in memory.
void WriteTimelineEvents(std::ostream& os,
                         const RunRecord& record,
                         uint32_t process,
                         const std::vector<std::string>& devices,
                         const std::vector<std::string>& sources);

/// What the process of a run is called.
std::string TimelineTitle(const std::string& system, uint32_t run);

/// What stands before the first event of a file.
extern const char* const TIMELINE_BEGIN;

/// What stands after the last event (and its comma).
extern const char* const TIMELINE_END;

} // namespace mdi
} // namespace ns3

#endif // MDI_TIMELINE_H

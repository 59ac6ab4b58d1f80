// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TIMELINE_H
#define MDI_TIMELINE_H

#include "mdi-simulation.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * A run's spans as events of the Chrome trace-event format, each followed by a comma and a new
 * line: a process per run, in it a thread per device (complete events) and per link (asynchronous
 * events, since several tensors can be under way at once), counters of queues and of the rates of
 * link traces. Times in microseconds.
 *
 * \param os where to
 * \param record a run with spans
 * \param process number of the process in the file
 * \param devices names of the nodes, by node id
 * \param sources names of the sources
 */
void WriteTimelineEvents(std::ostream& os,
                         const RunRecord& record,
                         uint32_t process,
                         const std::vector<std::string>& devices,
                         const std::vector<std::string>& sources);

/// What stands before the first event of a file.
extern const char* const TIMELINE_BEGIN;

/// What stands after the last event (and its comma).
extern const char* const TIMELINE_END;

} // namespace mdi
} // namespace ns3

#endif // MDI_TIMELINE_H

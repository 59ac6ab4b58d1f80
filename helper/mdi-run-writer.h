// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RUN_WRITER_H
#define MDI_RUN_WRITER_H

#include "mdi-spool.h"
#include "mdi-summary-account.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Takes a simulation's results to disk while it runs: rows of items.csv, what the summary needs,
 * and the events of the timeline. Memory does not grow with them.
 */
class RunWriter : public RunSink
{
  public:
    /// A timeline has no more spans; what comes later is left out, and its title says so. (Viewers
    /// give up long before.)
    static constexpr uint64_t MOST_SPANS = 1000000;

    /**
     * \param spool for what is under way; must outlive this object
     * \param system its name
     * \param run from 0
     * \param sources their names
     * \param mostSpans see MOST_SPANS
     */
    RunWriter(Spool& spool,
              const std::string& system,
              uint32_t run,
              const std::vector<std::string>& sources,
              uint64_t mostSpans = MOST_SPANS);

    void OnItem(const ItemRecord& item) override;
    void OnSpan(const Span& span) override;
    void OnQueue(const QueueSample& sample) override;

    /// The rows of items.csv, by source and item.
    void WriteItems(std::ostream& os) const;

    /// The events of timeline.json, see WriteTimelineEvents.
    void WriteTimeline(std::ostream& os,
                       const RunOutcome& outcome,
                       uint32_t process,
                       const std::vector<std::string>& devices) const;

    const SummaryAccount& Summary() const; //!< what summary.csv needs

  private:
    /// The rows of a source.
    struct Rows
    {
        std::string begin; //!< of each row
        Spool::Stream stream;
    };

    Spool& m_spool;
    std::string m_title;
    std::vector<std::string> m_sources;
    SummaryAccount m_summary;
    std::vector<Rows> m_rows; //!< by source
    Spool::Stream m_spans;
    Spool::Stream m_queues;
    uint64_t m_mostSpans;
    uint64_t m_spanCount = 0; //!< those that are left out, too
    std::string m_text;       //!< a row; kept for its memory
};

} // namespace mdi
} // namespace ns3

#endif // MDI_RUN_WRITER_H

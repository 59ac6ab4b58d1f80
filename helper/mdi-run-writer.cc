// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-run-writer.h"

#include "mdi-item-rows.h"
#include "mdi-timeline.h"

#include <algorithm>
#include <ostream>

namespace ns3
{
namespace mdi
{

namespace
{

/// A Span as it is on disk.
struct SpanOnDisk
{
    int64_t begin; //!< time steps
    int64_t end;   //!< time steps
    uint64_t bytes;
    ItemId item;
    uint32_t from;
    uint32_t to;
    uint16_t epoch;
    uint16_t unit;
    uint16_t pass;
    MessageType type;
    bool transfer;
    uint64_t unused[2]; //!< blocks hold a whole number of them
};

/// A QueueSample as it is on disk.
struct QueueOnDisk
{
    int64_t time; //!< time steps
    uint32_t node;
    uint32_t inputTasks;
    uint32_t outputTasks;
    uint32_t unused[3];
};

/// Calls with each record of a stream.
template <typename T, typename Call>
void
ReadRecords(const Spool& spool, Spool::Stream stream, const Call& call)
{
    static_assert(Spool::BLOCK_BYTES % sizeof(T) == 0);
    spool.Read(stream, [&call](const char* data, size_t bytes) {
        const T* records = reinterpret_cast<const T*>(data);
        std::for_each(records, records + bytes / sizeof(T), call);
    });
}

} // namespace

RunWriter::RunWriter(Spool& spool,
                     const std::string& system,
                     uint32_t run,
                     const std::vector<std::string>& sources,
                     uint64_t mostSpans)
    : m_spool(spool),
      m_title(TimelineTitle(system, run)),
      m_sources(sources),
      m_summary(spool, sources.size()),
      m_spans(spool.Open()),
      m_queues(spool.Open()),
      m_mostSpans(mostSpans)
{
    for (const auto& source : sources)
    {
        m_rows.push_back({ItemRowBegin(system, run, source), spool.Open()});
    }
}

void
RunWriter::OnItem(const ItemRecord& item)
{
    m_summary.Add(item);
    const Rows& rows = m_rows.at(item.id.source);
    m_text.clear();
    AppendItemRow(m_text, rows.begin, item);
    m_spool.Append(rows.stream, m_text.data(), m_text.size());
}

void
RunWriter::OnSpan(const Span& span)
{
    if (m_spanCount++ >= m_mostSpans)
    {
        return;
    }
    SpanOnDisk record{};
    record.begin = span.begin.GetTimeStep();
    record.end = span.end.GetTimeStep();
    record.bytes = span.bytes;
    record.item = span.task.item;
    record.from = span.from;
    record.to = span.to;
    record.epoch = span.task.epoch;
    record.unit = span.task.unit;
    record.pass = span.task.pass;
    record.type = span.type;
    record.transfer = span.transfer;
    m_spool.Append(m_spans, &record, sizeof(record));
}

void
RunWriter::OnQueue(const QueueSample& sample)
{
    if (m_spanCount > m_mostSpans)
    {
        return; // both end at the same time
    }
    QueueOnDisk record{};
    record.time = sample.time.GetTimeStep();
    record.node = sample.node;
    record.inputTasks = sample.inputTasks;
    record.outputTasks = sample.outputTasks;
    m_spool.Append(m_queues, &record, sizeof(record));
}

void
RunWriter::WriteItems(std::ostream& os) const
{
    for (const auto& rows : m_rows)
    {
        m_spool.Read(rows.stream, [&os](const char* data, size_t bytes) {
            os.write(data, static_cast<std::streamsize>(bytes));
        });
    }
}

void
RunWriter::WriteTimeline(std::ostream& os,
                         const RunOutcome& outcome,
                         uint32_t process,
                         const std::vector<std::string>& devices) const
{
    TimelineData data;
    data.title = m_title;
    if (m_spanCount > m_mostSpans)
    {
        data.title += ": the first " + std::to_string(m_mostSpans) + " of " +
                      std::to_string(m_spanCount) + " tasks and transfers";
    }
    data.spans = [this](const std::function<void(const Span&)>& call) {
        ReadRecords<SpanOnDisk>(m_spool, m_spans, [&call](const SpanOnDisk& record) {
            Span span;
            span.transfer = record.transfer;
            span.from = record.from;
            span.to = record.to;
            span.begin = Time(record.begin);
            span.end = Time(record.end);
            span.task = {record.item, record.epoch, record.unit, record.pass};
            span.bytes = record.bytes;
            span.type = record.type;
            call(span);
        });
    };
    data.queues = [this](const std::function<void(const QueueSample&)>& call) {
        ReadRecords<QueueOnDisk>(m_spool, m_queues, [&call](const QueueOnDisk& record) {
            call({record.node, Time(record.time), record.inputTasks, record.outputTasks});
        });
    };
    data.rates = outcome.rates;
    data.off = outcome.off;
    WriteTimelineEvents(os, data, process, devices, m_sources);
}

const SummaryAccount&
RunWriter::Summary() const
{
    return m_summary;
}

} // namespace mdi
} // namespace ns3

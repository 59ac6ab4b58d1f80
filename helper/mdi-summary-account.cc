// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-summary-account.h"

#include <algorithm>
#include <cstring>

namespace ns3
{
namespace mdi
{

namespace
{

double
StepsToSeconds(int64_t steps)
{
    return Time(steps).GetSeconds();
}

int64_t
ToBits(double value)
{
    int64_t bits;
    static_assert(sizeof(bits) == sizeof(value));
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
}

double
FromBits(int64_t bits)
{
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

/// The mean of numbers that were added one by one, source after source; none if there are none.
template <typename Parts, typename Series, typename Convert>
std::optional<double>
MeanOf(const Parts& parts, Series series, Convert convert)
{
    uint64_t count = 0;
    double sum = 0;
    for (const auto* part : parts)
    {
        const auto& numbers = part->*series;
        if (count == 0)
        {
            sum = numbers.sum; // the same additions were made when they came
        }
        else
        {
            numbers.samples.Read([&](const int64_t* values, size_t length) {
                for (size_t i = 0; i < length; ++i)
                {
                    sum += convert(values[i]);
                }
            });
        }
        count += numbers.samples.Count();
    }
    return count > 0 ? std::make_optional(sum / static_cast<double>(count)) : std::nullopt;
}

} // namespace

SummaryAccount::Series::Series(Spool& spool)
    : samples(spool)
{
}

SummaryAccount::Totals::Totals(Spool& spool)
    : latencies(spool),
      firstTokens(spool),
      fractions(spool)
{
}

void
SummaryAccount::Counts::Add(const Counts& other)
{
    admitted += other.admitted;
    completed += other.completed;
    lost += other.lost;
    bytesOnWire += other.bytesOnWire;
    labelled += other.labelled;
    right += other.right;
    gaps += other.gaps;
    inGaps += other.inGaps;
    first = Min(first, other.first);
    last = Max(last, other.last);
    if (other.errorMax)
    {
        errorMax = std::max(errorMax.value_or(0), *other.errorMax);
    }
}

SummaryAccount::SummaryAccount(Spool& spool, size_t sources)
    : m_totals(sources, Totals(spool))
{
}

void
SummaryAccount::Add(const ItemRecord& item)
{
    Totals& totals = m_totals.at(item.id.source);
    Counts& counts = totals.counts;
    if (counts.admitted++ == 0)
    {
        totals.priority = item.priority;
    }
    counts.bytesOnWire += item.bytesOnWire;
    counts.first = Min(counts.first, item.admitted);
    if (!item.lost.empty())
    {
        counts.lost++;
        m_lost[item.lost]++;
    }
    if (item.outputError)
    {
        counts.errorMax = std::max(counts.errorMax.value_or(0), *item.outputError);
    }
    if (!item.completed)
    {
        return;
    }
    counts.completed++;
    counts.last = Max(counts.last, *item.completed);
    auto add = [](Series& series, int64_t stored, double value) {
        series.samples.Add(stored);
        series.sum += value;
    };
    const Time latency = *item.completed - item.admitted;
    add(totals.latencies, latency.GetTimeStep(), latency.GetSeconds());
    const size_t answers = std::min(item.labels.size(), item.predictions.size());
    counts.labelled += answers;
    for (size_t i = 0; i < answers; ++i)
    {
        counts.right += item.labels[i] == item.predictions[i] ? 1 : 0;
    }
    if (item.firstToken)
    {
        const Time first = *item.firstToken - item.admitted;
        add(totals.firstTokens, first.GetTimeStep(), first.GetSeconds());
        counts.inGaps += *item.completed - *item.firstToken;
        counts.gaps += item.tokens - 1;
    }
    if (item.exit)
    {
        add(totals.fractions, ToBits(item.layerFraction), item.layerFraction);
    }
}

SummaryRow
SummaryAccount::MakeRow(const Parts& parts)
{
    Counts counts;
    std::vector<const Samples*> latencies;
    for (const Totals* part : parts)
    {
        counts.Add(part->counts);
        latencies.push_back(&part->latencies.samples);
    }
    SummaryRow row;
    row.itemsAdmitted = counts.admitted;
    row.itemsCompleted = counts.completed;
    row.itemsLost = counts.lost;
    row.bytesOnWire = counts.bytesOnWire;
    row.outputErrorMax = counts.errorMax;
    if (counts.labelled > 0)
    {
        row.accuracy = static_cast<double>(counts.right) / static_cast<double>(counts.labelled);
    }
    if (counts.gaps > 0)
    {
        row.itlMeanS = counts.inGaps.GetSeconds() / static_cast<double>(counts.gaps);
    }
    row.latencyMeanS = MeanOf(parts, &Totals::latencies, StepsToSeconds);
    row.ttftMeanS = MeanOf(parts, &Totals::firstTokens, StepsToSeconds);
    row.exitMeanLayerFraction = MeanOf(parts, &Totals::fractions, FromBits);
    if (counts.completed > 0)
    {
        const auto quantiles = Quantiles(latencies, StepsToSeconds, {0.5, 0.95, 0.99});
        row.latencyP50S = quantiles[0];
        row.latencyP95S = quantiles[1];
        row.latencyP99S = quantiles[2];
        row.makespanS = (counts.last - counts.first).GetSeconds();
        if (*row.makespanS > 0)
        {
            row.throughputHz = static_cast<double>(counts.completed) / *row.makespanS;
        }
    }
    return row;
}

std::vector<SummaryRow>
SummaryAccount::Rows(const RunOutcome& outcome, const std::vector<std::string>& sources) const
{
    std::vector<SummaryRow> rows;
    Parts all;
    auto add = [&](SummaryRow row, const std::string& source) {
        row.system = outcome.system;
        row.run = outcome.run;
        row.seed = outcome.seed;
        row.source = source;
        row.generates = outcome.generates;
        rows.push_back(row);
    };
    uint64_t bytes = outcome.controlBytes;
    for (size_t source = 0; source < m_totals.size(); ++source)
    {
        const Totals& totals = m_totals[source];
        all.push_back(&totals);
        SummaryRow row = MakeRow({&totals});
        row.priority = totals.priority;
        if (source < outcome.lateBytes.size())
        {
            row.bytesOnWire += outcome.lateBytes[source];
            bytes += outcome.lateBytes[source];
        }
        if (source < outcome.sourceEnergyJ.size())
        {
            row.energyJ = outcome.sourceEnergyJ[source];
        }
        add(row, sources[source]);
    }
    SummaryRow row = MakeRow(all);
    row.bytesOnWire += bytes;
    row.energyJ = outcome.energyJ;
    add(row, "all");
    return rows;
}

const std::map<std::string, uint64_t>&
SummaryAccount::Lost() const
{
    return m_lost;
}

std::vector<SummaryRow>
Summarize(const RunRecord& record, const std::vector<std::string>& sources)
{
    Spool memory("");
    SummaryAccount account(memory, record.items.size());
    for (const auto& items : record.items)
    {
        for (const auto& item : items)
        {
            account.Add(item);
        }
    }
    return account.Rows(record, sources);
}

} // namespace mdi
} // namespace ns3

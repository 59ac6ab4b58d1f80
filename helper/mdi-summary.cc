// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-summary.h"

#include "mdi-statistics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <iomanip>
#include <map>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

const char* const SUMMARY_COLUMNS =
    "system,run,seed,source,priority,items_admitted,items_completed,items_lost,latency_mean_s,"
    "latency_p50_s,latency_p95_s,latency_p99_s,throughput_hz,accuracy,exit_mean_layer_fraction,"
    "bytes_on_wire,energy_j,makespan_s,output_error_max";

std::string
Text(const std::optional<double>& value)
{
    return value ? RoundTrip(*value) : "";
}

std::optional<double>
ParseNumber(const std::string& text)
{
    if (text.empty())
    {
        return std::nullopt;
    }
    double value = 0;
    const auto end = text.data() + text.size();
    if (std::from_chars(text.data(), end, value).ptr != end)
    {
        throw std::runtime_error("'" + text + "' is no number");
    }
    return value;
}

} // namespace

std::string
SummaryHeader(bool generates)
{
    return std::string(SUMMARY_COLUMNS) + (generates ? ",ttft_mean_s,itl_mean_s" : "");
}

std::string
RoundTrip(double value)
{
    std::string text;
    AppendRoundTrip(text, value);
    return text;
}

void
AppendRoundTrip(std::string& text, double value)
{
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    text.append(digits, end);
}

void
WriteSummaryRow(std::ostream& os, const SummaryRow& row)
{
    os << row.system << ',' << row.run << ',' << row.seed << ',' << row.source << ','
       << Text(row.priority) << ',' << row.itemsAdmitted << ',' << row.itemsCompleted << ','
       << row.itemsLost << ',' << Text(row.latencyMeanS) << ',' << Text(row.latencyP50S) << ','
       << Text(row.latencyP95S) << ',' << Text(row.latencyP99S) << ',' << Text(row.throughputHz)
       << ',' << Text(row.accuracy) << ',' << Text(row.exitMeanLayerFraction) << ','
       << row.bytesOnWire << ',' << Text(row.energyJ) << ',' << Text(row.makespanS) << ','
       << Text(row.outputErrorMax);
    if (row.generates)
    {
        os << ',' << Text(row.ttftMeanS) << ',' << Text(row.itlMeanS);
    }
    os << '\n';
}

SummaryRow
ParseSummaryRow(const std::string& line)
{
    std::vector<std::string> cells;
    std::stringstream stream(line);
    std::string cell;
    while (std::getline(stream, cell, ','))
    {
        cells.push_back(cell);
    }
    if (!line.empty() && line.back() == ',')
    {
        cells.emplace_back();
    }
    if (cells.size() != 19 && cells.size() != 21)
    {
        throw std::runtime_error("a summary row has 19 or 21 columns: " + line);
    }
    auto count = [&cells](size_t i) {
        return static_cast<uint64_t>(ParseNumber(cells[i]).value_or(0));
    };
    SummaryRow row;
    row.system = cells[0];
    row.run = static_cast<uint32_t>(count(1));
    row.seed = static_cast<uint32_t>(count(2));
    row.source = cells[3];
    row.priority = ParseNumber(cells[4]);
    row.itemsAdmitted = count(5);
    row.itemsCompleted = count(6);
    row.itemsLost = count(7);
    row.latencyMeanS = ParseNumber(cells[8]);
    row.latencyP50S = ParseNumber(cells[9]);
    row.latencyP95S = ParseNumber(cells[10]);
    row.latencyP99S = ParseNumber(cells[11]);
    row.throughputHz = ParseNumber(cells[12]);
    row.accuracy = ParseNumber(cells[13]);
    row.exitMeanLayerFraction = ParseNumber(cells[14]);
    row.bytesOnWire = count(15);
    row.energyJ = ParseNumber(cells[16]);
    row.makespanS = ParseNumber(cells[17]);
    row.outputErrorMax = ParseNumber(cells[18]);
    if (cells.size() == 21)
    {
        row.generates = true;
        row.ttftMeanS = ParseNumber(cells[19]);
        row.itlMeanS = ParseNumber(cells[20]);
    }
    return row;
}

void
PrintTable(std::ostream& os, const std::vector<SummaryRow>& rows)
{
    struct Group
    {
        std::string system;
        std::string source;
        std::vector<const SummaryRow*> rows;
    };

    std::vector<Group> groups; // in order of appearance
    for (const auto& row : rows)
    {
        auto group = std::find_if(groups.begin(), groups.end(), [&row](const Group& g) {
            return g.system == row.system && g.source == row.source;
        });
        if (group == groups.end())
        {
            group = groups.insert(groups.end(), {row.system, row.source, {}});
        }
        group->rows.push_back(&row);
    }

    auto cell = [](const Group& group,
                   const std::function<std::optional<double>(const SummaryRow&)>& value,
                   int digits) {
        std::vector<double> values;
        for (const SummaryRow* row : group.rows)
        {
            if (const auto v = value(*row))
            {
                values.push_back(*v);
            }
        }
        if (values.empty())
        {
            return std::string("-");
        }
        const MeanInterval interval = MeanWithInterval(values);
        std::ostringstream text;
        text << std::fixed << std::setprecision(digits) << interval.mean;
        if (!std::isnan(interval.halfWidth))
        {
            text << " +- " << interval.halfWidth;
        }
        return text.str();
    };

    std::vector<std::vector<std::string>> table{{"system",
                                                 "source",
                                                 "mean latency [ms]",
                                                 "p95 [ms]",
                                                 "throughput [items/s]",
                                                 "on the wire [MB]",
                                                 "done",
                                                 "lost"}};
    // Only where labels are known.
    const bool labelled = std::any_of(
        rows.begin(), rows.end(), [](const SummaryRow& r) { return r.accuracy.has_value(); });
    if (labelled)
    {
        table.front().insert(table.front().end() - 2, "accuracy");
    }
    const bool generates =
        std::any_of(rows.begin(), rows.end(), [](const SummaryRow& r) { return r.generates; });
    if (generates)
    {
        table.front().insert(table.front().end() - 2, {"first token [ms]", "next [ms]"});
    }
    const bool metered = std::any_of(
        rows.begin(), rows.end(), [](const SummaryRow& r) { return r.energyJ.has_value(); });
    if (metered)
    {
        table.front().insert(table.front().end() - 2, "energy [J/item]");
    }
    for (const auto& group : groups)
    {
        auto ms = [](const std::optional<double>& s) {
            return s ? std::optional<double>(*s * 1e3) : std::nullopt;
        };
        uint64_t completed = 0;
        uint64_t lost = 0;
        for (const SummaryRow* row : group.rows)
        {
            completed += row->itemsCompleted;
            lost += row->itemsLost;
        }
        table.push_back(
            {group.system,
             group.source,
             cell(
                 group, [&](const SummaryRow& r) { return ms(r.latencyMeanS); }, 1),
             cell(
                 group, [&](const SummaryRow& r) { return ms(r.latencyP95S); }, 1),
             cell(
                 group, [](const SummaryRow& r) { return r.throughputHz; }, 2),
             cell(
                 group,
                 [](const SummaryRow& r) { return std::optional<double>(r.bytesOnWire / 1e6); },
                 2),
             std::to_string(completed),
             std::to_string(lost)});
        if (labelled)
        {
            table.back().insert(table.back().end() - 2,
                                cell(
                                    group, [](const SummaryRow& r) { return r.accuracy; }, 3));
        }
        if (generates)
        {
            const auto ttft = [&](const SummaryRow& r) { return ms(r.ttftMeanS); };
            const auto itl = [&](const SummaryRow& r) { return ms(r.itlMeanS); };
            table.back().insert(table.back().end() - 2,
                                {cell(group, ttft, 1), cell(group, itl, 2)});
        }
        if (metered)
        {
            auto perItem = [](const SummaryRow& r) {
                return r.energyJ && r.itemsCompleted > 0
                           ? std::optional<double>(*r.energyJ / r.itemsCompleted)
                           : std::nullopt;
            };
            table.back().insert(table.back().end() - 2, cell(group, perItem, 3));
        }
    }
    std::vector<size_t> widths(table.front().size(), 0);
    for (const auto& line : table)
    {
        for (size_t i = 0; i < line.size(); ++i)
        {
            widths[i] = std::max(widths[i], line[i].size());
        }
    }
    for (const auto& line : table)
    {
        for (size_t i = 0; i < line.size(); ++i)
        {
            // Names to the left, numbers to the right.
            os << (i < 2 ? std::left : std::right) << std::setw(static_cast<int>(widths[i]))
               << line[i] << (i + 1 < line.size() ? "  " : "\n");
        }
    }
    os << std::right;
}

} // namespace mdi
} // namespace ns3

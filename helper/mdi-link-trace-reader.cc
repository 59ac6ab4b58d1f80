// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-link-trace-reader.h"

#include "mdi-compute-trace-reader.h"
#include "mdi-json-reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace fs = std::filesystem;

const char* const LINK_TRACE_HEADER = "time_s,rate_bps,delay_s,loss";

namespace
{

constexpr double LONGEST_S = 1e9;
constexpr double LONGEST_DELAY_S = 1000;
constexpr double LARGEST_RATE_BPS = 1e12;

/// One line of a file, for messages.
struct Line
{
    const std::string& file;
    size_t number; //!< from 1
    std::vector<std::string> cells;

    [[noreturn]] void Fail(const std::string& wrong, const std::string& right) const
    {
        throw BadInput(file + ":" + std::to_string(number) + ": " + wrong + "; " + right);
    }

    /// A cell as a number in [0, max].
    double Number(size_t column, const std::string& name, double max) const
    {
        const std::string& text = cells[column];
        double value = 0;
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        const std::string what = name + " " + Quoted(text);
        if (error != std::errc() || stop != end)
        {
            Fail(what + " is no number", "write a number such as 0.5 or 2e6");
        }
        if (!std::isfinite(value) || value < 0 || value > max)
        {
            std::ostringstream right;
            right << "a finite number from 0 to " << max;
            Fail(what + " is out of range", right.str());
        }
        return value;
    }

    Time Seconds(size_t column, const std::string& name, double max) const
    {
        return NanoSeconds(std::llround(Number(column, name, max) * 1e9));
    }
};

std::vector<std::string>
Cells(const std::string& line)
{
    std::vector<std::string> cells(1);
    for (const char c : line)
    {
        if (c == ',')
        {
            cells.emplace_back();
        }
        else
        {
            cells.back() += c;
        }
    }
    return cells;
}

/// The lines of a file without their ends; the last may lack one.
std::vector<std::string>
ReadLines(const std::string& file)
{
    std::error_code error;
    std::ifstream stream(file, std::ios::binary);
    if (!stream || fs::is_directory(file, error))
    {
        throw BadInput(file + ": cannot be read; correct the path");
    }
    if (fs::file_size(file, error) > JsonReader::MAX_BYTES || error)
    {
        throw BadInput(file + ": is larger than 64 MiB; cut it, or average its rows");
    }
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);)
    {
        if (!line.empty() && line.back() == '\r')
        {
            line.pop_back();
        }
        lines.push_back(line);
    }
    return lines;
}

void
CheckAscends(const Line& line, Time time, const LinkTrace& trace)
{
    if (trace.rows.empty() && !time.IsZero())
    {
        line.Fail("the first time is " + Quoted(line.cells[0]), "begin with 0");
    }
    if (!trace.rows.empty() && time <= trace.rows.back().time)
    {
        line.Fail("time " + Quoted(line.cells[0]) + " is not after the one before it",
                  "sort the rows by time, each time once");
    }
}

} // namespace

LinkTrace
ReadLinkTrace(const std::string& file)
{
    const std::vector<std::string> lines = ReadLines(file);
    const std::string header = lines.empty() ? "" : lines.front();
    Line line{file, 1, {}};
    if (header != LINK_TRACE_HEADER)
    {
        line.Fail(lines.empty() ? "the file is empty" : "the header is " + Quoted(header),
                  std::string("begin with the line ") + LINK_TRACE_HEADER);
    }
    LinkTrace trace;
    for (line.number = 2; line.number <= lines.size(); ++line.number)
    {
        line.cells = Cells(lines[line.number - 1]);
        if (line.cells.size() != 4)
        {
            line.Fail("the row has " + std::to_string(line.cells.size()) + " columns",
                      std::string("4, as in the header ") + LINK_TRACE_HEADER);
        }
        const Time time = line.Seconds(0, "time_s", LONGEST_S);
        CheckAscends(line, time, trace);
        const bool bare = line.cells[1].empty() && line.cells[2].empty() && line.cells[3].empty();
        if (bare && line.number == lines.size() && !trace.rows.empty())
        {
            trace.end = time;
            break;
        }
        LinkTrace::Row row;
        row.time = time;
        row.rateBps =
            static_cast<uint64_t>(std::llround(line.Number(1, "rate_bps", LARGEST_RATE_BPS)));
        if (!line.cells[2].empty())
        {
            row.delay = line.Seconds(2, "delay_s", LONGEST_DELAY_S);
        }
        if (!line.cells[3].empty())
        {
            row.loss = line.Number(3, "loss", 1);
        }
        trace.rows.push_back(row);
    }
    if (trace.rows.empty())
    {
        line.Fail("there are no rows", "at least one, such as 0,1000000,0.01,0");
    }
    if (std::all_of(
            trace.rows.begin(), trace.rows.end(), [](const auto& row) { return row.rateBps == 0; }))
    {
        line.number = 2;
        line.Fail("all rates are 0, nothing would ever pass", "give a rate above 0 somewhere");
    }
    const size_t rows = trace.rows.size();
    if (trace.end.IsZero() && rows > 1)
    {
        trace.end =
            trace.rows[rows - 1].time + trace.rows[rows - 1].time - trace.rows[rows - 2].time;
    }
    return trace;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-csv-rows.h"

#include "mdi-did-you-mean.h"
#include "mdi-json-reader.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr uintmax_t MAX_BYTES = 1 << 30;

/// A bound for people.
std::string
Words(double value)
{
    std::ostringstream text;
    text << value;
    return text.str();
}

} // namespace

CsvRows::CsvRows(const std::string& file)
    : m_file(OneLine(file))
{
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error))
    {
        throw BadInput(m_file + ": there is no such file; correct the path");
    }
    if (std::filesystem::file_size(file, error) > MAX_BYTES)
    {
        throw BadInput(m_file + ": the file is larger than 1 GiB; cut it");
    }
    std::ifstream stream(file, std::ios::binary);
    m_text.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    if (!stream)
    {
        throw BadInput(m_file + ": cannot be read; make it readable");
    }
    if (!ReadLine(m_header))
    {
        m_line = 1;
        Fail("the file is empty", "a header line, then rows");
    }
}

const std::vector<std::string>&
CsvRows::Header() const
{
    return m_header;
}

size_t
CsvRows::Column(const std::string& name) const
{
    const auto found = std::find(m_header.begin(), m_header.end(), name);
    if (found == m_header.end())
    {
        throw BadInput(m_file + ":1: the header has no column '" + name +
                       "'; it is: " + OneLine(m_text.substr(0, m_text.find('\n')).substr(0, 200)));
    }
    return static_cast<size_t>(found - m_header.begin());
}

bool
CsvRows::ReadLine(std::vector<std::string>& cells)
{
    if (m_at == m_text.size())
    {
        return false;
    }
    m_line++;
    const size_t end = m_text.find('\n', m_at);
    if (end == std::string::npos)
    {
        Fail("the last line is cut off", "every line ends with a line feed");
    }
    std::string line = m_text.substr(m_at, end - m_at);
    m_at = end + 1;
    if (!line.empty() && line.back() == '\r')
    {
        line.pop_back();
    }
    if (line.find('"') != std::string::npos)
    {
        Fail("there is a quote", "cells without quotes and commas in them");
    }
    cells.clear();
    size_t from = 0;
    for (size_t comma = line.find(','); comma != std::string::npos; comma = line.find(',', from))
    {
        cells.push_back(line.substr(from, comma - from));
        from = comma + 1;
    }
    cells.push_back(line.substr(from));
    return true;
}

bool
CsvRows::Next()
{
    if (!ReadLine(m_cells))
    {
        return false;
    }
    if (m_cells.size() != m_header.size())
    {
        Fail("the row has " + std::to_string(m_cells.size()) +
                 (m_cells.size() == 1 ? " cell" : " cells"),
             "the header has " + std::to_string(m_header.size()));
    }
    return true;
}

uint32_t
CsvRows::Line() const
{
    return m_line;
}

const std::string&
CsvRows::Text(size_t column) const
{
    if (m_cells[column].empty())
    {
        Fail(m_header[column] + " is empty", "every row needs it");
    }
    return m_cells[column];
}

double
CsvRows::Number(size_t column, double min, double max) const
{
    const std::string& text = Text(column);
    double value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || !(value >= min && value <= max))
    {
        Fail(m_header[column] + " is " + Quoted(text),
             "a number from " + Words(min) + " to " + Words(max));
    }
    return value;
}

uint64_t
CsvRows::Integer(size_t column, uint64_t max) const
{
    const std::string& text = Text(column);
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value > max)
    {
        Fail(m_header[column] + " is " + Quoted(text),
             "a whole number from 0 to " + std::to_string(max));
    }
    return value;
}

void
CsvRows::Fail(const std::string& wrong, const std::string& right) const
{
    throw BadInput(m_file + ":" + std::to_string(m_line) + ": " + wrong + "; " + right);
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-item-rows.h"

#include "mdi-summary.h"

#include <charconv>
#include <ostream>

namespace ns3
{
namespace mdi
{

const char* const ITEMS_HEADER =
    "system,run,source,item,priority,admitted_s,completed_s,exit,label,prediction,hops,"
    "bytes_on_wire";

namespace
{

template <typename T>
void
AppendInteger(std::string& text, T number)
{
    char digits[24];
    text.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

/// The classes of a batch in one cell.
void
AppendWords(std::string& text, const std::vector<int64_t>& numbers)
{
    for (size_t i = 0; i < numbers.size(); ++i)
    {
        text.append(i > 0 ? 1 : 0, ' ');
        AppendInteger(text, numbers[i]);
    }
}

} // namespace

std::string
ItemRowBegin(const std::string& system, uint32_t run, const std::string& source)
{
    return system + ',' + std::to_string(run) + ',' + source + ',';
}

void
AppendItemRow(std::string& text, const std::string& begin, const ItemRecord& item)
{
    text += begin;
    AppendInteger(text, item.id.item);
    text += ',';
    AppendRoundTrip(text, item.priority);
    text += ',';
    AppendRoundTrip(text, item.admitted.GetSeconds());
    text += ',';
    if (item.completed)
    {
        AppendRoundTrip(text, item.completed->GetSeconds());
    }
    text += ',';
    if (item.exit)
    {
        AppendInteger(text, *item.exit);
    }
    text += ',';
    AppendWords(text, item.labels);
    text += ',';
    AppendWords(text, item.predictions);
    text += ',';
    AppendInteger(text, item.hops);
    text += ',';
    AppendInteger(text, item.bytesOnWire);
    text += '\n';
}

void
WriteItems(std::ostream& os, const RunRecord& record, const std::vector<std::string>& sources)
{
    for (size_t source = 0; source < record.items.size(); ++source)
    {
        const auto begin = ItemRowBegin(record.system, record.run, sources[source]);
        std::string text;
        for (const auto& item : record.items[source])
        {
            AppendItemRow(text, begin, item);
        }
        os << text;
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ITEM_ROWS_H
#define MDI_ITEM_ROWS_H

#include "mdi-simulation.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// The header line of items.csv.
extern const char* const ITEMS_HEADER;

/**
 * Append an item's row of items.csv, with its new line.
 * \param text where to
 * \param begin the first three columns, each with its comma (see ItemRowBegin)
 * \param item what became of it
 */
void AppendItemRow(std::string& text, const std::string& begin, const ItemRecord& item);

/// The columns that all items of a source share: system, run and source.
std::string ItemRowBegin(const std::string& system, uint32_t run, const std::string& source);

/// The rows of items.csv, by source and item.
void WriteItems(std::ostream& os, const RunRecord& record, const std::vector<std::string>& sources);

} // namespace mdi
} // namespace ns3

#endif // MDI_ITEM_ROWS_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_CSV_ROWS_H
#define MDI_CSV_ROWS_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * A strict walk over the rows of a CSV file of ours: a header line, then rows with as many cells,
 * no quotes, every line ended (a last line without its end may have lost digits, too).
 *
 *     CsvRows rows(file);
 *     while (rows.Next()) times.push_back(rows.Number(0, 0, 1e9));
 *
 * All member functions throw BadInput with one line, `FILE:LINE: what is wrong; what would be
 * right`.
 */
class CsvRows
{
  public:
    /// Read a file and its header.
    explicit CsvRows(const std::string& file);

    /// The cells of the header line.
    const std::vector<std::string>& Header() const;

    /// The column of that name, which must be there.
    size_t Column(const std::string& name) const;

    /// Go to the next row. \return false at the end of the file
    bool Next();

    /// Number of the line, from 1.
    uint32_t Line() const;

    /// A cell as it is, which must not be empty.
    const std::string& Text(size_t column) const;

    /// A finite number in [min, max].
    double Number(size_t column, double min, double max) const;

    /// A whole number in [0, max].
    uint64_t Integer(size_t column, uint64_t max) const;

    /// Throw BadInput about this line.
    [[noreturn]] void Fail(const std::string& wrong, const std::string& right) const;

  private:
    /// The next line, split at commas. \return false at the end of the file
    bool ReadLine(std::vector<std::string>& cells);

    std::string m_file;
    std::string m_text;
    size_t m_at = 0; //!< in m_text
    uint32_t m_line = 0;
    std::vector<std::string> m_header;
    std::vector<std::string> m_cells;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_CSV_ROWS_H

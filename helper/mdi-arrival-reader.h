// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ARRIVAL_READER_H
#define MDI_ARRIVAL_READER_H

#include "mdi-compute-trace.h"
#include "mdi-json-reader.h"

#include "ns3/nstime.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * A file of arrivals, one of two kinds by its header:
 * - `time_s,source` or `time_s,source,item`: seconds after the source's start, the source's name,
 *   and the number of the item's input in the model's input set (any file in traces/arrivals);
 * - `items.csv` of a results folder: `admitted_s` is simulated time, and one file holds several
 *   systems and runs.
 * The rows of a source (of a system and run) are in ascending order of time.
 */
class ArrivalFile
{
  public:
    /**
     * Read and check the whole file.
     * \throws BadInput one line: file, line, what is wrong, what would be right
     */
    explicit ArrivalFile(const std::string& file);

    /// Whether this is an items.csv.
    bool IsRecord() const;

    /// What it holds, for people, such as "arrivals, 2 sources, 400 rows".
    std::string Describe() const;

    /// One item.
    struct Row
    {
        Time time;         //!< as in the file
        uint32_t item = 0; //!< the cell `item`
        uint32_t line = 0; //!< of the file
    };

    /// Which rows.
    struct Choice
    {
        std::string source;                //!< whose rows
        std::optional<std::string> system; //!< of a record; the first if not said
        std::optional<uint32_t> run;       //!< of a record; the system's first if not said
    };

    /**
     * The rows of a source, at least one.
     * \throws BadInput one line that says which names, systems or runs there are
     */
    const std::vector<Row>& RowsOf(const Choice& choice) const;

    /// Whether rows say their inputs (a record's never do).
    bool HasInputs() const;

  private:
    using Key = std::tuple<std::string, uint32_t, std::string>; //!< system, run, source

    std::string m_file;
    bool m_record = false;
    bool m_inputs = false;
    std::vector<Key> m_keys; //!< in order of appearance
    std::map<Key, std::vector<Row>> m_rows;
};

/// When a source releases its items, and on which inputs.
struct Arrivals
{
    std::vector<Time> times;      //!< after the source's start, ascending, at least one
    std::vector<uint32_t> inputs; //!< one per time, in the model's input set; empty: not said
};

/// Reads admissions of type "trace". Each file is read once, however many sources name it.
class ArrivalReader
{
  public:
    /**
     * The arrivals of one source. Of a record, item i has the input that it had when it was
     * recorded, by the manifest.json beside it; where there is none, inputs are not said.
     * \param admission {"type": "trace", "file": ..., "as": ..., "system": ..., "run": ...}
     * \param file its file, resolved
     * \param source name of the source, unless `as` names another
     * \param start when the source begins
     * \throws BadInput one line
     */
    Arrivals Read(const JsonReader& admission,
                  const std::string& file,
                  const std::string& source,
                  Time start);

  private:
    std::map<std::string, ArrivalFile> m_files;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_ARRIVAL_READER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PROVENANCE_READER_H
#define MDI_PROVENANCE_READER_H

#include "mdi-compute-trace.h"
#include "mdi-json-reader.h"

#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Read a block `provenance`, as every data file of ours carries it.
 * \param block the block
 * \param kinds what its kind may be
 * \throws BadInput if it is incomplete, of an unknown kind, or calibrated without error_band
 */
Provenance ReadProvenance(const JsonReader& block,
                          const std::vector<std::string>& kinds = {
                              "measured", "published", "calibrated"});

/// Where the rows of a CSV file come from: of a link trace, or of arrivals.
struct FileProvenance
{
    Provenance from;     //!< its kind may also be "synthetic"
    std::string licence; //!< of the data
};

/// The file beside a CSV file that says where it comes from: x.provenance.json for x.csv.
std::string ProvenanceFile(const std::string& csv);

/**
 * Read what lies beside a CSV file (traces/schema/provenance.schema.json).
 * \param csv the CSV file
 * \return nothing if there is no such file
 * \throws BadInput one line
 */
std::optional<FileProvenance> ReadFileProvenance(const std::string& csv);

} // namespace mdi
} // namespace ns3

#endif // MDI_PROVENANCE_READER_H

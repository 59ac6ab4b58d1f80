// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_COMPUTE_TRACE_READER_H
#define MDI_COMPUTE_TRACE_READER_H

#include "mdi-compute-trace.h"
#include "mdi-json-reader.h"

#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Read one power mode of `traces/compute/DEVICE.json` (schema:
 * traces/schema/compute-trace.schema.json). The whole file is checked, the other modes too. Times
 * are rounded to nanoseconds.
 *
 * \param file path of the JSON file
 * \param mode name of the power mode; empty takes the file's default_mode
 * \throws BadInput one line: file, place, what is wrong, what would be right
 */
ComputeTrace ReadComputeTrace(const std::string& file, const std::string& mode = "");

/// The same for a document that is already open.
ComputeTrace ReadComputeTrace(const JsonReader& document, const std::string& mode = "");

/// The power modes that a compute trace describes, sorted. \throws BadInput as ReadComputeTrace
std::vector<std::string> ComputeTraceModes(const std::string& file);

} // namespace mdi
} // namespace ns3

#endif // MDI_COMPUTE_TRACE_READER_H

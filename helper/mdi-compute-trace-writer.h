// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_COMPUTE_TRACE_WRITER_H
#define MDI_COMPUTE_TRACE_WRITER_H

#include "mdi-compute-trace.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/// The service times of one model on one device in one power mode, to be written.
struct MeasuredModel
{
    std::string device;          //!< name in scenarios
    std::string title;           //!< the device for people
    uint64_t memoryBytes = 0;    //!< memory of the device
    Provenance memoryProvenance; //!< where that comes from
    std::string mode;            //!< power mode
    std::string model;           //!< name of the model
    std::string inputs;          //!< what it was given, such as "1x3x32x32 float32"
    Provenance provenance;       //!< of the times
    double spread = 0;           //!< of a whole call: standard deviation over mean
    std::vector<std::pair<std::string, LayerTime>> layers; //!< by name, in the model's order
    std::optional<PassTimes> passes; //!< of a model that was timed at several lengths
    Provenance passesProvenance;     //!< of these, and of the layers' cached times
    uint32_t context = 0;            //!< at which the layers' cached times hold
};

/// What AddToComputeTrace did.
enum class TraceChange
{
    CREATED,  //!< a new file
    ADDED,    //!< the model to a file that was there
    REPLACED, //!< the times that the file had of this model in this mode
};

/**
 * Check, before the work of measuring, that AddToComputeTrace can write the file.
 * \throws BadInput one line: the folder is missing or may not be written, or the file is no
 *         compute trace of this device
 */
void CheckTraceFile(const std::string& file, const std::string& device);

/**
 * Write a compute trace (traces/schema/compute-trace.schema.json), or add the model to the one that
 * is there; all else in it is kept, its title and memory too. The file is replaced as a whole once
 * it is complete and ReadComputeTrace accepts it.
 * \throws BadInput one line, as CheckTraceFile; then nothing has changed
 */
TraceChange AddToComputeTrace(const std::string& file, const MeasuredModel& measured);

} // namespace mdi
} // namespace ns3

#endif // MDI_COMPUTE_TRACE_WRITER_H

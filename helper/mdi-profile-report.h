// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PROFILE_REPORT_H
#define MDI_PROFILE_REPORT_H

#include "mdi-compute-trace-writer.h"
#include "mdi-machine.h"
#include "mdi-torch-profiler.h"

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// The device that a profile is of, and how it was taken.
struct ProfileSubject
{
    std::string device;      //!< name in scenarios
    std::string mode;        //!< power mode
    std::string commandLine; //!< of the program
    std::string date;        //!< such as "2026-11-21"
    Machine machine;         //!< where it was measured
    ProfileOptions options;  //!< how
};

/**
 * Times for a trace: the layers' means, all scaled by one factor, so that they sum to the mean of
 * the whole model, to the nanosecond. Time stamps between the layers cost something, and what a
 * service time means is the model as it runs.
 */
std::vector<LayerTime> ScaledLayers(const ModelTiming& timing);

/// What to write into the compute trace.
MeasuredModel ToMeasuredModel(const ModelTiming& timing, const ProfileSubject& subject);

/**
 * Add what passes over other numbers of tokens take, for models that generate.
 * \param lengths timings of the same model by number of tokens. One token, if it is there, stands
 * for a pass with a key/value cache: its layers read all weights for one token, but attend to no
 * others, so reading a cache is left out
 */
void AddPasses(const std::map<uint32_t, ModelTiming>& lengths,
               const ProfileSubject& subject,
               MeasuredModel& measured);

/// Prints the whole model, the sum of its layers, and the slowest layers and blocks.
void PrintTiming(std::ostream& os, const ModelTiming& timing, const ProfileSubject& subject);

} // namespace mdi
} // namespace ns3

#endif // MDI_PROFILE_REPORT_H

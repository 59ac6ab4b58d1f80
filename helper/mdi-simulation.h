// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SIMULATION_H
#define MDI_SIMULATION_H

#include "mdi-run-sink.h"
#include "mdi-scenario.h"
#include "mdi-tensor-engine.h"

#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// The rate of a link trace from a time on.
struct RateSample
{
    uint32_t network = 0; //!< index in the scenario
    Time time;            //!< from when on
    uint64_t rateBps = 0; //!< [b/s]
};

/// A device or a network was off.
struct OffSpan
{
    bool network = false; //!< else a device
    uint32_t index = 0;   //!< in the scenario
    Time begin;           //!< simulated time
    Time end;             //!< of the outage, or of the simulation
};

/// What one simulation of one system gave, beside what its sink took.
struct RunOutcome
{
    std::string system;              //!< its name
    uint32_t run = 0;                //!< from 0
    uint32_t seed = 1;               //!< with `run`, the ns-3 seed and run number
    bool generates = false;          //!< see SummaryHeader
    std::vector<RateSample> rates;   //!< of a run that records spans, by network and time
    std::vector<OffSpan> off;        //!< of a run that records spans: devices, then networks
    uint64_t controlBytes = 0;       //!< see Recorder
    std::vector<uint64_t> lateBytes; //!< by source; see Recorder
    std::vector<std::optional<double>> sourceEnergyJ; //!< by source; none: not known
    std::optional<double> energyJ;                    //!< of the run; none: not known
    uint64_t unfinished = 0;    //!< admitted or not, without an end when the time limit came
    uint64_t neverAdmitted = 0; //!< see Recorder
};

/// The same with all that the simulation gave in memory: for scripts and tests with few items.
struct RunRecord : RunOutcome, RunCollector
{
};

/**
 * Simulate one system of a scenario from the start to the end of its last item. Each call begins
 * afresh: its outcome does not depend on what was simulated before in this process.
 *
 * \param scenario read and checked
 * \param system one of its systems
 * \param run number of the replication, from 0
 * \param engine from LoadModels
 * \param sink takes items, spans and queues while it runs
 * \param spans record spans for a timeline
 * \throws std::runtime_error one line, if the scenario cannot be built; what the sink throws
 */
RunOutcome Simulate(const Scenario& scenario,
                    const SystemSpec& system,
                    uint32_t run,
                    Ptr<TensorEngine> engine,
                    RunSink& sink,
                    bool spans);

/// The same with everything in memory.
RunRecord Simulate(const Scenario& scenario,
                   const SystemSpec& system,
                   uint32_t run,
                   Ptr<TensorEngine> engine,
                   bool spans);

} // namespace mdi
} // namespace ns3

#endif // MDI_SIMULATION_H

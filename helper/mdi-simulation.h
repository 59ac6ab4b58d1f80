// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SIMULATION_H
#define MDI_SIMULATION_H

#include "mdi-model-reader.h"
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
 * Load the models of a scenario, and check that every device can run them. Layers that a device's
 * trace does not know are added to it, estimated by its law.
 * \param scenario what to load; receives the estimates
 * \param engine reads the files and, unless the scenario says none, runs the layers
 * \param loaded what the engine has of other scenarios; receives what it has not
 * \return `engine`, or one that knows sizes only
 * \throws BadInput one line: a model that cannot be read, a layer without a service time
 */
Ptr<TensorEngine> LoadModels(Scenario& scenario, Ptr<TensorEngine> engine, LoadedModels& loaded);

/// The same with an engine that has no models yet.
Ptr<TensorEngine> LoadModels(Scenario& scenario, Ptr<TensorEngine> engine);

/// A warning for people, one line: which layers are estimated, and how well.
std::string EstimateText(const Scenario::EstimatedLayers& estimate);

/// What planners of static plans expect, by system, then by source; none where a router decides.
using Forecasts = std::vector<std::vector<std::optional<PlanForecast>>>;

/**
 * Build a system of a scenario once without running it: does the network connect all devices, do
 * the weights fit?
 * \param scenario read and checked
 * \param system one of its systems; receives the plans, which are the same in all runs unless these
 *        draw their service times
 * \param engine from LoadModels
 * \return by source
 * \throws BadInput one line
 */
std::vector<std::optional<PlanForecast>> CheckSystem(const Scenario& scenario,
                                                     SystemSpec& system,
                                                     Ptr<TensorEngine> engine);

/// CheckSystem of all its systems.
Forecasts CheckSystems(Scenario& scenario, Ptr<TensorEngine> engine);

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

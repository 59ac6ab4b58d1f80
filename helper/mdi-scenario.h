// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SCENARIO_H
#define MDI_SCENARIO_H

#include "mdi-churn.h"
#include "mdi-compute-trace.h"
#include "mdi-deployment.h"
#include "mdi-generation.h"
#include "mdi-link-trace-reader.h"
#include "mdi-link-trace.h"
#include "mdi-model-spec.h"
#include "mdi-preset.h"
#include "mdi-provenance-reader.h"

#include "ns3/nstime.h"
#include "ns3/object-factory.h"
#include "ns3/vector.h"

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * A scenario file, read and checked (traces/schema/scenario.schema.json describes the format).
 * Paths in it are relative to the file. Everything that can be wrong with it is found here, before
 * anything runs.
 */
struct Scenario
{
    /// A node that computes.
    struct Device
    {
        std::string name;         //!< distinct
        ComputeTrace trace;       //!< of its power mode
        std::string traceFile;    //!< as written
        Vector position;          //!< metres
        uint32_t slots = 1;       //!< units at a time
        std::string distribution; //!< of service times: lognormal, deterministic or exponential
        std::vector<uint32_t> handsTo; //!< devices that it may hand tasks to; empty: all
    };

    /// Links between devices.
    struct Network
    {
        std::string type;                 //!< point-to-point, ethernet, csma, wifi-adhoc or lte
        std::vector<uint32_t> nodes;      //!< indices of devices
        uint64_t rateBps = 0;             //!< all but wifi-adhoc
        Time delay;                       //!< all but wifi-adhoc; lte: as planners assume it
        std::string standard;             //!< wifi-adhoc, such as 802.11n
        std::string dataMode;             //!< wifi-adhoc, such as HtMcs3
        double rangeM = 0;                //!< wifi-adhoc; 0: everybody hears everybody
        uint64_t goodputBps = 0;          //!< wifi-adhoc and lte: what one bulk TCP transfer gets
        uint32_t resourceBlocks = 0;      //!< lte
        std::optional<uint32_t> server;   //!< lte: device behind the gateway, not in nodes
        std::optional<LinkReplay> replay; //!< of a link trace, in front of every device
        std::string traceFile;            //!< as written; empty: no trace
        std::optional<FileProvenance> provenance; //!< of the trace, if a file says it
    };

    /// A source of items.
    struct Source
    {
        std::string name;                     //!< distinct
        uint32_t device = 0;                  //!< index
        uint32_t model = 0;                   //!< of the scenario
        uint32_t loaded = 0;                  //!< of the engine; by LoadModels
        float priority = 1;                   //!< gamma_m
        double accuracy = 1;                  //!< alpha_m
        uint32_t items = 0;                   //!< that it admits
        uint32_t inputOffset = 0;             //!< number of the first item's input
        std::vector<uint32_t> inputs;         //!< by item; empty: from inputOffset on
        Time start;                           //!< simulated time
        ObjectFactory admission;              //!< an Admission
        std::optional<Generation> generation; //!< of items that take several passes
        std::vector<Time> times;              //!< of a trace admission
        std::string arrivalsFile;             //!< that they are from; empty: the scenario itself
    };

    /// Layers that a trace does not know and that its law estimates, of one model.
    struct EstimatedLayers
    {
        std::string traceFile; //!< as written
        std::string mode;      //!< power mode
        std::string model;     //!< its name
        uint32_t layers = 0;   //!< that are estimated
        uint32_t of = 0;       //!< layers of the model
        double errorBand = 0;  //!< of the law; 1.0 reads "a factor 2"
    };

    std::string file;                //!< path of the scenario
    std::string name;                //!< of the results folder, too
    std::string description;         //!< for people
    std::vector<ModelSpec> models;   //!< by name
    std::vector<Device> devices;     //!< as listed
    std::vector<Network> networks;   //!< as listed
    std::vector<Source> sources;     //!< as listed
    std::vector<SystemSpec> systems; //!< what is compared
    uint32_t runs = 1;               //!< replications
    uint32_t seed = 1;               //!< of all random numbers
    uint32_t firstRun = 0;           //!< number of the first run
    std::string network = "packet";  //!< fidelity
    std::string tensors = "memo";    //!< execute, memo or none
    Deployment::Staging staging =
        Deployment::Staging::NONE;   //!< who takes the time to send a message
    std::string traceError = "none"; //!< or sample: each run draws from the traces' error bands
    std::optional<Churn> churn;      //!< what fails
    Time timeLimit;                  //!< simulated time after which a run is given up
    std::vector<EstimatedLayers> estimates; //!< by LoadModels; one for each trace, mode and model
    std::string resolved;                   //!< the document after all changes, as JSON text
};

/// Changes from the command line; empty or 0 leaves the file's value.
struct ScenarioChanges
{
    std::vector<std::string> sets; //!< path=value, such as sources.ts.priority=5
    std::string systems;           //!< names, separated by commas
    std::string network;           //!< packet or flow
    std::string tensors;           //!< execute, memo or none
    std::string traceError;        //!< none or sample
    uint32_t runs = 0;             //!< replications
    uint32_t seed = 0;             //!< of all random numbers
};

/// Whether a source of the scenario generates.
bool Generates(const Scenario& scenario);

/**
 * Read and check a scenario.
 * \throws BadInput one line: file, JSON path, what is wrong, what would be right
 */
Scenario ReadScenario(const std::string& file, const ScenarioChanges& changes = {});

/**
 * Read a scenario file and change it, without checking what comes out.
 * \param changes all but the systems, which choose among those of the document
 * \throws BadInput one line
 */
nlohmann::json ResolveScenario(const std::string& file, const ScenarioChanges& changes = {});

/**
 * Change one field of a scenario's document.
 * \param document the scenario
 * \param path such as sources.ts.priority; an array's element by its number or its "name", all of
 *        its elements by *
 * \param value new
 * \param place of the change, as messages begin
 * \throws BadInput one line
 */
void SetField(nlohmann::json& document,
              const std::string& path,
              const nlohmann::json& value,
              const std::string& place);

/// Compute traces by file and mode (empty: its default), so that each is read once.
using ComputeTraces = std::map<std::pair<std::string, std::string>, ComputeTrace>;

/**
 * The same of a document.
 * \param document of ResolveScenario
 * \param file that it is from: its name stands in messages, paths are relative to it
 * \param systems names, separated by commas; empty: all
 * \param traces those that are known; receives the others
 */
Scenario ReadScenario(const nlohmann::json& document,
                      const std::string& file,
                      const std::string& systems,
                      ComputeTraces& traces);

} // namespace mdi
} // namespace ns3

#endif // MDI_SCENARIO_H

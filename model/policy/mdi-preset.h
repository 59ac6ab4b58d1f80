// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PRESET_H
#define MDI_PRESET_H

#include "mdi-plan.h"

#include "ns3/object-factory.h"

#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * A system: a named combination of strategies. Any combination runs; the published ones are the
 * presets (papers.md section 11.1). Change a strategy by its TypeId, an attribute by its name:
 *
 *     SystemSpec spec = MakePreset("pa-mdi");
 *     spec.router.Set("Overlap", BooleanValue(true));
 */
struct SystemSpec
{
    std::string name;                       //!< in tables and results
    ObjectFactory partitioner;              //!< a Partitioner
    ObjectFactory queue;                    //!< a QueueDiscipline
    ObjectFactory router;                   //!< a Router
    ObjectFactory worker;                   //!< a Worker
    std::optional<ObjectFactory> handshake; //!< a Handshake, if tasks are asked for before sent
    std::optional<ObjectFactory> pipeline;  //!< a Pipeline, if allocations adapt (AR-MDI)
    std::optional<ObjectFactory> codec;     //!< a Codec, if tensors change on the wire
    std::optional<ObjectFactory> exit;      //!< an ExitRule, if early exits are taken
    std::optional<ObjectFactory> admission; //!< an Admission, in place of the sources' own
    std::vector<Plan> plans = {};           //!< by source, if the partitioner was asked before
};

/// Names of the presets, in the order of tables.
std::vector<std::string> PresetNames();

/**
 * The preset of that name.
 * \throws std::invalid_argument if there is none; the text lists the names
 */
SystemSpec MakePreset(const std::string& name);

} // namespace mdi
} // namespace ns3

#endif // MDI_PRESET_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_STRATEGY_READER_H
#define MDI_STRATEGY_READER_H

#include "mdi-json-reader.h"
#include "mdi-preset.h"

#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * The systems of a scenario. Each is the name of a preset, or an object:
 *
 *     {"name": "pa-mdi-fifo", "preset": "pa-mdi", "queue": "ms-mdi",
 *      "router": {"type": "ns3::mdi::PaMdiRouter", "Overlap": true}, "handshake": false}
 *
 * Without "preset", what is not named comes from the preset whose router is named, else from
 * "local". A strategy is the name of a preset (its strategy is taken), or an object of attributes
 * with, if it shall change, the TypeId "type"; "handshake", "pipeline" and "exit" can also be true
 * or false. "admission" is what a source's is, for all of them.
 *
 * \param systems the list of the scenario; all presets if absent
 * \param chosen names separated by commas: keep these, in this order; a preset that the list lacks
 *        may be named, too. Empty keeps all
 * \throws BadInput one line, also if an attribute or a value does not exist
 */
std::vector<SystemSpec> ReadSystems(const std::optional<JsonReader>& systems,
                                    const std::string& chosen);

} // namespace mdi
} // namespace ns3

#endif // MDI_STRATEGY_READER_H

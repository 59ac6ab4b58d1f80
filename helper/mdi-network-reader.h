// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_NETWORK_READER_H
#define MDI_NETWORK_READER_H

#include "mdi-json-reader.h"
#include "mdi-scenario.h"

#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Read one entry of a scenario's "networks".
 * \param json the entry
 * \param devices names of the scenario's devices
 * \throws BadInput one line
 */
Scenario::Network ReadNetwork(const JsonReader& json, const std::vector<std::string>& devices);

} // namespace mdi
} // namespace ns3

#endif // MDI_NETWORK_READER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_VALIDATION_H
#define MDI_VALIDATION_H

#include "mdi-tensor-engine.h"

#include <functional>
#include <string>

namespace ns3
{
namespace mdi
{

/**
 * Check a file of ours as the program that reads it would, with the files that it names: a scenario
 * (models load, devices have their times, systems can be built), a compute trace (all modes), the
 * description of a model, a layer graph, a model, a link trace with its provenance, or arrivals (also
 * items.csv of a results folder).
 *
 * \param file a .json, whose member "format" says what it is, a .pt, or a .csv
 * \param engine makes an engine that reads models; one per file
 * \return what it is, for people, such as "compute trace, 2 power modes"
 * \throws BadInput one line: file, place, what is wrong, what would be right
 */
std::string ValidateFile(const std::string& file, const std::function<Ptr<TensorEngine>()>& engine);

} // namespace mdi
} // namespace ns3

#endif // MDI_VALIDATION_H

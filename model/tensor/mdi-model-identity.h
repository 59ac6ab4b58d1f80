// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MODEL_IDENTITY_H
#define MDI_MODEL_IDENTITY_H

#include "mdi-model-spec.h"

#include <cstdint>
#include <string>

namespace ns3
{
namespace mdi
{

/**
 * A text that stands for a model and its inputs in any process: equal only if the same number of an
 * input means the same values, and the same boundary the same cut. Of files, all bytes count; of a
 * folder of pictures, the order of their names and all of their bytes.
 *
 * \param graph its layers, from which boundaries are counted
 * \param inputSeed of random inputs
 */
std::string ModelIdentity(const ModelSpec& model, const LayerGraph& graph, uint64_t inputSeed);

/// A number as 16 hexadecimal digits.
std::string HexDigits(uint64_t number);

/// The kind of processor of this machine, as its system names it; results may depend on it.
/// \param info the file in which Linux says so
std::string ProcessorName(const std::string& info = "/proc/cpuinfo");

/// The version of this module.
std::string ModuleVersion();

} // namespace mdi
} // namespace ns3

#endif // MDI_MODEL_IDENTITY_H

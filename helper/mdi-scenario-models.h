// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SCENARIO_MODELS_H
#define MDI_SCENARIO_MODELS_H

#include "mdi-model-reader.h"
#include "mdi-scenario.h"
#include "mdi-tensor-engine.h"

#include <string>

namespace ns3
{
namespace mdi
{

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

} // namespace mdi
} // namespace ns3

#endif // MDI_SCENARIO_MODELS_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-scenario-models.h"

#include "mdi-compute-law.h"
#include "mdi-json-reader.h"

#include "ns3/boolean.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

/// Adds to a device's trace what its law says of layers that it does not know.
void
EstimateUnknown(Scenario::Device& device,
                const LayerGraph& graph,
                std::vector<Scenario::EstimatedLayers>& estimates)
{
    const uint32_t unknown = CountUnknownLayers(device.trace, graph);
    if (unknown == 0)
    {
        return;
    }
    device.trace = WithEstimates(device.trace, graph); // throws where there is no law
    const auto same = [&](const Scenario::EstimatedLayers& other) {
        return other.traceFile == device.traceFile && other.mode == device.trace.mode &&
               other.model == graph.Name();
    };
    if (std::none_of(estimates.begin(), estimates.end(), same))
    {
        estimates.push_back({device.traceFile,
                             device.trace.mode,
                             graph.Name(),
                             unknown,
                             graph.Size(),
                             *device.trace.law->provenance.errorBand});
    }
}

} // namespace

Ptr<TensorEngine>
LoadModels(Scenario& scenario, Ptr<TensorEngine> engine)
{
    LoadedModels loaded;
    return LoadModels(scenario, engine, loaded);
}

Ptr<TensorEngine>
LoadModels(Scenario& scenario, Ptr<TensorEngine> engine, LoadedModels& loaded)
{
    engine->SetAttributeFailSafe("Memo", BooleanValue(scenario.tensors != "execute"));
    const auto numbers = LoadModels(scenario.models, *engine, loaded);
    // What a run would stumble over is found before the first one.
    for (uint32_t i = 0; i < scenario.sources.size(); ++i)
    {
        auto& source = scenario.sources[i];
        source.loaded = numbers[source.model];
        const LayerGraph& graph = engine->Graph(source.loaded);
        if (source.generation)
        {
            try
            {
                engine->CheckGeneration(source.loaded, source.generation->promptTokens);
            }
            catch (const std::invalid_argument& error)
            {
                throw BadInput(scenario.file + ": /sources/" + std::to_string(i) +
                               "/generation: " + error.what());
            }
        }
        for (auto& device : scenario.devices)
        {
            try
            {
                EstimateUnknown(device, graph, scenario.estimates);
                const ServiceTable table(device.trace, graph);
                if (source.generation)
                {
                    table.CheckPasses(*source.generation);
                }
            }
            catch (const std::invalid_argument& error)
            {
                throw BadInput(device.traceFile + ": " + error.what());
            }
        }
    }
    return scenario.tensors == "none" ? engine->SizesOnly() : engine;
}

std::string
EstimateText(const Scenario::EstimatedLayers& estimate)
{
    std::ostringstream text;
    text << estimate.traceFile << ", mode " << estimate.mode << ", does not know ";
    if (estimate.layers < estimate.of)
    {
        text << estimate.layers << " of " << estimate.of << " layers of ";
    }
    text << "model '" << estimate.model << "': its law estimates "
         << (estimate.layers < estimate.of
                 ? "them"
                 : "all " + std::to_string(estimate.of) + (estimate.of == 1 ? " layer" : " layers"))
         << " (calibrated, error band ";
    if (estimate.errorBand < 1)
    {
        text << "+-" << estimate.errorBand * 100 << " %";
    }
    else
    {
        text << "a factor " << 1 + estimate.errorBand;
    }
    text << "); ./mdi profile on the device measures them";
    return text.str();
}

} // namespace mdi
} // namespace ns3

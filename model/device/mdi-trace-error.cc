// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-trace-error.h"

#include <cmath>

namespace ns3
{
namespace mdi
{

namespace
{

Time
Scaled(Time time, double factor)
{
    return NanoSeconds(std::llround(static_cast<double>(time.GetNanoSeconds()) * factor));
}

} // namespace

double
ErrorFactor(double band, double u)
{
    return std::exp((2 * u - 1) * std::log1p(band));
}

ComputeTrace
SampleError(const ComputeTrace& trace, Ptr<UniformRandomVariable> uniform)
{
    ComputeTrace sample = trace;
    const double ofStaging = uniform->GetValue(0, 1);
    if (sample.staging && sample.staging->provenance.errorBand)
    {
        const double factor = ErrorFactor(*sample.staging->provenance.errorBand, ofStaging);
        sample.staging->perMessage = Scaled(sample.staging->perMessage, factor);
        sample.staging->perByteS *= factor;
    }
    for (auto& [name, model] : sample.models)
    {
        const double ofModel = uniform->GetValue(0, 1);
        if (model.passes && model.passesProvenance.errorBand)
        {
            // The same draw: a board that is slower than its trace is so with a cache, too.
            const double factor = ErrorFactor(*model.passesProvenance.errorBand, ofModel);
            for (auto& [layer, time] : model.layers)
            {
                time.cached = Scaled(time.cached, factor);
            }
        }
        if (!model.provenance.errorBand)
        {
            continue;
        }
        const double factor = ErrorFactor(*model.provenance.errorBand, ofModel);
        model.dispatch = Scaled(model.dispatch, factor);
        model.least = Scaled(model.least, factor);
        for (auto& [layer, time] : model.layers)
        {
            time.mean = Scaled(time.mean, factor);
        }
    }
    return sample;
}

} // namespace mdi
} // namespace ns3

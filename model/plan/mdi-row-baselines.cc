// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-baselines.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

namespace
{

/// Every layer in strips in proportion to `shares`, or whole on one device.
RowPlan
SharedPlan(const RowModel& model,
           const RowCosts& costs,
           const std::vector<double>& shares,
           uint32_t wholeOn)
{
    std::vector<RowCuts> cuts;
    for (const RowLayer& layer : model.layers)
    {
        cuts.push_back(layer.splittable ? ShareRows(layer.height, shares)
                                        : WholeOn(wholeOn, costs.Devices(), layer.height));
    }
    return EvaluatePlan(model, costs, cuts);
}

} // namespace

RowPlan
SingleDevicePlan(const RowModel& model, const RowCosts& costs, uint32_t device)
{
    std::vector<double> shares(costs.Devices(), 0);
    shares.at(device) = 1;
    return SharedPlan(model, costs, shares, device);
}

std::optional<RowPlan>
BestSingleDevicePlan(const RowModel& model, const RowCosts& costs)
{
    std::optional<RowPlan> best;
    for (uint32_t device = 0; device < costs.Devices(); ++device)
    {
        const RowPlan plan = SingleDevicePlan(model, costs, device);
        if (plan.fits && (!best || Precedes(plan, *best)))
        {
            best = plan;
        }
    }
    return best;
}

RowPlan
EqualStripsPlan(const RowModel& model, const RowCosts& costs)
{
    return SharedPlan(model, costs, std::vector<double>(costs.Devices(), 1), costs.source);
}

std::vector<double>
ModelSpeeds(const RowModel& model, const RowCosts& costs)
{
    CheckRowCosts(model, costs);
    std::vector<double> speeds;
    for (uint32_t k = 0; k < costs.Devices(); ++k)
    {
        double time = 1; // above 0 even where nothing takes time [ns]
        for (uint32_t v = 0; v < model.layers.size(); ++v)
        {
            time += model.IsVirtual(v)
                        ? 0
                        : static_cast<double>(costs.compute[v][k].At(model.layers[v].height));
        }
        speeds.push_back(1 / time);
    }
    return speeds;
}

RowPlan
ProportionalStripsPlan(const RowModel& model, const RowCosts& costs)
{
    const std::vector<double> speeds = ModelSpeeds(model, costs);
    const auto fastest = std::max_element(speeds.begin(), speeds.end()) - speeds.begin();
    return SharedPlan(model, costs, speeds, static_cast<uint32_t>(fastest));
}

} // namespace mdi
} // namespace ns3

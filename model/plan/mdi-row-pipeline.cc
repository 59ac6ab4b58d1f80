// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-pipeline.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr uint32_t MAX_DEVICES = 10;
constexpr int64_t NEVER = std::numeric_limits<int64_t>::max();

uint64_t
OutputBytes(const RowLayer& layer)
{
    return static_cast<uint64_t>(layer.height) * layer.rowBytes;
}

/// Per boundary, the bytes of the tensors that are made before it and read behind it.
std::vector<uint64_t>
CutBytes(const RowModel& model)
{
    std::vector<uint32_t> lastUse(model.layers.size(), 0);
    std::vector<uint64_t> bytes(model.layers.size(), 0);
    for (uint32_t v = 0; v < model.layers.size(); ++v)
    {
        for (const RowInput& input : model.layers[v].inputs)
        {
            lastUse[input.layer] = v;
        }
    }
    for (uint32_t u = 0; u < model.layers.size(); ++u)
    {
        for (uint32_t boundary = u + 1; boundary <= lastUse[u]; ++boundary)
        {
            bytes[boundary] += OutputBytes(model.layers[u]);
        }
    }
    return bytes;
}

/// Time of a device for the whole of a layer [ns].
int64_t
LayerTime(const RowModel& model, const RowCosts& costs, uint32_t layer, uint32_t device)
{
    return costs.compute[layer][device].At(model.layers[layer].height);
}

int64_t
LinkTime(const RowCosts& costs, uint32_t from, uint32_t to, uint64_t bytes)
{
    return from == to ? 0 : costs.links[from][to].Busy(bytes);
}

/// The tables h(l, V, u) of papers.md, section 8, and what led to each entry.
class PipelineTables
{
  public:
    PipelineTables(const RowModel& model, const RowCosts& costs)
        : m_model(model),
          m_costs(costs),
          m_devices(costs.Devices()),
          m_first(model.inputs),
          m_last(static_cast<uint32_t>(model.layers.size()) - 1),
          m_cutBytes(CutBytes(model)),
          m_done((m_last + 1) << m_devices, std::vector<Entry>(m_devices)),
          m_arrived(m_done)
    {
        for (uint32_t u = 0; u < m_devices; ++u)
        {
            Arrived(m_first, 0, u) = {LinkTime(costs, costs.source, u, m_cutBytes[m_first]),
                                      costs.source};
        }
        for (uint32_t l = m_first + 1; l <= m_last; ++l)
        {
            for (uint32_t set = 1; set < (1U << m_devices); ++set)
            {
                Fill(l, set);
            }
        }
    }

    /// The smallest period of a pipeline over exactly these devices with `last` at the end.
    int64_t Period(uint32_t set, uint32_t last) const
    {
        return std::max(Done(m_last, set, last).value,
                        LinkTime(m_costs, last, m_costs.source, m_cutBytes[m_last]));
    }

    /// Its stages.
    std::vector<RowStage> Stages(uint32_t set, uint32_t last) const
    {
        std::vector<RowStage> stages;
        for (uint32_t end = m_last; end > m_first;)
        {
            const uint32_t begin = Done(end, set, last).from;
            stages.push_back({last, begin, end});
            set &= ~(1U << last);
            last = Arrived(begin, set, last).from;
            end = begin;
        }
        std::reverse(stages.begin(), stages.end());
        return stages;
    }

  private:
    /// A period, and the boundary or device before that it comes from.
    struct Entry
    {
        int64_t value = NEVER;
        uint32_t from = 0;
    };

    /// h(l, V, u): layers before l are done by the devices of V, the last ones by u.
    const Entry& Done(uint32_t l, uint32_t set, uint32_t u) const
    {
        return m_done[(l << m_devices) + set][u];
    }

    /// The same by the devices of V, and the tensors at l have been sent to u, which is not in V.
    Entry& Arrived(uint32_t l, uint32_t set, uint32_t u)
    {
        return m_arrived[(l << m_devices) + set][u];
    }

    const Entry& Arrived(uint32_t l, uint32_t set, uint32_t u) const
    {
        return m_arrived[(l << m_devices) + set][u];
    }

    void Fill(uint32_t l, uint32_t set)
    {
        for (uint32_t u = 0; u < m_devices; ++u)
        {
            if ((set >> u) & 1)
            {
                m_done[(l << m_devices) + set][u] = BestStage(l, set & ~(1U << u), u);
            }
        }
        for (uint32_t u = 0; u < m_devices; ++u)
        {
            for (uint32_t d = 0; d < m_devices && ((set >> u) & 1) == 0; ++d)
            {
                const int64_t value =
                    std::max(Done(l, set, d).value, LinkTime(m_costs, d, u, m_cutBytes[l]));
                if (value < Arrived(l, set, u).value)
                {
                    Arrived(l, set, u) = {value, d};
                }
            }
        }
    }

    /// The best first layer of a stage of u that ends at l, after the devices of `before`.
    Entry BestStage(uint32_t l, uint32_t before, uint32_t u) const
    {
        Entry best;
        int64_t time = 0;
        uint64_t weights = 0;
        uint64_t tensors = 0;
        for (uint32_t begin = l; begin-- > m_first;)
        {
            const RowLayer& layer = m_model.layers[begin];
            time = std::min(ROW_TIME_MAX, time + LayerTime(m_model, m_costs, begin, u));
            weights += layer.weightBytes;
            tensors = std::max(tensors, TensorBytes(layer));
            const bool fits = m_costs.memory.empty() || weights + tensors <= m_costs.memory[u];
            if (!fits || time >= best.value)
            {
                break; // a longer stage is no better
            }
            const int64_t value = std::max(Arrived(begin, before, u).value, time);
            if (value < best.value)
            {
                best = {value, begin};
            }
        }
        return best;
    }

    /// The input rows and output rows of the whole layer.
    uint64_t TensorBytes(const RowLayer& layer) const
    {
        uint64_t bytes = OutputBytes(layer);
        for (const RowInput& input : layer.inputs)
        {
            const RowLayer& from = m_model.layers[input.layer];
            bytes += from.rowBytes *
                     static_cast<uint64_t>(
                         RequiredRows(input.rule, {0, layer.height}, from.height).Size());
        }
        return bytes;
    }

    const RowModel& m_model;
    const RowCosts& m_costs;
    uint32_t m_devices;
    uint32_t m_first;
    uint32_t m_last;
    std::vector<uint64_t> m_cutBytes;
    std::vector<std::vector<Entry>> m_done;    //!< [l and set][u]
    std::vector<std::vector<Entry>> m_arrived; //!< [l and set][u]
};

RowPlan
PlanOf(const RowModel& model, const RowCosts& costs, const std::vector<RowStage>& stages)
{
    std::vector<RowCuts> cuts(model.layers.size());
    for (const RowStage& stage : stages)
    {
        for (uint32_t v = stage.begin; v < stage.end; ++v)
        {
            cuts[v] = WholeOn(stage.device, costs.Devices(), model.layers[v].height);
        }
    }
    return EvaluatePlan(model, costs, cuts);
}

} // namespace

bool
operator==(const RowStage& a, const RowStage& b)
{
    return a.device == b.device && a.begin == b.begin && a.end == b.end;
}

int64_t
PipelinePeriod(const RowModel& model, const RowCosts& costs, const std::vector<RowStage>& stages)
{
    const std::vector<uint64_t> cutBytes = CutBytes(model);
    int64_t period = 0;
    uint32_t from = costs.source;
    for (const RowStage& stage : stages)
    {
        int64_t time = 0;
        for (uint32_t v = stage.begin; v < stage.end; ++v)
        {
            time = std::min(ROW_TIME_MAX, time + LayerTime(model, costs, v, stage.device));
        }
        period =
            std::max({period, time, LinkTime(costs, from, stage.device, cutBytes[stage.begin])});
        from = stage.device;
    }
    return std::max(period, LinkTime(costs, from, costs.source, cutBytes.back()));
}

RowPipeline
MinMaxPipeline(const RowModel& model, const RowCosts& costs)
{
    CheckRowCosts(model, costs);
    const uint32_t devices = costs.Devices();
    if (devices > MAX_DEVICES)
    {
        throw std::invalid_argument("a min-max pipeline is planned for up to " +
                                    std::to_string(MAX_DEVICES) + " devices, not " +
                                    std::to_string(devices));
    }
    const PipelineTables tables(model, costs);
    // Period and number of stages decide before what one inference takes.
    std::pair<int64_t, size_t> least{NEVER, 0};
    std::optional<RowPipeline> best;
    for (uint32_t set = 1; set < (1U << devices); ++set)
    {
        for (uint32_t last = 0; last < devices; ++last)
        {
            const int64_t period = ((set >> last) & 1) ? tables.Period(set, last) : NEVER;
            if (period == NEVER || period > least.first)
            {
                continue;
            }
            const std::vector<RowStage> stages = tables.Stages(set, last);
            const std::pair<int64_t, size_t> key{period, stages.size()};
            if (best && key > least)
            {
                continue;
            }
            const RowPlan plan = PlanOf(model, costs, stages);
            if (!best || key < least || Precedes(plan, best->plan))
            {
                best = RowPipeline{stages, period, plan};
                least = key;
            }
        }
    }
    if (!best)
    {
        throw std::invalid_argument("the model does not fit into the memory of the devices");
    }
    return *best;
}

} // namespace mdi
} // namespace ns3

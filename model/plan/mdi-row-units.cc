// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-units.h"

#include "mdi-row-strip.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

namespace ns3
{
namespace mdi
{

namespace
{

/// The devices that run something.
std::set<uint32_t>
UsedDevices(const RowModel& model, const std::vector<RowCuts>& cuts, uint32_t devices)
{
    std::set<uint32_t> used;
    for (uint32_t v = model.inputs; v + 1 < model.layers.size(); ++v)
    {
        for (uint32_t k = 0; k < devices; ++k)
        {
            if (!Strip(cuts[v], k).Empty())
            {
                used.insert(k);
            }
        }
    }
    return used;
}

/// Makes units in topological order, and the forwards of those before them.
class Builder
{
  public:
    explicit Builder(const LayerGraph& graph)
        : m_graph(graph)
    {
    }

    void AddStrip(const std::vector<uint32_t>& members, const RowRange& rows, uint32_t node)
    {
        ExecutionUnit unit;
        unit.op.kind = UnitKind::STRIP;
        unit.op.members = members;
        unit.op.rows = rows;
        Add(unit, node);
        const auto index = static_cast<uint32_t>(m_plan.units.size() - 1);
        m_makers[static_cast<int32_t>(members.back())].push_back(index);
    }

    void AddGather(uint32_t node)
    {
        ExecutionUnit unit;
        unit.op.kind = UnitKind::GATHER;
        Add(unit, node);
    }

    Plan Take()
    {
        if (m_plan.units.size() > std::numeric_limits<uint16_t>::max())
        {
            throw std::invalid_argument("model '" + m_graph.Name() + "' makes " +
                                        std::to_string(m_plan.units.size()) +
                                        " units of strips; at most 65535 can be told apart");
        }
        return std::move(m_plan);
    }

  private:
    void Add(ExecutionUnit unit, uint32_t node)
    {
        unit.node = static_cast<int32_t>(node);
        const auto index = static_cast<uint32_t>(m_plan.units.size());
        for (const StripNeed& need : StripNeeds(m_graph, {0, 0, unit.op.members, unit.op.rows}))
        {
            if (need.layer < 0)
            {
                unit.inputs.push_back({UnitInput::ITEM, need.layer, need.rows});
                continue;
            }
            for (const uint32_t maker : m_makers.at(need.layer))
            {
                ExecutionUnit& from = m_plan.units[maker];
                const RowRange rows = Overlap(need.rows, from.op.rows);
                if (!rows.Empty())
                {
                    from.forwards.push_back({index, static_cast<uint16_t>(unit.inputs.size())});
                    unit.inputs.push_back({static_cast<int32_t>(maker), need.layer, rows});
                }
            }
        }
        if (unit.inputs.empty())
        {
            unit.inputs.push_back({UnitInput::ITEM, -1, {}});
        }
        m_plan.units.push_back(std::move(unit));
    }

    const LayerGraph& m_graph;
    Plan m_plan;
    std::map<int32_t, std::vector<uint32_t>> m_makers; //!< by layer, its strips
};

} // namespace

Plan
MakeRowUnits(const LayerGraph& graph,
             const RowModel& model,
             const std::vector<RowCuts>& cuts,
             const std::vector<uint32_t>& nodes,
             uint32_t source)
{
    const auto devices = static_cast<uint32_t>(nodes.size());
    const bool fits = std::all_of(
        cuts.begin(), cuts.end(), [&](const RowCuts& c) { return c.size() == devices + 1; });
    if (cuts.size() != model.layers.size() || !fits || source >= devices)
    {
        throw std::invalid_argument("expected cuts of every layer, for every device");
    }
    const auto used = UsedDevices(model, cuts, devices);
    if (used.size() == 1)
    {
        return MakeChainPlan({0, graph.Size()}, {nodes[*used.begin()]});
    }
    Builder builder(graph);
    for (uint32_t v = model.inputs; v + 1 < model.layers.size(); ++v)
    {
        for (uint32_t k = 0; k < devices; ++k)
        {
            const RowRange rows = Strip(cuts[v], k);
            if (!rows.Empty())
            {
                builder.AddStrip(model.layers[v].members, rows, nodes[k]);
            }
        }
    }
    builder.AddGather(nodes[source]);
    return builder.Take();
}

Plan
MakePipelineUnits(const LayerGraph& graph,
                  const RowModel& model,
                  const RowPipeline& pipeline,
                  const std::vector<uint32_t>& nodes,
                  uint32_t source)
{
    std::vector<uint32_t> boundaries{0};
    std::vector<uint32_t> workers;
    bool canCut = true;
    for (const RowStage& stage : pipeline.stages)
    {
        uint32_t last = 0;
        for (uint32_t v = stage.begin; v < stage.end; ++v)
        {
            const auto& members = model.layers[v].members;
            canCut = canCut && members.front() >= boundaries.back();
            last = std::max(last, members.back());
        }
        boundaries.push_back(last + 1);
        workers.push_back(nodes.at(stage.device));
        canCut = canCut && graph.CanCut(boundaries.back());
    }
    boundaries.back() = graph.Size(); // with what the result does not need
    return canCut ? MakeChainPlan(boundaries, workers)
                  : MakeRowUnits(graph, model, pipeline.plan.cuts, nodes, source);
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-partitioner.h"

#include "mdi-row-baselines.h"
#include "mdi-row-lp.h"
#include "mdi-row-pipeline.h"
#include "mdi-row-planner.h"
#include "mdi-row-units.h"

#include "ns3/boolean.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(RowPartitioner);

namespace
{

/// Workers that run something; to gather is nothing.
uint32_t
CountWorkers(const Plan& plan)
{
    std::set<int32_t> nodes;
    for (const ExecutionUnit& unit : plan.units)
    {
        if (unit.op.kind != UnitKind::GATHER)
        {
            nodes.insert(unit.node);
        }
    }
    return static_cast<uint32_t>(nodes.size());
}

/// What a plan of slices takes; these, unlike strips, send everything at their end.
PlanForecast
ForecastSlices(const Plan& plan, const Deployment& deployment, uint32_t source)
{
    const LayerGraph& graph = deployment.GraphOf(source);
    const uint32_t home = deployment.Sources()[source].node;
    PlanForecast forecast;
    const auto move = [&](uint32_t from, uint32_t to, uint64_t bytes) {
        if (from != to)
        {
            const PathInfo path = deployment.TensorPath(from, to);
            RowLink link;
            link.latency = path.delay.GetNanoSeconds();
            link.rate = static_cast<double>(path.goodput.GetBitRate());
            forecast.latencyNs += link.latency + link.Busy(bytes);
            forecast.bytesMoved += bytes;
        }
    };
    uint32_t at = home;
    for (const ExecutionUnit& unit : plan.units)
    {
        const auto node = static_cast<uint32_t>(unit.node);
        move(at, node, deployment.CutBytes(source, unit.op.begin));
        const uint16_t profile = deployment.ProfileOf(node);
        forecast.latencyNs += deployment.UnitTime(profile, source, unit.op).GetNanoSeconds();
        at = node;
    }
    move(at, home, deployment.CutBytes(source, graph.Size()));
    return forecast;
}

/// Memory that a worker has left for a source's weights and tensors [bytes].
uint64_t
MemoryLeft(const Deployment& deployment, const Deployment::Worker& worker)
{
    const uint64_t all = deployment.Profile(worker.profile).memoryBytes;
    const uint64_t taken = deployment.WeightBytesOn(worker.node);
    return all == 0 ? std::numeric_limits<uint64_t>::max() : all - std::min(all, taken);
}

/// The whole model as one slice on the worker on which an item takes the least; none if it fits
/// into no memory.
std::optional<Plan>
BestSlice(const Deployment& deployment, uint32_t source)
{
    const LayerGraph& graph = deployment.GraphOf(source);
    const uint64_t bytes = graph.WeightBytes(0, graph.Size()) + graph.CutBytes(0);
    std::optional<Plan> best;
    for (const auto& worker : deployment.Workers())
    {
        if (MemoryLeft(deployment, worker) < bytes)
        {
            continue;
        }
        Plan plan = MakeChainPlan({0, graph.Size()}, {worker.node});
        plan.forecast = ForecastSlices(plan, deployment, source);
        plan.forecast->workers = 1;
        const auto key = [](const Plan& p) {
            return std::make_pair(p.forecast->latencyNs, p.forecast->bytesMoved);
        };
        if (!best || key(plan) < key(*best))
        {
            best = plan;
        }
    }
    return best;
}

/// All that a plan depends on of a model, number by number.
template <typename Add>
void
AddModel(const RowModel& model, const Add& add)
{
    add(model.inputs, model.layers.size());
    for (const RowLayer& layer : model.layers)
    {
        add(layer.members.size(), layer.inputs.size());
        for (const uint32_t member : layer.members)
        {
            add(member);
        }
        for (const RowInput& input : layer.inputs)
        {
            const RowRule& rule = input.rule;
            add(input.layer, rule.kind, rule.kernel, rule.stride);
            add(rule.padding, rule.dilation, rule.factor, rule.offset);
        }
        add(layer.height, layer.rowBytes, layer.weightBytes, layer.flop, layer.splittable);
    }
}

/// And of the devices.
template <typename Add>
void
AddCosts(const RowCosts& costs, const Add& add)
{
    for (const auto& times : costs.compute)
    {
        add(times.size());
        for (const RowTime& time : times)
        {
            add(time.overhead, time.perRow, time.least);
        }
    }
    for (uint32_t j = 0; j < costs.Devices(); ++j)
    {
        add(costs.memory[j]);
        for (const RowLink& link : costs.links[j])
        {
            add(link.latency, link.rate);
        }
    }
}

} // namespace

TypeId
RowPartitioner::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::RowPartitioner")
            .SetParent<Partitioner>()
            .SetGroupName("Mdi")
            .AddConstructor<RowPartitioner>()
            .AddAttribute("Planner",
                          "exact, linear, equal, proportional, pipeline or single",
                          StringValue("exact"),
                          MakeStringAccessor(&RowPartitioner::SetPlanner),
                          MakeStringChecker())
            .AddAttribute("Guard",
                          "exact, linear: keep the best single worker where that is faster",
                          BooleanValue(true),
                          MakeBooleanAccessor(&RowPartitioner::m_guard),
                          MakeBooleanChecker())
            .AddAttribute("Subsets",
                          "exact, linear: also plan for every subset of up to 6 workers",
                          BooleanValue(true),
                          MakeBooleanAccessor(&RowPartitioner::m_subsets),
                          MakeBooleanChecker())
            .AddAttribute("LookAhead",
                          "exact: also plan with a look at where the rows are needed next",
                          BooleanValue(true),
                          MakeBooleanAccessor(&RowPartitioner::m_lookAhead),
                          MakeBooleanChecker())
            .AddAttribute("Fuse",
                          "Element-wise layers run together with the layer that they follow",
                          BooleanValue(true),
                          MakeBooleanAccessor(&RowPartitioner::m_fuse),
                          MakeBooleanChecker())
            .AddAttribute("MaxWorkers",
                          "Plan for at most so many workers: the source and the fastest others "
                          "(pipeline: 10 at most)",
                          UintegerValue(16),
                          MakeUintegerAccessor(&RowPartitioner::m_maxWorkers),
                          MakeUintegerChecker<uint32_t>(1, 63))
            .AddAttribute("SerialRx",
                          "Plan as if a worker received one tensor at a time",
                          BooleanValue(false),
                          MakeBooleanAccessor(&RowPartitioner::m_serialRx),
                          MakeBooleanChecker());
    return tid;
}

void
RowPartitioner::SetPlanner(std::string planner)
{
    static const std::set<std::string> known = {
        "exact", "linear", "equal", "proportional", "pipeline", "single"};
    if (known.count(planner) == 0)
    {
        throw std::invalid_argument("RowPartitioner::Planner is '" + planner +
                                    "'; choose exact, linear, equal, proportional, pipeline or "
                                    "single");
    }
    m_planner = planner;
}

std::vector<Deployment::Worker>
RowPartitioner::ChooseWorkers(const Deployment& deployment, uint32_t source) const
{
    auto workers = deployment.Workers();
    const uint32_t home = deployment.Sources().at(source).node;
    const auto later = [&](const Deployment::Worker& a, const Deployment::Worker& b) {
        const auto key = [&](const Deployment::Worker& w) {
            const ServiceTable& table = deployment.Table(w.profile, source);
            return std::make_pair(w.node != home, table.Mean(0, deployment.GraphOf(source).Size()));
        };
        return key(a) < key(b);
    };
    const size_t most = m_planner == "pipeline" ? std::min(m_maxWorkers, 10U) : m_maxWorkers;
    if (workers.size() > most)
    {
        std::stable_sort(workers.begin(), workers.end(), later);
        workers.resize(most);
    }
    return workers;
}

RowCosts
RowPartitioner::Costs(const Deployment& deployment,
                      uint32_t source,
                      const RowModel& model,
                      const std::vector<Deployment::Worker>& workers)
{
    RowCosts costs;
    costs.compute.resize(model.layers.size());
    costs.links.resize(workers.size(), std::vector<RowLink>(workers.size()));
    for (uint32_t k = 0; k < workers.size(); ++k)
    {
        if (workers[k].node == deployment.Sources().at(source).node)
        {
            costs.source = k;
        }
        costs.memory.push_back(MemoryLeft(deployment, workers[k]));
        for (uint32_t v = model.inputs; v + 1 < model.layers.size(); ++v)
        {
            costs.compute[v].push_back(
                deployment.StripTime(workers[k].profile, source, model.layers[v].members));
        }
        for (uint32_t j = 0; j < workers.size(); ++j)
        {
            if (j != k)
            {
                const PathInfo path = deployment.TensorPath(workers[j].node, workers[k].node);
                costs.links[j][k].latency = path.delay.GetNanoSeconds();
                costs.links[j][k].rate = static_cast<double>(path.goodput.GetBitRate());
            }
        }
    }
    return costs;
}

Plan
RowPartitioner::MakePlan(const Deployment& deployment, uint32_t source) const
{
    const LayerGraph& graph = deployment.GraphOf(source);
    const auto slice = BestSlice(deployment, source);
    // Rows of a language model are tokens, and their number changes: only slices can generate.
    const bool guarding = m_planner == "exact" || m_planner == "linear";
    if (m_planner == "single" || (guarding && slice && deployment.Sources()[source].generation))
    {
        if (!slice)
        {
            throw std::invalid_argument("model '" + graph.Name() +
                                        "' fits into no device's memory; a smaller model, a larger "
                                        "device or a plan over several");
        }
        return *slice;
    }
    const RowModel model = MakeRowModel(graph, m_fuse);
    const auto workers = ChooseWorkers(deployment, source);
    RowCosts costs = Costs(deployment, source, model, workers);
    costs.serialRx = m_serialRx;
    std::vector<uint32_t> nodes;
    for (const auto& worker : workers)
    {
        nodes.push_back(worker.node);
    }
    Plan plan;
    if (m_planner == "pipeline")
    {
        const RowPipeline pipeline = MinMaxPipeline(model, costs);
        plan = MakePipelineUnits(graph, model, pipeline, nodes, costs.source);
        plan.forecast = PlanForecast{pipeline.plan.latency, pipeline.plan.bytesMoved};
    }
    else
    {
        const RowPlan& rows = Remember(model, costs);
        plan = MakeRowUnits(graph, model, rows.cuts, nodes, costs.source);
        plan.forecast = PlanForecast{rows.latency, rows.bytesMoved, rows.guardUsed};
    }
    if (!plan.HasStrips())
    {
        const bool guardUsed = plan.forecast->guardUsed;
        plan.forecast = ForecastSlices(plan, deployment, source);
        plan.forecast->guardUsed = guardUsed;
    }
    // The guard once more: one slice has one call's overhead, where strips have one per layer.
    const bool guarded = m_guard && guarding;
    if (guarded && slice && slice->forecast->latencyNs < plan.forecast->latencyNs)
    {
        plan = *slice;
        plan.forecast->guardUsed = true;
    }
    plan.forecast->workers = CountWorkers(plan);
    return plan;
}

const RowPlan&
RowPartitioner::Remember(const RowModel& model, const RowCosts& costs) const
{
    // Planning takes seconds for large models, and every run of a system plans the same.
    static std::map<std::string, RowPlan> plans;
    constexpr size_t MOST = 100; // of a long sweep in one process
    std::string key = m_planner + ' ';
    const auto add = [&key](auto... numbers) {
        (key.append(reinterpret_cast<const char*>(&numbers), sizeof numbers), ...);
    };
    add(m_guard, m_subsets, m_lookAhead, costs.serialRx, costs.source);
    AddModel(model, add);
    AddCosts(costs, add);
    const auto known = plans.find(key);
    if (known != plans.end())
    {
        return known->second;
    }
    if (plans.size() >= MOST)
    {
        plans.clear();
    }
    return plans[key] = PlanStrips(model, costs);
}

RowPlan
RowPartitioner::PlanStrips(const RowModel& model, const RowCosts& costs) const
{
    if (m_planner == "exact")
    {
        return PlanRows(model, costs, {m_guard, m_subsets, m_lookAhead});
    }
    if (m_planner == "linear")
    {
        RowLpOptions options;
        options.allSubsets = m_subsets;
        return PlanRowsByLp(model, costs, m_guard, options);
    }
    return m_planner == "equal" ? EqualStripsPlan(model, costs)
                                : ProportionalStripsPlan(model, costs);
}

} // namespace mdi
} // namespace ns3

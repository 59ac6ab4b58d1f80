// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-partitioner.h"

#include "mdi-chain-cuts.h"

#include "ns3/boolean.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(Partitioner);
NS_OBJECT_ENSURE_REGISTERED(WholePartitioner);
NS_OBJECT_ENSURE_REGISTERED(EqualWorkPartitioner);
NS_OBJECT_ENSURE_REGISTERED(ExitPartitioner);
NS_OBJECT_ENSURE_REGISTERED(PipelinePartitioner);

namespace
{

std::vector<double>
WorkAt(const LayerGraph& graph, const std::vector<uint32_t>& boundaries)
{
    return CumulatedWork(boundaries, [&graph](uint32_t b, uint32_t e) { return graph.Flop(b, e); });
}

} // namespace

TypeId
Partitioner::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::Partitioner")
                            .SetParent<Object>()
                            .SetGroupName("Mdi")
                            .AddAttribute("AnyLayer",
                                          "Cut at any layer (true) or only between blocks (false)",
                                          BooleanValue(false),
                                          MakeBooleanAccessor(&Partitioner::m_anyLayer),
                                          MakeBooleanChecker());
    return tid;
}

std::vector<uint32_t>
Partitioner::Boundaries(const LayerGraph& graph) const
{
    return m_anyLayer ? graph.LayerBoundaries() : graph.BlockBoundaries();
}

TypeId
WholePartitioner::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::WholePartitioner")
                            .SetParent<Partitioner>()
                            .SetGroupName("Mdi")
                            .AddConstructor<WholePartitioner>();
    return tid;
}

Plan
WholePartitioner::MakePlan(const Deployment& deployment, uint32_t source) const
{
    return MakeChainPlan({0, deployment.GraphOf(source).Size()});
}

TypeId
EqualWorkPartitioner::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::EqualWorkPartitioner")
                            .SetParent<Partitioner>()
                            .SetGroupName("Mdi")
                            .AddConstructor<EqualWorkPartitioner>()
                            .AddAttribute("Parts",
                                          "Number of units, K (tunable default, unverified)",
                                          UintegerValue(5),
                                          MakeUintegerAccessor(&EqualWorkPartitioner::m_parts),
                                          MakeUintegerChecker<uint32_t>(1, 65535));
    return tid;
}

Plan
EqualWorkPartitioner::MakePlan(const Deployment& deployment, uint32_t source) const
{
    const LayerGraph& graph = deployment.GraphOf(source);
    const auto boundaries = Boundaries(graph);
    return MakeChainPlan(EqualWorkCuts(boundaries, WorkAt(graph, boundaries), m_parts));
}

TypeId
ExitPartitioner::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::ExitPartitioner")
                            .SetParent<Partitioner>()
                            .SetGroupName("Mdi")
                            .AddConstructor<ExitPartitioner>()
                            .AddAttribute("Pipeline",
                                          "Unit k runs on the k-th worker of the pipeline, around",
                                          BooleanValue(false),
                                          MakeBooleanAccessor(&ExitPartitioner::m_pipeline),
                                          MakeBooleanChecker());
    return tid;
}

Plan
ExitPartitioner::MakePlan(const Deployment& deployment, uint32_t source) const
{
    const LayerGraph& graph = deployment.GraphOf(source);
    std::vector<uint32_t> boundaries{0};
    for (const Exit& exit : graph.Exits())
    {
        boundaries.push_back(exit.boundary);
    }
    boundaries.push_back(graph.Size());
    std::vector<uint32_t> nodes;
    if (m_pipeline)
    {
        const auto order = PipelinePartitioner::Order(deployment, source);
        for (size_t unit = 0; unit + 1 < boundaries.size(); ++unit)
        {
            nodes.push_back(order[unit % order.size()]);
        }
    }
    return MakeChainPlan(boundaries, nodes);
}

TypeId
PipelinePartitioner::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::PipelinePartitioner")
            .SetParent<Partitioner>()
            .SetGroupName("Mdi")
            .AddConstructor<PipelinePartitioner>()
            .AddAttribute("Allocation",
                          "proportional (shares by speed) or dp (min-max period on private links)",
                          StringValue("proportional"),
                          MakeStringAccessor(&PipelinePartitioner::SetAllocation),
                          MakeStringChecker())
            .AddAttribute("MaxWorkers",
                          "Use at most so many workers; 0: all",
                          UintegerValue(0),
                          MakeUintegerAccessor(&PipelinePartitioner::m_maxWorkers),
                          MakeUintegerChecker<uint32_t>());
    return tid;
}

void
PipelinePartitioner::SetAllocation(std::string allocation)
{
    if (allocation != "proportional" && allocation != "dp")
    {
        throw std::invalid_argument("PipelinePartitioner::Allocation is '" + allocation +
                                    "'; choose proportional or dp");
    }
    m_allocation = allocation;
}

std::vector<uint32_t>
PipelinePartitioner::Order(const Deployment& deployment, uint32_t source)
{
    std::vector<uint32_t> left;
    for (const auto& worker : deployment.Workers())
    {
        left.push_back(worker.node);
    }
    std::sort(left.begin(), left.end());
    const uint32_t first = deployment.Sources()[source].node;
    const uint32_t span = left.back() + 1;
    std::vector<uint32_t> order{first};
    left.erase(std::find(left.begin(), left.end(), first));
    while (!left.empty())
    {
        const uint32_t at = order.back();
        auto distance = [&](uint32_t node) {
            return std::make_pair(deployment.Path(at, node).hops, (node + span - at) % span);
        };
        auto next = std::min_element(left.begin(), left.end(), [&](uint32_t a, uint32_t b) {
            return distance(a) < distance(b);
        });
        order.push_back(*next);
        left.erase(next);
    }
    return order;
}

Plan
PipelinePartitioner::MakePlan(const Deployment& deployment, uint32_t source) const
{
    const LayerGraph& graph = deployment.GraphOf(source);
    const auto boundaries = Boundaries(graph);
    auto order = Order(deployment, source);
    size_t workers = std::min(order.size(), boundaries.size() - 1);
    if (m_maxWorkers > 0)
    {
        workers = std::min<size_t>(workers, m_maxWorkers);
    }
    order.resize(workers);

    auto table = [&](uint32_t n) -> const ServiceTable& {
        return deployment.Table(deployment.ProfileOf(order[n]), source);
    };
    if (m_allocation == "proportional")
    {
        std::vector<double> speeds;
        for (uint32_t n = 0; n < workers; ++n)
        {
            speeds.push_back(table(n).SpeedFlopPerS());
        }
        Plan plan = MakeChainPlan(
            ProportionalCuts(boundaries, WorkAt(graph, boundaries), speeds, 1), order);
        plan.boundaries = boundaries;
        return plan;
    }
    StageCosts costs;
    costs.compute = [&](uint32_t n, uint32_t begin, uint32_t end) {
        return table(n).Mean(begin, end, deployment.PassAt(source, 0)).GetSeconds();
    };
    costs.link = [&](uint32_t n, uint32_t boundary) {
        const uint32_t to = order[(n + 1) % workers];
        return order[n] == to
                   ? 0.0
                   : deployment.TensorPath(order[n], to)
                         .goodput.CalculateBytesTxTime(deployment.CutBytes(source, boundary))
                         .GetSeconds();
    };
    Plan plan = MakeChainPlan(MinMaxCuts(boundaries, static_cast<uint32_t>(workers), costs), order);
    plan.boundaries = boundaries;
    return plan;
}

} // namespace mdi
} // namespace ns3

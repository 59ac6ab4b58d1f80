// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Speeds, epochs and tokens of a Pipeline. Workers that fail are in mdi-pipeline-resilience.cc.

#include "mdi-pipeline.h"

#include "mdi-chain-cuts.h"
#include "mdi-seconds.h"

#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/log.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiPipeline");
NS_OBJECT_ENSURE_REGISTERED(Pipeline);

TypeId
Pipeline::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::Pipeline")
            .SetParent<Object>()
            .SetGroupName("Mdi")
            .AddConstructor<Pipeline>()
            .AddAttribute("Adapt",
                          "Re-allocate layers when speeds change",
                          BooleanValue(true),
                          MakeBooleanAccessor(&Pipeline::m_adapt),
                          MakeBooleanChecker())
            .AddAttribute(
                "HeartbeatInterval",
                "Time between heartbeats; on a saturated radio channel they come late, and a "
                "worker that is only slow must not be taken for dead (tunable default, "
                "unverified)",
                TimeValue(Seconds(1)),
                MakeTimeAccessor(&Pipeline::m_heartbeat),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "MissedHeartbeats",
                "h: a worker that missed so many has failed (tunable default, unverified)",
                UintegerValue(3),
                MakeUintegerAccessor(&Pipeline::m_missed),
                MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("Hysteresis",
                          "Re-allocate only if the slowest stage gets shorter by more than this "
                          "share (tunable default, unverified)",
                          DoubleValue(0.1),
                          MakeDoubleAccessor(&Pipeline::m_hysteresis),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("MinInterval",
                          "Shortest time between re-allocations (tunable default, unverified)",
                          TimeValue(Seconds(1)),
                          MakeTimeAccessor(&Pipeline::m_minInterval),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("OldSpeedWeight",
                          "Weight of the old value in the smoothed speed (0.7 is reported)",
                          DoubleValue(0.7),
                          MakeDoubleAccessor(&Pipeline::m_oldWeight),
                          MakeDoubleChecker<double>(0, 1))
            .AddTraceSource("Allocation",
                            "A token gave this worker its layers",
                            MakeTraceSourceAccessor(&Pipeline::m_allocationTrace),
                            "ns3::mdi::Pipeline::AllocationTracedCallback")
            .AddTraceSource("Failure",
                            "This worker takes another for dead",
                            MakeTraceSourceAccessor(&Pipeline::m_failureTrace),
                            "ns3::mdi::Pipeline::FailureTracedCallback");
    return tid;
}

Pipeline::Pipeline()
    : m_phase(CreateObject<UniformRandomVariable>())
{
}

int64_t
Pipeline::AssignStreams(int64_t stream)
{
    m_phase->SetStream(stream);
    return 1;
}

void
Pipeline::Start(Host host)
{
    m_host = std::move(host);
    m_chains.resize(m_host.deployment->Sources().size());
    ForgetAll();
    ScheduleBeat();
}

void
Pipeline::ForgetAll()
{
    m_kept.clear();
    m_heard.clear();
    m_predecessors.clear();
    m_dead.clear();
    m_speeds.clear();
    for (uint32_t source = 0; source < m_chains.size(); ++source)
    {
        const bool own = m_host.deployment->Sources()[source].node == m_host.self;
        Chain fresh;
        fresh.epoch = own ? m_chains[source].epoch : 0;
        fresh.plans[0] = m_host.deployment->GetPlan(source);
        fresh.order = DeployedOrder(source);
        const auto self = std::find(fresh.order.begin(), fresh.order.end(), m_host.self);
        if (self != fresh.order.end() && self != fresh.order.begin())
        {
            m_predecessors.insert(*(self - 1));
        }
        m_chains[source] = std::move(fresh);
    }
}

std::vector<uint32_t>
Pipeline::DeployedOrder(uint32_t source) const
{
    std::vector<uint32_t> order;
    for (const auto& unit : m_host.deployment->GetPlan(source).units)
    {
        order.push_back(static_cast<uint32_t>(unit.node));
    }
    return order;
}

void
Pipeline::DoDispose()
{
    Stop();
    m_host = Host();
    Object::DoDispose();
}

uint16_t
Pipeline::CurrentEpoch(uint32_t source) const
{
    return m_chains[source].epoch;
}

const Plan*
Pipeline::FindPlan(uint32_t source, uint16_t epoch) const
{
    const auto found = m_chains[source].plans.find(epoch);
    return found == m_chains[source].plans.end() ? nullptr : &found->second;
}

std::vector<uint32_t>
Pipeline::Boundaries(uint32_t source) const
{
    const auto& allowed = m_host.deployment->GetPlan(source).boundaries;
    return allowed.empty() ? m_host.deployment->GraphOf(source).BlockBoundaries() : allowed;
}

double
Pipeline::Speed(uint32_t source) const
{
    const double measured = m_chains[source].speed;
    const auto& deployment = *m_host.deployment;
    return measured > 0
               ? measured
               : deployment.Table(deployment.ProfileOf(m_host.self), source).SpeedFlopPerS();
}

void
Pipeline::OnFinished(const Task& task, Time busy)
{
    const uint32_t source = task.id.item.source;
    const double work = m_host.deployment->GraphOf(source).Flop(task.op.begin, task.op.end);
    if (work <= 0 || busy.IsZero())
    {
        return; // nothing to measure on a slice without counted work
    }
    Chain& chain = m_chains[source];
    const double sample = work / busy.GetSeconds();
    chain.speed = chain.speed > 0 ? m_oldWeight * chain.speed + (1 - m_oldWeight) * sample : sample;
}

StageReport
Pipeline::Stage(const Task& task) const
{
    const uint32_t source = task.id.item.source;
    StageReport report;
    report.node = m_host.self;
    report.speedFlopPerS = Speed(source);
    report.workFlop = m_host.deployment->GraphOf(source).Flop(task.op.begin, task.op.end);
    return report;
}

void
Pipeline::OnTensor(const Message& message)
{
    m_predecessors.insert(message.from);
}

void
Pipeline::OnResult(const Message& message)
{
    const uint32_t source = message.task.item.source;
    Chain& chain = m_chains[source];
    double slowest = 0;
    for (const auto& stage : message.stages)
    {
        m_speeds[source][stage.node] = stage.speedFlopPerS;
        slowest = std::max(slowest, stage.workFlop / stage.speedFlopPerS);
    }
    if (!m_adapt || message.task.epoch != chain.epoch ||
        Simulator::Now() - chain.reallocatedAt < m_minInterval)
    {
        return;
    }
    std::vector<double> speeds;
    double total = 0;
    for (uint32_t node : chain.order)
    {
        const auto known = m_speeds[source].find(node);
        if (known == m_speeds[source].end())
        {
            return;
        }
        speeds.push_back(known->second);
        total += known->second;
    }
    const LayerGraph& graph = m_host.deployment->GraphOf(source);
    const auto boundaries = Boundaries(source);
    const auto work =
        CumulatedWork(boundaries, [&](uint32_t b, uint32_t e) { return graph.Flop(b, e); });
    const auto cuts = ProportionalCuts(boundaries, work, speeds, 1);
    StageCosts costs;
    costs.compute = [&](uint32_t n, uint32_t b, uint32_t e) {
        return graph.Flop(b, e) / speeds[n];
    };
    costs.link = [](uint32_t, uint32_t) { return 0.0; };
    if (Bottleneck(cuts, costs) < (1 - m_hysteresis) * slowest)
    {
        const auto order = chain.order;
        Reallocate(source, order, total);
    }
}

void
Pipeline::Reallocate(uint32_t source, const std::vector<uint32_t>& order, double totalSpeed)
{
    NS_LOG_FUNCTION(this << source << totalSpeed);
    Chain& chain = m_chains[source];
    chain.reallocatedAt = Simulator::Now();
    Message token;
    token.type = MessageType::TOKEN;
    token.task.item.source = source;
    token.task.epoch = static_cast<uint16_t>(chain.epoch + 1);
    token.task.unit = 0;
    token.totalSpeedFlopPerS = totalSpeed;
    token.pipeline = order;
    TakeSlice(token);
}

void
Pipeline::TakeSlice(const Message& token)
{
    const uint32_t source = token.task.item.source;
    const uint16_t position = token.task.unit;
    Chain& chain = m_chains[source];
    const LayerGraph& graph = m_host.deployment->GraphOf(source);
    const auto boundaries = Boundaries(source);
    const size_t after = token.pipeline.size() - 1 - position; // workers behind this one

    const double speedSoFar = token.speedSoFarFlopPerS + Speed(source);
    const double target = graph.Flop(0, graph.Size()) * speedSoFar / token.totalSpeedFlopPerS;
    const auto first = static_cast<size_t>(
        std::lower_bound(boundaries.begin(), boundaries.end(), token.nextBoundary) -
        boundaries.begin());
    const auto work = CumulatedWork(
        boundaries, [&graph](uint32_t begin, uint32_t end) { return graph.Flop(begin, end); });
    const size_t at = NearestCut(work, target, first, after, token.pipeline.size(), 1);

    // Only its own slice is known to a worker; the others' are theirs to know.
    Plan plan = MakeChainPlan(std::vector<uint32_t>(token.pipeline.size() + 1, 0), token.pipeline);
    plan.units[position].op.begin = token.nextBoundary;
    plan.units[position].op.end = boundaries[at];
    chain.plans[token.task.epoch] = plan;
    // Tokens that make a detour come late; epochs may wrap.
    if (static_cast<int16_t>(token.task.epoch - chain.epoch) > 0)
    {
        chain.epoch = token.task.epoch;
        chain.order = token.pipeline;
    }
    m_allocationTrace(source, token.task.epoch, token.nextBoundary, boundaries[at]);

    if (after > 0)
    {
        Message next = token;
        next.task.unit = static_cast<uint16_t>(position + 1);
        next.speedSoFarFlopPerS = speedSoFar;
        next.nextBoundary = static_cast<uint16_t>(boundaries[at]);
        PassOn(next);
    }
}

void
Pipeline::PassOn(Message token)
{
    while (token.task.unit < token.pipeline.size())
    {
        const uint32_t to = token.pipeline[token.task.unit];
        if (!IsDead(token.task.item.source, token.task.epoch, to))
        {
            m_chains[token.task.item.source].passedOn[token.task.epoch] = {to, token};
            m_host.send(to, token);
            return;
        }
        token.task.unit++; // its slice is the next one's
    }
}

void
Pipeline::ForgetTokens(const TaskId& done, uint32_t from)
{
    // The worker has handed an output on, and its token before that.
    auto& passedOn = m_chains[done.item.source].passedOn;
    for (auto kept = passedOn.begin(); kept != passedOn.end() && kept->first <= done.epoch;)
    {
        kept = kept->second.to == from ? passedOn.erase(kept) : std::next(kept);
    }
}

bool
Pipeline::Receive(const Message& message)
{
    switch (message.type)
    {
    case MessageType::DONE: {
        const auto kept = m_kept.find(message.task);
        if (kept != m_kept.end() && kept->second.to == message.from)
        {
            m_kept.erase(kept);
            ForgetTokens(message.task, message.from);
        }
        return false;
    }
    case MessageType::TOKEN:
        m_predecessors.insert(message.from);
        if (FindPlan(message.task.item.source, message.task.epoch))
        {
            return false; // it came around a worker that had passed it on before it failed
        }
        TakeSlice(message);
        return true;
    case MessageType::FAILED:
        OnFailedMessage(message);
        return false;
    default:
        return false; // a HEARTBEAT has said all by arriving
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-flow-network.h"

#include "mdi-flow-transport.h"
#include "mdi-tcp-model.h"
#include "mdi-wifi-contention.h"
#include "mdi-wire.h"

#include "ns3/log.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiFlowNetwork");
NS_OBJECT_ENSURE_REGISTERED(FlowNetwork);

namespace
{

/// Mean of the random wait before an ARP request of ns-3 (up to 10 ms).
const double ARP_S = 0.005;

/// Bits of data in a full packet.
constexpr double PACKET_BITS = TCP_SEGMENT_BYTES * 8;

uint64_t
Pair(uint32_t from, uint32_t to)
{
    return uint64_t(from) << 32 | to;
}

/// Never early, and never without an advance of the clock.
Time
RoundedUp(double seconds)
{
    return NanoSeconds(static_cast<int64_t>(std::ceil(std::max(seconds, 0.0) * 1e9)));
}

} // namespace

TypeId
FlowNetwork::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::FlowNetwork").SetParent<Object>().SetGroupName("Mdi");
    return tid;
}

FlowNetwork::FlowNetwork()
    : m_uniform(CreateObject<UniformRandomVariable>())
{
}

FlowNetwork::~FlowNetwork() = default;

void
FlowNetwork::DoDispose()
{
    m_route = nullptr;
    m_neighborsOf = nullptr;
    m_transports.clear();
    m_uniform = nullptr;
    Object::DoDispose();
}

int64_t
FlowNetwork::AssignStreams(int64_t stream)
{
    m_uniform->SetStream(stream);
    return 1;
}

FluidModel::Resource
FlowNetwork::AddResource(double goodputBps,
                         uint32_t packets,
                         const std::optional<LinkReplay>& replay)
{
    m_resources.push_back({goodputBps, packets, replay, false, Time(), EventId()});
    return m_model.AddResource(goodputBps);
}

std::pair<uint32_t, std::vector<FluidModel::Resource>>
FlowNetwork::AddChannel(double goodputBps,
                        uint32_t framePackets,
                        uint32_t packets,
                        const std::vector<std::vector<uint32_t>>& cells)
{
    Channel channel;
    channel.goodputBps = goodputBps;
    channel.frameS = framePackets * PACKET_BITS / goodputBps;
    channel.queueBits = packets * PACKET_BITS;
    channel.cells = cells;
    channel.stations.resize(cells.size());
    uint32_t places = 0;
    for (const auto& cell : cells)
    {
        places = std::max(places, *std::max_element(cell.begin(), cell.end()) + 1);
    }
    channel.contenders.assign(places, 0);
    channel.senders.assign(places, 0);
    for (uint32_t place = 0; place < places; ++place)
    {
        channel.places.push_back(AddResource(goodputBps, 0));
    }
    m_channels.push_back(channel);
    return {static_cast<uint32_t>(m_channels.size() - 1), channel.places};
}

void
FlowNetwork::SetRouteFunction(std::function<FlowRoute(uint32_t, uint32_t)> route)
{
    m_route = std::move(route);
}

void
FlowNetwork::SetNeighborFunction(std::function<std::vector<uint32_t>(uint32_t)> neighbors)
{
    m_neighborsOf = std::move(neighbors);
}

void
FlowNetwork::AddTransport(uint32_t node, FlowTransport* transport)
{
    m_transports.resize(std::max<size_t>(m_transports.size(), node + 1));
    m_transports[node] = transport;
}

FlowTransport*
FlowNetwork::TransportOf(uint32_t node) const
{
    return node < m_transports.size() ? m_transports[node] : nullptr;
}

const FlowRoute&
FlowNetwork::Route(uint32_t from, uint32_t to)
{
    const auto known = m_routes.find(Pair(from, to));
    return known != m_routes.end()
               ? known->second
               : m_routes.emplace(Pair(from, to), m_route(from, to)).first->second;
}

const std::vector<uint32_t>&
FlowNetwork::Neighbors(uint32_t node)
{
    const auto known = m_neighbors.find(node);
    return known != m_neighbors.end()
               ? known->second
               : m_neighbors.emplace(node, m_neighborsOf(node)).first->second;
}

FlowNetwork::Transfer
FlowNetwork::Open(uint32_t from, uint32_t to)
{
    TransferState state;
    state.from = from;
    state.to = to;
    state.route = &Route(from, to); // a map's entries stay where they are
    state.failed = IsDown(*state.route);
    m_transfers.push_back(state);
    return static_cast<Transfer>(m_transfers.size() - 1);
}

void
FlowNetwork::Begin(Transfer transfer, double bits)
{
    NS_LOG_FUNCTION(this << transfer << bits);
    TransferState& state = m_transfers[transfer];
    state.left = bits;
    state.since = Simulator::Now();
    if (state.failed)
    {
        return;
    }
    if (state.flows)
    {
        // One after another on a connection: nothing changes for the others.
        ScheduleEnd(transfer);
        return;
    }
    Join(transfer);
    Update();
}

void
FlowNetwork::Done(Transfer transfer)
{
    TransferState& state = m_transfers[transfer];
    state.left = 0;
    m_transports[state.from]->TransferDone(state.to);
    // References to transfers are void here: the call may have opened others.
    if (m_transfers[transfer].flows && m_transfers[transfer].end.IsExpired())
    {
        Leave(transfer);
        Update();
    }
}

void
FlowNetwork::Join(Transfer transfer)
{
    Hold(transfer);
    TransferState& state = m_transfers[transfer];
    state.flows = true;
    state.rate = 0;
    CountRadios(transfer, true);
    for (const auto& use : state.route->uses)
    {
        Follow(use.resource);
    }
    state.flow = m_model.Add(state.route->uses, WeightOf(state), LimitOf(state));
    m_transferOf.resize(std::max<size_t>(m_transferOf.size(), state.flow + 1));
    m_transferOf[state.flow] = transfer;
}

void
FlowNetwork::Leave(Transfer transfer)
{
    TransferState& state = m_transfers[transfer];
    state.flows = false;
    state.end.Remove();
    m_model.Remove(state.flow);
    CountRadios(transfer, false);
    ReleaseHeld(*state.route);
}

double
FlowNetwork::LeftNow(const TransferState& state) const
{
    const double seconds = (Simulator::Now() - state.since).GetSeconds();
    return std::max(0.0, state.left - state.rate * seconds);
}

void
FlowNetwork::ResumeAt(Transfer transfer, Time when)
{
    m_transfers[transfer].resume = when;
    Simulator::Schedule(when - Simulator::Now(), [this, transfer] {
        SetLimit(transfer);
        Update();
    });
}

void
FlowNetwork::Hold(Transfer transfer)
{
    // A radio sends first what it holds of others.
    const FlowRoute& route = *m_transfers[transfer].route;
    if (route.radios.empty())
    {
        return;
    }
    const Channel& channel = m_channels[route.radios.front().channel];
    double bits = 0;
    double rate = 0;
    for (const Transfer other : channel.stations[route.radios.front().from].transfers)
    {
        bits += LeftNow(m_transfers[other]);
        rate += m_transfers[other].rate;
    }
    if (rate > 0)
    {
        ResumeAt(transfer, Simulator::Now() + RoundedUp(std::min(bits, channel.queueBits) / rate));
    }
}

void
FlowNetwork::ReleaseHeld(const FlowRoute& route)
{
    // Nobody waits for a radio that has nothing else to send.
    if (route.radios.empty())
    {
        return;
    }
    const auto& hop = route.radios.front();
    const auto& waiting = m_channels[hop.channel].stations[hop.from].transfers;
    const Time now = Simulator::Now();
    const auto flows = [this, now](Transfer t) { return m_transfers[t].resume <= now; };
    if (!waiting.empty() && std::none_of(waiting.begin(), waiting.end(), flows))
    {
        m_transfers[waiting.front()].resume = now;
        SetLimit(waiting.front());
    }
}

double
FlowNetwork::Contends(const Station& station)
{
    // Who only acknowledges sends a packet for every two that it receives.
    return station.sending > 0 ? 1 : station.receiving > 0 ? 0.5 : 0;
}

void
FlowNetwork::CountRadios(Transfer transfer, bool joins)
{
    const FlowRoute& route = *m_transfers[transfer].route;
    for (const auto& hop : route.radios)
    {
        Channel& channel = m_channels[hop.channel];
        for (const uint32_t which : {hop.from, hop.to})
        {
            Station& station = channel.stations[which];
            const double before = Contends(station);
            (which == hop.from ? station.sending : station.receiving) += joins ? 1 : -1;
            const double more = Contends(station) - before;
            const bool first = which == hop.from && station.sending == (joins ? 1 : 0);
            for (const uint32_t place : channel.cells[which])
            {
                channel.contenders[place] += more;
                channel.senders[place] += first ? (joins ? 1 : -1) : 0;
                if (more != 0)
                {
                    m_model.SetCapacity(channel.places[place],
                                        channel.goodputBps *
                                            ContentionFactor(channel.contenders[place]));
                }
            }
        }
        auto& sends = channel.stations[hop.from].transfers;
        if (joins)
        {
            sends.push_back(transfer);
        }
        else
        {
            sends.erase(std::find(sends.begin(), sends.end(), transfer));
        }
        for (const Transfer other : sends)
        {
            if (other != transfer)
            {
                m_model.SetWeight(m_transfers[other].flow, WeightOf(m_transfers[other]));
            }
        }
    }
}

double
FlowNetwork::WeightOf(const TransferState& state) const
{
    double weight = 1;
    for (const auto& hop : state.route->radios)
    {
        weight = std::min(weight, 1.0 / m_channels[hop.channel].stations[hop.from].sending);
    }
    return weight;
}

double
FlowNetwork::CapacityNow(const ResourceState& state) const
{
    if (!state.replay)
    {
        return state.goodputBps;
    }
    const auto& row = state.replay->At(Simulator::Now());
    return row.loss >= 1 ? 0 : std::min(state.goodputBps, row.rateBps * TCP_DATA_SHARE);
}

double
FlowNetwork::Loss(const FlowRoute& route) const
{
    double passes = 1;
    for (const auto& use : route.uses)
    {
        const auto& replay = m_resources[use.resource].replay;
        passes *= replay ? 1 - replay->At(Simulator::Now()).loss : 1;
    }
    return 1 - passes;
}

bool
FlowNetwork::IsDown(const FlowRoute& route) const
{
    return !m_failed.empty() &&
           std::any_of(route.nodes.begin(), route.nodes.end(), [this](uint32_t node) {
               return m_failed.count(node) > 0;
           });
}

bool
FlowNetwork::Happens(double probability)
{
    return probability > 0 && m_uniform->GetValue(0, 1) < probability;
}

double
FlowNetwork::LimitOf(const TransferState& state) const
{
    if (state.resume > Simulator::Now())
    {
        return 0;
    }
    const double loss = Loss(*state.route);
    return loss > 0 && loss < 1 ? LossLimit(loss, 2 * state.route->delay) : FluidModel::NO_LIMIT;
}

void
FlowNetwork::SetLimit(Transfer transfer)
{
    TransferState& state = m_transfers[transfer];
    if (state.flows)
    {
        m_model.SetLimit(state.flow, LimitOf(state));
    }
}

void
FlowNetwork::Follow(FluidModel::Resource resource)
{
    ResourceState& state = m_resources[resource];
    if (!state.replay || !state.change.IsExpired())
    {
        return;
    }
    m_model.SetCapacity(resource, CapacityNow(state));
    state.dead = state.replay->At(Simulator::Now()).loss >= 1;
    state.deadSince = Simulator::Now();
    if (const auto next = state.replay->NextChange(Simulator::Now()))
    {
        state.change =
            Simulator::Schedule(*next - Simulator::Now(), &FlowNetwork::OnChange, this, resource);
    }
}

void
FlowNetwork::OnChange(FluidModel::Resource resource)
{
    if (m_model.FlowsAt(resource) == 0)
    {
        return; // nobody is here: Follow goes on when somebody comes
    }
    ResourceState& state = m_resources[resource];
    const bool wasDead = state.dead;
    const Time deadSince = state.deadSince;
    Follow(resource);
    if (wasDead && state.dead)
    {
        state.deadSince = deadSince;
    }
    for (Transfer transfer = 0; transfer < m_transfers.size(); ++transfer)
    {
        TransferState& at = m_transfers[transfer];
        const auto uses = [resource](const FluidModel::Use& u) { return u.resource == resource; };
        if (!at.flows || std::none_of(at.route->uses.begin(), at.route->uses.end(), uses))
        {
            continue;
        }
        if (wasDead && !state.dead)
        {
            ResumeAt(transfer, RetryAfterOutage(deadSince, Simulator::Now()));
        }
        SetLimit(transfer);
    }
    Update();
}

void
FlowNetwork::Update()
{
    const Time now = Simulator::Now();
    for (const FluidModel::Flow flow : m_model.Solve())
    {
        const Transfer transfer = m_transferOf[flow];
        TransferState& state = m_transfers[transfer];
        state.left = LeftNow(state);
        state.since = now;
        state.rate = m_model.Rate(flow);
        state.end.Remove();
        ScheduleEnd(transfer);
    }
}

void
FlowNetwork::ScheduleEnd(Transfer transfer)
{
    TransferState& state = m_transfers[transfer];
    if (state.rate > 0)
    {
        state.end = Simulator::Schedule(
            RoundedUp(state.left / state.rate), &FlowNetwork::Done, this, transfer);
    }
}

double
FlowNetwork::AccessTime(const FlowRoute& route, bool urgent) const
{
    double seconds = 0;
    for (const auto& hop : route.radios)
    {
        const Channel& channel = m_channels[hop.channel];
        uint32_t others = 0; // that send where this station listens
        for (const uint32_t place : channel.cells[hop.from])
        {
            others = std::max(others, channel.senders[place]);
        }
        const Station& self = channel.stations[hop.from];
        others -= self.sending > 0 ? 1 : 0;
        if (others > 0)
        {
            // Half a frame is on the air; then the others win as often as this station, or less
            // where it has something urgent (AC_VI has half the window).
            seconds += channel.frameS * (0.5 + others * (urgent ? 1 / 3.0 : 1));
        }
        else if (self.sending > 0 && urgent)
        {
            seconds += channel.frameS / 2; // its own
        }
    }
    return seconds;
}

Time
FlowNetwork::Latency(Transfer transfer, double packetBits) const
{
    const TransferState& state = m_transfers[transfer];
    const FlowRoute& route = *state.route;
    double seconds = packetBits * route.secondsPerBitAfter + AccessTime(route, false);
    Time delay = route.delay;
    for (const auto& use : route.uses)
    {
        const ResourceState& at = m_resources[use.resource];
        if (at.replay)
        {
            delay += at.replay->At(Simulator::Now()).delay;
        }
        if (m_model.FlowsAt(use.resource) > 1)
        {
            seconds += at.packets * PACKET_BITS / at.goodputBps; // those of others before it
        }
    }
    return delay + RoundedUp(seconds);
}

std::optional<Time>
FlowNetwork::LoneLatency(const FlowRoute& route, double bits, bool urgent) const
{
    double seconds = bits * route.secondsPerBit + AccessTime(route, urgent);
    Time delay = route.delay;
    for (const auto& use : route.uses)
    {
        const ResourceState& at = m_resources[use.resource];
        if (at.replay)
        {
            // What comes while nothing passes waits for better times.
            Time time = Simulator::Now();
            while (at.replay->At(time).rateBps == 0)
            {
                const auto next = at.replay->NextChange(time);
                if (!next)
                {
                    return std::nullopt;
                }
                time = *next;
            }
            const auto& row = at.replay->At(time);
            delay += time - Simulator::Now() + row.delay;
            seconds += std::max(0.0, bits / TCP_DATA_SHARE / row.rateBps - bits / at.goodputBps);
        }
        if (m_model.FlowsAt(use.resource) > 0)
        {
            seconds += at.packets * PACKET_BITS / at.goodputBps;
        }
    }
    return delay + RoundedUp(seconds);
}

Time
FlowNetwork::Contact(const FlowRoute& route, bool bothWays)
{
    double seconds = 0;
    for (const auto& [from, to] : route.addressed)
    {
        seconds += m_addressed.insert(Pair(from, to)).second ? ARP_S : 0;
        seconds += bothWays && m_addressed.insert(Pair(to, from)).second ? ARP_S : 0;
    }
    return Seconds(seconds);
}

bool
FlowNetwork::Flows(Transfer transfer) const
{
    return m_transfers[transfer].flows && m_transfers[transfer].rate > 0;
}

void
FlowNetwork::Cancel(Transfer transfer)
{
    NS_LOG_FUNCTION(this << transfer);
    TransferState& state = m_transfers[transfer];
    state.left = 0;
    state.resume = Time(); // a new connection does not wait for this one's time-out
    if (state.flows)
    {
        Leave(transfer);
        Update();
    }
}

void
FlowNetwork::Fail(uint32_t node)
{
    NS_LOG_FUNCTION(this << node);
    m_failed[node] = Simulator::Now();
    for (Transfer transfer = 0; transfer < m_transfers.size(); ++transfer)
    {
        TransferState& state = m_transfers[transfer];
        if (!state.failed && IsDown(*state.route))
        {
            state.failed = true;
            if (state.flows)
            {
                state.left = LeftNow(state);
                Leave(transfer);
            }
        }
    }
    Update();
}

void
FlowNetwork::Recover(uint32_t node)
{
    NS_LOG_FUNCTION(this << node);
    const Time retry = RetryAfterOutage(m_failed.at(node), Simulator::Now());
    m_failed.erase(node);
    // Connections to it first: what they had begun is void.
    for (FlowTransport* transport : m_transports)
    {
        if (transport)
        {
            transport->OnPeerBack(node, retry);
        }
    }
    for (Transfer transfer = 0; transfer < m_transfers.size(); ++transfer)
    {
        TransferState& state = m_transfers[transfer];
        if (!state.failed || IsDown(*state.route))
        {
            continue;
        }
        state.failed = false;
        if (state.left > 0)
        {
            state.since = Simulator::Now();
            Join(transfer);
            ResumeAt(transfer, retry);
            SetLimit(transfer);
        }
    }
    Update();
}

} // namespace mdi
} // namespace ns3

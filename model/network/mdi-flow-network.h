// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FLOW_NETWORK_H
#define MDI_FLOW_NETWORK_H

#include "mdi-fluid-model.h"
#include "mdi-link-trace.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/random-variable-stream.h"

#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace ns3
{
namespace mdi
{

class FlowTransport;

/// What a message meets on its way from one node to another.
struct FlowRoute
{
    /// A radio's place in the order of its channel's nodes.
    struct RadioHop
    {
        uint32_t channel = 0; //!< index, see AddChannel
        uint32_t from = 0;    //!< the sender's place
        uint32_t to = 0;      //!< the receiver's place
    };

    std::vector<FluidModel::Use> uses;                    //!< what bulk data takes
    std::vector<RadioHop> radios;                         //!< hops over Wi-Fi
    std::vector<uint32_t> nodes;                          //!< on the way, both ends included
    std::vector<std::pair<uint32_t, uint32_t>> addressed; //!< hops that need ARP
    Time delay;                    //!< propagation and medium access, one way
    double bottleneckBps = 0;      //!< nominal goodput of the slowest link
    double secondsPerBit = 0;      //!< of a lone packet: every link stores and forwards it
    double secondsPerBitAfter = 0; //!< the same without the slowest link: of the last packet
};

/**
 * All transfers of a simulation as fluid flows over the links of its topology: a FluidModel in
 * simulated time. Made by NetworkHelper; used through the nodes' FlowTransport.
 *
 * A resource is a direction of a cable, a half-duplex cable, the airtime that the stations around a
 * place share, or a direction of an LTE cell. Capacities are goodputs of TCP: bits of data that a
 * link carries in full segments. A Wi-Fi channel loses what collisions take (ContentionFactor of
 * the stations that send, and half of those that only acknowledge), and its stations get equal
 * shares, however many flows each has; a station's own messages wait behind what it holds. A link
 * trace limits the resource of what a node sends.
 *
 * Events happen where a transfer ends or a rate changes; an idle network has none.
 */
class FlowNetwork : public Object
{
  public:
    using Transfer = uint32_t; //!< its number, see Open

    static TypeId GetTypeId();

    FlowNetwork();
    ~FlowNetwork() override;

    /**
     * \param goodputBps of the link below
     * \param packets that a host's device may hold: who comes later waits behind them
     * \param replay limits, delays and loses what is sent into the link, if given
     */
    FluidModel::Resource AddResource(double goodputBps,
                                     uint32_t packets,
                                     const std::optional<LinkReplay>& replay = std::nullopt);

    /**
     * A Wi-Fi channel.
     * \param goodputBps of one TCP flow on the idle channel
     * \param framePackets in a frame (A-MSDU)
     * \param packets that a station holds
     * \param cells by station, the places whose airtime it takes when it sends; one place where
     *        all hear each other
     * \return the channel's index and the resource of each place
     */
    std::pair<uint32_t, std::vector<FluidModel::Resource>> AddChannel(
        double goodputBps,
        uint32_t framePackets,
        uint32_t packets,
        const std::vector<std::vector<uint32_t>>& cells);

    /// Routes are asked for when they are first needed.
    void SetRouteFunction(std::function<FlowRoute(uint32_t from, uint32_t to)> route);
    void SetNeighborFunction(
        std::function<std::vector<uint32_t>(uint32_t node)> neighbors); //!< the same

    /// A node's transport, by node id.
    void AddTransport(uint32_t node, FlowTransport* transport);

    const FlowRoute& Route(uint32_t from, uint32_t to);    //!< between two nodes
    const std::vector<uint32_t>& Neighbors(uint32_t node); //!< one-hop neighbours of a node
    FlowTransport* TransportOf(uint32_t node) const;       //!< null: none

    /// A way for data from one node to another; idle.
    Transfer Open(uint32_t from, uint32_t to);

    /**
     * Let bits flow. When the last one has left, the sender's FlowTransport is told: TransferDone.
     * It may begin the next at once. A transfer carries one amount at a time.
     */
    void Begin(Transfer transfer, double bits);

    /// From the sender's last bit on the slowest link to its arrival. \param packetBits of the last
    /// packet
    Time Latency(Transfer transfer, double packetBits) const;

    /**
     * How long a lone packet takes on the network as it is now.
     * \param urgent it is sent with ControlTos
     * \return empty if a trace will never let it pass
     */
    std::optional<Time> LoneLatency(const FlowRoute& route, double bits, bool urgent) const;

    /// Whether a node of the way has failed.
    bool IsDown(const FlowRoute& route) const;

    /// Time that finding the addresses of new neighbours takes; nothing, once they are known.
    Time Contact(const FlowRoute& route, bool bothWays);

    /// Probability that a packet is lost on its way now (traces only).
    double Loss(const FlowRoute& route) const;

    /// True with that probability.
    bool Happens(double probability);

    /// Whether bits of a transfer move now.
    bool Flows(Transfer transfer) const;

    /// What was begun and has not left never will: its connection is closed.
    void Cancel(Transfer transfer);

    /// A node leaves the network: nothing flows through it any more.
    void Fail(uint32_t node);

    /// It is back: what goes through it goes on, and transports with a connection to it are told.
    void Recover(uint32_t node);

    int64_t AssignStreams(int64_t stream); //!< returns how many were used

  protected:
    void DoDispose() override;

  private:
    struct ResourceState
    {
        double goodputBps = 0;
        uint32_t packets = 0;
        std::optional<LinkReplay> replay;
        bool dead = false; //!< the trace loses everything
        Time deadSince;
        EventId change; //!< the next row, while flows are here
    };

    struct TransferState
    {
        uint32_t from = 0;
        uint32_t to = 0;
        const FlowRoute* route = nullptr;
        bool flows = false;  //!< is in the fluid model
        bool failed = false; //!< a node of the way is off
        FluidModel::Flow flow = 0;
        double rate = 0;
        double left = 0; //!< bits, at `since`
        Time since;
        Time resume; //!< does not flow before: TCP's time-out, or others' packets before its own
        EventId end;
    };

    struct Station
    {
        uint32_t sending = 0;            //!< transfers
        uint32_t receiving = 0;          //!< transfers
        std::vector<Transfer> transfers; //!< that it sends
    };

    struct Channel
    {
        double goodputBps = 0;
        double frameS = 0;    //!< time of a full frame
        double queueBits = 0; //!< that a station holds
        std::vector<FluidModel::Resource> places;
        std::vector<double> contenders; //!< by place
        std::vector<uint32_t> senders;  //!< by place
        std::vector<std::vector<uint32_t>> cells;
        std::vector<Station> stations;
    };

    static double Contends(const Station& station);
    void Join(Transfer transfer);
    void Leave(Transfer transfer);
    void CountRadios(Transfer transfer, bool joins);
    void Hold(Transfer transfer);
    void ReleaseHeld(const FlowRoute& route);
    void ResumeAt(Transfer transfer, Time when);
    double LeftNow(const TransferState& state) const;
    double AccessTime(const FlowRoute& route, bool urgent) const;
    double WeightOf(const TransferState& state) const;
    double LimitOf(const TransferState& state) const;
    void SetLimit(Transfer transfer);
    void Follow(FluidModel::Resource resource);
    void OnChange(FluidModel::Resource resource);
    void Update();
    void ScheduleEnd(Transfer transfer);
    void Done(Transfer transfer);
    double CapacityNow(const ResourceState& state) const;

    FluidModel m_model;
    std::vector<ResourceState> m_resources;
    std::vector<Channel> m_channels;
    std::vector<TransferState> m_transfers;
    std::vector<Transfer> m_transferOf;               //!< by flow of the model
    std::unordered_map<uint64_t, FlowRoute> m_routes; //!< by sender and receiver
    std::unordered_map<uint32_t, std::vector<uint32_t>> m_neighbors;
    std::unordered_set<uint64_t> m_addressed;    //!< pairs of neighbours
    std::unordered_map<uint32_t, Time> m_failed; //!< nodes that are off, since when
    std::vector<FlowTransport*> m_transports;    //!< by node id
    std::function<FlowRoute(uint32_t, uint32_t)> m_route;
    std::function<std::vector<uint32_t>(uint32_t)> m_neighborsOf;
    Ptr<UniformRandomVariable> m_uniform; //!< of losses
};

} // namespace mdi
} // namespace ns3

#endif // MDI_FLOW_NETWORK_H

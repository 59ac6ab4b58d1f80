// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-network-helper.h"

#include "mdi-flow-builder.h"
#include "mdi-packet-network.h"
#include "mdi-wire.h"

#include "ns3/abort.h"

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double SEGMENT = TCP_SEGMENT_BYTES;
constexpr double PPP = 2;

/// What one TCP flow gets of a CSMA cable's line rate, between what 100 Mb/s and 1 Gb/s measure.
constexpr double CSMA_SHARE = 0.75;

DataRate
Scaled(DataRate rate, double factor)
{
    return DataRate(static_cast<uint64_t>(rate.GetBitRate() * factor));
}

} // namespace

NetworkHelper::NetworkHelper(Fidelity fidelity)
    : m_fidelity(fidelity),
      m_topology(std::make_shared<Topology>())
{
}

void
NetworkHelper::SetTrace(const std::optional<LinkReplay>& replay)
{
    m_replay = replay;
}

void
NetworkHelper::Add(NetworkLink link)
{
    NS_ABORT_MSG_IF(m_packet || m_flow, "The network is installed already");
    link.replay = m_replay;
    m_topology->Add(link);
}

void
NetworkHelper::AddPointToPoint(Ptr<Node> a, Ptr<Node> b, DataRate rate, Time delay)
{
    NS_ABORT_MSG_IF(a == b, "A link from node " << a->GetId() << " to itself");
    NetworkLink link;
    link.kind = NetworkLink::POINT_TO_POINT;
    link.nodes = NodeContainer(a, b);
    link.rate = rate;
    link.cableDelay = delay;
    link.goodput = Scaled(rate, SEGMENT / (SEGMENT + TCP_IP_BYTES + PPP));
    link.delay = delay;
    Add(link);
}

void
NetworkHelper::AddSwitchedEthernet(NodeContainer nodes, DataRate rate, Time delay)
{
    NetworkLink link;
    link.kind = NetworkLink::ETHERNET;
    link.nodes = nodes;
    link.rate = rate;
    link.cableDelay = delay;
    link.goodput = Scaled(rate, SEGMENT / (MTU_BYTES + ETHERNET_BYTES));
    link.delay = delay + delay;
    Add(link);
}

void
NetworkHelper::AddCsma(NodeContainer nodes, DataRate rate, Time delay)
{
    NetworkLink link;
    link.kind = NetworkLink::CSMA;
    link.nodes = nodes;
    link.rate = rate;
    link.cableDelay = delay;
    link.goodput = Scaled(rate, CSMA_SHARE);
    link.delay = delay + delay;
    Add(link);
}

void
NetworkHelper::AddWifiAdhoc(NodeContainer nodes,
                            const std::vector<Vector>& positions,
                            const WifiOptions& options)
{
    NS_ABORT_MSG_IF(positions.size() != nodes.GetN(),
                    nodes.GetN() << " Wi-Fi nodes, but " << positions.size() << " positions");
    NetworkLink link;
    link.kind = NetworkLink::WIFI;
    link.nodes = nodes;
    link.positions = positions;
    link.wifi = options;
    link.goodput = options.nominalGoodput;
    Add(link);
}

void
NetworkHelper::AddLte(NodeContainer terminals,
                      const std::vector<Vector>& positions,
                      Ptr<Node> server,
                      const LteOptions& options)
{
    NS_ABORT_MSG_IF(!m_topology->Links().empty() || m_replay,
                    "An LTE cell has no links or traces beside it");
    NS_ABORT_MSG_IF(positions.size() != terminals.GetN(),
                    terminals.GetN() << " terminals, but " << positions.size() << " positions");
    NetworkLink link;
    link.kind = NetworkLink::LTE;
    link.nodes = terminals;
    link.positions = positions;
    link.server = server;
    if (server)
    {
        link.nodes.Add(server);
    }
    link.lte = options;
    link.goodput = options.nominalGoodput;
    link.delay = options.nominalDelay;
    Add(link);
}

void
NetworkHelper::Install(NodeContainer alone)
{
    NS_ABORT_MSG_IF(m_packet || m_flow, "The network is installed already");
    for (uint32_t i = 0; i < alone.GetN(); ++i)
    {
        m_topology->AddNode(alone.Get(i));
    }
    if (m_fidelity == FLOW)
    {
        m_flow = BuildFlowNetwork(m_topology);
    }
    else
    {
        m_packet = std::make_shared<PacketNetwork>(m_topology);
    }
}

std::vector<uint32_t>
NetworkHelper::Neighbors(uint32_t nodeId) const
{
    return m_topology->Neighbors(nodeId);
}

bool
NetworkHelper::Reachable(uint32_t from, uint32_t to) const
{
    return m_topology->Reachable(from, to);
}

PathInfo
NetworkHelper::Path(uint32_t from, uint32_t to) const
{
    return m_topology->Path(from, to);
}

int64_t
NetworkHelper::AssignStreams(int64_t stream)
{
    NS_ABORT_MSG_IF(!m_packet && !m_flow, "AssignStreams comes after Install");
    return m_packet ? m_packet->AssignStreams(stream) : m_flow->AssignStreams(stream);
}

NodeContainer
NetworkHelper::Switches() const
{
    return m_packet ? m_packet->Switches() : NodeContainer();
}

NetDeviceContainer
NetworkHelper::Devices() const
{
    return m_packet ? m_packet->Devices() : NetDeviceContainer();
}

} // namespace mdi
} // namespace ns3

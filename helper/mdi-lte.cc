// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-lte.h"

#include "ns3/abort.h"
#include "ns3/config.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/enum.h"
#include "ns3/ipv4-address-helper.h"
#include "ns3/lte-enb-net-device.h"
#include "ns3/lte-enb-rrc.h"
#include "ns3/lte-helper.h"
#include "ns3/node.h"
#include "ns3/point-to-point-epc-helper.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/uinteger.h"

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double MAST_M = 30;

/// TCP's windows towards many peers; ns-3's 10 KiB would drop most of a single one.
constexpr uint32_t RADIO_BUFFER_BYTES = 64 << 20;

void
PutAt(Ptr<Node> node, const Vector& position)
{
    auto mobility = node->GetObject<MobilityModel>();
    if (!mobility)
    {
        mobility = CreateObject<ConstantPositionMobilityModel>();
        node->AggregateObject(mobility);
    }
    mobility->SetPosition(position);
}

} // namespace

bool
LteCell::IsAvailable()
{
    return true;
}

LteCell::LteCell(NodeContainer terminals,
                 const std::vector<Vector>& positions,
                 Ptr<Node> server,
                 const LteOptions& options)
    : m_lte(CreateObject<LteHelper>()),
      m_core(CreateObject<PointToPointEpcHelper>())
{
    NS_ABORT_MSG_IF(positions.size() != terminals.GetN(),
                    terminals.GetN() << " terminals, but " << positions.size() << " positions");
    // Bearers are made while the simulation runs: ns-3 has no other place for this.
    Config::SetDefault("ns3::LteRlcAm::MaxTxBufferSize", UintegerValue(RADIO_BUFFER_BYTES));
    m_lte->SetEpcHelper(m_core);
    m_lte->SetEnbDeviceAttribute("DlBandwidth", UintegerValue(options.resourceBlocks));
    m_lte->SetEnbDeviceAttribute("UlBandwidth", UintegerValue(options.resourceBlocks));
    Vector middle;
    for (uint32_t i = 0; i < terminals.GetN(); ++i)
    {
        PutAt(terminals.Get(i), positions[i]);
        middle.x += positions[i].x / terminals.GetN();
        middle.y += positions[i].y / terminals.GetN();
        middle.z += positions[i].z / terminals.GetN();
    }
    auto base = CreateObject<Node>();
    PutAt(base, Vector(middle.x, middle.y, middle.z + MAST_M));
    m_base = m_lte->InstallEnbDevice(NodeContainer(base));
    DynamicCast<LteEnbNetDevice>(m_base.Get(0))
        ->GetRrc()
        ->SetAttribute("EpsBearerToRlcMapping", EnumValue(LteEnbRrc::RLC_AM_ALWAYS));
    m_terminals = m_lte->InstallUeDevice(terminals);
    if (server)
    {
        PointToPointHelper cable;
        cable.SetDeviceAttribute("DataRate", DataRateValue(options.serverRate));
        cable.SetChannelAttribute("Delay", TimeValue(options.serverDelay));
        m_cable = cable.Install(server, m_core->GetPgwNode());
    }
}

LteCell::~LteCell() = default;

void
LteCell::Install()
{
    const Ipv4InterfaceContainer terminals = m_core->AssignUeIpv4Address(m_terminals);
    for (uint32_t i = 0; i < terminals.GetN(); ++i)
    {
        m_places.push_back({terminals.GetAddress(i), m_core->GetUeDefaultGatewayAddress()});
        m_lte->Attach(m_terminals.Get(i), m_base.Get(0));
    }
    if (m_cable.GetN() > 0)
    {
        // Nothing of ns-3's core lies in this network.
        Ipv4AddressHelper addresses("11.0.0.0", "255.255.255.252");
        const Ipv4InterfaceContainer ends = addresses.Assign(m_cable);
        m_places.push_back({ends.GetAddress(0), ends.GetAddress(1)});
    }
}

const std::vector<LteCell::Place>&
LteCell::Places() const
{
    return m_places;
}

NetDeviceContainer
LteCell::Devices() const
{
    NetDeviceContainer devices = m_terminals;
    if (m_cable.GetN() > 0)
    {
        devices.Add(m_cable.Get(0));
    }
    return devices;
}

int64_t
LteCell::AssignStreams(int64_t stream)
{
    const int64_t begin = stream;
    stream += m_lte->AssignStreams(m_base, stream);
    stream += m_lte->AssignStreams(m_terminals, stream);
    return stream - begin;
}

} // namespace mdi
} // namespace ns3

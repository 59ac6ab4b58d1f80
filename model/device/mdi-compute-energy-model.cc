// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-compute-energy-model.h"

#include "ns3/assert.h"
#include "ns3/double.h"
#include "ns3/energy-source-container.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiComputeEnergyModel");
NS_OBJECT_ENSURE_REGISTERED(ComputeEnergyModel);

TypeId
ComputeEnergyModel::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::ComputeEnergyModel")
            .SetParent<DeviceEnergyModel>()
            .SetGroupName("Mdi")
            .AddConstructor<ComputeEnergyModel>()
            .AddAttribute("IdlePowerW",
                          "Power with no slot occupied [W]. Where it is not known, 0: then the "
                          "total is the energy of occupied slots alone.",
                          DoubleValue(0),
                          MakeDoubleAccessor(&ComputeEnergyModel::m_idlePowerW),
                          MakeDoubleChecker<double>(0))
            .AddAttribute("BusyPowerW",
                          "Power with all slots occupied [W].",
                          DoubleValue(0),
                          MakeDoubleAccessor(&ComputeEnergyModel::m_busyPowerW),
                          MakeDoubleChecker<double>(0))
            .AddTraceSource("Power",
                            "Power that is drawn [W]",
                            MakeTraceSourceAccessor(&ComputeEnergyModel::m_powerW),
                            "ns3::TracedValueCallback::Double");
    return tid;
}

Ptr<ComputeEnergyModel>
ComputeEnergyModel::Of(Ptr<Node> node)
{
    const auto sources = node->GetObject<EnergySourceContainer>();
    for (uint32_t i = 0; sources && i < sources->GetN(); ++i)
    {
        const auto models = sources->Get(i)->FindDeviceEnergyModels(GetTypeId());
        if (models.GetN() > 0)
        {
            return DynamicCast<ComputeEnergyModel>(models.Get(0));
        }
    }
    return nullptr;
}

ComputeEnergyModel::ComputeEnergyModel() = default;
ComputeEnergyModel::~ComputeEnergyModel() = default;

void
ComputeEnergyModel::DoDispose()
{
    m_device = nullptr;
    m_source = nullptr;
    DeviceEnergyModel::DoDispose();
}

void
ComputeEnergyModel::SetEnergySource(Ptr<EnergySource> source)
{
    m_source = source;
}

void
ComputeEnergyModel::Follow(Ptr<ComputeDevice> device)
{
    NS_ASSERT_MSG(!m_device, "follows a device already");
    m_device = device;
    m_since = Simulator::Now();
    m_powerW = m_idlePowerW;
    device->TraceConnectWithoutContext("BusySlots",
                                       MakeCallback(&ComputeEnergyModel::OnBusySlots, this));
}

double
ComputeEnergyModel::GetSlotPowerW() const
{
    return (m_busyPowerW - m_idlePowerW) / m_device->GetSlots();
}

double
ComputeEnergyModel::GetTotalEnergyConsumption() const
{
    return m_energyJ + m_powerW.Get() * (Simulator::Now() - m_since).GetSeconds();
}

void
ComputeEnergyModel::ChangeState(int newState)
{
    NS_LOG_FUNCTION(this << newState);
    m_energyJ = GetTotalEnergyConsumption();
    m_since = Simulator::Now();
    if (m_source)
    {
        m_source->UpdateEnergySource(); // what was drawn until now, at the power until now
    }
    m_powerW = m_idlePowerW + newState * GetSlotPowerW();
}

void
ComputeEnergyModel::OnBusySlots(uint32_t /* before */, uint32_t now)
{
    ChangeState(static_cast<int>(now));
}

double
ComputeEnergyModel::DoGetCurrentA() const
{
    return m_source ? m_powerW.Get() / m_source->GetSupplyVoltage() : 0;
}

void
ComputeEnergyModel::HandleEnergyDepletion()
{
    NS_LOG_FUNCTION(this);
}

void
ComputeEnergyModel::HandleEnergyRecharged()
{
    NS_LOG_FUNCTION(this);
}

void
ComputeEnergyModel::HandleEnergyChanged()
{
    NS_LOG_FUNCTION(this);
}

} // namespace mdi
} // namespace ns3

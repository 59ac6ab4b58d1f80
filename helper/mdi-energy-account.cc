// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-energy-account.h"

#include "mdi-compute-energy-model.h"

#include "ns3/energy-source-container.h"
#include "ns3/node.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

namespace
{

/// The energy model of a node's device; null if it has none.
Ptr<ComputeEnergyModel>
ModelOf(Ptr<Node> node)
{
    const auto sources = node->GetObject<EnergySourceContainer>();
    for (uint32_t i = 0; sources && i < sources->GetN(); ++i)
    {
        const auto models =
            sources->Get(i)->FindDeviceEnergyModels(ComputeEnergyModel::GetTypeId());
        if (models.GetN() > 0)
        {
            return DynamicCast<ComputeEnergyModel>(models.Get(0));
        }
    }
    return nullptr;
}

} // namespace

EnergyAccount::EnergyAccount(const MdiHelper& mdi)
    : m_energyJ(mdi.GetSources().size()),
      m_served(mdi.GetSources().size()),
      m_unknown(mdi.GetSources().size())
{
    for (const auto& worker : mdi.GetWorkers())
    {
        Ptr<Node> node = worker->GetNode();
        const auto deployment = mdi.GetDeployment();
        const auto& power = deployment->Profile(deployment->ProfileOf(node->GetId())).power;
        const auto index = static_cast<uint32_t>(m_meters.size());
        m_meters.push_back({ModelOf(node), power && power->idleW});
        node->GetObject<ComputeDevice>()->TraceConnectWithoutContext(
            "TaskFinished", MakeCallback(&EnergyAccount::OnFinished, this).Bind(index));
    }
    for (const auto& source : mdi.GetSources())
    {
        source->TraceConnectWithoutContext("ItemAdmitted",
                                           MakeCallback(&EnergyAccount::OnAdmitted, this));
    }
}

EnergyAccount::~EnergyAccount() = default;

double
EnergyAccount::Total() const
{
    double joule = 0;
    for (const auto& meter : m_meters)
    {
        joule += meter.model ? meter.model->GetTotalEnergyConsumption() : 0;
    }
    return joule;
}

void
EnergyAccount::OnAdmitted(ItemId /* item */)
{
    m_beforeJ = m_beforeJ.value_or(Total());
}

void
EnergyAccount::OnFinished(uint32_t meter, TaskId task, Time took)
{
    const uint32_t source = task.item.source;
    const auto& model = m_meters[meter].model;
    m_served[source] = true;
    if (model)
    {
        m_energyJ[source] += model->GetSlotPowerW() * took.GetSeconds();
    }
    else
    {
        m_unknown[source] = true;
    }
}

std::vector<std::optional<double>>
EnergyAccount::OfSources() const
{
    std::vector<std::optional<double>> energy;
    for (size_t source = 0; source < m_energyJ.size(); ++source)
    {
        const bool known = m_served[source] && !m_unknown[source];
        energy.push_back(known ? std::make_optional(m_energyJ[source]) : std::nullopt);
    }
    return energy;
}

std::optional<double>
EnergyAccount::OfAll() const
{
    const auto has = [this](auto what) {
        return std::all_of(m_meters.begin(), m_meters.end(), what);
    };
    if (!m_beforeJ || !has([](const Meter& meter) { return static_cast<bool>(meter.model); }))
    {
        return std::nullopt;
    }
    if (has([](const Meter& meter) { return meter.idleKnown; }))
    {
        return Total() - *m_beforeJ;
    }
    double joule = 0;
    for (const double source : m_energyJ)
    {
        joule += source;
    }
    return joule;
}

} // namespace mdi
} // namespace ns3

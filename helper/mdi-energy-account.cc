// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-energy-account.h"

#include "mdi-compute-energy-model.h"

#include "ns3/node.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

EnergyAccount::EnergyAccount(const MdiHelper& mdi)
    : m_energyJ(mdi.GetSources().size()),
      m_served(mdi.GetSources().size()),
      m_unknown(mdi.GetSources().size())
{
    const auto deployment = mdi.GetDeployment();
    for (const auto& worker : mdi.GetWorkers())
    {
        const Ptr<Node> node = worker->GetNode();
        const auto& power = deployment->Profile(deployment->ProfileOf(node->GetId())).power;
        m_meters.push_back({ComputeEnergyModel::Of(node), power && power->idleW});
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
EnergyAccount::Begin()
{
    if (!m_beforeJ)
    {
        m_beforeJ = Total();
    }
}

void
EnergyAccount::AddService(uint32_t worker, uint32_t source, Time took)
{
    const auto& model = m_meters[worker].model;
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

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-packer.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ns3
{
namespace mdi
{

namespace
{

/// What a codec makes of a message that is not coded yet; none where it changes nothing.
auto
Coded(const Deployment& deployment, const Message& message)
{
    const bool may = message.type == MessageType::TENSOR && !message.coded;
    return may ? deployment.Coded(message) : std::nullopt;
}

} // namespace

void
Packer::Configure(Host host)
{
    m_host = std::move(host);
}

void
Packer::Clear()
{
    m_waiting.clear();
    m_onProcessor = false;
    m_beside = 0;
    m_besideFree = Time();
    m_atWork.clear();
    m_life++;
}

bool
Packer::Needs(const Message& message) const
{
    // A codec that takes no time still changes what is sent.
    return Coded(*m_host.deployment, message) ||
           m_host.deployment->StagingTime(m_host.profile, message.payloadBytes) > Time(0);
}

void
Packer::Add(Message message, uint32_t to)
{
    const bool codes = Coded(*m_host.deployment, message).has_value();
    const uint64_t bytes = m_host.device->Allocate(message.payloadBytes) ? message.payloadBytes : 0;
    Unpacked next{std::move(message), to, bytes};
    if (!codes && m_host.deployment->GetStaging() == Deployment::Staging::BESIDE)
    {
        StageBeside(std::move(next));
        return;
    }
    m_waiting.push_back(std::move(next));
    m_host.changed();
}

bool
Packer::Waits() const
{
    return !m_waiting.empty() && !m_onProcessor;
}

void
Packer::Start()
{
    Unpacked next = std::move(m_waiting.front());
    m_waiting.pop_front();
    m_onProcessor = true;
    m_atWork.push_back(next.message.task.item);
    Message& message = next.message;
    const Time time = m_host.deployment->PackingTime(m_host.profile, message);
    if (const auto coded = Coded(*m_host.deployment, message))
    {
        message.coded = true;
        message.payloadBytes = coded->bytes;
        message.tensor = m_host.deployment->Engine()->Transcode(message.tensor, coded->values);
    }
    m_host.device->Occupy(time, [this, next = std::move(next)]() mutable {
        m_onProcessor = false;
        EndWork(next.message.task.item);
        if (m_host.deployment->GetStaging() == Deployment::Staging::BESIDE)
        {
            StageBeside(std::move(next));
        }
        else
        {
            Finish(std::move(next));
        }
        m_host.changed();
    });
}

void
Packer::StageBeside(Unpacked packed)
{
    const Time now = Simulator::Now();
    m_besideFree = Max(m_besideFree, now) +
                   m_host.deployment->StagingTime(m_host.profile, packed.message.payloadBytes);
    m_beside++;
    m_atWork.push_back(packed.message.task.item);
    Simulator::Schedule(m_besideFree - now,
                        [this, life = m_life, packed = std::move(packed)]() mutable {
                            if (life != m_life)
                            {
                                return;
                            }
                            m_beside--;
                            EndWork(packed.message.task.item);
                            Finish(std::move(packed));
                            m_host.changed();
                        });
}

void
Packer::Finish(Unpacked packed)
{
    m_host.device->Free(packed.bytes);
    m_host.ready(std::move(packed.message), packed.to);
}

void
Packer::EndWork(ItemId item)
{
    m_atWork.erase(std::find(m_atWork.begin(), m_atWork.end(), item));
}

bool
Packer::Idle() const
{
    return m_waiting.empty() && !m_onProcessor && m_beside == 0;
}

bool
Packer::Holds(ItemId item) const
{
    return std::count(m_atWork.begin(), m_atWork.end(), item) > 0 ||
           std::any_of(m_waiting.begin(), m_waiting.end(), [item](const Unpacked& unpacked) {
               return unpacked.message.task.item == item;
           });
}

} // namespace mdi
} // namespace ns3

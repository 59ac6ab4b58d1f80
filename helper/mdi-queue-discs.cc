// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-queue-discs.h"

#include "ns3/net-device-queue-interface.h"
#include "ns3/queue-disc-container.h"
#include "ns3/string.h"
#include "ns3/traffic-control-helper.h"

namespace ns3
{
namespace mdi
{

std::vector<Ptr<TraceShaper>>
InstallQueueDiscs(const NetDeviceContainer& devices, const std::optional<LinkReplay>& replay)
{
    const char* fair = "ns3::FqCoDelQueueDisc";
    const StringValue never("1000s");
    std::vector<Ptr<TraceShaper>> shapers;
    for (uint32_t i = 0; i < devices.GetN(); ++i)
    {
        auto queues = devices.Get(i)->GetObject<NetDeviceQueueInterface>();
        const std::size_t number = queues ? queues->GetNTxQueues() : 1;
        TrafficControlHelper helper;
        if (replay)
        {
            // One limit for all of a device's queues.
            const uint16_t handle = helper.SetRootQueueDisc("ns3::mdi::TraceShaper");
            const auto classes = helper.AddQueueDiscClasses(handle, 1, "ns3::QueueDiscClass");
            helper.AddChildQueueDiscs(handle, classes, fair, "Target", never);
            const QueueDiscContainer roots = helper.Install(devices.Get(i));
            shapers.push_back(DynamicCast<TraceShaper>(roots.Get(0)));
            shapers.back()->SetReplay(*replay);
            continue;
        }
        if (number == 1)
        {
            helper.SetRootQueueDisc(fair, "Target", never);
        }
        else
        {
            const uint16_t handle = helper.SetRootQueueDisc("ns3::MqQueueDisc");
            const auto classes = helper.AddQueueDiscClasses(handle, number, "ns3::QueueDiscClass");
            helper.AddChildQueueDiscs(handle, classes, fair, "Target", never);
        }
        helper.Install(devices.Get(i));
    }
    return shapers;
}

} // namespace mdi
} // namespace ns3

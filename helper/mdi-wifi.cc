// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-wifi.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/pointer.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/wifi-helper.h"
#include "ns3/wifi-mac-helper.h"
#include "ns3/wifi-mac.h"
#include "ns3/wifi-net-device.h"
#include "ns3/yans-wifi-helper.h"

#include <map>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace
{

/// Where stations can be hidden from each other, larger frames are announced.
constexpr uint32_t RTS_BYTES = 500;

} // namespace

NetDeviceContainer
InstallWifi(const NodeContainer& nodes, const WifiOptions& options, Ptr<YansWifiChannel> channel)
{
#ifdef MDI_OLD_NS3
    const auto n = options.band == "5GHz" ? WIFI_STANDARD_80211n_5GHZ : WIFI_STANDARD_80211n_2_4GHZ;
#else
    const auto n = WIFI_STANDARD_80211n;
#endif
    const std::map<std::string, WifiStandard> standards = {
        {"802.11a", WIFI_STANDARD_80211a},
        {"802.11n", n},
        {"802.11ac", WIFI_STANDARD_80211ac},
    };
    const auto standard = standards.find(options.standard);
    NS_ABORT_MSG_IF(standard == standards.end(),
                    "Wi-Fi standard \"" << options.standard
                                        << "\", not one of 802.11a, 802.11n, 802.11ac");
    NS_ABORT_MSG_IF(options.band != "5GHz" && options.band != "2.4GHz",
                    "Wi-Fi band \"" << options.band << "\", not one of 2.4GHz, 5GHz");
    NS_ABORT_MSG_IF(options.band == "2.4GHz" && options.standard != "802.11n",
                    options.standard << " has no 2.4 GHz band");

    WifiHelper wifi;
    wifi.SetStandard(standard->second);
    wifi.SetRemoteStationManager("ns3::ConstantRateWifiManager",
                                 "DataMode",
                                 StringValue(options.dataMode),
                                 "ControlMode",
                                 StringValue(options.controlMode),
                                 "RtsCtsThreshold",
                                 UintegerValue(options.rangeM > 0 ? RTS_BYTES : 4692480));
    YansWifiPhyHelper phy;
    phy.SetChannel(channel);
#ifdef MDI_OLD_NS3
    phy.Set("ChannelWidth", UintegerValue(options.channelWidthMHz));
#else
    const std::string band = options.band == "5GHz" ? "BAND_5GHZ" : "BAND_2_4GHZ";
    phy.Set("ChannelSettings",
            StringValue("{0, " + std::to_string(options.channelWidthMHz) + ", " + band + ", 0}"));
#endif
    WifiMacHelper mac;
    std::vector<std::pair<std::string, uint32_t>> aggregation;
    if (options.standard == "802.11n")
    {
        // Aggregates under one plain acknowledgement (A-MSDU) instead of block acknowledgement
        // (A-MPDU): ns-3.37 opens the latter in both directions of an ad hoc pair at once, and on a
        // busy channel the two sides then disagree on the window and a pair falls silent for good.
        for (const char* category : {"VO", "VI", "BE", "BK"})
        {
            const std::string name(category);
            aggregation.emplace_back(name + "_MaxAmpduSize", 0);
            aggregation.emplace_back(name + "_MaxAmsduSize", 7935);
        }
    }
    mac.SetType("ns3::AdhocWifiMac");
    const NetDeviceContainer devices = wifi.Install(phy, mac, nodes);
    for (uint32_t i = 0; i < devices.GetN(); ++i)
    {
        auto device = DynamicCast<WifiNetDevice>(devices.Get(i));
        for (const auto& [name, bytes] : aggregation)
        {
            device->GetMac()->SetAttribute(name, UintegerValue(bytes));
        }
        BooleanValue categories;
        device->GetMac()->GetAttribute("QosSupported", categories);
        if (!categories.Get())
        {
            continue; // 802.11a knows no categories and no block acknowledgement
        }
        for (const char* name : {"VO_Txop", "VI_Txop", "BE_Txop", "BK_Txop"})
        {
            PointerValue txop;
            device->GetMac()->GetAttribute(name, txop);
            // ns-3 gives up on block acknowledgement after 1 ms, which a busy channel easily takes,
            // and the two sides then disagree for good; Linux waits for 500 ms and more.
            txop.GetObject()->SetAttribute("AddBaResponseTimeout", TimeValue(MilliSeconds(500)));
            // Room for three aggregates: what waits longer does so where flows take turns, not in
            // the order of arrival. No lifetime, as in Linux: frames that expire (after 500 ms in
            // ns-3) can leave 3.37's block acknowledgement window stuck for good.
            PointerValue queue;
            txop.GetObject()->GetAttribute("Queue", queue);
            queue.GetObject()->SetAttribute("MaxSize", StringValue("128p"));
            queue.GetObject()->SetAttribute("MaxDelay", TimeValue(Seconds(1000)));
        }
    }
    return devices;
}

} // namespace mdi
} // namespace ns3

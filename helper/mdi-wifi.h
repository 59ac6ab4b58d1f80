// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_WIFI_H
#define MDI_WIFI_H

#include "ns3/data-rate.h"
#include "ns3/net-device-container.h"
#include "ns3/node-container.h"
#include "ns3/yans-wifi-channel.h"

#include <cstdint>
#include <string>

namespace ns3
{
namespace mdi
{

/**
 * One Wi-Fi channel without access point. Prefer 802.11n: 802.11ac cannot do without block
 * acknowledgement, with which ns-3.37 lets a pair of stations fall silent for good now and then
 * where five or more send at once (1 of 8 random streams in our trials).
 */
struct WifiOptions
{
    std::string standard = "802.11n";           //!< "802.11a", "802.11n" or "802.11ac"
    std::string dataMode = "HtMcs3";            //!< of unicast data, such as "OfdmRate24Mbps"
    std::string controlMode = "OfdmRate24Mbps"; //!< of answers such as acknowledgements
    uint16_t channelWidthMHz = 20;              //!< 20, 40, 80 or 160, as the standard allows
    std::string band = "5GHz";                  //!< "2.4GHz" (802.11n only) or "5GHz"
    double rangeM = 0; //!< nothing is heard farther away than this; 0: all hear each other
    DataRate nominalGoodput = DataRate("20Mbps"); //!< one TCP flow's, as planners assume it
};

/**
 * Radios on a channel. The names and attributes that differ between versions of ns-3's Wi-Fi are
 * all in here.
 */
NetDeviceContainer InstallWifi(const NodeContainer& nodes,
                               const WifiOptions& options,
                               Ptr<YansWifiChannel> channel);

} // namespace mdi
} // namespace ns3

#endif // MDI_WIFI_H

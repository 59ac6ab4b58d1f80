// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_WIFI_CONTENTION_H
#define MDI_WIFI_CONTENTION_H

namespace ns3
{
namespace mdi
{

/**
 * Goodput of TCP on an 802.11 channel, for that of one flow which has it alone, when a number of
 * saturated stations contend.
 *
 * Of the transmissions, a share s collides with no other, by Bianchi's Markov model (G. Bianchi,
 * "Performance analysis of the IEEE 802.11 distributed coordination function", IEEE JSAC 18(3),
 * 2000, equations 7 to 11) with the windows of 802.11a/n, 16 to 1024 slots. Each of the (1 - s) / s
 * collisions per success wastes about a data frame's time, and a data frame needs two successes,
 * its own and that of its acknowledgement: 1 + 2 (1 - s) / s times its time. One flow alone is 1.5
 * stations, as its receiver has something to send half of the time.
 * \param stations at least 1; halves, too
 * \return 1 for 1.5 stations, less for more
 */
double ContentionFactor(double stations);

} // namespace mdi
} // namespace ns3

#endif // MDI_WIFI_CONTENTION_H

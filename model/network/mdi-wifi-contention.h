// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_WIFI_CONTENTION_H
#define MDI_WIFI_CONTENTION_H

namespace ns3
{
namespace mdi
{

/**
 * Share of the transmissions on an 802.11 channel that collide with no other, when a number of
 * saturated stations contend: Bianchi's Markov model (G. Bianchi, "Performance analysis of the IEEE
 * 802.11 distributed coordination function", IEEE JSAC 18(3), 2000, equations 7 to 11) with the
 * windows of 802.11a/n, 16 to 1024 slots.
 * \param stations at least 1; a fraction is a station that has something to send for that fraction
 *        of the time
 * \return in (0, 1]
 */
double CollisionFreeShare(double stations);

} // namespace mdi
} // namespace ns3

#endif // MDI_WIFI_CONTENTION_H

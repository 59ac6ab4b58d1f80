// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TCP_MODEL_H
#define MDI_TCP_MODEL_H

#include "mdi-wire.h"

#include "ns3/nstime.h"

#include <cstdint>

namespace ns3
{
namespace mdi
{

// What TCP adds to a fluid flow, as functions of its situation. The figures of time-outs and
// windows are those of PacketTransport.

/**
 * Bits of goodput that a number of bytes takes: whole segments carry them best, and the headers of
 * a last short one (52 octets of TCP and IP) count like those of a full one.
 */
double TcpBits(uint64_t bytes);

/// The same of one UDP packet: its headers take 28 octets.
double UdpBits(uint64_t bytes);

/**
 * Rate that congestion avoidance holds under random loss [b/s]: 1.22 segments per round trip over
 * the square root of the loss (M. Mathis et al., "The macroscopic behavior of the TCP congestion
 * avoidance algorithm", ACM CCR 27(3), 1997, equation 3). At least a segment per second.
 * \param loss of a packet, in (0, 1)
 * \param roundTrip of the idle path
 */
double LossLimit(double loss, Time roundTrip);

/// Shortest retransmission time-out.
Time TcpTimeout();

/**
 * When TCP sends again after a time in which every packet was lost: its time-out doubles, counted
 * from when the losses began.
 * \param began of the outage
 * \param now its end
 * \param timeout the first
 */
Time RetryAfterOutage(Time began, Time now, Time timeout = TcpTimeout());

/// Whether the TCP of this ns-3 lets a window grow only where it was full: newer releases do, as
/// Linux does; 3.37 and 3.40 do not.
bool WindowGrowsOnlyWhenFull();

/**
 * The window of a connection in slow start: it may have a window of bytes on their way, and the
 * window grows by what is acknowledged (ns-3 counts segments, not acknowledgements).
 */
class TcpWindow
{
  public:
    /// \param onlyWhenFull a round that leaves room in the window does not make it grow
    explicit TcpWindow(bool onlyWhenFull = WindowGrowsOnlyWhenFull());

    /**
     * Bytes that may leave now, at least 1 unless the window is on its way.
     * \param now the time
     * \param roundTrip of the idle path
     * \param bandwidthDelayBytes beyond this the window does not bind
     */
    uint64_t Available(Time now, Time roundTrip, double bandwidthDelayBytes);

    /// Bytes have left.
    void OnSent(uint64_t bytes);

    /// When the first acknowledgements of this round come.
    Time NextRound(Time roundTrip) const;

  private:
    bool m_onlyWhenFull;
    uint64_t m_window = 10 * TCP_SEGMENT_BYTES;
    uint64_t m_grown = 0; //!< at the begin of this round
    uint64_t m_sent = 0;  //!< in this round
    Time m_round;         //!< its begin
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TCP_MODEL_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-tcp-model.h"

#include "ns3/tcp-socket-state.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double SEGMENT = TCP_SEGMENT_BYTES;
constexpr double TCP_IP = 52;
constexpr double UDP_IP = 28;

/// The largest window: PacketTransport's buffers.
constexpr uint64_t MAX_WINDOW = 524288;

/// The releases whose CUBIC heeds this member are those that have it.
template <typename State, typename = void>
struct KnowsLimit : std::false_type
{
};

template <typename State>
struct KnowsLimit<State, std::void_t<decltype(State::m_isCwndLimited)>> : std::true_type
{
};

} // namespace

double
TcpBits(uint64_t bytes)
{
    const double segments = std::ceil(bytes / SEGMENT);
    return (bytes + segments * TCP_IP) * 8 * SEGMENT / (SEGMENT + TCP_IP);
}

double
UdpBits(uint64_t bytes)
{
    return (bytes + UDP_IP) * 8 * SEGMENT / (SEGMENT + TCP_IP);
}

double
LossLimit(double loss, Time roundTrip)
{
    const double bits = SEGMENT * 8;
    const double seconds = std::max(roundTrip.GetSeconds(), 1e-6);
    return std::max(bits, 1.22 * bits / (seconds * std::sqrt(loss)));
}

Time
TcpTimeout()
{
    return MilliSeconds(200);
}

Time
RetryAfterOutage(Time began, Time now, Time timeout)
{
    constexpr int MOST_DOUBLINGS = 8; // then ns-3 waits no longer: about a minute
    Time retry = began + timeout;
    for (int i = 0; retry < now; ++i)
    {
        timeout = i < MOST_DOUBLINGS ? timeout + timeout : timeout;
        retry += timeout;
    }
    return retry;
}

bool
WindowGrowsOnlyWhenFull()
{
    return KnowsLimit<TcpSocketState>::value;
}

TcpWindow::TcpWindow(bool onlyWhenFull)
    : m_onlyWhenFull(onlyWhenFull)
{
}

uint64_t
TcpWindow::Available(Time now, Time roundTrip, double bandwidthDelayBytes)
{
    if (m_window < bandwidthDelayBytes && now >= m_round + roundTrip)
    {
        if (!m_onlyWhenFull || m_sent + TCP_SEGMENT_BYTES > m_window)
        {
            m_grown = std::min(m_window + std::min(m_sent, m_window), MAX_WINDOW) - m_window;
            m_window += m_grown;
        }
        else
        {
            // It grew with each acknowledgement, until nothing was left to send: of two bytes that
            // left, one was in the place of what was acknowledged.
            m_window -= m_grown - std::min(m_grown, m_sent / 2);
            m_grown = 0;
        }
        m_sent = 0;
        m_round = now;
    }
    if (m_window >= bandwidthDelayBytes)
    {
        return std::numeric_limits<uint64_t>::max();
    }
    return m_window - std::min(m_sent, m_window);
}

void
TcpWindow::OnSent(uint64_t bytes)
{
    m_sent += bytes;
}

Time
TcpWindow::NextRound(Time roundTrip) const
{
    return m_round + roundTrip;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-interrupt.h"

#include <array>
#include <csignal>
#include <cstddef>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr std::array<int, 3> SIGNALS{SIGINT, SIGHUP, SIGTERM};

volatile std::sig_atomic_t g_interrupted = 0;

/// Scopes that live.
int g_depth = 0;

/// What the signals did before the outermost.
std::array<struct sigaction, SIGNALS.size()> g_before;

extern "C" void
OnInterrupt(int)
{
    g_interrupted = 1;
}

} // namespace

InterruptScope::InterruptScope()
{
    if (g_depth++ > 0)
    {
        return;
    }
    g_interrupted = 0;
    struct sigaction action = {};
    action.sa_handler = OnInterrupt;
    for (size_t i = 0; i < SIGNALS.size(); ++i)
    {
        sigaction(SIGNALS[i], nullptr, &g_before[i]);
        if (g_before[i].sa_handler != SIG_IGN)
        {
            sigaction(SIGNALS[i], &action, nullptr);
        }
    }
}

InterruptScope::~InterruptScope()
{
    if (--g_depth == 0)
    {
        Leave();
    }
}

void
InterruptScope::Check()
{
    if (g_interrupted)
    {
        throw std::runtime_error("interrupted");
    }
}

void
InterruptScope::Leave()
{
    for (size_t i = 0; i < SIGNALS.size(); ++i)
    {
        sigaction(SIGNALS[i], &g_before[i], nullptr);
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_INTERRUPT_H
#define MDI_INTERRUPT_H

namespace ns3
{
namespace mdi
{

/**
 * While one lives, Ctrl-C, a lost terminal and a request to end (SIGINT, SIGHUP, SIGTERM) do not
 * end the program at once: Check throws, so that what was begun is cleaned up. A signal that was
 * ignored before (nohup) stays ignored. Scopes may be nested; the outermost one counts.
 */
class InterruptScope
{
  public:
    InterruptScope();
    ~InterruptScope();

    InterruptScope(const InterruptScope&) = delete;
    InterruptScope& operator=(const InterruptScope&) = delete;

    /// \throws std::runtime_error "interrupted", if one of the signals came since the outermost
    /// scope began
    static void Check();

    /// Signals end a process as before the outermost scope: for one that was just forked.
    static void Leave();
};

} // namespace mdi
} // namespace ns3

#endif // MDI_INTERRUPT_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_EXIT_ROUTER_H
#define MDI_EXIT_ROUTER_H

#include "mdi-router.h"

#include "ns3/random-variable-stream.h"

#include <optional>

namespace ns3
{
namespace mdi
{

/**
 * MDI-Exit's offloading by queue state, **reconstructed** (Alg 1 and 2 of papers.md section 6.2;
 * M. Colocrese, E. Koyuncu, H. Seferoglu, arXiv 2408.05247).
 *
 * A task made at n (by admission, or behind an exit) joins the input queue I_n if that is empty or
 * |O_n| >= T_O, else the output queue O_n. For the head of O_n, over a free radio, with the
 * neighbours M = {m : |O_n| > |I_m|} (none: wait):
 *
 *     local = |I_n| Gamma_n,  remote_m = D_nm + |I_m| Gamma_m,  m* = argmin remote_m  [s]
 *     local > remote_m* : to m*;   else : to m* with probability local / remote_m*.
 *
 * The coin is tossed once for each event (a new head, word from a neighbour, the end of a
 * transfer). An idle processor takes from both queues, so none idles while tasks wait (the
 * work-conserving rule of Alg 1), and with FifoQueue the item that was admitted first: one node
 * alone is Local. With I_n strictly before O_n, as Alg 1 taken literally has it, what waits in O_n
 * starves behind newer items that find I_n empty.
 */
class MdiExitRouter : public Router
{
  public:
    static TypeId GetTypeId();

    MdiExitRouter();

    bool IsImmediate() const override;
    bool NeedsQueues() const override;
    bool Keeps(const Task& task, const LocalView& view) const override;
    Estimate Choose(const Task& task, const LocalView& view) override;
    int64_t AssignStreams(int64_t stream) override;

  private:
    double Coin(const TaskId& head, uint64_t news);

    uint32_t m_outputTasks; //!< attribute OutputTasks, T_O
    bool m_includeService;  //!< attribute IncludeService
    Ptr<UniformRandomVariable> m_uniform;
    std::optional<TaskId> m_tossedFor;
    uint64_t m_tossedAt = 0;
    double m_coin = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_EXIT_ROUTER_H

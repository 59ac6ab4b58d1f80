// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MS_MDI_ROUTER_H
#define MDI_MS_MDI_ROUTER_H

#include "mdi-router.h"

namespace ns3
{
namespace mdi
{

/**
 * MS-MDI-style, **reconstructed** (papers.md section 4; the algorithm of P. Li, H. Seferoglu,
 * E. Koyuncu, "Model-Distributed Inference in Multi-Source Edge Networks", ICASSPW 2023,
 * doi 10.1109/ICASSPW59220.2023.10193154, was not available).
 *
 * When a worker finishes a unit or admits an item, it places the next task at once on the candidate
 * with the earliest estimated completion,
 *
 *     C_j = max(now + D_nj(b), tfree_j) + t_{j,m,k},    tfree_j = report_time_j + B_j / F_j,
 *
 * over itself and its one-hop neighbours. Ties: itself, then the smallest node id. No priorities,
 * no grants: two workers may pick the same neighbour at the same time.
 */
class MsMdiRouter : public Router
{
  public:
    static TypeId GetTypeId();
    Estimate Choose(const Task& task, const LocalView& view) override;

  private:
    bool m_overlap; //!< attribute Overlap
};

} // namespace mdi
} // namespace ns3

#endif // MDI_MS_MDI_ROUTER_H

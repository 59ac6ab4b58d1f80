// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_DDI_ROUTER_H
#define MDI_DDI_ROUTER_H

#include "mdi-router.h"

#include <map>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Data-distributed inference: each worker holds the whole model and gets whole data. Which variant
 * the papers compare with is unknown; the three here are **reconstructed** (papers.md section 2):
 *
 * - `greedy`: the worker with the earliest done_i of the recursion
 *       tx_i = max(arr_i, tx_{i-1}) + 8 b_0 / R_0j,  fin_i = max(tx_i + l_0j, free_j) + t_j,
 *       done_i = fin_i + D_j0(b_K)                       (no transfer to itself);
 * - `equal`: round robin over the workers, itself first;
 * - `proportional`: shares in proportion to speed, interleaved: item i goes to the worker whose
 *   share is furthest behind (largest remainder).
 *
 * A source counts only what it sent itself: it hears nothing of other sources' load. Shares begin
 * anew when a worker gets out of reach or comes back: it need not make up for the time it was away.
 */
class DdiRouter : public Router
{
  public:
    static TypeId GetTypeId();
    Estimate Choose(const Task& task, const LocalView& view) override;
    bool NeedsReports() const override;
    void Forget() override;

  private:
    /// \throws std::invalid_argument if there is no such variant
    void SetVariant(std::string variant);
    uint32_t ChooseGreedy(const Task& task, const LocalView& view);
    uint32_t ChooseByShare(const Task& task, const LocalView& view, bool bySpeed);

    std::string m_variant;                 //!< attribute Variant
    Time m_transmitFree;                   //!< tx_{i-1}
    std::map<uint32_t, Time> m_workerFree; //!< free_j, as far as this source knows
    std::vector<uint32_t> m_sharing;       //!< workers in reach, among whom items are shared out
    std::map<uint32_t, uint32_t> m_given;  //!< items given to each of them so far
    uint32_t m_givenAll = 0;               //!< sum of m_given
};

} // namespace mdi
} // namespace ns3

#endif // MDI_DDI_ROUTER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_PARTITIONER_H
#define MDI_ROW_PARTITIONER_H

#include "mdi-partitioner.h"
#include "mdi-row-plan.h"

#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Strips of rows: EdgeFlow-style, **reconstructed** (papers.md section 7; C. Hu, B. Li,
 * "Distributed Inference with Deep Learning Models across Heterogeneous Edge Devices", IEEE INFOCOM
 * 2022). Every layer of the model, a DAG, is split by rows among the workers, which run their
 * strips side by side; what cannot be split stays on one of them. The plan names the worker of
 * every unit.
 *
 * It is made for one item, as if the devices were idle and every pair of them had a link of its own
 * with the nominal goodput and delay. What contention makes of it, only the simulation tells.
 *
 * Attribute Planner:
 *
 *     exact        progressive, each layer by bisection: PlanRows (EdgeFlow-style, our solution)
 *     linear       progressive, each layer by linear programs: PlanRowsByLp (EdgeFlow-style, as its
 *                  abstract has it)
 *     equal        as many rows on every worker: EqualStripsPlan (MoDNN-style, reconstructed)
 *     proportional rows in proportion to speed: ProportionalStripsPlan (CoEdge-, EdgeLD-style,
 *                  reconstructed)
 *     pipeline     consecutive whole layers, min-max period: MinMaxPipeline (PipeEdge-style,
 *                  reconstructed)
 *     single       everything as one slice on the worker on which an item takes the least
 */
class RowPartitioner : public Partitioner
{
  public:
    static TypeId GetTypeId();

    /// \throws std::invalid_argument one line, if no plan suits the workers' memories
    Plan MakePlan(const Deployment& deployment, uint32_t source) const override;

    /// What a source's model costs on these workers, for a planner; the devices are in this order.
    static RowCosts Costs(const Deployment& deployment,
                          uint32_t source,
                          const RowModel& model,
                          const std::vector<Deployment::Worker>& workers);

  private:
    std::vector<Deployment::Worker> ChooseWorkers(const Deployment& deployment,
                                                  uint32_t source) const;

    /// PlanStrips, once for the same question.
    const RowPlan& Remember(const RowModel& model, const RowCosts& costs) const;

    RowPlan PlanStrips(const RowModel& model, const RowCosts& costs) const;

    /// \throws std::invalid_argument if there is no such planner
    void SetPlanner(std::string planner);

    std::string m_planner; //!< attribute Planner
    bool m_guard;          //!< attribute Guard
    bool m_subsets;        //!< attribute Subsets
    bool m_lookAhead;      //!< attribute LookAhead
    bool m_fuse;           //!< attribute Fuse
    bool m_serialRx;       //!< attribute SerialRx
    uint32_t m_maxWorkers; //!< attribute MaxWorkers
};

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_PARTITIONER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PARTITIONER_H
#define MDI_PARTITIONER_H

#include "mdi-deployment.h"

#include "ns3/object.h"

#include <string>

namespace ns3
{
namespace mdi
{

/// Which units a source's model is cut into, and, if the plan is static, where each runs.
class Partitioner : public Object
{
  public:
    static TypeId GetTypeId();

    /// The plan that everybody is given at deployment.
    virtual Plan MakePlan(const Deployment& deployment, uint32_t source) const = 0;

  protected:
    /// Boundaries at which this partitioner may cut (attribute AnyLayer).
    std::vector<uint32_t> Boundaries(const LayerGraph& graph) const;

  private:
    bool m_anyLayer; //!< attribute AnyLayer
};

/// One unit, the whole model: Local, DDI.
class WholePartitioner : public Partitioner
{
  public:
    static TypeId GetTypeId();
    Plan MakePlan(const Deployment& deployment, uint32_t source) const override;
};

/**
 * Fixed blocks of as equal work as the cuts allow; the router places them: MS-MDI, PA-MDI
 * (papers.md section 11.1; the number of partitions is unknown, a public animation shows up to 5).
 */
class EqualWorkPartitioner : public Partitioner
{
  public:
    static TypeId GetTypeId();
    Plan MakePlan(const Deployment& deployment, uint32_t source) const override;

  private:
    uint32_t m_parts; //!< attribute Parts
};

/**
 * A unit per early exit: the layers after an exit up to and with the next one (tau_k of papers.md
 * section 6.2); a model without exits is one unit. The router places them or, with the attribute
 * Pipeline, the workers take one each in the order of PipelinePartitioner::Order, around.
 */
class ExitPartitioner : public Partitioner
{
  public:
    static TypeId GetTypeId();
    Plan MakePlan(const Deployment& deployment, uint32_t source) const override;

  private:
    bool m_pipeline; //!< attribute Pipeline
};

/**
 * A pipeline of all workers, the source first: AR-MDI-style, **reconstructed** (papers.md section
 * 3; P. Li, E. Koyuncu, H. Seferoglu, "Adaptive and Resilient Model-Distributed Inference in Edge
 * Computing Systems", IEEE OJCOMS 4, 2023, doi 10.1109/OJCOMS.2023.3280174).
 *
 * The order is a nearest-neighbour walk from the source: fewest hops first, then the next id in
 * cyclic order, so that several sources do not all use one order. Each worker gets at least one
 * block while there are enough. Allocation `proportional`: ProportionalCuts over measured speeds;
 * `dp`: MinMaxCuts over service times and private links.
 */
class PipelinePartitioner : public Partitioner
{
  public:
    static TypeId GetTypeId();
    Plan MakePlan(const Deployment& deployment, uint32_t source) const override;

    /// Node ids of the pipeline in order, the source's first.
    static std::vector<uint32_t> Order(const Deployment& deployment, uint32_t source);

  private:
    /// \throws std::invalid_argument if there is no such allocation
    void SetAllocation(std::string allocation);

    std::string m_allocation; //!< attribute Allocation
    uint32_t m_maxWorkers;    //!< attribute MaxWorkers
};

} // namespace mdi
} // namespace ns3

#endif // MDI_PARTITIONER_H

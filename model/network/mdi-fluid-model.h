// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FLUID_MODEL_H
#define MDI_FLUID_MODEL_H

#include <cstdint>
#include <limits>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Weighted max-min fair rates of fluid flows over shared resources (Bertsekas and Gallager, Data
 * Networks, section 6.5.2: progressive filling): no flow's rate can rise without that of a flow
 * falling which has, for its weight, no more. Plain C++: no simulator, no time.
 *
 * A flow takes `cost` times its rate of each resource that it uses; a resource never gives more
 * than its capacity. A change is noted only; Solve re-computes the flows that it touches: those
 * which share a resource with a changed one, directly or through others.
 */
class FluidModel
{
  public:
    using Resource = uint32_t; //!< its number, see AddResource
    using Flow = uint32_t;     //!< its number, see Add

    static constexpr double NO_LIMIT = std::numeric_limits<double>::infinity(); //!< of a flow

    /// What a flow takes of a resource.
    struct Use
    {
        Resource resource = 0; //!< which
        double cost = 1;       //!< of the resource, per unit of rate; above 0
    };

    /// \param capacity most that it gives [b/s], from 0
    Resource AddResource(double capacity);

    void SetCapacity(Resource resource, double capacity); //!< [b/s], from 0
    double Capacity(Resource resource) const;             //!< [b/s]

    /// Number of flows at a resource.
    uint32_t FlowsAt(Resource resource) const;

    /**
     * \param uses each resource at most once; may be empty, where there is a limit
     * \param weight of its share, above 0
     * \param limit most that it takes itself [b/s], from 0
     * \return its number, which is used again after Remove
     */
    Flow Add(const std::vector<Use>& uses, double weight = 1, double limit = NO_LIMIT);

    void Remove(Flow flow);                   //!< takes nothing any more
    void SetWeight(Flow flow, double weight); //!< see Add
    void SetLimit(Flow flow, double limit);   //!< see Add

    /// The rate of a flow by the last Solve [b/s].
    double Rate(Flow flow) const;

    /// Re-compute what was touched. \return the flows whose rate has changed, in a fixed order
    const std::vector<Flow>& Solve();

  private:
    /// A place in a resource's list of flows.
    struct Link
    {
        Flow flow;
        uint32_t use; //!< index in the flow's uses
    };

    struct ResourceState
    {
        double capacity = 0;
        std::vector<Link> flows;
        uint64_t visited = 0; //!< mark of the last Solve that met it
        double left = 0;      //!< during Solve: capacity that fixed flows leave
        double demand = 0;    //!< during Solve: sum of cost * weight of those not fixed
        uint32_t open = 0;    //!< during Solve: number of those
        bool touched = false;
    };

    struct FlowState
    {
        std::vector<Use> uses;
        std::vector<uint32_t> places; //!< by use: where it stands in the resource's list
        double weight = 1;
        double limit = NO_LIMIT;
        double rate = 0;
        uint64_t visited = 0;
        bool fixed = false; //!< during Solve
        bool alive = false;
        bool touched = false;
    };

    void TouchResource(Resource resource);
    void TouchFlow(Flow flow);
    void VisitResource(Resource resource);
    void VisitFlow(Flow flow);
    void Fill();
    void Fix(Flow flow, double rate);

    std::vector<ResourceState> m_resources;
    std::vector<FlowState> m_flows;
    std::vector<Flow> m_free; //!< numbers to use again
    std::vector<Resource> m_touchedResources;
    std::vector<Flow> m_touchedFlows;
    uint64_t m_mark = 0;
    std::vector<Resource> m_partResources; //!< of one connected part
    std::vector<Flow> m_partFlows;
    std::vector<Flow> m_changed;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_FLUID_MODEL_H

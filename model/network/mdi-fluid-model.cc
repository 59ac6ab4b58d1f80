// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-fluid-model.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

FluidModel::Resource
FluidModel::AddResource(double capacity)
{
    m_resources.emplace_back();
    m_resources.back().capacity = capacity;
    return static_cast<Resource>(m_resources.size() - 1);
}

void
FluidModel::SetCapacity(Resource resource, double capacity)
{
    if (m_resources[resource].capacity != capacity)
    {
        m_resources[resource].capacity = capacity;
        TouchResource(resource);
    }
}

double
FluidModel::Capacity(Resource resource) const
{
    return m_resources[resource].capacity;
}

uint32_t
FluidModel::FlowsAt(Resource resource) const
{
    return static_cast<uint32_t>(m_resources[resource].flows.size());
}

void
FluidModel::TouchResource(Resource resource)
{
    if (!m_resources[resource].touched)
    {
        m_resources[resource].touched = true;
        m_touchedResources.push_back(resource);
    }
}

void
FluidModel::TouchFlow(Flow flow)
{
    if (!m_flows[flow].touched)
    {
        m_flows[flow].touched = true;
        m_touchedFlows.push_back(flow);
    }
}

FluidModel::Flow
FluidModel::Add(const std::vector<Use>& uses, double weight, double limit)
{
    Flow flow;
    if (m_free.empty())
    {
        flow = static_cast<Flow>(m_flows.size());
        m_flows.emplace_back();
    }
    else
    {
        flow = m_free.back();
        m_free.pop_back();
    }
    FlowState& state = m_flows[flow];
    state.uses = uses;
    state.places.clear();
    for (uint32_t i = 0; i < uses.size(); ++i)
    {
        auto& flows = m_resources[uses[i].resource].flows;
        state.places.push_back(static_cast<uint32_t>(flows.size()));
        flows.push_back({flow, i});
    }
    state.weight = weight;
    state.limit = limit;
    state.rate = 0;
    state.alive = true;
    TouchFlow(flow);
    return flow;
}

void
FluidModel::Remove(Flow flow)
{
    FlowState& state = m_flows[flow];
    for (uint32_t i = 0; i < state.uses.size(); ++i)
    {
        // The last of the resource's list takes its place.
        ResourceState& resource = m_resources[state.uses[i].resource];
        const Link last = resource.flows.back();
        resource.flows[state.places[i]] = last;
        m_flows[last.flow].places[last.use] = state.places[i];
        resource.flows.pop_back();
        TouchResource(state.uses[i].resource);
    }
    state.alive = false;
    state.rate = 0;
    m_free.push_back(flow);
}

void
FluidModel::SetWeight(Flow flow, double weight)
{
    FlowState& state = m_flows[flow];
    if (state.weight != weight)
    {
        state.weight = weight;
        TouchFlow(flow);
    }
}

void
FluidModel::SetLimit(Flow flow, double limit)
{
    FlowState& state = m_flows[flow];
    if (state.limit != limit)
    {
        state.limit = limit;
        TouchFlow(flow);
    }
}

double
FluidModel::Rate(Flow flow) const
{
    return m_flows[flow].rate;
}

void
FluidModel::VisitResource(Resource resource)
{
    ResourceState& state = m_resources[resource];
    if (state.visited != m_mark)
    {
        state.visited = m_mark;
        m_partResources.push_back(resource);
    }
}

void
FluidModel::VisitFlow(Flow flow)
{
    FlowState& state = m_flows[flow];
    if (state.alive && state.visited != m_mark)
    {
        state.visited = m_mark;
        m_partFlows.push_back(flow);
    }
}

const std::vector<FluidModel::Flow>&
FluidModel::Solve()
{
    m_changed.clear();
    if (m_touchedResources.empty() && m_touchedFlows.empty())
    {
        return m_changed;
    }
    ++m_mark;
    m_partResources.clear();
    m_partFlows.clear();
    for (const Resource resource : m_touchedResources)
    {
        m_resources[resource].touched = false;
        VisitResource(resource);
    }
    for (const Flow flow : m_touchedFlows)
    {
        m_flows[flow].touched = false;
        VisitFlow(flow);
    }
    m_touchedResources.clear();
    m_touchedFlows.clear();
    for (size_t r = 0, f = 0; r < m_partResources.size() || f < m_partFlows.size();)
    {
        if (r < m_partResources.size())
        {
            for (const Link& link : m_resources[m_partResources[r]].flows)
            {
                VisitFlow(link.flow);
            }
            ++r;
            continue;
        }
        for (const Use& use : m_flows[m_partFlows[f]].uses)
        {
            VisitResource(use.resource);
        }
        ++f;
    }
    Fill();
    return m_changed;
}

void
FluidModel::Fix(Flow flow, double rate)
{
    FlowState& state = m_flows[flow];
    state.fixed = true;
    if (state.rate != rate)
    {
        state.rate = rate;
        m_changed.push_back(flow);
    }
    for (const Use& use : state.uses)
    {
        ResourceState& resource = m_resources[use.resource];
        resource.left = std::max(0.0, resource.left - use.cost * rate);
        resource.demand -= use.cost * state.weight;
        --resource.open;
    }
}

void
FluidModel::Fill()
{
    for (const Resource r : m_partResources)
    {
        ResourceState& resource = m_resources[r];
        resource.left = resource.capacity;
        resource.demand = 0;
        resource.open = static_cast<uint32_t>(resource.flows.size());
    }
    size_t open = m_partFlows.size();
    for (const Flow f : m_partFlows)
    {
        FlowState& flow = m_flows[f];
        flow.fixed = false;
        for (const Use& use : flow.uses)
        {
            m_resources[use.resource].demand += use.cost * flow.weight;
        }
    }
    while (open > 0)
    {
        // Rates rise together, each by its weight, until a resource is full or a limit reached.
        double level = NO_LIMIT;
        const ResourceState* full = nullptr;
        for (const Resource r : m_partResources)
        {
            const ResourceState& resource = m_resources[r];
            const double at = resource.open > 0 ? resource.left / resource.demand : NO_LIMIT;
            if (at < level)
            {
                level = at;
                full = &resource;
            }
        }
        Flow limited = 0;
        bool byLimit = false;
        for (const Flow f : m_partFlows)
        {
            const FlowState& flow = m_flows[f];
            if (!flow.fixed && flow.limit / flow.weight <= level)
            {
                level = flow.limit / flow.weight;
                limited = f;
                byLimit = true;
            }
        }
        if (byLimit)
        {
            Fix(limited, m_flows[limited].limit);
            --open;
            continue;
        }
        if (!full)
        {
            // Nothing bounds those that are left; a flow without uses and limit is the caller's.
            for (const Flow f : m_partFlows)
            {
                if (!m_flows[f].fixed)
                {
                    Fix(f, NO_LIMIT);
                }
            }
            return;
        }
        for (const Link& link : full->flows)
        {
            if (!m_flows[link.flow].fixed)
            {
                Fix(link.flow, level * m_flows[link.flow].weight);
                --open;
            }
        }
    }
}

} // namespace mdi
} // namespace ns3

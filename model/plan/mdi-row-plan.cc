// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-plan.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>

namespace ns3
{
namespace mdi
{

namespace
{

std::vector<uint64_t>
Sum(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b)
{
    std::vector<uint64_t> sum(a.size());
    std::transform(a.begin(), a.end(), b.begin(), sum.begin(), std::plus<>());
    return sum;
}

} // namespace

RowCuts
WholeOn(uint32_t device, uint32_t devices, int64_t height)
{
    RowCuts cuts(devices + 1, 0);
    std::fill(cuts.begin() + device + 1, cuts.end(), height);
    return cuts;
}

RowCuts
ShareRows(int64_t height, const std::vector<double>& shares)
{
    const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
    RowCuts cuts{0};
    double before = 0;
    for (const double share : shares)
    {
        before += share;
        cuts.push_back(std::llround(static_cast<double>(height) * before / total));
    }
    return cuts;
}

RowRange
Strip(const RowCuts& cuts, uint32_t device)
{
    return {cuts[device], cuts[device + 1]};
}

bool
Precedes(const RowPlan& a, const RowPlan& b)
{
    const auto sum = [](const RowPlan& plan) {
        int64_t total = 0;
        for (const auto& layer : plan.finish)
        {
            for (const int64_t finish : layer)
            {
                total = std::min(ROW_TIME_MAX, total + finish);
            }
        }
        return total;
    };
    return std::make_tuple(a.latency, a.bytesMoved, sum(a), a.cuts) <
           std::make_tuple(b.latency, b.bytesMoved, sum(b), b.cuts);
}

RowSchedule::RowSchedule(const RowModel& model, const RowCosts& costs)
    : m_model(&model),
      m_costs(&costs),
      m_available(costs.Devices(), 0),
      m_linkFree(costs.Devices(), std::vector<int64_t>(costs.Devices(), 0)),
      m_weights(costs.Devices(), 0),
      m_tensors(costs.Devices(), 0)
{
    CheckRowCosts(model, costs);
    AppendVirtual();
}

const RowModel&
RowSchedule::Model() const
{
    return *m_model;
}

const RowCosts&
RowSchedule::Costs() const
{
    return *m_costs;
}

uint32_t
RowSchedule::Next() const
{
    return static_cast<uint32_t>(m_plan.cuts.size());
}

const RowLayer&
RowSchedule::Layer() const
{
    return m_model->layers.at(Next());
}

const RowCuts&
RowSchedule::Cuts(uint32_t layer) const
{
    return m_plan.cuts.at(layer);
}

int64_t
RowSchedule::Available(uint32_t device) const
{
    return m_available.at(device);
}

std::vector<RowSchedule::Flow>
RowSchedule::Flows(uint32_t device, RowRange rows) const
{
    std::vector<Flow> flows;
    const auto& inputs = Layer().inputs;
    for (uint32_t i = 0; i < inputs.size(); ++i)
    {
        const uint32_t u = inputs[i].layer;
        const RowRange needed = RequiredRows(inputs[i].rule, rows, m_model->layers[u].height);
        for (uint32_t j = 0; j < m_costs->Devices(); ++j)
        {
            const RowRange there = Overlap(needed, Strip(m_plan.cuts[u], j));
            if (!there.Empty())
            {
                int64_t ready = m_plan.finish[u][j];
                if (j != device)
                {
                    const int64_t latency = m_costs->links[j][device].latency;
                    ready =
                        std::min(ROW_TIME_MAX, std::max(ready, m_linkFree[device][j]) + latency);
                }
                flows.push_back({i, j, there, ready});
            }
        }
    }
    return flows;
}

uint64_t
RowSchedule::FlowBytes(const Flow& flow) const
{
    return static_cast<uint64_t>(flow.rows.Size()) *
           m_model->layers[Layer().inputs[flow.input].layer].rowBytes;
}

uint64_t
RowSchedule::MovedBytes(uint32_t device, RowRange rows) const
{
    uint64_t bytes = 0;
    for (const Flow& flow : Flows(device, rows))
    {
        bytes += flow.from == device ? 0 : FlowBytes(flow);
    }
    return bytes;
}

int64_t
RowSchedule::Receive(uint32_t device, RowRange rows, std::vector<int64_t>& linkFree) const
{
    std::vector<Flow> flows = Flows(device, rows);
    std::sort(flows.begin(), flows.end(), [](const Flow& a, const Flow& b) {
        return std::tie(a.ready, a.input, a.from) < std::tie(b.ready, b.input, b.from);
    });
    int64_t arrival = 0;
    int64_t receiverFree = 0;
    for (const Flow& flow : flows)
    {
        int64_t there = flow.ready;
        if (flow.from != device)
        {
            const RowLink& link = m_costs->links[flow.from][device];
            const int64_t start =
                std::max({flow.ready,
                          std::min(ROW_TIME_MAX, linkFree[flow.from] + link.latency),
                          m_costs->serialRx ? receiverFree : 0});
            there = std::min(ROW_TIME_MAX, start + link.Busy(FlowBytes(flow)));
            linkFree[flow.from] = there - link.latency;
            receiverFree = there;
        }
        arrival = std::max(arrival, there);
    }
    return arrival;
}

int64_t
RowSchedule::Finish(uint32_t device, RowRange rows) const
{
    if (rows.Empty())
    {
        return 0;
    }
    std::vector<int64_t> linkFree = m_linkFree[device];
    const int64_t start = std::max(m_available[device], Receive(device, rows, linkFree));
    const bool works = !m_model->IsVirtual(Next());
    const int64_t time = works ? m_costs->compute[Next()][device].At(rows.Size()) : 0;
    return std::min(ROW_TIME_MAX, start + time);
}

uint64_t
RowSchedule::TensorBytes(RowRange rows) const
{
    uint64_t bytes = Layer().rowBytes * static_cast<uint64_t>(rows.Size());
    for (const RowInput& input : Layer().inputs)
    {
        const RowLayer& from = m_model->layers[input.layer];
        bytes += from.rowBytes *
                 static_cast<uint64_t>(RequiredRows(input.rule, rows, from.height).Size());
    }
    return bytes;
}

uint64_t
RowSchedule::RoomForRows(uint32_t device) const
{
    if (m_costs->memory.empty())
    {
        return std::numeric_limits<uint64_t>::max();
    }
    const uint64_t weights = m_weights[device] + Layer().weightBytes;
    return m_costs->memory[device] - std::min(m_costs->memory[device], weights);
}

bool
RowSchedule::Fits(uint32_t device, RowRange rows) const
{
    if (rows.Empty() || m_costs->memory.empty())
    {
        return true;
    }
    return m_weights[device] + Layer().weightBytes +
               std::max(m_tensors[device], TensorBytes(rows)) <=
           m_costs->memory[device];
}

std::optional<RowScore>
RowSchedule::Score(const RowCuts& cuts) const
{
    int64_t makespan = 0;
    uint64_t bytes = 0;
    int64_t sum = 0;
    for (uint32_t k = 0; k < m_costs->Devices(); ++k)
    {
        const RowRange rows = Strip(cuts, k);
        if (!Fits(k, rows))
        {
            return std::nullopt;
        }
        const int64_t finish = Finish(k, rows);
        makespan = std::max(makespan, finish);
        bytes += MovedBytes(k, rows);
        sum = std::min(ROW_TIME_MAX, sum + finish);
    }
    return RowScore{makespan, bytes, sum};
}

void
RowSchedule::Append(const RowCuts& cuts)
{
    const bool works = !m_model->IsVirtual(Next());
    std::vector<int64_t> finish(m_costs->Devices(), 0);
    for (uint32_t k = 0; k < m_costs->Devices(); ++k)
    {
        const RowRange rows = Strip(cuts, k);
        if (rows.Empty())
        {
            continue;
        }
        finish[k] = Finish(k, rows);
        Receive(k, rows, m_linkFree[k]);
        m_plan.bytesMoved += MovedBytes(k, rows);
        if (works)
        {
            m_weights[k] += Layer().weightBytes;
            m_tensors[k] = std::max(m_tensors[k], TensorBytes(rows));
        }
    }
    for (uint32_t k = 0; k < m_costs->Devices(); ++k)
    {
        m_available[k] = std::max(m_available[k], finish[k]);
    }
    m_plan.cuts.push_back(cuts);
    m_plan.finish.push_back(std::move(finish));
}

void
RowSchedule::AppendVirtual()
{
    while (Next() < m_model->layers.size() && m_model->IsVirtual(Next()))
    {
        Append(WholeOn(m_costs->source, m_costs->Devices(), Layer().height));
    }
    if (Next() == m_model->layers.size())
    {
        m_plan.latency = m_plan.finish.back()[m_costs->source];
        m_plan.memory = Sum(m_weights, m_tensors);
        for (uint32_t k = 0; k < m_costs->memory.size(); ++k)
        {
            m_plan.fits = m_plan.fits && m_plan.memory[k] <= m_costs->memory[k];
        }
    }
}

void
RowSchedule::Add(const RowCuts& cuts)
{
    const uint32_t devices = m_costs->Devices();
    const std::string here = "cuts of layer " + std::to_string(Next());
    if (cuts.size() != devices + 1 || cuts.front() != 0 || cuts.back() != Layer().height ||
        !std::is_sorted(cuts.begin(), cuts.end()))
    {
        throw std::invalid_argument(here + " must ascend from 0 to its height, " +
                                    std::to_string(Layer().height) + ", over " +
                                    std::to_string(devices) + " devices");
    }
    if (!Layer().splittable && std::any_of(cuts.begin(), cuts.end(), [this](int64_t cut) {
            return cut != 0 && cut != Layer().height;
        }))
    {
        throw std::invalid_argument(here + " split it, but it cannot be split");
    }
    Append(cuts);
    AppendVirtual();
}

const RowPlan&
RowSchedule::Plan() const
{
    if (Next() != m_model->layers.size())
    {
        throw std::logic_error("layer " + std::to_string(Next()) + " has not been planned");
    }
    return m_plan;
}

RowPlan
EvaluatePlan(const RowModel& model, const RowCosts& costs, const std::vector<RowCuts>& cuts)
{
    if (cuts.size() != model.layers.size())
    {
        throw std::invalid_argument("expected cuts of " + std::to_string(model.layers.size()) +
                                    " layers, found " + std::to_string(cuts.size()));
    }
    RowSchedule schedule(model, costs);
    while (schedule.Next() < model.layers.size())
    {
        schedule.Add(cuts[schedule.Next()]);
    }
    return schedule.Plan();
}

} // namespace mdi
} // namespace ns3

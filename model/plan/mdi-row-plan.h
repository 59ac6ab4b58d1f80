// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_PLAN_H
#define MDI_ROW_PLAN_H

#include "mdi-row-costs.h"
#include "mdi-row-model.h"

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Cuts 0 = b_0 <= b_1 <= ... <= b_N = H_v of a layer: device k runs rows [b_k, b_{k+1}).
using RowCuts = std::vector<int64_t>;

/// One device runs all rows.
RowCuts WholeOn(uint32_t device, uint32_t devices, int64_t height);

/// Strips in proportion to shares (not all 0) that add up to the height, rounded to whole rows.
RowCuts ShareRows(int64_t height, const std::vector<double>& shares);

/// A whole model in row strips, and what the cost model says of it, for one inference.
struct RowPlan
{
    std::vector<RowCuts> cuts;                //!< per layer of the RowModel, virtual ones, too
    std::vector<std::vector<int64_t>> finish; //!< f^v_k per layer and device, 0 if idle [ns]
    std::vector<uint64_t> memory;             //!< per device: weights and largest tensors [bytes]
    int64_t latency = 0;                      //!< until the source has the result [ns]
    uint64_t bytesMoved = 0;                  //!< between devices
    bool fits = true;                         //!< no device exceeds its memory
    bool guardUsed = false;                   //!< one device alone beat the planner's own plan
};

/// The rows of device k, [b_k, b_{k+1}).
RowRange Strip(const RowCuts& cuts, uint32_t device);

/// Whether `a` comes first: latency, then bytes, sum of the finish times, lexicographic cuts.
bool Precedes(const RowPlan& a, const RowPlan& b);

/// How good the cuts of one layer are; the smaller, the better: makespan, bytes, sum of finishes.
using RowScore = std::tuple<int64_t, uint64_t, int64_t>;

/**
 * A plan in the making: some layers have their cuts, and their strips their finish times, by the
 * cost model of papers.md, section 7.4 (EdgeFlow-style, reconstructed), with one difference: a link
 * carries one tensor at a time, in the order in which layers are planned. (Without it, rows that
 * layer after layer sends ahead take no time, and plans come out far slower than they say.) Idle
 * devices and private links are assumed. Every delay is an integer of nanoseconds, rounded up, and
 * a strip never gets faster or smaller by another row, which exact planning relies on.
 *
 * The functions of one layer are about the layer that is planned next. Virtual layers add
 * themselves. Model and costs must outlive the schedule.
 */
class RowSchedule
{
  public:
    /// \throws std::invalid_argument if the costs do not suit the model
    RowSchedule(const RowModel& model, const RowCosts& costs);

    const RowModel& Model() const; //!< what is planned
    const RowCosts& Costs() const; //!< on which devices

    /// Index of the layer that is planned next; the number of layers when all are planned.
    uint32_t Next() const;

    /// The layer that is planned next.
    const RowLayer& Layer() const;

    /// The cuts of a layer that has been planned.
    const RowCuts& Cuts(uint32_t layer) const;

    /// When the device is done with what has been planned so far [ns].
    int64_t Available(uint32_t device) const;

    /// When the device is done with a strip of the next layer; 0 if the strip is empty [ns].
    int64_t Finish(uint32_t device, RowRange rows) const;

    /// Whether the device has memory for a strip of the next layer: its input and output rows, and
    /// the weights of every layer that the device runs.
    bool Fits(uint32_t device, RowRange rows) const;

    /// The score of these cuts of the next layer; none if a strip does not fit.
    std::optional<RowScore> Score(const RowCuts& cuts) const;

    /// Rows that a strip waits for.
    struct Flow
    {
        uint32_t input; //!< index in RowLayer::inputs
        uint32_t from;  //!< the device that has them; can be the strip's own
        RowRange rows;  //!< rows of that input
        int64_t ready;  //!< when they are finished and the link is free, and its latency [ns]
    };

    /// What a strip of the next layer waits for, by input and device.
    std::vector<Flow> Flows(uint32_t device, RowRange rows) const;

    /// What a device that runs a strip of the next layer has left for the strip's input and output
    /// rows, beside the weights [bytes].
    uint64_t RoomForRows(uint32_t device) const;

    /**
     * Plan the next layer so.
     * \throws std::invalid_argument if these are not cuts of it, or split what cannot be split
     */
    void Add(const RowCuts& cuts);

    /**
     * The finished plan.
     * \throws std::logic_error if a layer is missing
     */
    const RowPlan& Plan() const;

  private:
    int64_t Receive(uint32_t device, RowRange rows, std::vector<int64_t>& linkFree) const;
    uint64_t FlowBytes(const Flow& flow) const;
    uint64_t MovedBytes(uint32_t device, RowRange rows) const;
    uint64_t TensorBytes(RowRange rows) const;
    void Append(const RowCuts& cuts);
    void AppendVirtual();

    const RowModel* m_model;
    const RowCosts* m_costs;
    RowPlan m_plan;
    std::vector<int64_t> m_available; //!< avail_k per device [ns]
    /// Per device, when the link from each other one has sent what was planned so far [ns].
    std::vector<std::vector<int64_t>> m_linkFree;
    std::vector<uint64_t> m_weights; //!< that each device holds [bytes]
    std::vector<uint64_t> m_tensors; //!< largest input and output of a strip so far [bytes]
};

/**
 * What the cost model says of a plan.
 * \param model the model
 * \param costs of the devices and links
 * \param cuts per layer of the model; those of virtual layers are ignored
 * \throws std::invalid_argument if a size does not suit, or a layer is split that cannot be
 */
RowPlan EvaluatePlan(const RowModel& model,
                     const RowCosts& costs,
                     const std::vector<RowCuts>& cuts);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_PLAN_H

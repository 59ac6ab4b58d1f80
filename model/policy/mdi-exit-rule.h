// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_EXIT_RULE_H
#define MDI_EXIT_RULE_H

#include "mdi-tensor-engine.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/traced-value.h"

#include <functional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Stop here? An item leaves at an early exit k of its model if its confidence there reaches the
 * threshold, C_k(d) >= T_e: the largest soft-max probability, computed on the real tensor. Every
 * worker has a rule of its own; the threshold is given at the item's source and travels in its
 * tasks. A system without a rule has its exits disabled: not the same as T_e = 1, at which an item
 * still leaves whose soft-max has saturated to 1 in float32 (papers.md section 6.2).
 */
class ExitRule : public Object
{
  public:
    static TypeId GetTypeId();

    /// T_e for an item that is admitted now.
    virtual double Threshold() const = 0;

    /**
     * Whether an item leaves.
     * \param exit which exit, from 1
     * \param answers the model's answer there, for each element of the batch; without values there
     *        is none, and nothing leaves
     * \param threshold T_e of the item
     */
    virtual bool Leaves(uint32_t exit,
                        const std::vector<Prediction>& answers,
                        double threshold) const;

    /**
     * At a node with a source: its first item is about to be admitted.
     * \param tasks |I| + |O| of the node's worker
     */
    virtual void Start(std::function<uint32_t()> tasks);

    /// No more items.
    virtual void Stop();
};

/// The same threshold throughout.
class FixedExit : public ExitRule
{
  public:
    static TypeId GetTypeId();
    double Threshold() const override;
    bool Leaves(uint32_t exit,
                const std::vector<Prediction>& answers,
                double threshold) const override;

  private:
    /// \throws std::invalid_argument if it is no list of numbers
    void SetPerExit(std::string thresholds);
    std::string GetPerExit() const;

    double m_threshold;             //!< attribute Threshold, T_e
    std::vector<double> m_perExit;  //!< attribute PerExit, T_e^k
};

/**
 * MDI-Exit's threshold adaptation at a fixed rate of arrivals, **reconstructed** (Alg 4 of papers.md
 * section 6.2; M. Colocrese, E. Koyuncu, H. Seferoglu, "Early-Exit meets Model-Distributed Inference
 * at Edge Networks", arXiv 2408.05247; the algorithms as printed were not available). Every Period,
 * with Q = |I| + |O| of the source's worker:
 *
 *     Q <= T_Q1        : T_e <- min(1, T_e + up_a)
 *     T_Q1 < Q <= T_Q2 : T_e <- min(1, T_e + up_b)
 *     Q > T_Q2         : T_e <- max(T_e_min, T_e - down_z)
 *
 * All constants are tunable defaults, unverified.
 */
class AdaptiveExit : public ExitRule
{
  public:
    static TypeId GetTypeId();
    double Threshold() const override;
    void Start(std::function<uint32_t()> tasks) override;
    void Stop() override;

  protected:
    void NotifyConstructionCompleted() override;
    void DoDispose() override;

  private:
    void Adapt();

    double m_initial;     //!< attribute Initial
    double m_minimum;     //!< attribute Minimum, T_e_min
    double m_upLow;       //!< attribute UpLow, up_a
    double m_upMiddle;    //!< attribute UpMiddle, up_b
    double m_down;        //!< attribute Down, down_z
    uint32_t m_lowTasks;  //!< attribute LowTasks, T_Q1
    uint32_t m_highTasks; //!< attribute HighTasks, T_Q2
    Time m_period;        //!< attribute Period, P_adm
    TracedValue<double> m_threshold = 1; //!< T_e, trace source Threshold
    std::function<uint32_t()> m_tasks;
    EventId m_next;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_EXIT_RULE_H

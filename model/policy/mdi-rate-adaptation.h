// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RATE_ADAPTATION_H
#define MDI_RATE_ADAPTATION_H

#include "mdi-admission.h"

#include "ns3/traced-value.h"

namespace ns3
{
namespace mdi
{

/**
 * MDI-Exit's rate adaptation at a fixed threshold, **reconstructed** (Alg 3 of papers.md section
 * 6.2; M. Colocrese, E. Koyuncu, H. Seferoglu, arXiv 2408.05247). The source always has data and
 * releases one every mu; every Period, with Q = |I| + |O| of its worker:
 *
 *     Q <= T_Q1        : mu <- max(mu_min, (1 - step_a) mu)
 *     T_Q1 < Q <= T_Q2 : mu <- max(mu_min, (1 - step_b) mu)
 *     Q > T_Q2         : mu <- min(mu_max, (1 + step_z) mu)
 *
 * with T_Q1 <= T_Q2 and mu_min <= mu_max. It settles by oscillating near T_Q2. Nothing is rejected:
 * what is not released yet is not admitted, and not in Q. While the source's device is off, nothing
 * is released and mu stays. All constants are tunable defaults, unverified.
 */
class RateAdaptation : public Admission
{
  public:
    static TypeId GetTypeId();
    bool Waits() const override;

  protected:
    void NotifyConstructionCompleted() override;
    void DoStart() override;
    void DoStop() override;
    void DoPause() override;
    void DoResume() override;

  private:
    void Next();
    void Adapt();

    Time m_initialGap;              //!< attribute InitialGap
    Time m_minGap;                  //!< attribute MinGap, mu_min
    Time m_maxGap;                  //!< attribute MaxGap, mu_max
    double m_stepLow;               //!< attribute StepLow, step_a
    double m_stepMiddle;            //!< attribute StepMiddle, step_b
    double m_stepDown;              //!< attribute StepDown, step_z
    uint32_t m_lowTasks;            //!< attribute LowTasks, T_Q1
    uint32_t m_highTasks;           //!< attribute HighTasks, T_Q2
    Time m_period;                  //!< attribute Period, P_adm
    TracedValue<double> m_gapS = 0; //!< mu [s], trace source Gap
    EventId m_adapt;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_RATE_ADAPTATION_H

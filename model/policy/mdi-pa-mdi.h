// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PA_MDI_H
#define MDI_PA_MDI_H

#include "mdi-queue-discipline.h"
#include "mdi-router.h"

namespace ns3
{
namespace mdi
{

/**
 * The metric of PA-MDI [s], **reconstructed** from the reported rule (papers.md section 5.2;
 * T. Li, H. Seferoglu, "Priority-Aware Model-Distributed Inference at Edge Networks",
 * arXiv 2412.12371, IEEE ICMLCN 2025):
 *
 *     Phi(tau, j) = (X(tau, j) + a * age(tau)) / (gamma_m * alpha_m * (1 - P_nj)^e).
 *
 * \param completion X [s], Estimate::Completion
 * \param age now - admission of the item [s]
 * \param ageWeight a
 * \param priority gamma_m
 * \param accuracy alpha_m
 * \param lossProbability P_nj
 * \param lossExponent e
 */
double PaMdiMetric(double completion,
                   double age,
                   double ageWeight,
                   double priority,
                   double accuracy,
                   double lossProbability,
                   double lossExponent);

/**
 * PA-MDI-style router, reconstructed: the worker among itself and its one-hop neighbours with the
 * smallest Phi; ties: itself, then the smallest node id. For one task gamma, alpha and (with e = 0)
 * age are the same for all workers, so priority does not act here but in the order of the queue
 * (PaMdiQueue) and of the grants (Handshake).
 */
class PaMdiRouter : public Router
{
  public:
    static TypeId GetTypeId();
    Estimate Choose(const Task& task, const LocalView& view) override;
    bool IsImmediate() const override;

  private:
    bool m_immediate;      //!< attribute Immediate
    bool m_overlap;        //!< attribute Overlap
    bool m_urgentBacklog;  //!< attribute UrgentBacklogOnly
    double m_ageWeight;    //!< attribute AgeWeight, a
    double m_lossExponent; //!< attribute LossExponent, e
};

/**
 * PA-MDI-style order, reconstructed: smallest Phi first, or with AgeWeight 0 and AgeCredit lambda
 * the separate anti-starvation form key = Phi(a = 0) - lambda * age. With a = 1 (as reported) an
 * older task has a larger Phi and loses: see the tails of low-priority sources.
 */
class PaMdiQueue : public QueueDiscipline
{
  public:
    static TypeId GetTypeId();
    double Key(const Task& task, const Estimate& estimate, const LocalView& view) const override;

  private:
    bool m_overlap;        //!< attribute Overlap
    double m_ageWeight;    //!< attribute AgeWeight, a
    double m_ageCredit;    //!< attribute AgeCredit, lambda
    double m_lossExponent; //!< attribute LossExponent, e
};

} // namespace mdi
} // namespace ns3

#endif // MDI_PA_MDI_H

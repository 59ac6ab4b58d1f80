// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SWEEP_RUNNER_H
#define MDI_SWEEP_RUNNER_H

#include "mdi-scenario-models.h"
#include "mdi-scenario.h"
#include "mdi-sweep-plan.h"
#include "mdi-sweep-store.h"
#include "mdi-sweep.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// What is to be done in one piece: runs of one system at one point.
struct SweepJob
{
    size_t point = 0;           //!< its number
    size_t system = 0;          //!< of the point
    std::vector<uint32_t> runs; //!< those that the store lacks
};

/**
 * Simulates jobs of a sweep and puts what comes out into a store. Models and traces are loaded
 * once: what is loaded before a process forks is shared by all. Only forked processes call Do.
 */
class SweepRunner
{
  public:
    /**
     * \param engine that has no models yet
     * \param store file of a SweepStore
     */
    SweepRunner(const Sweep& sweep, Ptr<TensorEngine> engine, const std::string& store);
    ~SweepRunner();

    /**
     * Load what a point needs, and check it.
     * \throws BadInput one line, without the name of the scenario: Sweep::Place goes before it
     */
    void Load(size_t point);

    /**
     * Load the first point that is right.
     * \throws BadInput one line: the scenario is wrong before any field is set
     * \throws std::runtime_error one line: it is right, but no point is
     */
    void LoadAny();

    /**
     * Simulate.
     * \throws std::runtime_error, BadInput one line: the job failed; nothing of it is in the store
     * \throws PoolStop one line: the store cannot be written
     */
    void Do(const SweepJob& job, const SweepPoint& point);

    const TensorEngine& Engine() const; //!< that has the models

    /// The scenario of the point that was loaded last.
    const Scenario& Loaded() const;

  private:
    void LoadScenario(const nlohmann::json& document);

    const Sweep& m_sweep;
    Ptr<TensorEngine> m_engine;
    std::string m_storeFile;
    LoadedModels m_models;
    ComputeTraces m_traces;
    std::unique_ptr<SweepStore> m_store; //!< opened by the first Do: not to be taken through a fork
    bool m_isLoaded = false;
    size_t m_point = 0; //!< that m_scenario is of
    Scenario m_scenario;
    Ptr<TensorEngine> m_used; //!< m_engine, or one that knows sizes only
};

} // namespace mdi
} // namespace ns3

#endif // MDI_SWEEP_RUNNER_H

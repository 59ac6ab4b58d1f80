// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-sweep-runner.h"

#include "mdi-job-pool.h"
#include "mdi-json-reader.h"
#include "mdi-scenario-check.h"
#include "mdi-scenario-models.h"
#include "mdi-scenario-names.h"
#include "mdi-spool.h"
#include "mdi-summary-account.h"
#include "mdi-summary.h"

#include <sstream>

namespace ns3
{
namespace mdi
{

namespace
{

/// Keeps what the summary needs of a run.
class SummarySink : public RunSink
{
  public:
    SummarySink(Spool& spool, size_t sources)
        : account(spool, sources)
    {
    }

    void OnItem(const ItemRecord& item) override
    {
        account.Add(item);
    }

    void OnSpan(const Span&) override
    {
    }

    void OnQueue(const QueueSample&) override
    {
    }

    SummaryAccount account;
};

} // namespace

SweepRunner::SweepRunner(const Sweep& sweep, Ptr<TensorEngine> engine, const std::string& store)
    : m_sweep(sweep),
      m_engine(engine),
      m_storeFile(store)
{
}

SweepRunner::~SweepRunner() = default;

void
SweepRunner::Load(size_t point)
{
    if (m_isLoaded && m_point == point)
    {
        return;
    }
    m_isLoaded = false;
    try
    {
        LoadScenario(m_sweep.ScenarioOf(point));
    }
    catch (const BadInput& error)
    {
        throw BadInput(m_sweep.Reason(error.what()));
    }
    m_point = point;
    m_isLoaded = true;
}

void
SweepRunner::LoadScenario(const nlohmann::json& document)
{
    m_scenario = ReadScenario(document, m_sweep.scenarioFile, "", m_traces);
    m_used = LoadModels(m_scenario, m_engine, m_models);
}

void
SweepRunner::LoadAny()
{
    std::string first;
    for (size_t point = 0; point < m_sweep.points.size(); ++point)
    {
        try
        {
            Load(point);
            return;
        }
        catch (const BadInput& error)
        {
            first = first.empty() ? error.what() : first;
        }
    }
    try
    {
        LoadScenario(m_sweep.scenario);
    }
    catch (const BadInput& error)
    {
        if (m_sweep.Reason(error.what()) == first) // no field has to do with it
        {
            throw;
        }
    }
    throw std::runtime_error(m_sweep.Place(0) + ": " + first +
                             (m_sweep.points.size() > 1 ? " (and no other point is right)" : ""));
}

void
SweepRunner::Do(const SweepJob& job, const SweepPoint& point)
{
    Load(job.point);
    SystemSpec& system = m_scenario.systems.at(job.system);
    try
    {
        CheckSystem(m_scenario, system, m_used);
    }
    catch (const BadInput& error)
    {
        throw BadInput(m_sweep.Reason(error.what()));
    }
    const auto sources = NamesOf(m_scenario.sources);
    std::vector<SweepStore::Run> runs;
    for (const uint32_t run : job.runs)
    {
        Spool spool(""); // in memory: 24 bytes per item
        SummarySink sink(spool, sources.size());
        const RunOutcome outcome = Simulate(m_scenario, system, run, m_used, sink, false);
        std::ostringstream rows;
        for (const auto& row : sink.account.Rows(outcome, sources))
        {
            WriteSummaryRow(rows, row);
        }
        runs.push_back({m_scenario.seed, run, rows.str(), outcome.unfinished});
    }
    try
    {
        if (!m_store)
        {
            m_store = std::make_unique<SweepStore>(m_storeFile);
        }
        m_store->Put(point.key, point.systems.at(job.system).key, runs);
    }
    catch (const std::runtime_error& error) // a full disk: the results of other jobs are lost, too
    {
        throw PoolStop(error.what());
    }
}

const TensorEngine&
SweepRunner::Engine() const
{
    return *m_used;
}

const Scenario&
SweepRunner::Loaded() const
{
    return m_scenario;
}

} // namespace mdi
} // namespace ns3

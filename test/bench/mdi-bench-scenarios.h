// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_BENCH_SCENARIOS_H
#define MDI_BENCH_SCENARIOS_H

#include "ns3/mdi-scenario-check.h"
#include "ns3/mdi-scenario-models.h"
#include "ns3/mdi-scenario.h"
#include "ns3/mdi-simulation.h"

#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{
namespace bench
{

/// A scenario that no file describes, with an engine that knows the sizes of its model.
struct Generated
{
    Scenario scenario;
    Ptr<TensorEngine> engine;
};

/// A chain of layers for scenarios: what it works and what crosses its cuts.
struct ChainSizes
{
    uint32_t layers = 8;
    double flop = 1e9;           //!< of all layers together, in equal parts
    uint64_t inputBytes = 12000; //!< of an item
    uint64_t cutBytes = 40000;   //!< of each cut
    uint64_t resultBytes = 40;   //!< of the answer
};

/**
 * Devices without links and sources.
 * \param fidelity packet or flow
 * \param devices how many; each computes at 1e11 FLOP/s with some spread
 */
Generated MakeDevices(const std::string& fidelity, uint32_t devices, const ChainSizes& sizes);

/// A source with Poisson arrivals.
void AddSource(Scenario& scenario, uint32_t device, uint32_t items, double rateHz, float priority);

/// A link of type point-to-point or ethernet between devices.
void AddWired(Scenario& scenario,
              const std::string& type,
              const std::vector<uint32_t>& devices,
              uint64_t rateBps,
              Time delay);

/**
 * Cells of ten devices at a switch; the first devices of neighbouring cells are connected. One
 * source a cell, which offers 0.7 of what its own device serves.
 */
Generated MakeCells(uint32_t devices, uint32_t itemsPerSource);

/// Items of a run by how they ended.
struct Ended
{
    uint64_t completed = 0;
    uint64_t exact = 0; //!< of those, with the output of the whole model bit for bit
    uint64_t lost = 0;
};

/// Takes the items of a simulation and keeps their number only.
class CountingSink : public RunSink
{
  public:
    void OnItem(const ItemRecord& item) override;

    void OnSpan(const Span&) override
    {
    }

    void OnQueue(const QueueSample&) override
    {
    }

    Ended ended; //!< so far
};

} // namespace bench
} // namespace mdi
} // namespace ns3

#endif // MDI_BENCH_SCENARIOS_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SWEEP_RESULTS_H
#define MDI_SWEEP_RESULTS_H

#include "mdi-sweep-plan.h"
#include "mdi-sweep-store.h"
#include "mdi-sweep.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// The stores of a sweep's folder, of all shards, as one.
class SweepStores
{
  public:
    /// \throws BadInput one line: a file there that is no store of this version
    explicit SweepStores(const std::string& folder);

    /// Whether there is any.
    bool Empty() const;

    bool Has(const SweepStore::Key& key) const; //!< whether a store has it

    /// As SweepStore::Get, from the first store that has it.
    std::pair<std::string, uint64_t> Get(const SweepStore::Key& key) const;

    /// Why a system failed at a point; empty if nobody noted that.
    std::string FailureOf(const std::string& point, const std::string& system) const;

  private:
    std::vector<std::unique_ptr<SweepStore>> m_stores; //!< by file name
    std::map<SweepStore::Key, size_t> m_keys;          //!< which store has it
    std::map<std::pair<std::string, std::string>, std::string> m_failures;
};

/// What came of a sweep.
struct SweepResults
{
    uint64_t simulations = 0;           //!< that are in results.csv
    uint64_t failed = 0;                //!< systems at a point that failed: in failures.csv
    std::string firstFailure;           //!< one line
    uint64_t unfinished = 0;            //!< items without an end when the time limit came
    uint64_t lost = 0;                  //!< items
    std::vector<std::string> unchanged; //!< fields that changed no result, as far as a grid shows
};

/**
 * Write results.csv and failures.csv: the same bytes however the sweep was run.
 * \param sweep what was swept
 * \param points by number, from SweepKeys
 * \param stores with all simulations that did not fail
 * \param folder where to
 * \throws std::runtime_error one line, if a file cannot be written
 */
SweepResults WriteSweepResults(const Sweep& sweep,
                               const std::vector<SweepPoint>& points,
                               const SweepStores& stores,
                               const std::string& folder);

} // namespace mdi
} // namespace ns3

#endif // MDI_SWEEP_RESULTS_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SWEEP_PLAN_H
#define MDI_SWEEP_PLAN_H

#include "mdi-sweep-store.h"
#include "mdi-sweep.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// One system at one point of a sweep.
struct SweepSystem
{
    std::string name; //!< in the scenario
    std::string key;  //!< all that makes it what it is
};

/// What there is to simulate at a point of a sweep, and under which keys its results are kept.
struct SweepPoint
{
    std::string key; //!< of the scenario without its systems, and of all files that it names
    std::vector<SweepSystem> systems; //!< as they stand in the scenario
    uint32_t runs = 0;                //!< replications
    uint32_t seed = 0;                //!< of all random numbers
    bool generates = false;           //!< some source does: its rows have the columns of tokens
    std::string error;                //!< one line, if there is no such scenario

    /// All simulations of a system: their keys.
    std::vector<SweepStore::Key> Runs(const SweepSystem& system) const;
};

/**
 * Finds the keys of a sweep's points. A result is known again only if nothing has changed that it
 * may depend on: every field of the scenario, the bytes of every file that it names, defaults of
 * attributes, the bytes of libraries of --load. What only chooses simulations (systems, runs,
 * seeds) and names are no part of it, so that a sweep may grow.
 */
class SweepKeys
{
  public:
    /// \param sweep must outlive this object; defaults of attributes are taken as they are now
    explicit SweepKeys(const Sweep& sweep);

    SweepPoint Of(size_t point); //!< of that number

  private:
    /// Adds the digests of all files that texts of a document name. \param from the document's file
    void AddFiles(const nlohmann::json& value, const std::string& from, std::string& text);

    std::string Digest(const std::string& path);
    std::string FolderDigest(const std::string& path);

    const Sweep& m_sweep;
    std::string m_program; //!< what points share that is no part of the scenario
    std::map<std::string, std::string> m_digests; //!< by path; of what is no file, empty
};

} // namespace mdi
} // namespace ns3

#endif // MDI_SWEEP_PLAN_H

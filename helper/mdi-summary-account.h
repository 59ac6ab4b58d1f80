// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SUMMARY_ACCOUNT_H
#define MDI_SUMMARY_ACCOUNT_H

#include "mdi-samples.h"
#include "mdi-simulation.h"
#include "mdi-summary.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Adds up items, one after the other, to the rows of summary.csv of a run. Memory does not grow
 * with the items: what percentiles need goes to a spool.
 *
 * Numbers are added by source and item, so that the last digit does not depend on the order in
 * which items of different sources come.
 */
class SummaryAccount
{
  public:
    /**
     * \param spool for what must be read again; must outlive this object
     * \param sources how many there are
     */
    SummaryAccount(Spool& spool, size_t sources);

    /**
     * Items of one source in their order.
     * \throws std::runtime_error one line, if the spool cannot be written
     */
    void Add(const ItemRecord& item);

    /**
     * One row per source and one for all.
     * \param outcome of the run
     * \param sources their names
     */
    std::vector<SummaryRow> Rows(const RunOutcome& outcome,
                                 const std::vector<std::string>& sources) const;

    /// Items that were lost, by reason.
    const std::map<std::string, uint64_t>& Lost() const;

  private:
    /// What can be added up in any order.
    struct Counts
    {
        uint64_t admitted = 0;
        uint64_t completed = 0;
        uint64_t lost = 0;
        uint64_t bytesOnWire = 0;
        uint64_t labelled = 0;    //!< answers that are right or wrong
        uint64_t right = 0;       //!< of these
        uint64_t gaps = 0;        //!< between tokens
        Time inGaps;              //!< sum of these
        Time first = Time::Max(); //!< admission
        Time last;                //!< completion
        std::optional<double> errorMax;

        void Add(const Counts& other);
    };

    /// Numbers that are averaged, in the order in which they came.
    struct Series
    {
        explicit Series(Spool& spool);
        Samples samples;
        double sum = 0;
    };

    /// What there is of one source.
    struct Totals
    {
        explicit Totals(Spool& spool);
        Counts counts;
        std::optional<double> priority;
        Series latencies;   //!< in time steps
        Series firstTokens; //!< in time steps
        Series fractions;   //!< of layers; the bits of a double
    };

    using Parts = std::vector<const Totals*>;

    static SummaryRow MakeRow(const Parts& parts);

    std::vector<Totals> m_totals; //!< by source
    std::map<std::string, uint64_t> m_lost;
};

/// The rows of a run whose items are in memory.
std::vector<SummaryRow> Summarize(const RunRecord& record, const std::vector<std::string>& sources);

} // namespace mdi
} // namespace ns3

#endif // MDI_SUMMARY_ACCOUNT_H

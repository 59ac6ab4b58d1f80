// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SUMMARY_H
#define MDI_SUMMARY_H

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// One row of summary.csv (design.md section 4). A quantity that does not exist is empty, never 0.
struct SummaryRow
{
    std::string system;                          //!< its name
    uint32_t run = 0;                            //!< from 0
    uint32_t seed = 0;                           //!< of all random numbers
    std::string source;                          //!< a source's name, or "all"
    std::optional<double> priority;              //!< gamma of the source
    uint64_t itemsAdmitted = 0;                  //!< released by the source
    uint64_t itemsCompleted = 0;                 //!< ended with a result
    uint64_t itemsLost = 0;                      //!< ended without one
    std::optional<double> latencyMeanS;          //!< of completed items, admission to result
    std::optional<double> latencyP50S;           //!< its median
    std::optional<double> latencyP95S;           //!< its 95th percentile
    std::optional<double> latencyP99S;           //!< its 99th percentile
    std::optional<double> throughputHz;          //!< completed items over the makespan
    std::optional<double> accuracy;              //!< share of right predictions
    std::optional<double> exitMeanLayerFraction; //!< share of the layers that ran
    uint64_t bytesOnWire = 0;                    //!< of "all": control messages included
    std::optional<double> energyJ;               //!< see EnergyAccount
    std::optional<double> makespanS;             //!< first admission to last completion
    std::optional<double> outputErrorMax;        //!< largest difference from the whole model's
    bool generates = false; //!< some source of the scenario does: the row has the next two columns
    std::optional<double> ttftMeanS; //!< from admission to the first token
    std::optional<double> itlMeanS;  //!< between two tokens, over all gaps
};

/**
 * The header line of summary.csv.
 * \param generates whether a source of the scenario generates
 */
std::string SummaryHeader(bool generates);

void WriteSummaryRow(std::ostream& os, const SummaryRow& row); //!< its line of summary.csv

/**
 * The reverse of WriteSummaryRow.
 * \throws std::runtime_error if the line is no such row
 */
SummaryRow ParseSummaryRow(const std::string& line);

/**
 * The table for people: per system and source the mean over runs of mean and p95 latency,
 * throughput and bytes, of accuracy where labels are known, of the times of tokens where some are
 * generated, and of energy per completed item where it is known, with 95 % confidence intervals.
 */
void PrintTable(std::ostream& os, const std::vector<SummaryRow>& rows);

/// The shortest text that reads back as the same double.
std::string RoundTrip(double value);

/// Append the shortest text that reads back as the same double.
void AppendRoundTrip(std::string& text, double value);

} // namespace mdi
} // namespace ns3

#endif // MDI_SUMMARY_H

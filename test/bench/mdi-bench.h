// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_BENCH_H
#define MDI_BENCH_H

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

/**
 * What the benchmarks (./mdi bench) have in common. Each is a ratio of ours against a named
 * reference, both measured in turns in one run, so that it can be compared between machines and
 * days. No benchmark fails because of a time: it reports whether the target was met.
 */
namespace ns3
{
namespace mdi
{
namespace bench
{

/// What the target of a ratio is.
enum class Goal
{
    NONE,     //!< there is none: the ratio is only told
    AT_MOST,  //!< the smaller the better
    AT_LEAST, //!< the larger the better
};

/// The outcome of one benchmark, for the JSON file and the table.
struct Record
{
    std::string name;      //!< of the benchmark
    std::string what;      //!< is measured, a phrase
    std::string reference; //!< against what, a phrase
    double ratio = 0;      //!< finite
    double spread = 0;     //!< half of the range of the middle half of the single ratios
    Goal goal = Goal::NONE;
    double target = std::numeric_limits<double>::quiet_NaN(); //!< where there is a goal
    std::map<std::string, double> details = {};               //!< units in the names

    bool Met() const;
};

/// Seconds of both sides of a comparison, measured in turns.
struct Turns
{
    std::vector<double> ours;
    std::vector<double> reference;

    /// Median of ours over median of the reference.
    double Ratio() const;

    /// Median of the reference over median of ours: how many times faster we are.
    double Speedup() const;

    /// Spread of the ratios (or speed-ups) of single turns, see Record.
    double Spread(bool speedup) const;
};

/// Whether sizes are tiny and everything is done once (--smoke): shows that it works, not how fast.
bool Smoke();

/// One of two sizes, by Smoke.
template <typename T>
T
Size(T full, T smoke)
{
    return Smoke() ? smoke : full;
}

/// The median; of no values, not a number.
double Median(std::vector<double> values);

/// The value below which a share of the values lies; of no values, not a number.
double Quantile(std::vector<double> values, double share);

/// Wall-clock time of some work [s].
template <typename F>
double
SecondsOf(const F& work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/**
 * Measure two sides in turns, A B A B ...
 * \param turns how many (1 with --smoke)
 * \param ours \param reference each returns its seconds
 * \param warmUp a turn before does not count (none with --smoke); of no use where each turn has a
 *        process of its own
 */
Turns InTurns(uint32_t turns,
              const std::function<double()>& ours,
              const std::function<double()>& reference,
              bool warmUp = true);

/**
 * Do some work in a process of its own, whose memory nobody has used before and whose end frees
 * everything.
 * \param work returns numbers
 * \return the numbers; empty if the process failed
 */
std::vector<double> InChild(const std::function<std::vector<double>()>& work);

/// Largest resident memory of this process so far [bytes].
double PeakBytes();

/**
 * Make a benchmark known.
 * \param name such as "packet/wifi_against_bare_tcp"
 * \param work returns the record, without its name; what it throws ends the program with status 1
 */
void Add(const std::string& name, std::function<Record()> work);

/// Of the machine and the libraries: what stands in the file beside the results.
std::map<std::string, std::string> Versions();

/// A model of the zoo, made once: the folder MDI_BENCH_MODELS keeps them from run to run.
std::string ZooModel(const std::string& name);

// Each subject makes its benchmarks known.
void AddSlices();
void AddMemory();
void AddMemo();
void AddPacket();
void AddFlow();
void AddSimGrid();
void AddGrowth();
void AddSweep();

} // namespace bench
} // namespace mdi
} // namespace ns3

#endif // MDI_BENCH_H

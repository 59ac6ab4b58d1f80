// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SWEEP_STORE_H
#define MDI_SWEEP_STORE_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace ns3
{
namespace mdi
{

/**
 * Results of a sweep as they come: an SQLite database. What is put there is there whole or not at
 * all, whatever ends the process, and nothing is there twice. Several processes may put at a time,
 * each with an object of its own (made after fork).
 */
class SweepStore
{
  public:
    /// One simulation. Texts stand for a scenario without its systems, and for a system.
    using Key = std::tuple<std::string, std::string, uint32_t, uint32_t>;

    /// The end of a file name, by which a folder's stores are found.
    static constexpr const char* SUFFIX = ".sqlite";

    /// What came of a simulation.
    struct Run
    {
        uint32_t seed = 0;       //!< of all random numbers
        uint32_t run = 0;        //!< from 0
        std::string rows;        //!< of summary.csv
        uint64_t unfinished = 0; //!< items without an end when the time limit came
    };

    /**
     * \param file which one; made if it does not exist
     * \throws BadInput one line: no place to write, not a store, one of another version of mdi
     */
    explicit SweepStore(const std::string& file);
    ~SweepStore();

    SweepStore(const SweepStore&) = delete;
    SweepStore& operator=(const SweepStore&) = delete;

    /**
     * Put the runs of a system in a scenario, and forget that it failed.
     * \throws std::runtime_error one line, if they cannot be written: none is there then
     */
    void Put(const std::string& point, const std::string& system, const std::vector<Run>& runs);

    /// Note why a system's runs in a scenario failed.
    void PutFailure(const std::string& point, const std::string& system, const std::string& reason);

    /// Call with the key of each simulation that is there.
    void Keys(const std::function<void(const Key&)>& call) const;

    /// The rows of a simulation, and its unfinished items; empty rows if it is not there.
    std::pair<std::string, uint64_t> Get(const Key& key) const;

    /// Why simulations failed, by point and system.
    std::map<std::pair<std::string, std::string>, std::string> Failures() const;

  private:
    class Statement;

    void Do(const char* sql) const;
    [[noreturn]] void Fail() const; //!< BadInput, if the file is damaged
    void Check(int status) const;

    std::string m_file;
    sqlite3* m_base = nullptr;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_SWEEP_STORE_H

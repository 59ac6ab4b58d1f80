// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-sweep-results.h"

#include "mdi-fnv.h"
#include "mdi-json-reader.h"
#include "mdi-output-file.h"
#include "mdi-summary.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace ns3
{
namespace mdi
{

namespace
{

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string
Cell(const Json& value)
{
    if (value.is_number_float())
    {
        return RoundTrip(value.get<double>());
    }
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// A reason as a cell of a CSV file.
std::string
QuotedCell(const std::string& text)
{
    std::string cell = "\"";
    for (const char character : text)
    {
        cell += character == '"' ? "\"\"" : std::string(1, character);
    }
    return cell + '"';
}

/// A file that takes its name when it is whole.
class NewFile
{
  public:
    explicit NewFile(const std::string& name)
        : m_name(name),
          m_file(name + ".unfinished")
    {
    }

    std::ostream& Stream()
    {
        return m_file.Stream();
    }

    void Commit()
    {
        m_file.Close();
        std::error_code error;
        fs::rename(m_name + ".unfinished", m_name, error);
        if (error)
        {
            throw std::runtime_error(OutputFile::Complaint(m_name));
        }
    }

  private:
    std::string m_name;
    OutputFile m_file;
};

/// Of rows of summary.csv, what is a result: not the system, the run, the seed, the source and its
/// priority.
std::string
ResultsOf(const std::string& rows)
{
    std::string results;
    std::istringstream lines(rows);
    for (std::string line; std::getline(lines, line);)
    {
        size_t at = 0;
        for (int comma = 0; comma < 5; ++comma)
        {
            at = line.find(',', at) + 1;
        }
        results += line.substr(at) + '\n';
    }
    return results;
}

/// Which fields of a grid made no difference anywhere.
class Differences
{
  public:
    explicit Differences(const Sweep& sweep)
        : m_sweep(sweep),
          m_seen(sweep.fields.size()),
          m_differs(sweep.fields.size(), false),
          m_compared(sweep.fields.size(), false)
    {
    }

    void Add(const std::vector<Json>& point, const std::string& simulation, const std::string& rows)
    {
        Fnv results;
        results.Add(ResultsOf(rows));
        for (size_t field = 0; field < m_seen.size(); ++field)
        {
            if (m_differs[field])
            {
                continue;
            }
            std::string others = simulation;
            for (size_t i = 0; i < point.size(); ++i)
            {
                others += i == field ? "," : "," + Cell(point[i]);
            }
            const auto [first, isNew] = m_seen[field].emplace(others, results.Value());
            m_compared[field] = m_compared[field] || !isNew;
            if (!isNew && first->second != results.Value())
            {
                m_differs[field] = true;
                m_seen[field].clear();
            }
        }
    }

    std::vector<std::string> Unchanged() const
    {
        std::vector<std::string> names;
        for (size_t field = 0; field < m_seen.size(); ++field)
        {
            if (m_compared[field] && !m_differs[field])
            {
                names.push_back(m_sweep.fields[field].name);
            }
        }
        return names;
    }

  private:
    const Sweep& m_sweep;
    std::vector<std::map<std::string, uint64_t>> m_seen; //!< by field: results by all the rest
    std::vector<bool> m_differs;
    std::vector<bool> m_compared; //!< two points differ in this field only
};

} // namespace

SweepStores::SweepStores(const std::string& folder)
{
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
    {
        if (entry.path().extension() == SweepStore::SUFFIX)
        {
            files.push_back(entry.path().string());
        }
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files)
    {
        m_stores.push_back(std::make_unique<SweepStore>(file));
        const size_t store = m_stores.size() - 1;
        m_stores.back()->Keys([&](const SweepStore::Key& key) { m_keys.emplace(key, store); });
        for (const auto& [who, reason] : m_stores.back()->Failures())
        {
            m_failures.emplace(who, reason);
        }
    }
}

bool
SweepStores::Empty() const
{
    return m_stores.empty();
}

bool
SweepStores::Has(const SweepStore::Key& key) const
{
    return m_keys.count(key) > 0;
}

std::pair<std::string, uint64_t>
SweepStores::Get(const SweepStore::Key& key) const
{
    return m_stores.at(m_keys.at(key))->Get(key);
}

std::string
SweepStores::FailureOf(const std::string& point, const std::string& system) const
{
    const auto found = m_failures.find({point, system});
    return found == m_failures.end() ? "" : found->second;
}

SweepResults
WriteSweepResults(const Sweep& sweep,
                  const std::vector<SweepPoint>& points,
                  const SweepStores& stores,
                  const std::string& folder)
{
    SweepResults results;
    Differences differences(sweep);
    NewFile csv((fs::path(folder) / "results.csv").string());
    NewFile failures((fs::path(folder) / "failures.csv").string());
    // Points may differ in whether their sources generate; rows of all have the same columns.
    const bool generates =
        std::any_of(points.begin(), points.end(), [](const auto& p) { return p.generates; });
    const std::string noTokens = ",,";
    std::string columns = "point";
    for (const auto& field : sweep.fields)
    {
        columns += "," + field.name;
    }
    csv.Stream() << columns << ',' << SummaryHeader(generates) << '\n';
    failures.Stream() << columns << ",system,reason\n";
    for (size_t number = 0; number < points.size(); ++number)
    {
        const SweepPoint& point = points[number];
        std::string cells = std::to_string(number);
        for (const Json& value : sweep.points[number])
        {
            cells += "," + Cell(value);
        }
        for (const auto& system : point.systems)
        {
            bool whole = true;
            for (const auto& key : point.Runs(system))
            {
                if (!stores.Has(key))
                {
                    whole = false;
                    continue;
                }
                const auto [rows, unfinished] = stores.Get(key);
                results.simulations++;
                results.unfinished += unfinished;
                differences.Add(
                    sweep.points[number], system.key + std::to_string(std::get<3>(key)), rows);
                std::istringstream lines(rows);
                for (std::string line; std::getline(lines, line);)
                {
                    const SummaryRow row = ParseSummaryRow(line);
                    results.lost += row.source == "all" ? row.itemsLost : 0;
                    csv.Stream() << cells << ',' << line
                                 << (generates && !point.generates ? noTokens : "") << '\n';
                }
            }
            const std::string reason =
                point.error.empty() ? stores.FailureOf(point.key, system.key) : point.error;
            if (!whole || !point.error.empty())
            {
                const std::string why = reason.empty() ? "not run" : reason;
                failures.Stream() << cells << ',' << QuotedCell(system.name) << ','
                                  << QuotedCell(why) << '\n';
                if (results.failed++ == 0)
                {
                    results.firstFailure = sweep.Place(number) + ", " + system.name + ": " + why;
                }
            }
        }
    }
    results.unchanged =
        sweep.method == "grid" ? differences.Unchanged() : std::vector<std::string>();
    csv.Commit();
    failures.Commit();
    std::error_code ignored;
    if (results.failed == 0)
    {
        fs::remove(fs::path(folder) / "failures.csv", ignored);
    }
    return results;
}

} // namespace mdi
} // namespace ns3

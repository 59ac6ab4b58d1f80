// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-arrival-reader.h"

#include "mdi-provenance-reader.h"

#include "mdi-compute-trace-reader.h"
#include "mdi-csv-rows.h"
#include "mdi-did-you-mean.h"
#include "mdi-scenario-names.h"
#include "mdi-seconds.h"

#include <algorithm>
#include <filesystem>
#include <limits>

namespace ns3
{
namespace mdi
{

namespace
{

namespace fs = std::filesystem;

constexpr uint32_t MAX_ITEM = 100000000; // as first_input and items of a scenario

/// Adds a word that is not there yet.
void
AddOnce(std::vector<std::string>& words, const std::string& word)
{
    if (std::find(words.begin(), words.end(), word) == words.end())
    {
        words.push_back(word);
    }
}

std::string
Listed(const std::vector<std::string>& words)
{
    std::string text;
    for (const auto& word : words)
    {
        text += (text.empty() ? "" : ", ") + OneLine(word);
    }
    return text;
}

/// The inputs of a recorded source's items, by its manifest.
std::vector<uint32_t>
RecordedInputs(const std::string& manifest,
               const std::string& source,
               const std::vector<ArrivalFile::Row>& rows)
{
    const JsonReader root = JsonReader::FromFile(manifest);
    root.CheckFormat("mdi-manifest", 1);
    const auto lists = root.Find("inputs");
    if (const auto list = lists ? lists->Find(source) : std::nullopt)
    {
        std::vector<uint32_t> inputs;
        for (const auto& row : rows)
        {
            inputs.push_back((*list)[row.item].NonNegativeInt(MAX_ITEM));
        }
        return inputs;
    }
    for (const auto& recorded : root["scenario"]["sources"].Items())
    {
        if (recorded["name"].Name() == source)
        {
            const auto first = recorded.Find("first_input");
            const auto offset = static_cast<uint32_t>(first ? first->NonNegativeInt(MAX_ITEM) : 0);
            std::vector<uint32_t> inputs;
            for (const auto& row : rows)
            {
                inputs.push_back(offset + row.item);
            }
            return inputs;
        }
    }
    root["scenario"]["sources"].Fail("no source " + Quoted(source) + ", but items.csv has one",
                                     "keep the files of a results folder together");
}

} // namespace

ArrivalFile::ArrivalFile(const std::string& file)
    : m_file(OneLine(file))
{
    CsvRows rows(file);
    const auto& header = rows.Header();
    m_record = header.front() == "system";
    m_inputs = !m_record && header.size() == 3;
    if (!m_record && header != std::vector<std::string>{"time_s", "source"} &&
        header != std::vector<std::string>{"time_s", "source", "item"})
    {
        rows.Fail("this is no header of arrivals",
                  "time_s,source or time_s,source,item; or items.csv of a results folder");
    }
    const size_t time = rows.Column(m_record ? "admitted_s" : "time_s");
    const size_t source = rows.Column("source");
    const size_t item = m_record || m_inputs ? rows.Column("item") : 0;
    const size_t system = m_record ? rows.Column("system") : 0;
    const size_t run = m_record ? rows.Column("run") : 0;
    while (rows.Next())
    {
        Row row;
        row.time = FromSeconds(rows.Number(time, 0, MAX_TIME_S));
        row.item = item > 0 ? static_cast<uint32_t>(rows.Integer(item, MAX_ITEM)) : 0;
        row.line = rows.Line();
        Key key{"", 0, rows.Text(source)};
        if (m_record)
        {
            std::get<0>(key) = rows.Text(system);
            std::get<1>(key) =
                static_cast<uint32_t>(rows.Integer(run, std::numeric_limits<uint32_t>::max()));
        }
        auto& known = m_rows[key];
        if (known.empty())
        {
            m_keys.push_back(key);
        }
        else if (row.time < known.back().time)
        {
            rows.Fail("the time is before that of line " + std::to_string(known.back().line) +
                          ", the row before of source " + Quoted(std::get<2>(key)),
                      "ascending times");
        }
        known.push_back(row);
    }
}

bool
ArrivalFile::IsRecord() const
{
    return m_record;
}

bool
ArrivalFile::HasInputs() const
{
    return m_inputs;
}

std::string
ArrivalFile::Describe() const
{
    size_t rows = 0;
    std::vector<std::string> systems;
    std::vector<std::string> sources;
    for (const auto& [key, list] : m_rows)
    {
        rows += list.size();
        AddOnce(systems, std::get<0>(key));
        AddOnce(sources, std::get<2>(key));
    }
    return (m_record ? "recorded items, " + Count(systems.size(), "system") + ", " : "arrivals, ") +
           Count(sources.size(), "source") + ", " + Count(rows, "row");
}

const std::vector<ArrivalFile::Row>&
ArrivalFile::RowsOf(const Choice& choice) const
{
    if (m_keys.empty())
    {
        throw BadInput(m_file + ":1: there are no rows; a row per item");
    }
    const std::string system = choice.system.value_or(std::get<0>(m_keys.front()));
    std::vector<std::string> systems;
    std::vector<std::string> runs;
    for (const auto& [s, r, name] : m_keys)
    {
        AddOnce(systems, s);
        if (s == system)
        {
            AddOnce(runs, std::to_string(r));
        }
    }
    if (runs.empty())
    {
        throw BadInput(m_file + ": there is no system " + Quoted(system) +
                       "; there are: " + Listed(systems));
    }
    const std::string run = choice.run ? std::to_string(*choice.run) : runs.front();
    if (std::find(runs.begin(), runs.end(), run) == runs.end())
    {
        throw BadInput(m_file + ": there is no run " + run + " of system " + Quoted(system) +
                       "; there are: " + Listed(runs));
    }
    std::vector<std::string> names;
    for (const auto& key : m_keys)
    {
        if (std::get<0>(key) == system && std::to_string(std::get<1>(key)) == run)
        {
            if (std::get<2>(key) == choice.source)
            {
                return m_rows.at(key);
            }
            names.push_back(std::get<2>(key));
        }
    }
    throw BadInput(m_file + ": there are no rows of source " + Quoted(choice.source) +
                   (m_record ? " in run " + run + " of system " + Quoted(system) : "") + "; " +
                   DidYouMean(choice.source, names));
}

Arrivals
ArrivalReader::Read(const JsonReader& admission,
                    const std::string& file,
                    const std::string& source,
                    Time start)
{
    auto found = m_files.find(file);
    if (found == m_files.end())
    {
        if (!fs::is_regular_file(file))
        {
            admission["file"].Fail("there is no file " + Quoted(file),
                                   "one of traces/arrivals/, or items.csv of a results folder");
        }
        ReadFileProvenance(file); // is checked with it
        found = m_files.emplace(file, ArrivalFile(file)).first;
    }
    const ArrivalFile& trace = found->second;
    ArrivalFile::Choice choice{source, std::nullopt, std::nullopt};
    if (const auto as = admission.Find("as"))
    {
        choice.source = as->Name();
    }
    for (const char* key : {"system", "run"})
    {
        if (const auto value = admission.Find(key); value && !trace.IsRecord())
        {
            value->Fail(Quoted(file) + " is no items.csv of a results folder",
                        std::string("leave out '") + key + "'");
        }
    }
    if (const auto system = admission.Find("system"))
    {
        choice.system = system->Name();
    }
    if (const auto run = admission.Find("run"))
    {
        choice.run =
            static_cast<uint32_t>(run->NonNegativeInt(std::numeric_limits<uint32_t>::max()));
    }

    const auto& rows = trace.RowsOf(choice);
    Arrivals arrivals;
    for (const auto& row : rows)
    {
        const Time time = trace.IsRecord() ? row.time - start : row.time;
        if (time.IsStrictlyNegative())
        {
            throw BadInput(OneLine(file) + ":" + std::to_string(row.line) +
                           ": admitted before source " + Quoted(source) +
                           " starts; a smaller start_s of the source");
        }
        arrivals.times.push_back(time);
        if (trace.HasInputs())
        {
            arrivals.inputs.push_back(row.item);
        }
    }
    const std::string manifest = (fs::path(file).parent_path() / "manifest.json").string();
    if (trace.IsRecord() && fs::exists(manifest))
    {
        arrivals.inputs = RecordedInputs(manifest, choice.source, rows);
    }
    return arrivals;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-sweep.h"

#include "mdi-json-reader.h"
#include "mdi-scenario-names.h"
#include "mdi-scenario.h"
#include "mdi-summary.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <random>
#include <set>
#include <sstream>

namespace ns3
{
namespace mdi
{

namespace
{

using Json = nlohmann::json;

constexpr uint64_t MAX_POINTS = 10000000;
constexpr uint64_t MAX_VALUES = 100000; // of one field
constexpr size_t MAX_FIELDS = 100;

/// Uniform random numbers that are the same on every machine.
class Uniform
{
  public:
    explicit Uniform(uint32_t seed)
        : m_engine(seed)
    {
    }

    /// In [0, 1).
    double Share()
    {
        return static_cast<double>(m_engine() >> 11) * 0x1.0p-53;
    }

    /// In [0, count).
    size_t Index(size_t count)
    {
        return static_cast<size_t>(Share() * static_cast<double>(count));
    }

  private:
    std::mt19937_64 m_engine;
};

SweepField::Range
ReadRange(const JsonReader& json, bool grid)
{
    json.AllowOnly({"from", "to", "steps", "scale", "integer"});
    SweepField::Range range;
    range.from = json["from"].Number();
    range.to = json["to"].Number();
    if (!(range.from < range.to))
    {
        json["to"].Fail("the range ends before it begins", "a number above \"from\"");
    }
    if (const auto scale = json.Find("scale"))
    {
        range.log = scale->OneOf({"linear", "log"}) == "log";
        if (range.log && range.from <= 0)
        {
            json["from"].Fail("a logarithm needs numbers above 0", "a number above 0");
        }
    }
    if (const auto integer = json.Find("integer"))
    {
        range.integer = integer->Bool();
    }
    if (grid)
    {
        range.steps = static_cast<uint32_t>(json["steps"].Integer(2, MAX_VALUES));
    }
    else if (const auto steps = json.Find("steps"))
    {
        steps->Fail("samples of a range have no steps", "leave it out, or \"sample\"");
    }
    return range;
}

/// Where a field's values go.
std::vector<SweepField::Target>
ReadTargets(const JsonReader& json)
{
    std::vector<SweepField::Target> targets;
    if (json.Has("path") == json.Has("paths"))
    {
        json.Fail("nothing says which field of the scenario it is, or two things do",
                  "\"path\": \"networks.0.rate_bps\", or \"paths\"");
    }
    if (const auto path = json.Find("path"))
    {
        targets.push_back({path->Name(), std::nullopt});
        return targets;
    }
    const JsonReader paths = json["paths"];
    if (paths.IsObject())
    {
        for (const auto& [path, factor] : paths.Members(1))
        {
            targets.push_back({path, factor.Number()});
        }
        return targets;
    }
    for (const auto& path : paths.Items(1, MAX_VALUES))
    {
        targets.push_back({path.Name(), std::nullopt});
    }
    return targets;
}

/// What a value looks like in results.csv.
std::string
Shown(const Json& value)
{
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// A value is a cell of a CSV file, and perhaps a number to multiply.
void
CheckValue(const JsonReader& at, const SweepField& field)
{
    if (at.Json().is_structured() || at.IsNull())
    {
        at.Fail("a value stands in results.csv, so it is a number, a text, true or false",
                "for more, \"cases\": [{\"value\": \"a\", \"set\": {PATH: ...}}]");
    }
    if (at.IsString() && (Shown(at.Json()).find_first_of(",\"\n\r") != std::string::npos))
    {
        at.Fail("a text in results.csv has no commas, quotes and line ends",
                "another text, or \"cases\"");
    }
    for (const auto& target : field.targets)
    {
        if (target.factor && !at.IsNumber())
        {
            at.Fail("only a number can be multiplied by a factor", "a number");
        }
    }
}

/// Values tell points apart.
void
AddValue(const JsonReader& at, SweepField& field)
{
    CheckValue(at, field);
    for (const Json& other : field.values)
    {
        if (other == at.Json() || Shown(other) == Shown(at.Json())) // 1 and 1.0, 1 and "1"
        {
            at.Fail("the value " + Quoted(Shown(other)) + " stands here twice", "each value once");
        }
    }
    field.values.push_back(at.Json());
}

void
ReadCases(const JsonReader& json, SweepField& field)
{
    for (const auto& item : json.Items(1, MAX_VALUES))
    {
        item.AllowOnly({"value", "set"});
        AddValue(item["value"], field);
        field.cases.emplace_back();
        for (const auto& [path, value] : item["set"].Members(1))
        {
            field.cases.back().emplace_back(path, value.Json());
        }
    }
}

/// Columns of results.csv and failures.csv that are no fields.
std::set<std::string>
OtherColumns()
{
    std::set<std::string> names = {"point", "reason"};
    std::istringstream header(SummaryHeader(true));
    for (std::string name; std::getline(header, name, ',');)
    {
        names.insert(name);
    }
    return names;
}

SweepField
ReadField(const JsonReader& json, const Sweep& sweep)
{
    json.AllowOnly({"name", "unit", "scale", "path", "paths", "values", "range", "cases"});
    SweepField field;
    field.name = json["name"].Name();
    const bool word = std::all_of(field.name.begin(), field.name.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '_';
    });
    static const std::set<std::string> taken = OtherColumns();
    if (taken.count(field.name) > 0)
    {
        json["name"].Fail("results.csv has a column " + Quoted(field.name) + " already",
                          "another name, such as " + field.name + "_set");
    }
    if (!word)
    {
        json["name"].Fail("the name is a column of results.csv",
                          "letters, digits and _, such as rate_bps");
    }
    for (const auto& other : sweep.fields)
    {
        if (other.name == field.name)
        {
            json["name"].Fail("the name " + Quoted(field.name) + " is taken",
                              "give each field a name of its own");
        }
    }
    if (const auto unit = json.Find("unit"))
    {
        field.unit = unit->Name();
    }
    const int kinds = json.Has("values") + json.Has("range") + json.Has("cases");
    if (kinds != 1 && sweep.method != "list")
    {
        json.Fail("a field has one of \"values\", \"range\" and \"cases\"",
                  "\"values\": [1e6, 1e7]");
    }
    if (sweep.method == "list" && kinds > 0 && !json.Has("cases"))
    {
        json.Fail("the values stand in \"points\"", "leave them out here");
    }
    if (const auto cases = json.Find("cases"))
    {
        ReadCases(*cases, field);
    }
    else
    {
        field.targets = ReadTargets(json);
    }
    if (const auto values = json.Find("values"))
    {
        for (const auto& value : values->Items(1, MAX_VALUES))
        {
            AddValue(value, field);
        }
    }
    if (const auto range = json.Find("range"))
    {
        field.range = ReadRange(*range, sweep.method == "grid");
        for (uint32_t step = 0; step < field.range->steps; ++step)
        {
            field.values.push_back(field.range->At(step / (field.range->steps - 1.0)));
        }
        if (std::adjacent_find(field.values.begin(), field.values.end()) != field.values.end())
        {
            (*range)["steps"].Fail("there are fewer whole numbers in the range", "fewer steps");
        }
    }
    const bool numbers = std::all_of(
        field.values.begin(), field.values.end(), [](const Json& v) { return v.is_number(); });
    field.scale = !numbers ? "category" : field.range && field.range->log ? "log" : "linear";
    if (const auto scale = json.Find("scale"))
    {
        field.scale = scale->OneOf({"linear", "log", "category"});
    }
    return field;
}

/// Every combination; the last field changes fastest.
void
MakeGrid(const JsonReader& json, Sweep& sweep)
{
    double count = 1;
    for (const auto& field : sweep.fields)
    {
        count *= static_cast<double>(field.values.size());
    }
    if (count > static_cast<double>(MAX_POINTS))
    {
        json["fields"].Fail("the grid has more than " + std::to_string(MAX_POINTS) + " points",
                            "fewer values, or \"sample\"");
    }
    std::vector<size_t> at(sweep.fields.size(), 0);
    bool more = true;
    while (more)
    {
        sweep.points.emplace_back();
        for (size_t i = 0; i < at.size(); ++i)
        {
            sweep.points.back().push_back(sweep.fields[i].values[at[i]]);
        }
        more = false;
        for (size_t i = at.size(); i-- > 0 && !more;)
        {
            more = ++at[i] < sweep.fields[i].values.size();
            at[i] = more ? at[i] : 0;
        }
    }
}

/// Points at random; of a Latin hypercube, one in each of as many equal parts of every field.
void
MakeSamples(uint32_t count, uint32_t seed, Sweep& sweep)
{
    Uniform random(seed);
    sweep.points.assign(count, {});
    for (const auto& field : sweep.fields)
    {
        std::vector<size_t> part(count);
        std::iota(part.begin(), part.end(), 0);
        for (size_t i = count; i > 1; --i)
        {
            std::swap(part[i - 1], part[random.Index(i)]);
        }
        for (size_t i = 0; i < count; ++i)
        {
            const double share = random.Share();
            const bool latin = sweep.method == "latin-hypercube";
            sweep.points[i].push_back(
                field.Sample(latin ? (static_cast<double>(part[i]) + share) / count : share));
        }
    }
}

/// Points as they stand in the file.
void
ReadPoints(const JsonReader& json, Sweep& sweep)
{
    std::set<std::vector<Json>> before;
    for (const auto& item : json.Items(1, MAX_POINTS))
    {
        const auto values = item.Items(sweep.fields.size(), sweep.fields.size());
        std::vector<Json> point;
        for (size_t i = 0; i < values.size(); ++i)
        {
            const SweepField& field = sweep.fields[i];
            const auto& listed = field.values;
            point.push_back(values[i].Json());
            if (!field.cases.empty() &&
                std::find(listed.begin(), listed.end(), point.back()) == listed.end())
            {
                values[i].Fail("field " + Quoted(field.name) + " has no case of this value",
                               "the \"value\" of a case");
            }
            CheckValue(values[i], field);
        }
        if (!before.insert(point).second)
        {
            item.Fail("the point stands here twice", "each point once");
        }
        sweep.points.push_back(point);
    }
    for (size_t i = 0; i < sweep.fields.size(); ++i)
    {
        const bool numbers = std::all_of(sweep.points.begin(),
                                         sweep.points.end(),
                                         [i](const auto& point) { return point[i].is_number(); });
        sweep.fields[i].scale = numbers ? sweep.fields[i].scale : "category";
    }
}

/// A path that is wrong is wrong at all points; what only some points lack is told of them.
void
CheckPaths(const Sweep& sweep)
{
    std::string first;
    for (size_t point = 0; point < sweep.points.size(); ++point)
    {
        try
        {
            sweep.ScenarioOf(point);
            return;
        }
        catch (const BadInput& error)
        {
            first = first.empty() ? error.what() : first;
        }
    }
    throw BadInput(first);
}

} // namespace

Json
SweepField::Range::At(double share) const
{
    double value = log ? from * std::pow(to / from, share) : from + share * (to - from);
    value = share == 1 ? to : value;
    if (integer)
    {
        return static_cast<int64_t>(std::llround(value));
    }
    return value;
}

FieldChanges
SweepField::Changes(const Json& value) const
{
    if (!cases.empty())
    {
        const auto found = std::find(values.begin(), values.end(), value);
        return cases.at(static_cast<size_t>(found - values.begin()));
    }
    FieldChanges changes;
    for (const Target& target : targets)
    {
        changes.emplace_back(target.path,
                             target.factor ? Json(value.get<double>() * *target.factor) : value);
    }
    return changes;
}

Json
SweepField::Sample(double share) const
{
    if (range)
    {
        return range->At(share);
    }
    return values.at(static_cast<size_t>(share * static_cast<double>(values.size())));
}

Json
Sweep::ScenarioOf(size_t point) const
{
    Json changed = scenario;
    for (size_t i = 0; i < fields.size(); ++i)
    {
        for (const auto& [path, value] : fields[i].Changes(points.at(point)[i]))
        {
            SetField(changed, path, value, file + ": /fields/" + std::to_string(i));
        }
    }
    return changed;
}

std::string
Sweep::Reason(const std::string& error) const
{
    for (const std::string& name : {scenarioFile + ": ", file + ": "})
    {
        if (error.compare(0, name.size(), name) == 0)
        {
            return error.substr(name.size());
        }
    }
    return error;
}

std::string
Sweep::Place(size_t point) const
{
    return file + ": point " + std::to_string(point) + " of " + scenarioFile;
}

Sweep
ReadSweep(const std::string& file)
{
    const JsonReader root = JsonReader::FromFile(file);
    root.AllowOnly({"format",
                    "version",
                    "name",
                    "description",
                    "scenario",
                    "set",
                    "systems",
                    "runs",
                    "seed",
                    "fields",
                    "sample",
                    "points"});
    root.CheckFormat("mdi-sweep", 1);
    Sweep sweep;
    sweep.file = file;
    sweep.document = root.Json();
    sweep.name = root["name"].Name();
    if (sweep.name.find_first_of("/\\") != std::string::npos || sweep.name[0] == '.')
    {
        root["name"].Fail("the name becomes the name of a results folder",
                          "no slashes, and no dot at the start");
    }
    if (const auto description = root.Find("description"))
    {
        sweep.description = description->String();
    }
    sweep.scenarioFile = ResolvePath(file, root["scenario"].Name());
    if (!std::filesystem::exists(sweep.scenarioFile))
    {
        root["scenario"].Fail("there is no scenario " + Quoted(sweep.scenarioFile),
                              "one of traces/scenarios/, or your own");
    }
    sweep.scenario = ResolveScenario(sweep.scenarioFile);
    if (const auto set = root.Find("set"))
    {
        for (const auto& [path, value] : set->Members())
        {
            const std::string first = path.substr(0, path.find('.'));
            if (root.Has(first) && (first == "systems" || first == "runs" || first == "seed"))
            {
                value.Fail(Quoted(first) + " of the sweep itself stands instead of it",
                           "one of the two");
            }
            SetField(sweep.scenario, path, value.Json(), file + ": " + value.Path());
        }
    }
    for (const char* key : {"systems", "runs", "seed"})
    {
        if (const auto value = root.Find(key))
        {
            sweep.scenario[key] = value->Json();
        }
    }
    if (root.Has("sample") && root.Has("points"))
    {
        root["points"].Fail("points are listed or sampled, not both", "one of them");
    }
    sweep.method = root.Has("points") ? "list" : "grid";
    const auto sample = root.Find("sample");
    if (sample)
    {
        sample->AllowOnly({"method", "points", "seed"});
        sweep.method = (*sample)["method"].OneOf({"random", "latin-hypercube"});
    }
    for (const auto& field : root["fields"].Items(1, MAX_FIELDS))
    {
        sweep.fields.push_back(ReadField(field, sweep));
    }
    if (sample)
    {
        const auto seed = sample->Find("seed");
        MakeSamples(static_cast<uint32_t>((*sample)["points"].PositiveInt(MAX_POINTS)),
                    seed ? static_cast<uint32_t>(seed->PositiveInt(UINT32_MAX)) : 1,
                    sweep);
    }
    else if (const auto points = root.Find("points"))
    {
        ReadPoints(*points, sweep);
    }
    else
    {
        MakeGrid(root, sweep);
    }
    CheckPaths(sweep);
    return sweep;
}

} // namespace mdi
} // namespace ns3

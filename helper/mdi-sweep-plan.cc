// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-sweep-plan.h"

#include "mdi-attribute-defaults.h"
#include "mdi-fnv.h"
#include "mdi-json-reader.h"
#include "mdi-model-identity.h"
#include "mdi-plugin.h"
#include "mdi-preset.h"
#include "mdi-scenario-names.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

namespace ns3
{
namespace mdi
{

namespace
{

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// Two hashes of 64 bits: among ten million texts no two agree by chance.
std::string
KeyOf(const std::string& text)
{
    Fnv one;
    one.Add(text);
    Fnv other;
    other.Add("mdi" + text);
    return HexDigits(one.Value()) + HexDigits(other.Value());
}

std::string
Bytes(const std::string& file)
{
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// A whole number that a scenario may leave out; what is no such number is told by who reads it.
uint32_t
NumberOr(const Json& document, const char* key, uint32_t otherwise)
{
    const auto found = document.find(key);
    const double value = found != document.end() && found->is_number() ? found->get<double>() : 0;
    return value >= 1 && value <= UINT32_MAX ? static_cast<uint32_t>(value) : otherwise;
}

} // namespace

std::vector<SweepStore::Key>
SweepPoint::Runs(const SweepSystem& system) const
{
    std::vector<SweepStore::Key> keys;
    for (uint32_t run = 0; run < runs; ++run)
    {
        keys.emplace_back(key, system.key, seed, run);
    }
    return keys;
}

SweepKeys::SweepKeys(const Sweep& sweep)
    : m_sweep(sweep),
      m_program(ChangedAttributeDefaults())
{
    std::set<std::string> plugins;
    for (const std::string& file : LoadedPlugins())
    {
        plugins.insert(Digest(file));
    }
    for (const std::string& plugin : plugins)
    {
        m_program += plugin + "\n";
    }
}

SweepPoint
SweepKeys::Of(size_t number)
{
    SweepPoint point;
    Json scenario;
    try
    {
        scenario = m_sweep.ScenarioOf(number);
    }
    catch (const BadInput& error)
    {
        point.error = m_sweep.Reason(error.what());
        scenario = m_sweep.scenario;
    }
    point.runs = NumberOr(scenario, "runs", 1);
    point.seed = NumberOr(scenario, "seed", 1);
    for (const Json& source : scenario.value("sources", Json::array()))
    {
        point.generates = point.generates || (source.is_object() && source.contains("generation"));
    }
    Json systems = scenario.contains("systems") ? scenario["systems"] : Json(PresetNames());
    for (const Json& system : systems.is_array() ? systems : Json::array())
    {
        const Json name = system.is_object() ? system.value("name", Json("?")) : system;
        point.systems.push_back(
            {name.is_string() ? name.get<std::string>() : name.dump(), KeyOf(system.dump())});
    }
    for (const char* key : {"systems", "runs", "seed", "name", "description"})
    {
        scenario.erase(key);
    }
    std::string text = m_program + scenario.dump();
    AddFiles(scenario, m_sweep.scenarioFile, text);
    point.key = KeyOf(text + point.error);
    return point;
}

void
SweepKeys::AddFiles(const Json& value, const std::string& from, std::string& text)
{
    if (value.is_string())
    {
        text += Digest(ResolvePath(from, value.get<std::string>()));
    }
    else if (value.is_structured())
    {
        for (const auto& [key, inner] : value.items())
        {
            AddFiles(inner, from, text);
            if (key == "input_set" && inner.is_string())
            {
                text += FolderDigest(ResolvePath(from, inner.get<std::string>()));
            }
        }
    }
}

std::string
SweepKeys::Digest(const std::string& path)
{
    const auto known = m_digests.find(path);
    if (known != m_digests.end())
    {
        return known->second;
    }
    std::string digest;
    std::error_code error;
    if (fs::is_regular_file(path, error))
    {
        digest = KeyOf(Bytes(path));
        // A model's description stands beside it, and names files itself.
        const fs::path beside = fs::path(path).replace_extension(".json");
        if (fs::path(path).extension() == ".pt" && fs::is_regular_file(beside, error))
        {
            const std::string description = Bytes(beside.string());
            digest += KeyOf(description);
            AddFiles(Json::parse(description, nullptr, false), beside.string(), digest);
        }
    }
    return m_digests[path] = digest;
}

std::string
SweepKeys::FolderDigest(const std::string& path)
{
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(path, error))
    {
        files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    std::string digest;
    for (const std::string& file : files)
    {
        digest += file.substr(path.size()) + Digest(file);
    }
    return digest;
}

} // namespace mdi
} // namespace ns3

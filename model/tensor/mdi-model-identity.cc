// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-model-identity.h"

#include "mdi-fnv.h"
#include "mdi-layer-graph-json.h"
#include "mdi-visible-entries.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace
{

namespace fs = std::filesystem;

void
AddDouble(Fnv& hash, double value)
{
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    hash.Add(bits);
}

/**
 * All bytes of a file, eight at a time: models have hundreds of megabytes, and FNV takes one at a
 * time. Each step is one to one, so that one changed word changes the hash.
 */
void
AddFile(Fnv& hash, const std::string& file)
{
    constexpr uint64_t PRIME = 1099511628211ULL;
    constexpr int HALF = 32;
    std::ifstream stream(file, std::ios::binary);
    std::vector<char> chunk(1 << 20);
    uint64_t value = 0;
    uint64_t bytes = 0;
    while (stream)
    {
        stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        const auto got = static_cast<size_t>(stream.gcount());
        std::fill(chunk.begin() + static_cast<std::ptrdiff_t>(got), chunk.end(), '\0');
        for (size_t i = 0; i < got; i += sizeof(uint64_t))
        {
            uint64_t word = 0;
            std::memcpy(&word, &chunk[i], sizeof word);
            value = (value ^ word) * PRIME;
            value ^= value >> HALF;
        }
        bytes += got;
    }
    hash.Add(value);
    hash.Add(bytes);
}

/// What TorchInputs sees of a folder of pictures. Not when a file changed: each clone of a
/// repository has times of its own, and some tools keep them when they write.
void
AddFolder(Fnv& hash, const fs::path& folder)
{
    for (const fs::path& entry : VisibleEntries(folder))
    {
        hash.Add(entry.filename().string());
        if (!fs::is_directory(entry))
        {
            AddFile(hash, entry.string());
            continue;
        }
        for (const fs::path& file : VisibleEntries(entry))
        {
            if (!fs::is_directory(file))
            {
                hash.Add(file.filename().string());
                AddFile(hash, file.string());
            }
        }
        hash.Add("/"); // the end of a class
    }
}

} // namespace

std::string
HexDigits(uint64_t number)
{
    constexpr size_t DIGITS = 16;
    char digits[DIGITS + 1];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
    return digits;
}

std::string
ModelIdentity(const ModelSpec& model, const LayerGraph& graph, uint64_t inputSeed)
{
    Fnv layers;
    AddFile(layers, model.file);
    layers.Add(LayerGraphToJson(graph));
    Fnv inputs;
    for (const ModelInput& input : model.inputs)
    {
        inputs.Add(SpecsText({input.spec}));
        inputs.Add(static_cast<uint64_t>(input.range));
    }
    if (model.inputSet.empty())
    {
        inputs.Add(inputSeed);
        inputs.Add(model.name); // random inputs depend on it
    }
    else
    {
        inputs.Add(uint64_t(model.preprocess.resize));
        inputs.Add(uint64_t(model.preprocess.crop));
        for (const auto* values : {&model.preprocess.mean, &model.preprocess.std})
        {
            inputs.Add(static_cast<uint64_t>(values->size()));
            for (const double value : *values)
            {
                AddDouble(inputs, value);
            }
        }
        std::error_code error;
        if (fs::is_directory(model.inputSet, error))
        {
            AddFolder(inputs, model.inputSet);
        }
        else
        {
            AddFile(inputs, model.inputSet);
        }
    }
    return HexDigits(layers.Value()) + "." + HexDigits(inputs.Value());
}

std::string
ProcessorName(const std::string& info)
{
    // x86 has a name; on Arm, numbers say which cores there are, often of two kinds.
    const std::set<std::string> telling = {"model name", "CPU implementer", "CPU part"};
    std::ifstream stream(info);
    std::vector<std::string> found;
    for (std::string line; std::getline(stream, line);)
    {
        const std::string key =
            line.substr(0, line.find_last_not_of(" \t", line.find(':') - 1) + 1);
        if (telling.count(key) > 0 && std::count(found.begin(), found.end(), line) == 0)
        {
            found.push_back(line);
        }
    }
    std::string name;
    for (const std::string& line : found)
    {
        name += (name.empty() ? "" : ", ") + line;
    }
    return name.empty() ? "unknown" : name;
}

std::string
ModuleVersion()
{
    return MDI_VERSION;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-model-identity.h"

#include "mdi-fnv.h"
#include "mdi-layer-graph-json.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
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

/// The files below a folder: reading all pictures of a large set would take longer than the run.
void
AddFolder(Fnv& hash, const std::string& folder)
{
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
    {
        files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files)
    {
        std::error_code error;
        hash.Add(file.lexically_relative(folder).string());
        const bool isFile = fs::is_regular_file(file, error);
        hash.Add(isFile ? static_cast<uint64_t>(fs::file_size(file, error)) : 0);
        hash.Add(isFile ? static_cast<uint64_t>(
                              fs::last_write_time(file, error).time_since_epoch().count())
                        : 0);
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
ProcessorName()
{
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);)
    {
        if (line.rfind("model name", 0) == 0)
        {
            return line;
        }
    }
    return "unknown";
}

} // namespace mdi
} // namespace ns3

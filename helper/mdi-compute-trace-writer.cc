// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-compute-trace-writer.h"

#include "mdi-compute-trace-reader.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ns3
{
namespace mdi
{

namespace
{

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

[[noreturn]] void
Refuse(const std::string& file, const std::string& wrong, const std::string& right)
{
    throw BadInput(OneLine(file) + ": " + wrong + "; " + right);
}

[[noreturn]] void
RefuseToWrite(const std::string& file, int error)
{
    Refuse(file,
           std::string("cannot be written: ") + std::strerror(error),
           "name a place where you may write with --out");
}

/// The file that a link stands for, so that the link stays one.
fs::path
RealPath(const std::string& file)
{
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    return error ? fs::path(file) : real;
}

fs::path
FolderOf(const fs::path& file)
{
    return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// Text as JSON has it: bytes that are not UTF-8 are replaced.
std::string
Scalar(const Json& value)
{
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Writes like traces/compute/make_traces.py: two spaces a level, a layer, or an array, on one
/// line.
void
Print(std::ostream& os, const Json& value, size_t depth, bool oneLine, bool ofLayers)
{
    if (!value.is_structured() || value.empty())
    {
        os << Scalar(value);
        return;
    }
    const auto newLine = [&](size_t level) {
        if (!oneLine)
        {
            os << '\n' << std::string(2 * level, ' ');
        }
    };
    oneLine = oneLine || value.is_array();
    os << (value.is_object() ? '{' : '[');
    const char* comma = "";
    for (const auto& [key, member] : value.items())
    {
        os << comma;
        comma = oneLine ? ", " : ",";
        newLine(depth + 1);
        if (value.is_object())
        {
            os << Scalar(key) << ": ";
        }
        Print(os, member, depth + 1, oneLine || ofLayers, key == "layers");
    }
    newLine(depth);
    os << (value.is_object() ? '}' : ']');
}

Json
ToJson(const Provenance& provenance)
{
    Json json;
    json["kind"] = provenance.kind;
    json["source"] = provenance.source;
    if (!provenance.framework.empty())
    {
        json["framework"] = provenance.framework;
        json["precision"] = provenance.precision;
        json["batch"] = provenance.batch;
    }
    if (provenance.errorBand)
    {
        json["error_band"] = *provenance.errorBand;
    }
    if (!provenance.note.empty())
    {
        json["note"] = provenance.note;
    }
    return json;
}

Json
ToJson(const MeasuredModel& measured)
{
    Json json;
    json["provenance"] = ToJson(measured.provenance);
    if (!measured.inputs.empty())
    {
        json["inputs"] = measured.inputs;
    }
    json["spread"] = measured.spread;
    const bool cached = measured.passes && !measured.passes->cached.points.empty();
    if (measured.passes)
    {
        Json& generation = json["generation"];
        generation["provenance"] = ToJson(measured.passesProvenance);
        generation["tokens"] = measured.passes->tokens;
        generation["whole"] = {{"rule", "linear"}, {"points", measured.passes->whole.points}};
        if (cached)
        {
            generation["context"] = measured.context;
            generation["cached"] = {{"rule", "linear"}, {"points", measured.passes->cached.points}};
        }
    }
    for (const auto& [name, time] : measured.layers)
    {
        // Divided, not multiplied by 1e-9: so the shortest text has nine decimals at most.
        json["layers"][name] = {{"mean_s", static_cast<double>(time.mean.GetNanoSeconds()) / 1e9},
                                {"spread", time.spread}};
        if (cached)
        {
            json["layers"][name]["cached_s"] =
                static_cast<double>(time.cached.GetNanoSeconds()) / 1e9;
        }
    }
    return json;
}

/// A document without modes.
Json
NewDocument(const MeasuredModel& measured)
{
    Json json;
    json["format"] = "mdi-compute-trace";
    json["version"] = 1;
    json["device"] = measured.device;
    json["title"] = measured.title;
    json["memory_bytes"] = measured.memoryBytes;
    json["memory_provenance"] = ToJson(measured.memoryProvenance);
    json["default_mode"] = measured.mode;
    json["modes"] = Json::object();
    return json;
}

/// Makes an empty file beside another. \return its descriptor, and its name in `temporary`
int
OpenBeside(const fs::path& file, std::string& temporary)
{
    temporary = (FolderOf(file) / ".mdi-unfinished-XXXXXX").string();
    const int descriptor = mkstemp(temporary.data());
    if (descriptor < 0)
    {
        RefuseToWrite(file.string(), errno);
    }
    return descriptor;
}

/// Replaces a file in one step. Nothing is left behind if that fails.
void
ReplaceFile(const fs::path& file, const std::string& text)
{
    std::string temporary;
    const int descriptor = OpenBeside(file, temporary);
    // A temporary file is private; this one becomes a file like any other.
    struct stat old;
    const mode_t mask = umask(0);
    umask(mask);
    const mode_t mode = stat(file.c_str(), &old) == 0 ? old.st_mode & 07777 : 0666 & ~mask;
    bool good = fchmod(descriptor, mode) == 0;
    for (size_t done = 0; good && done < text.size();)
    {
        const ssize_t written = write(descriptor, text.data() + done, text.size() - done);
        good = written > 0 || (written < 0 && errno == EINTR);
        done += written > 0 ? static_cast<size_t>(written) : 0;
    }
    good = good && fsync(descriptor) == 0;
    int error = errno;
    good = close(descriptor) == 0 && good;
    if (good && rename(temporary.c_str(), file.c_str()) != 0)
    {
        good = false;
        error = errno;
    }
    if (!good)
    {
        unlink(temporary.c_str());
        RefuseToWrite(file.string(), error);
    }
}

} // namespace

void
CheckTraceFile(const std::string& file, const std::string& device)
{
    const fs::path path = RealPath(file);
    const std::string folder = FolderOf(path).string();
    struct stat status;
    if (stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    {
        Refuse(file, "there is no folder " + Quoted(folder), "make it, or name another one");
    }
    // Only an attempt tells: what access() says is another thing for root.
    std::string temporary;
    close(OpenBeside(path, temporary));
    unlink(temporary.c_str());
    if (!fs::exists(fs::symlink_status(path)))
    {
        return;
    }
    if (!fs::is_regular_file(path))
    {
        Refuse(file, "this is no file", "name a file with --out");
    }
    const std::string found = ReadComputeTrace(file).device;
    if (found != device)
    {
        Refuse(file,
               "a trace of device " + Quoted(found) + ", not of " + Quoted(device),
               "name another file with --out, or that device with --device-name");
    }
}

TraceChange
AddToComputeTrace(const std::string& file, const MeasuredModel& measured)
{
    CheckTraceFile(file, measured.device);
    const fs::path path = RealPath(file);
    TraceChange change = TraceChange::CREATED;
    Json document;
    if (fs::exists(path))
    {
        change = TraceChange::ADDED;
        std::ifstream stream(path, std::ios::binary);
        document = Json::parse(stream);
    }
    else
    {
        document = NewDocument(measured);
    }
    Json& models = document["modes"][measured.mode]["models"];
    if (models.contains(measured.model))
    {
        change = TraceChange::REPLACED;
    }
    models[measured.model] = ToJson(measured);
    std::ostringstream text;
    Print(text, document, 0, false, false);
    text << '\n';
    ReadComputeTrace(JsonReader::FromText(text.str(), file), measured.mode);
    ReplaceFile(path, text.str());
    return change;
}

} // namespace mdi
} // namespace ns3

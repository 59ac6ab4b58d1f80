// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Times every layer of a TorchScript model on this machine and writes a compute trace: ./mdi
// profile.

#include "ns3/command-line.h"
#include "ns3/mdi-compute-trace-writer.h"
#include "ns3/mdi-did-you-mean.h"
#include "ns3/mdi-json-reader.h"
#include "ns3/mdi-machine.h"
#include "ns3/mdi-model-reader.h"
#include "ns3/mdi-profile-report.h"
#include "ns3/mdi-program.h"
#include "ns3/mdi-torch-profiler.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

constexpr uint32_t MAX_RUNS = 100000;
constexpr uint32_t MAX_THREADS = 4096;

std::string
Today()
{
    const std::time_t now = std::time(nullptr);
    char text[] = "2026-01-01";
    std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
    return text;
}

/// A name that goes into the trace, and of the device into a file's name.
void
CheckName(const std::string& flag, const std::string& name)
{
    constexpr size_t LONGEST = 200;
    const bool plain = std::all_of(
        name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~' && c != '/'; });
    if (!plain || name.size() > LONGEST || name.front() == '.')
    {
        throw BadInput("--" + flag + "=" + OneLine(name) + ": no name; write letters, digits and " +
                       "dashes, such as agx-xavier");
    }
}

/// The numbers of tokens of --lengths, and that of the model's own input; none without the flag.
std::set<uint32_t>
ReadLengths(const std::string& text, const ModelSpec& model)
{
    std::set<uint32_t> lengths;
    std::stringstream stream(text);
    for (std::string number; std::getline(stream, number, ',');)
    {
        lengths.insert(PositiveFlag("lengths", number, 1000000));
    }
    if (lengths.empty())
    {
        return lengths;
    }
    if (model.inputs.size() != 1 || model.inputs[0].spec.shape.size() != 2)
    {
        throw BadInput("--lengths=" + OneLine(text) + ": " + model.file + " takes " +
                       SpecsText(InputSpecs(model)) + ", not one sequence of tokens such as 1x32");
    }
    lengths.insert(static_cast<uint32_t>(model.inputs[0].spec.shape.back()));
    return lengths;
}

int
Run(int argc, char* argv[])
{
    CheckFlags(argc,
               argv,
               {"input-shape",
                "lengths",
                "device-name",
                "repeats",
                "warmup",
                "threads",
                "cuda",
                "mode",
                "out"});
    ProfileSubject subject;
    subject.machine = ThisMachine();
    subject.device = subject.machine.host;
    subject.mode = "default";
    subject.date = Today();
    ProfileOptions& options = subject.options;
    std::string file;
    std::string shapes;
    std::string lengths;
    std::string repeats;
    std::string warmup;
    std::string threads;
    std::string out;
    CommandLine cmd(__FILE__);
    cmd.Usage("Times every layer of a TorchScript model on this machine and writes a compute trace,"
              " or adds the model to it.");
    cmd.AddNonOption("model", "the model file (.pt)", file);
    AddTextFlag(cmd,
                "input-shape",
                "such as 1,3,224,224, or of two inputs 1,3,224,224:float32;1:int64 [what the .json "
                "beside the model says]",
                shapes);
    AddTextFlag(cmd,
                "lengths",
                "numbers of tokens, such as 1,64,256: time passes of these lengths, too, for "
                "scenarios in which a language model generates; 1 stands for a pass with a "
                "key/value cache",
                lengths);
    AddTextFlag(cmd,
                "device-name",
                "name of this device in scenarios [" + subject.device + "]",
                subject.device);
    AddTextFlag(cmd, "repeats", "measured runs [" + std::to_string(options.repeats) + "]", repeats);
    AddTextFlag(cmd, "warmup", "runs before them [" + std::to_string(options.warmup) + "]", warmup);
    AddTextFlag(cmd, "threads", "of an operator [all processors]", threads);
    cmd.AddValue("cuda", "measure on the CUDA device instead of the processor", options.cuda);
    AddTextFlag(
        cmd, "mode", "name of the device's power mode, such as MAXN [default]", subject.mode);
    AddTextFlag(cmd, "out", "the compute trace [DEVICE-NAME.json]", out);
    ParseFlags(cmd, argc, argv);
    file = FileArgument(argc, argv);

    if (file.empty())
    {
        throw BadInput("which model? Name its TorchScript file, such as resnet56.pt (./mdi export "
                       "makes some)");
    }
    CheckName("device-name", subject.device);
    CheckName("mode", subject.mode);
    const auto number = [](const char* flag, const std::string& text, uint32_t max, uint32_t& to) {
        const uint32_t value = PositiveFlag(flag, text, max);
        to = value > 0 ? value : to;
    };
    options.threads = subject.machine.processors;
    number("repeats", repeats, MAX_RUNS, options.repeats);
    number("warmup", warmup, MAX_RUNS, options.warmup);
    number("threads", threads, MAX_THREADS, options.threads);
    if (options.repeats < 2)
    {
        throw BadInput("--repeats=1: the spread of a single run is unknown; measure 2 at least");
    }
    if (subject.machine.memoryBytes == 0)
    {
        throw BadInput(
            "/proc/meminfo: no MemTotal; a compute trace needs the memory of the device");
    }
    if (const std::string missing = ProfilerMissing(options); !missing.empty())
    {
        throw BadInput((options.cuda ? "--cuda: " : "") + missing);
    }
    out = out.empty() ? subject.device + ".json" : out;
    CheckTraceFile(out, subject.device);
    ModelSpec model = ReadModelWithShapes(file, shapes);
    const std::set<uint32_t> tokens = ReadLengths(lengths, model);
    model.longest = tokens.empty() ? 0 : *tokens.rbegin();
    if (std::filesystem::path(file).extension() == ".json")
    {
        throw BadInput(file + ": a layer graph cannot be run; name the TorchScript file (.pt)");
    }

    subject.commandLine = "mdi-profile";
    for (int i = 1; i < argc; ++i)
    {
        subject.commandLine += std::string(" ") + argv[i];
    }
    ModelTiming timing;
    std::map<uint32_t, ModelTiming> passes;
    try
    {
        const uint64_t runs = uint64_t(options.warmup) + options.repeats;
        ProgressLine line("runs", runs * std::max<size_t>(1, tokens.size()));
        uint64_t before = 0;
        const auto measure = [&](const ModelSpec& spec) {
            ModelTiming made =
                ProfileModel(spec, options, [&](uint64_t done) { line.Show(before + done); });
            before += runs;
            return made;
        };
        for (const uint32_t length : tokens)
        {
            ModelSpec other = model;
            other.inputs[0].spec.shape.back() = length;
            passes[length] = measure(other);
        }
        timing = tokens.empty()
                     ? measure(model)
                     : passes.at(static_cast<uint32_t>(model.inputs[0].spec.shape.back()));
    }
    catch (const std::exception& error)
    {
        throw BadInput(error.what());
    }
    MeasuredModel measured = ToMeasuredModel(timing, subject);
    if (!passes.empty())
    {
        AddPasses(passes, subject, measured);
    }
    const TraceChange change = AddToComputeTrace(out, measured);
    PrintTiming(std::cout, timing, subject);
    const auto absolute = [](const std::string& path) {
        return std::filesystem::absolute(path).lexically_normal().string();
    };
    const std::string name = Quoted(model.name);
    std::cout << '\n'
              << (change == TraceChange::CREATED ? "written to "
                  : change == TraceChange::ADDED ? "added " + name + " to "
                                                 : "replaced the times of " + name + " in ")
              << out << "; in a scenario:\n  \"models\": {\"" << model.name << "\": {\"file\": \""
              << absolute(file) << "\"}},\n  \"devices\": [{\"name\": \"a\", \"trace\": \""
              << absolute(out) << "\", \"mode\": \"" << subject.mode << "\"}, ...]" << std::endl;
    return SUCCESS;
}

} // namespace

int
main(int argc, char* argv[])
{
    return RunProgram("mdi-profile", [&] { return Run(argc, argv); });
}

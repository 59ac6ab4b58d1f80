// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Benchmarks (./mdi bench). Each is a ratio against a named reference, both measured in turns in
// this process, so that it can be compared between machines and days.

#include "mdi-test-network.h"
#include "mdi-torch-slicer.h"

#include "ns3/mdi-chain-cuts.h"
#include "ns3/mdi-model-reader.h"
#include "ns3/mdi-torch-engine.h"
#include "ns3/uinteger.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

double
Median(std::vector<double> values)
{
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

template <typename F>
double
SecondsOf(const F& work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A model of the zoo, made once: the folder MDI_BENCH_MODELS keeps them from run to run.
std::string
ZooModel(const std::string& name)
{
    const char* kept = std::getenv("MDI_BENCH_MODELS");
    const std::string folder = kept ? kept : std::string(MDI_BINARY_DIR) + "/bench-models";
    const std::string file = folder + "/" + name + ".pt";
    if (!std::filesystem::exists(file))
    {
        const std::string command = "/usr/bin/python3 '" MDI_SOURCE_DIR
                                    "/traces/models/export.py' " +
                                    name + " --out '" + file + "' >/dev/null";
        if (std::system(command.c_str()) != 0)
        {
            std::fprintf(stderr, "mdi-bench: cannot make %s\n", file.c_str());
            std::exit(1);
        }
    }
    return file;
}

/**
 * Slices against the whole: the same pictures through the module as it was loaded, and through its
 * slices one after the other. `slices` 0: as many as there are allowed cuts.
 */
void
SlicesAgainstWhole(benchmark::State& state, const std::string& name, uint32_t slices)
{
    TorchEngine onlyOneThread; // loading a model in it fixes the number of threads
    const ModelSpec model = ReadModel(ZooModel(name));
    onlyOneThread.LoadModel(model);
    TorchSlicer slicer(model);
    const LayerGraph& graph = slicer.Graph();
    const std::vector<uint32_t> cuts = graph.LayerBoundaries();
    const std::vector<double> work =
        CumulatedWork(cuts, [&graph](uint32_t b, uint32_t e) { return graph.Flop(b, e); });
    const std::vector<uint32_t> boundaries = slices == 0 ? cuts : EqualWorkCuts(cuts, work, slices);
    const std::vector<at::Tensor> inputs = RandomInputs(model.inputs, 1);
    const auto sliced = [&] {
        std::vector<at::Tensor> bundle = inputs;
        for (size_t i = 1; i < boundaries.size(); ++i)
        {
            bundle = slicer.Run(boundaries[i - 1], boundaries[i], bundle);
        }
    };
    const auto whole = [&] { slicer.RunWhole(inputs); };
    whole();
    sliced();
    std::vector<double> wholeTimes;
    std::vector<double> slicedTimes;
    for (auto iteration : state)
    {
        wholeTimes.push_back(SecondsOf(whole));
        slicedTimes.push_back(SecondsOf(sliced));
        state.SetIterationTime(slicedTimes.back());
    }
    state.counters["slices"] = static_cast<double>(boundaries.size() - 1);
    state.counters["whole_s"] = Median(wholeTimes);
    state.counters["slices_s"] = Median(slicedTimes);
    state.counters["ratio"] = Median(slicedTimes) / Median(wholeTimes);
}

/// Memory of a process [bytes]; 0 if it did not do its work.
struct Memory
{
    double peak = 0;  //!< largest so far, that of loading the model included
    double atEnd = 0; //!< resident when the simulation is over
};

/// Workers that all run ResNet-50, on one of four pictures each.
Memory
MemoryOfWorkers(uint32_t workers)
{
    int pipe[2];
    if (::pipe(pipe) != 0)
    {
        return {};
    }
    const pid_t child = fork(); // a process of its own: a peak never goes down again
    if (child == 0)
    {
        const auto engine = CreateObject<TorchEngine>();
        engine->SetAttribute("StoreBytes", UintegerValue(64 << 20));
        const uint32_t model = engine->LoadModel(ReadModel(ZooModel("resnet50")));
        const LayerGraph& graph = engine->Graph(model);
        NodeContainer nodes;
        nodes.Create(workers);
        MdiHelper mdi(engine);
        mdi.AddWorkers(nodes, ConstantSpeed("device", {graph}, 1e11));
        for (uint32_t i = 0; i < workers; ++i)
        {
            nodes.Get(i)->AggregateObject(
                CreateObject<IdealTransport>(i, DataRate("1Gb/s"), MicroSeconds(100)));
            MdiHelper::SourceOptions options;
            options.name = "s" + std::to_string(i);
            options.items = 1;
            options.inputOffset = i % 4;
            options.start = MilliSeconds(i);
            mdi.AddSource(nodes.Get(i), model, options);
        }
        SystemSpec system = MakePreset("local");
        system.partitioner.SetTypeId("ns3::mdi::EqualWorkPartitioner");
        mdi.Install(system, [](uint32_t, uint32_t) {
            return PathInfo{DataRate("1Gb/s"), MicroSeconds(100), 1};
        });
        mdi.AssignStreams(0);
        RunCollector all;
        Recorder recorder(mdi, all, false);
        Simulator::Run();
        recorder.Finish();
        bool done = recorder.InFlight() == 0 && all.items.size() == workers;
        for (const auto& items : all.items)
        {
            done = done && items.size() == 1 && items[0].completed && items[0].outputError == 0.0;
        }
        rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        double pages = 0;
        double resident = 0;
        std::ifstream("/proc/self/statm") >> pages >> resident;
        Memory memory;
        if (done)
        {
            memory.peak = double(usage.ru_maxrss) * 1024;
            memory.atEnd = resident * double(sysconf(_SC_PAGESIZE));
        }
        const bool written = write(pipe[1], &memory, sizeof memory) == sizeof memory;
        _exit(written ? 0 : 1);
    }
    close(pipe[1]);
    Memory memory;
    const bool told = read(pipe[0], &memory, sizeof memory) == sizeof memory;
    close(pipe[0]);
    waitpid(child, nullptr, 0);
    return told ? memory : Memory();
}

/// Peak memory of 1,000 workers that share ResNet-50 against that of one.
void
OneModelForAll(benchmark::State& state)
{
    Memory one;
    Memory thousand;
    for (auto iteration : state)
    {
        one = MemoryOfWorkers(1);
        thousand = MemoryOfWorkers(1000);
        state.SetIterationTime(1);
    }
    if (one.peak == 0 || thousand.peak == 0)
    {
        state.SkipWithError("the workers did not finish");
        return;
    }
    state.counters["one_peak_MB"] = one.peak / 1e6;
    state.counters["one_end_MB"] = one.atEnd / 1e6;
    state.counters["peak_difference_MB"] = (thousand.peak - one.peak) / 1e6;
    state.counters["end_difference_MB"] = (thousand.atEnd - one.atEnd) / 1e6;
    state.counters["ratio"] = thousand.peak / one.peak;
}

} // namespace

int
main(int argc, char** argv)
{
    benchmark::RegisterBenchmark("memory/workers_1000_against_1", OneModelForAll)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
    for (const std::string name : {"resnet50", "mobilenetv2", "vgg16", "gpt2", "yolov5s"})
    {
        for (const uint32_t slices : {2, 4, 16, 0})
        {
            const std::string count = slices == 0 ? "all" : std::to_string(slices);
            benchmark::RegisterBenchmark(
                ("slices/" + name + "/" + count + "_against_whole").c_str(),
                [name, slices](benchmark::State& state) {
                    SlicesAgainstWhole(state, name, slices);
                })
                ->UseManualTime()
                ->MinTime(4)
                ->Unit(benchmark::kMillisecond);
        }
    }
    // Our flags are short forms of Google Benchmark's.
    std::vector<std::string> flags;
    for (int i = 1; i < argc; ++i)
    {
        std::string flag = argv[i];
        if (flag.rfind("--out=", 0) == 0)
        {
            flags.push_back("--benchmark_out_format=json");
            flag = "--benchmark_out=" + flag.substr(6);
        }
        else if (flag.rfind("--filter=", 0) == 0)
        {
            flag = "--benchmark_" + flag.substr(2);
        }
        flags.push_back(flag);
    }
    std::vector<char*> arguments{argv[0]};
    for (auto& flag : flags)
    {
        arguments.push_back(flag.data());
    }
    argc = static_cast<int>(arguments.size());
    argv = arguments.data();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
    {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}

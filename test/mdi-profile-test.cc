// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// What ./mdi profile does beside measuring: scaling, the machine, the compute trace.

#include "mdi-compute-trace-reader.h"
#include "mdi-compute-trace-writer.h"
#include "mdi-json-reader.h"
#include "mdi-machine.h"
#include "mdi-message-of.h"
#include "mdi-profile-report.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <numeric>
#include <sstream>
#include <stdlib.h>

using namespace ns3;
using namespace ns3::mdi;

namespace fs = std::filesystem;

namespace
{

/// Every test has a folder of its own.
class ProfileTest : public testing::Test
{
  protected:
    ProfileTest()
    {
        std::string pattern = (fs::temp_directory_path() / "mdi-profile-test-XXXXXX").string();
        m_folder = mkdtemp(pattern.data());
    }

    ~ProfileTest() override
    {
        fs::remove_all(m_folder);
    }

    std::string Path(const std::string& name) const
    {
        return (m_folder / name).string();
    }

    void Write(const std::string& name, const std::string& text) const
    {
        fs::create_directories(fs::path(Path(name)).parent_path());
        std::ofstream(Path(name), std::ios::binary) << text;
    }

    std::string Read(const std::string& name) const
    {
        std::ostringstream text;
        text << std::ifstream(Path(name), std::ios::binary).rdbuf();
        return text.str();
    }

    size_t Files() const
    {
        return std::distance(fs::directory_iterator(m_folder), fs::directory_iterator());
    }

    fs::path m_folder;
};

/// Layers of 1/3 ms that took 1.1 times the whole.
ModelTiming
Thirds(size_t layers)
{
    ModelTiming timing;
    std::vector<Layer> names;
    const TensorSpec spec{{2, 4}, Dtype::FLOAT32};
    for (size_t i = 0; i < layers; ++i)
    {
        timing.layers.push_back({1e-3 / 3, 0.5, 0, 0});
        timing.layersS += 1e-3 / 3;
        names.push_back({"b" + std::to_string(i / 2) + "/x#" + std::to_string(i),
                         "aten::relu",
                         "b" + std::to_string(i / 2),
                         {static_cast<int32_t>(i) - 1},
                         {spec},
                         1,
                         0,
                         0,
                         {},
                         {}});
    }
    timing.whole = {timing.layersS / 1.1, 0.03, 0, 0};
    timing.graph = LayerGraph("net", {spec}, names);
    timing.framework = "LibTorch 0, 3 threads";
    timing.precision = "fp32";
    return timing;
}

ProfileSubject
Subject()
{
    ProfileSubject subject;
    subject.device = "tiny";
    subject.mode = "fast";
    subject.commandLine = "mdi-profile net.pt";
    subject.date = "2026-01-02";
    subject.machine = {"tiny", "Some \"CPU\"", 3, 4096};
    return subject;
}

} // namespace

TEST_F(ProfileTest, TheLayersSumToTheWholeToTheNanosecond)
{
    for (const size_t layers : {1, 7, 200, 3001})
    {
        const ModelTiming timing = Thirds(layers);
        int64_t sum = 0;
        for (const LayerTime& layer : ScaledLayers(timing))
        {
            EXPECT_NEAR(layer.mean.GetNanoSeconds(), 1e6 / 3.3, 1);
            EXPECT_EQ(layer.spread, 0.5);
            sum += layer.mean.GetNanoSeconds();
        }
        EXPECT_EQ(sum, std::llround(timing.whole.meanS * 1e9));
    }
}

TEST_F(ProfileTest, WhatIsWrittenIsRead)
{
    const ModelTiming timing = Thirds(5);
    const MeasuredModel measured = ToMeasuredModel(timing, Subject());
    EXPECT_EQ(AddToComputeTrace(Path("t.json"), measured), TraceChange::CREATED);
    const ComputeTrace trace = ReadComputeTrace(Path("t.json"));
    EXPECT_EQ(trace.device, "tiny");
    EXPECT_EQ(trace.title, "Some \"CPU\"");
    EXPECT_EQ(trace.mode, "fast");
    EXPECT_EQ(trace.memoryBytes, 4096u);
    EXPECT_FALSE(trace.peakFlopPerS);
    EXPECT_FALSE(trace.staging);
    EXPECT_TRUE(trace.callOverhead.IsZero());
    const ModelProfile& net = trace.models.at("net");
    EXPECT_EQ(net.spread, 0.03);
    EXPECT_EQ(net.provenance.kind, "measured");
    EXPECT_EQ(net.provenance.source, "mdi-profile net.pt, 2026-01-02, Some \"CPU\", 3 processors");
    EXPECT_EQ(net.provenance.framework, "LibTorch 0, 3 threads");
    EXPECT_EQ(net.provenance.precision, "fp32");
    EXPECT_EQ(net.provenance.batch, 2u);
    EXPECT_NE(net.provenance.note.find("took 1.1000 times the whole"), std::string::npos);
    for (const auto& [name, layer] : measured.layers)
    {
        EXPECT_EQ(net.layers.at(name).mean, layer.mean);
        EXPECT_EQ(net.layers.at(name).spread, layer.spread);
    }
    // Whole nanoseconds, a layer on a line.
    EXPECT_NE(Read("t.json").find("\"b1/x#2\": {\"mean_s\": 0.00030303, \"spread\": 0.5}"),
              std::string::npos)
        << Read("t.json");
    const ServiceTable table(trace, timing.graph);
    EXPECT_EQ(table.Mean(0, 5).GetNanoSeconds(), std::llround(timing.whole.meanS * 1e9));
}

TEST_F(ProfileTest, AModelIsAddedAndAllElseIsKept)
{
    const std::string nano = std::string(MDI_SOURCE_DIR) + "/traces/compute/nano.json";
    fs::copy_file(nano, Path("nano.json"));
    const std::string before = Read("nano.json");
    const size_t models = ReadComputeTrace(nano, "MAXN").models.size();
    ProfileSubject subject = Subject();
    subject.device = "nano";
    subject.mode = "MAXN";
    const MeasuredModel measured = ToMeasuredModel(Thirds(3), subject);
    EXPECT_EQ(AddToComputeTrace(Path("nano.json"), measured), TraceChange::ADDED);
    EXPECT_EQ(ReadComputeTrace(Path("nano.json"), "MAXN").models.size(), models + 1);
    const std::string after = Read("nano.json");
    EXPECT_EQ(AddToComputeTrace(Path("nano.json"), measured), TraceChange::REPLACED);
    EXPECT_EQ(Read("nano.json"), after);
    // Not a byte of the rest has changed.
    const size_t begin = after.find(",\n        \"net\": {");
    const size_t end = after.find("\n      }\n    }", begin);
    ASSERT_NE(begin, std::string::npos);
    EXPECT_EQ(after.substr(0, begin) + after.substr(end), before);

    subject.mode = "slow";
    EXPECT_EQ(AddToComputeTrace(Path("nano.json"), ToMeasuredModel(Thirds(3), subject)),
              TraceChange::ADDED);
    EXPECT_EQ(ComputeTraceModes(Path("nano.json")).size(), 3u);
    EXPECT_EQ(ReadComputeTrace(Path("nano.json")).mode, "MAXN");
    EXPECT_EQ(Files(), 1u);
}

TEST_F(ProfileTest, LinksAndRightsOfAFileStay)
{
    const MeasuredModel measured = ToMeasuredModel(Thirds(3), Subject());
    AddToComputeTrace(Path("real.json"), measured);
    fs::create_symlink("real.json", Path("link.json"));
    fs::permissions(Path("real.json"), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(AddToComputeTrace(Path("link.json"), measured), TraceChange::REPLACED);
    EXPECT_TRUE(fs::is_symlink(Path("link.json")));
    EXPECT_EQ(fs::status(Path("real.json")).permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(Files(), 2u);
}

TEST_F(ProfileTest, OtherFilesAreRefused)
{
    const MeasuredModel measured = ToMeasuredModel(Thirds(3), Subject());
    Write("other.json", "");
    MeasuredModel other = measured;
    other.device = "other";
    fs::remove(Path("other.json"));
    AddToComputeTrace(Path("other.json"), other);
    Write("text.json", "not JSON");
    fs::create_directory(Path("folder"));

    const struct
    {
        std::string file;
        std::string part;
    } cases[] = {
        {"other.json", "a trace of device 'other', not of 'tiny'"},
        {"text.json", "JSON"},
        {"folder", "this is no file"},
        {"nowhere/t.json", "there is no folder"},
        {"text.json/t.json", "there is no folder"},
    };

    for (const auto& c : cases)
    {
        const std::string before = c.file == "folder" ? "" : Read(c.file);
        for (const bool add : {false, true})
        {
            const std::string message = MessageOf([&]() {
                add ? (void)AddToComputeTrace(Path(c.file), measured)
                    : CheckTraceFile(Path(c.file), "tiny");
            });
            EXPECT_EQ(message.rfind(Path(c.file), 0), 0u) << c.file << ": " << message;
            EXPECT_NE(message.find(c.part), std::string::npos) << message;
            EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        }
        EXPECT_EQ(c.file == "folder" ? "" : Read(c.file), before);
    }
    EXPECT_EQ(Files(), 3u);
}

TEST_F(ProfileTest, WhatTheReaderWouldRefuseIsNotWritten)
{
    MeasuredModel measured = ToMeasuredModel(Thirds(3), Subject());
    measured.provenance.framework = "";
    EXPECT_NE(MessageOf([&]() { AddToComputeTrace(Path("t.json"), measured); }), "");
    EXPECT_EQ(Files(), 0u);
}

TEST_F(ProfileTest, TheMachine)
{
    Write("pc/proc/cpuinfo", "processor\t: 0\nmodel\t\t: 1\nmodel name\t: A CPU @ 2: GHz\n");
    Write("pc/proc/meminfo", "MemFree: 1 kB\nMemTotal:       24684092 kB\n");
    const Machine pc = ThisMachine(Path("pc"));
    EXPECT_EQ(pc.processor, "A CPU @ 2: GHz");
    EXPECT_EQ(pc.memoryBytes, 24684092ull * 1024);
    // aarch64 has a device tree, and often no model name.
    Write("arm/proc/cpuinfo", "processor\t: 0\nCPU part\t: 0xd42\n\nSerial\t\t:\n");
    Write("arm/proc/device-tree/model", std::string("NVIDIA Orin Nano Developer Kit\0", 31));
    EXPECT_EQ(ThisMachine(Path("arm")).processor, "NVIDIA Orin Nano Developer Kit");
    EXPECT_EQ(ThisMachine(Path("arm")).memoryBytes, 0u);
    EXPECT_EQ(ThisMachine(Path("none")).processor, "unknown");
    EXPECT_FALSE(ThisMachine(Path("none")).host.empty());
    EXPECT_GE(ThisMachine().processors, 1u);
    EXPECT_GT(ThisMachine().memoryBytes, 0u);
}

TEST_F(ProfileTest, TheTable)
{
    std::ostringstream text;
    PrintTiming(text, Thirds(24), Subject());
    for (const char* part : {"net on tiny (Some \"CPU\"), mode fast: LibTorch 0, 3 threads, fp32",
                             "whole model        7.2727 ms +- 0.2182 ms (3.0 %)",
                             "sum of layers      8.0000 ms, 1.1000 times the whole",
                             "slowest layers  mean [ms]   share  spread\n",
                             "b0/x#0             0.3030   4.2 %  50.0 %\n",
                             "the other 14       4.2424  58.3 %\n",
                             "slowest blocks  mean [ms]   share\n",
                             "b0                 0.6061   8.3 %\n",
                             "the other 2        1.2121  16.7 %\n"})
    {
        EXPECT_NE(text.str().find(part), std::string::npos) << part << '\n' << text.str();
    }
}

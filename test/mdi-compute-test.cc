// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-compute-device.h"
#include "mdi-compute-law.h"
#include "mdi-compute-trace-reader.h"
#include "mdi-compute-trace.h"
#include "mdi-json-reader.h"
#include "mdi-message-of.h"

#include "ns3/double.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

const std::string TRACES = std::string(MDI_SOURCE_DIR) + "/traces/compute/";

/// A complete, small compute trace.
nlohmann::json
TinyTrace()
{
    return nlohmann::json::parse(R"({
        "format": "mdi-compute-trace", "version": 1, "device": "tiny", "title": "Tiny",
        "memory_bytes": 1e6, "memory_provenance": {"kind": "published", "source": "data sheet"},
        "default_mode": "fast",
        "modes": {
          "fast": {"peak_flop_per_s": 1e9,
                   "peak_provenance": {"kind": "published", "source": "data sheet"},
                   "call_overhead_s": 0.001,
                   "call_overhead_provenance": {"kind": "measured", "source": "stop watch"},
                   "models": {"net": {
                     "provenance": {"kind": "calibrated", "source": "a paper", "framework": "PyTorch",
                                    "precision": "fp32", "batch": 1, "error_band": 0.5},
                     "spread": 0.1, "dispatch_s": 0.0005, "least_s": 0.001,
                     "layers": {"a/x": {"mean_s": 1.23456789e-4},
                                "b/y": {"mean_s": 0.002, "spread": 0.3},
                                "c": {"mean_s": 0}}}}},
          "slow": {"models": {"net": {
                     "provenance": {"kind": "measured", "source": "stop watch", "framework": "PyTorch",
                                    "precision": "fp32", "batch": 1},
                     "layers": {"a/x": {"mean_s": 0.1}}}}}}})");
}

/// 1 ms for an operation, 1 GFLOP/s, 100 MB/s.
ComputeLaw
TinyLaw()
{
    ComputeLaw law{{"calibrated", "a fit", "PyTorch", "fp32", 1, 1.0, "rough"}, MilliSeconds(1)};
    law.flopPerS = 1e9;
    law.bytesPerS = 1e8;
    return law;
}

LayerGraph
TinyGraph()
{
    const TensorSpec spec{{1, 4}, Dtype::FLOAT32};
    std::vector<Layer> layers;
    int32_t input = -1;
    for (const char* name : {"a/x", "b/y", "c"})
    {
        layers.push_back({name, "aten::relu", "", {input++}, {spec}, 1000, 0, 0, {}, {}});
    }
    return LayerGraph("net", {spec}, layers);
}

} // namespace

TEST(ComputeTraceReader, ReadsEveryField)
{
    const auto r = JsonReader::FromJson(TinyTrace(), "t.json");
    const ComputeTrace trace = ReadComputeTrace(r);
    EXPECT_EQ(trace.device, "tiny");
    EXPECT_EQ(trace.mode, "fast");
    EXPECT_EQ(trace.memoryBytes, 1000000u);
    EXPECT_EQ(trace.peakFlopPerS, 1e9);
    EXPECT_EQ(trace.callOverhead, MilliSeconds(1));
    EXPECT_FALSE(trace.staging);
    const ModelProfile& net = trace.models.at("net");
    EXPECT_EQ(net.provenance.kind, "calibrated");
    EXPECT_EQ(net.provenance.errorBand, 0.5);
    EXPECT_EQ(net.spread, 0.1);
    EXPECT_EQ(net.dispatch, MicroSeconds(500));
    EXPECT_EQ(net.least, MilliSeconds(1));
    EXPECT_EQ(net.layers.at("a/x").mean, NanoSeconds(123457));
    EXPECT_EQ(net.layers.at("b/y").spread, 0.3);
    const ModelProfile slow = ReadComputeTrace(r, "slow").models.at("net");
    EXPECT_EQ(slow.layers.size(), 1u);
    EXPECT_TRUE(slow.dispatch.IsZero());
}

TEST(ComputeTraceReader, ALawAloneEstimatesEveryModel)
{
    nlohmann::json trace = TinyTrace();
    trace["modes"]["slow"] = {
        {"law",
         {{"per_operation_s", 1e-3},
          {"flop_per_s", 1e9},
          {"bytes_per_s", 1e8},
          {"provenance",
           {{"kind", "calibrated"}, {"source", "a data sheet"}, {"error_band", 1.0}}}}},
        {"models", nlohmann::json::object()}};
    const ComputeTrace read = ReadComputeTrace(JsonReader::FromJson(trace, "t.json"), "slow");
    EXPECT_TRUE(read.models.empty());
    const ModelProfile net = CompleteProfile(read, TinyGraph());
    EXPECT_EQ(net.layers.size(), TinyGraph().Size());
    EXPECT_EQ(net.provenance.kind, "calibrated");
    EXPECT_EQ(net.provenance.errorBand, 1.0);
}

TEST(ComputeTraceReader, RejectsBadInput)
{
    const std::string net = "/modes/fast/models/net";

    const struct
    {
        std::string pointer; // what to change
        std::string value;   // to what; "" erases
        std::string place;   // where the message points
        std::string part;
    } cases[] = {
        {"/format", "\"mdi-scenario\"", "/format", "'mdi-compute-trace' is needed"},
        {"/version", "2", "/version", "version 1"},
        {"/device", "\"\"", "/device", "empty"},
        {"/memory_bytes", "0", "/memory_bytes", "integer from 1"},
        {"/memory_provenance", "", "/", "provenance"},
        {"/memroy", "1", "/memroy", "unknown key"},
        {"/default_mode", "\"fats\"", "/default_mode", "did you mean 'fast'?"},
        {"/modes", "{}", "/default_mode", "unknown"},
        {"/modes/fast/peak_provenance", "", "/modes/fast", "provenance"},
        {"/modes/fast/call_overhead_provenance", "", "/modes/fast", "provenance"},
        {"/modes/fast/call_overhead_s", "-1", "/modes/fast/call_overhead_s", "from 0 to"},
        {"/modes/", "{}", "/modes/", "without a name"},
        {"/modes/slow/models", "{}", "/modes/slow/models", "at least 1"},
        {"/modes/fast/law/provenance", "", "/modes/fast/law", "provenance"},
        {"/modes/fast/law/provenance/error_band",
         "",
         "/modes/fast/law/provenance",
         "'error_band' is missing"},
        {"/modes/fast/law/per_operation_s", "-1", "/modes/fast/law/per_operation_s", "0 to"},
        {"/modes/fast/law/flop_per_s", "0", "/modes/fast/law/flop_per_s", "above 0"},
        {"/modes/fast/law/bytes_per_s", "", "/modes/fast/law", "'bytes_per_s' is missing"},
        {"/modes/fast/law/byte_per_s", "1", "/modes/fast/law/byte_per_s", "did you mean"},
        {net + "/provenance", "", net, "provenance"},
        {net + "/provenance/kind", "\"guessed\"", net + "/provenance/kind", "known are: measured"},
        {net + "/provenance/kind",
         "\"measure\"",
         net + "/provenance/kind",
         "did you mean 'measured'?"},
        {net + "/provenance/source", "\"\"", net + "/provenance/source", "empty"},
        {net + "/provenance/source", "", net + "/provenance", "'source' is missing"},
        {net + "/provenance/framework", "", net + "/provenance", "'framework' is missing"},
        {net + "/provenance/batch", "0", net + "/provenance/batch", "integer from 1"},
        {net + "/provenance/error_band", "", net + "/provenance", "error_band"},
        {net + "/spread", "-0.1", net + "/spread", "0 to 10"},
        {net + "/dispatch_s", "-1e-6", net + "/dispatch_s", "0 to 1000000"},
        {net + "/dispatch_s", "\"1\"", net + "/dispatch_s", "number"},
        {net + "/least_s", "-1e-6", net + "/least_s", "0 to 1000000"},
        {net + "/dispatch", "1e-6", net + "/dispatch", "did you mean 'dispatch_s'?"},
        {net + "/layers", "{}", net + "/layers", "at least 1"},
        {net + "/layers/a~1x/mean_s", "-1e-3", net + "/layers/a~1x/mean_s", "0 to 1000000"},
        {net + "/layers/a~1x/mean_s", "\"1\"", net + "/layers/a~1x/mean_s", "number"},
        {net + "/layers/a~1x/mean_s", "", net + "/layers/a~1x", "'mean_s' is missing"},
        {net + "/layers/a~1x/mean", "1", net + "/layers/a~1x/mean", "did you mean 'mean_s'?"},
        {net + "/layers/", "{\"mean_s\": 1}", net + "/layers/", "without a name"},
    };

    for (const auto& c : cases)
    {
        nlohmann::json trace = TinyTrace();
        trace["modes"]["fast"]["law"] = {
            {"per_operation_s", 1e-3},
            {"flop_per_s", 1e9},
            {"bytes_per_s", 1e8},
            {"provenance", {{"kind", "measured"}, {"source", "a fit"}, {"error_band", 1.0}}}};
        const nlohmann::json::json_pointer pointer(c.pointer);
        if (c.value.empty())
        {
            trace.at(pointer.parent_pointer()).erase(pointer.back());
        }
        else
        {
            trace[pointer] = nlohmann::json::parse(c.value);
        }
        const auto read = [&] { ReadComputeTrace(JsonReader::FromJson(trace, "t.json")); };
        ExpectMessage(MessageOf(read), "t.json: " + c.place + ": ", c.part);
    }
    const auto r = JsonReader::FromJson(TinyTrace(), "t.json");
    ExpectMessage(MessageOf([&] { ReadComputeTrace(r, "turbo"); }),
                  "t.json: /modes: ",
                  "there are: fast, slow");
}

TEST(ServiceTable, SlicesAddUpExactly)
{
    const ComputeTrace trace = ReadComputeTrace(JsonReader::FromJson(TinyTrace(), "t.json"));
    const ServiceTable table(trace, TinyGraph());
    const Time overhead = MilliSeconds(1);
    EXPECT_EQ(table.Mean(0, 3), NanoSeconds(123457 + 2000000) + overhead);
    EXPECT_EQ(table.Mean(1, 1), Time(0));
    for (uint32_t cut = 1; cut < 3; ++cut)
    {
        EXPECT_EQ(table.Mean(0, cut) + table.Mean(cut, 3), table.Mean(0, 3) + overhead);
    }
    EXPECT_EQ(table.Spread(), 0.1);
    EXPECT_DOUBLE_EQ(table.SpeedFlopPerS(), 3000 / 3.123457e-3);
}

TEST(ServiceTable, TimesAreForTheInputsThatTheyWereTakenWith)
{
    const LayerGraph tiny = TinyGraph();
    const auto error = [&](const std::string& inputs, uint32_t batch, const TensorSpec& given) {
        ComputeTrace trace;
        trace.device = "box";
        trace.mode = "test";
        ModelProfile& profile = trace.models[tiny.Name()];
        profile.inputs = inputs;
        profile.provenance.batch = batch;
        for (const Layer& layer : tiny.Layers())
        {
            profile.layers[layer.name].mean = MilliSeconds(1);
        }
        try
        {
            ServiceTable(trace, LayerGraph(tiny.Name(), {given}, tiny.Layers()));
        }
        catch (const std::invalid_argument& error)
        {
            return std::string(error.what());
        }
        return std::string();
    };
    const TensorSpec one{{1, 3}, Dtype::FLOAT32};
    const TensorSpec eight{{8, 3}, Dtype::FLOAT32};
    EXPECT_EQ(error("1x3 float32", 1, one), "");
    EXPECT_EQ(error("", 1, one), "");
    EXPECT_EQ(error("", 8, eight), "");
    EXPECT_EQ(error("", 1, TensorSpec{{3}, Dtype::FLOAT32}), ""); // no batch
    EXPECT_NE(error("1x3 float32", 1, eight).find("for inputs of 1x3 float32, not of 8x3 float32"),
              std::string::npos);
    EXPECT_NE(error("", 1, eight).find("for inputs of batch 1, not of 8x3 float32"),
              std::string::npos);
}

TEST(ServiceTable, NamesWhatItMisses)
{
    ComputeTrace trace = ReadComputeTrace(JsonReader::FromJson(TinyTrace(), "t.json"));
    const auto message = [&] {
        try
        {
            ServiceTable(trace, TinyGraph());
        }
        catch (const std::invalid_argument& e)
        {
            return std::string(e.what());
        }
        return std::string();
    };
    EXPECT_EQ(message(), "");
    trace.models["net"].layers.erase("b/y");
    ExpectMessage(message(), "device 'tiny', mode 'fast', model 'net'", "layer 'b/y'");
    const ModelProfile left = trace.models.at("net");
    trace.models.clear();
    ExpectMessage(message(), "device 'tiny', mode 'fast'", "model 'net'");
    trace.law = TinyLaw();
    EXPECT_EQ(message(), "");
    trace.models["net"] = left;
    EXPECT_EQ(message(), "");
    trace.models["net"].inputs = "1x5 float32"; // a law does not change what times are for
    ExpectMessage(message(),
                  "device 'tiny', mode 'fast', model 'net': the service times are for inputs of "
                  "1x5 float32",
                  "under another name it would be estimated");
}

TEST(ComputeLaw, TakesTheLargestOfThree)
{
    const TensorSpec in{{1, 10}, Dtype::FLOAT32};
    const TensorSpec out{{1, 25}, Dtype::FLOAT32};
    const std::vector<Layer> layers{
        {"launch", "aten::relu", "", {-1}, {in}, 10, 0, 0, {}, {}},
        {"work", "aten::linear", "", {0}, {out}, 3e6, 1000, 0, {}, {}},
        {"memory", "aten::linear", "", {1}, {out}, 10, 499800, 0, {}, {}},    // and twice 100 bytes
        {"two inputs", "aten::add", "", {0, 1}, {out}, 0, 399760, 0, {}, {}}, // 40, 100 and 100
                                                                              // bytes
        {"table", "aten::embedding", "", {-1}, {out}, 0, 100000000, 0, {}, {}},
    };
    const LayerGraph graph("net", {in}, layers);
    const ComputeLaw law = TinyLaw();
    EXPECT_EQ(EstimateLayer(law, graph, 0), MilliSeconds(1));
    EXPECT_EQ(EstimateLayer(law, graph, 1), MilliSeconds(3));
    EXPECT_EQ(EstimateLayer(law, graph, 2), MilliSeconds(5));
    EXPECT_EQ(EstimateLayer(law, graph, 3), MilliSeconds(4));
    EXPECT_EQ(EstimateLayer(law, graph, 4), MilliSeconds(1)); // reads a row, not the table
}

TEST(ComputeLaw, EstimatesAreCalibrated)
{
    ComputeTrace trace = ReadComputeTrace(JsonReader::FromJson(TinyTrace(), "t.json"));
    const LayerGraph graph = TinyGraph();
    EXPECT_EQ(CountUnknownLayers(trace, graph), 0u);
    EXPECT_EQ(WithEstimates(trace, graph).models.at("net").provenance.source, "a paper");

    trace.law = TinyLaw();
    trace.models["net"].layers.erase("b/y");
    EXPECT_EQ(CountUnknownLayers(trace, graph), 1u);
    const ModelProfile some = WithEstimates(trace, graph).models.at("net");
    EXPECT_EQ(some.layers.at("b/y").mean, MilliSeconds(1));
    EXPECT_EQ(some.layers.at("a/x").mean, NanoSeconds(123457)); // what is known stays
    EXPECT_EQ(some.provenance.kind, "calibrated");
    EXPECT_EQ(some.provenance.source, "a paper; law of tiny, mode fast, for 1 of 3 layers: a fit");
    EXPECT_EQ(some.provenance.errorBand, 1.0);
    EXPECT_EQ(some.dispatch, MicroSeconds(500));

    const LayerGraph other("other", graph.Inputs(), graph.Layers());
    EXPECT_EQ(CountUnknownLayers(trace, other), 3u);
    const ModelProfile all = WithEstimates(trace, other).models.at("other");
    EXPECT_EQ(all.layers.size(), 3u);
    EXPECT_EQ(all.provenance.kind, "calibrated");
    EXPECT_EQ(all.provenance.source, "law of tiny, mode fast, for 3 of 3 layers: a fit");
    EXPECT_EQ(all.provenance.framework, "PyTorch");
    EXPECT_EQ(all.provenance.errorBand, 1.0);
    EXPECT_EQ(all.inputs, "1x4 float32");
    EXPECT_EQ(all.spread, 0.1); // that of the other model
    EXPECT_EQ(all.dispatch, MilliSeconds(1));
    EXPECT_EQ(all.least, MilliSeconds(1));
    EXPECT_EQ(ServiceTable(trace, other).Mean(0, 3), MilliSeconds(3) + trace.callOverhead);
    EXPECT_EQ(trace.models.count("other"), 0u);
}

TEST(RepositoryTraces, HaveLaws)
{
    for (const std::string device :
         {"agx-orin", "agx-xavier", "nano", "orin-nano", "tx2", "xavier-nx"})
    {
        for (const auto& mode : ComputeTraceModes(TRACES + device + ".json"))
        {
            const ComputeTrace trace = ReadComputeTrace(TRACES + device + ".json", mode);
            ASSERT_TRUE(trace.law) << device << " " << mode;
            EXPECT_EQ(trace.law->provenance.kind, "calibrated");
            EXPECT_EQ(trace.law->provenance.errorBand, 1.0);
            // The host of a board takes 0.07 to 0.24 ms for an operation.
            EXPECT_GT(trace.law->perOperation, MicroSeconds(70));
            EXPECT_LT(trace.law->perOperation, MicroSeconds(240));
            EXPECT_LT(trace.law->flopPerS, *trace.peakFlopPerS * 1.1); // TF32 beats FP32 a little
        }
    }
}

TEST(RepositoryTraces, TotalsLieInTheirBrackets)
{
    const struct
    {
        std::string device;
        std::string mode;
        std::string model;
        std::size_t layers;
        double low_s;
        double high_s;
        double band;
    } cases[] = {
        {"agx-xavier", "MAXN", "resnet56", 201, 0.016, 0.022, 0.35},
        {"agx-xavier", "MAXN", "resnet50", 175, 0.0239, 0.0241, 0.3},
        {"nano", "", "resnet56", 201, 0.026, 0.0341, 1.0},
        {"nano", "5W", "resnet56", 201, 0.040, 0.053, 1.0},
        {"nano", "MAXN", "resnet50", 175, 0.073, 0.082, 0.3},
        {"tx2", "", "resnet50", 175, 0.0271, 0.0551, 0.4},
        {"tx2", "MAXN", "resnet56-exits", 219, 0.018, 0.027, 1.0},
        {"xavier-nx", "", "resnet50", 175, 0.0403, 0.0405, 0.3},
        {"xavier-nx", "", "resnet56", 201, 0.018, 0.037, 1.0},
        {"agx-xavier", "", "mobilenetv2", 152, 0.0128, 0.015, 0.3},
        {"nano", "", "mobilenetv2", 152, 0.0195, 0.1478, 1.0},
        {"tx2", "", "mobilenetv2", 152, 0.0145, 0.0189, 1.0},
        {"xavier-nx", "", "mobilenetv2", 152, 0.014, 0.0261, 1.0},
        {"agx-xavier", "", "vgg16", 38, 0.0165, 0.08, 1.0},
        {"nano", "", "vgg16", 38, 0.201, 0.2721, 0.4},
        {"nano", "5W", "vgg16", 38, 0.201, 0.4, 0.6},
        {"tx2", "", "vgg16", 38, 0.0465, 0.171, 1.0},
        {"xavier-nx", "", "vgg16", 38, 0.0366, 0.14, 1.0},
        {"nano", "", "yolov5s", 208, 0.1893, 0.1894, 0.5},
        {"xavier-nx", "", "yolov5s", 208, 0.03, 0.142, 1.0},
        {"agx-orin", "", "resnet50", 175, 0.01439, 0.01441, 0.1},
        {"agx-orin", "30W", "resnet50", 175, 0.01869, 0.01871, 0.1},
        {"agx-orin", "15W", "resnet50", 175, 0.02999, 0.03001, 0.15},
        {"agx-orin", "MAXN", "resnet56", 201, 0.0158, 0.0168, 0.25},
        {"agx-orin", "30W", "resnet56-exits", 219, 0.0205, 0.0235, 0.25},
        {"agx-orin", "30W", "mobilenetv2", 152, 0.0155, 0.0157, 0.15},
        {"agx-orin", "MAXN", "mobilenetv2", 152, 0.0115, 0.0156, 0.2},
        {"agx-orin", "MAXN", "vgg16", 38, 0.0113, 0.0168, 0.25},
        {"agx-orin", "15W", "vgg16", 38, 0.0390, 0.0610, 0.25},
        {"agx-orin", "30W", "yolov5s", 208, 0.0144, 0.0436, 1.0},
        {"orin-nano", "", "resnet50", 175, 0.02109, 0.02111, 0.15},
        {"orin-nano", "15W", "resnet56", 201, 0.0230, 0.0242, 0.25},
        {"orin-nano", "15W", "mobilenetv2", 152, 0.01789, 0.01791, 0.2},
        {"orin-nano", "15W", "vgg16", 38, 0.0271, 0.0554, 0.5},
        {"agx-orin", "", "gpt2", 345, 0.0097, 0.0263, 0.5},
        {"agx-orin", "15W", "gpt2", 345, 0.0309, 0.0630, 0.5},
        {"orin-nano", "", "gpt2", 345, 0.0061, 0.0370, 0.5},
        {"agx-xavier", "", "gpt2", 345, 0.0107, 0.0334, 0.5},
        {"xavier-nx", "", "gpt2", 345, 0.0172, 0.0520, 0.5},
        {"nano", "", "gpt2", 345, 0.0357, 0.0920, 0.5},
        {"tx2", "", "gpt2", 345, 0.0360, 0.0811, 0.5},
    };

    for (const auto& c : cases)
    {
        const ComputeTrace trace = ReadComputeTrace(TRACES + c.device + ".json", c.mode);
        EXPECT_EQ(trace.device, c.device);
        const ModelProfile& profile = trace.models.at(c.model);
        EXPECT_EQ(profile.layers.size(), c.layers);
        EXPECT_EQ(profile.provenance.kind, "calibrated");
        EXPECT_EQ(profile.provenance.errorBand, c.band);
        EXPECT_TRUE(profile.dispatch.IsStrictlyPositive());
        EXPECT_GE(profile.least, profile.dispatch);
        Time total;
        for (const auto& [name, layer] : profile.layers)
        {
            EXPECT_GE(layer.mean, profile.dispatch) << name;
            total += layer.mean;
        }
        EXPECT_GE(total.GetSeconds(), c.low_s) << c.device << " " << c.model;
        EXPECT_LE(total.GetSeconds(), c.high_s) << c.device << " " << c.model;
        ASSERT_TRUE(trace.staging);
        EXPECT_EQ(trace.staging->perMessage, MicroSeconds(276));
    }
    EXPECT_EQ(ComputeTraceModes(TRACES + "nano.json"), (std::vector<std::string>{"5W", "MAXN"}));
    EXPECT_EQ(ComputeTraceModes(TRACES + "agx-orin.json"),
              (std::vector<std::string>{"15W", "30W", "MAXN"}));
}

TEST(RepositoryTraces, AreWhatTheirScriptComputes)
{
    const std::string command = "python3 '" + TRACES + "make_traces.py' --check";
    EXPECT_EQ(std::system(command.c_str()), 0);
}

class ComputeDeviceTest : public ::testing::Test
{
  protected:
    void TearDown() override
    {
        m_device->Dispose();
        Simulator::Destroy();
    }

    /// Mean and relative standard deviation of n services, one after the other.
    std::pair<double, double> Moments(uint32_t n, double spread)
    {
        m_device->AssignStreams(7);
        double sum = 0;
        double squares = 0;
        Time start;
        std::function<void()> next = [&] {
            const double time = (Simulator::Now() - start).GetSeconds();
            sum += time;
            squares += time * time;
            start = Simulator::Now();
            if (--n > 0)
            {
                m_device->Start({}, m_mean, spread, next);
            }
        };
        const double count = n;
        m_device->Start({}, m_mean, spread, next);
        Simulator::Run();
        EXPECT_EQ(m_device->BusyTime(), Simulator::Now());
        const double mean = sum / count;
        return {mean, std::sqrt(squares / count - mean * mean) / mean};
    }

    Ptr<ComputeDevice> m_device = CreateObject<ComputeDevice>();
    Time m_mean = MilliSeconds(20);
};

TEST_F(ComputeDeviceTest, LognormalHasTheMeanAndTheSpreadOfTheTrace)
{
    constexpr uint32_t N = 40000;
    const auto [mean, spread] = Moments(N, 0.3);
    EXPECT_NEAR(mean, 0.02, 4 * 0.02 * 0.3 / std::sqrt(N));
    EXPECT_NEAR(spread, 0.3, 0.3 * 0.05);
}

TEST_F(ComputeDeviceTest, ExponentialIgnoresTheSpread)
{
    constexpr uint32_t N = 40000;
    m_device->SetAttribute("Distribution", StringValue("exponential"));
    const auto [mean, spread] = Moments(N, 0);
    EXPECT_NEAR(mean, 0.02, 4 * 0.02 / std::sqrt(N));
    EXPECT_NEAR(spread, 1, 0.05);
}

TEST_F(ComputeDeviceTest, WithoutSpreadTakesExactlyTheMean)
{
    for (const char* distribution : {"lognormal", "deterministic"})
    {
        m_device->SetAttribute("Distribution", StringValue(distribution));
        const Time from = Simulator::Now();
        Time ended;
        const double spread = std::string(distribution) == "lognormal" ? 0 : 0.5;
        m_device->Start({}, NanoSeconds(123456789), spread, [&] { ended = Simulator::Now(); });
        Simulator::Run();
        EXPECT_EQ(ended - from, NanoSeconds(123456789));
    }
    m_device->SetAttribute("SpeedFactor", DoubleValue(2));
    const Time from = Simulator::Now();
    m_device->Start({}, MilliSeconds(10), 0, [] {});
    EXPECT_EQ(m_device->Remaining(), MilliSeconds(5));
    Simulator::Run();
    EXPECT_EQ(Simulator::Now() - from, MilliSeconds(5));
}

TEST_F(ComputeDeviceTest, RejectsBadAttributes)
{
    EXPECT_FALSE(m_device->SetAttributeFailSafe("Distribution", StringValue("normal")));
    EXPECT_FALSE(m_device->SetAttributeFailSafe("SpeedFactor", DoubleValue(0)));
    EXPECT_FALSE(m_device->SetAttributeFailSafe("Slots", UintegerValue(0)));
    EXPECT_TRUE(m_device->SetAttributeFailSafe("Distribution", StringValue("exponential")));
}

TEST_F(ComputeDeviceTest, SlotsRunAtTheSameTimeAndRemainingIsTheirSum)
{
    m_device->SetAttribute("Slots", UintegerValue(2));
    m_device->SetAttribute("Distribution", StringValue("deterministic"));
    std::vector<uint32_t> finished;
    std::vector<Time> times;
    m_device->TraceConnectWithoutContext("TaskFinished",
                                         Callback<void, TaskId, Time>([&](TaskId task, Time took) {
                                             finished.push_back(task.unit);
                                             times.push_back(took);
                                         }));
    m_device->Start({{}, 0, 1}, MilliSeconds(10), 0, [] {});
    EXPECT_TRUE(m_device->HasIdleSlot());
    m_device->Start({{}, 0, 2}, MilliSeconds(4), 0, [&] {
        EXPECT_TRUE(m_device->HasIdleSlot());
        EXPECT_EQ(m_device->Remaining(), MilliSeconds(6));
    });
    EXPECT_FALSE(m_device->HasIdleSlot());
    EXPECT_EQ(m_device->Remaining(), MilliSeconds(14));
    Simulator::Run();
    EXPECT_EQ(finished, (std::vector<uint32_t>{2, 1}));
    EXPECT_EQ(times, (std::vector<Time>{MilliSeconds(4), MilliSeconds(10)}));
    EXPECT_EQ(m_device->BusyTime(), MilliSeconds(14));
    EXPECT_EQ(m_device->Remaining(), Time(0));
}

TEST_F(ComputeDeviceTest, AFailedDeviceFinishesNothing)
{
    bool done = false;
    m_device->Start({}, MilliSeconds(10), 0, [&] { done = true; });
    Simulator::Schedule(MilliSeconds(3), &ComputeDevice::Stop, m_device);
    Simulator::Run();
    EXPECT_FALSE(done);
    EXPECT_FALSE(m_device->HasIdleSlot());
    EXPECT_EQ(m_device->Remaining(), Time(0));
    EXPECT_EQ(m_device->BusyTime(), MilliSeconds(3));
}

TEST_F(ComputeDeviceTest, LimitsMemory)
{
    EXPECT_TRUE(m_device->Allocate(uint64_t(1) << 60)); // unlimited by default
    m_device->Free(uint64_t(1) << 60);
    m_device->SetAttribute("MemoryBytes", UintegerValue(100));
    EXPECT_TRUE(m_device->Allocate(60));
    EXPECT_FALSE(m_device->Allocate(41));
    EXPECT_TRUE(m_device->Allocate(40));
    EXPECT_FALSE(m_device->Allocate(1));
    m_device->Free(50);
    EXPECT_EQ(m_device->MemoryInUse(), 50u);
    EXPECT_FALSE(m_device->Allocate(std::numeric_limits<uint64_t>::max()));
    EXPECT_TRUE(m_device->Allocate(50));
    EXPECT_EQ(m_device->MemoryPeak(), uint64_t(1) << 60);
}

TEST_F(ComputeDeviceTest, DrawsDoNotDependOnTheDistribution)
{
    // The third service is the same whether the first two had a spread or not.
    std::vector<Time> third;
    for (const double spread : {0.0, 0.4})
    {
        Ptr<ComputeDevice> device = CreateObject<ComputeDevice>();
        device->AssignStreams(11);
        Time last;
        device->TraceConnectWithoutContext(
            "TaskFinished", Callback<void, TaskId, Time>([&](TaskId, Time took) { last = took; }));
        for (const double s : {spread, spread, 0.2})
        {
            device->Start({}, m_mean, s, [] {});
            Simulator::Run();
        }
        third.push_back(last);
        device->Dispose();
    }
    EXPECT_EQ(third[0], third[1]);
}

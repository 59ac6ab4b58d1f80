// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Runs whose devices are drawn from the error bands of their traces.

#include "mdi-statistics.h"
#include "mdi-tiny-scenario.h"
#include "mdi-trace-error.h"

#include "ns3/rng-seed-manager.h"

#include <cmath>
#include <gtest/gtest.h>
#include <set>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_tiny;

namespace
{

/// A device with a model of that band (none if negative), whose layer takes a second.
ComputeTrace
TraceWithBand(double band, const std::vector<std::string>& models = {"net"})
{
    ComputeTrace trace;
    for (const auto& name : models)
    {
        ModelProfile& model = trace.models[name];
        if (band >= 0)
        {
            model.provenance.errorBand = band;
        }
        model.dispatch = MilliSeconds(400);
        model.least = MilliSeconds(200);
        model.layers["a"].mean = Seconds(1);
        model.layers["b"].mean = Seconds(3);
    }
    StagingCost staging;
    staging.provenance = trace.models.begin()->second.provenance;
    staging.perMessage = Seconds(1);
    staging.perByteS = 1e-3;
    trace.staging = staging;
    return trace;
}

Ptr<UniformRandomVariable>
Uniform(int64_t stream)
{
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(1);
    const auto uniform = CreateObject<UniformRandomVariable>();
    uniform->SetStream(stream);
    return uniform;
}

/// A tiny scenario with a band, a deterministic device, one source and one item at a time.
class Banded
{
  public:
    explicit Banded(double band)
        : m_trace("banded.json", WithBand(band).dump())
    {
        for (Json& device : tiny.json["devices"])
        {
            device["trace"] = m_trace.Path();
            device["distribution"] = "deterministic";
        }
        for (Json& source : tiny.json["sources"])
        {
            source["admission"] = {{"type", "closed-loop"}, {"window", 1}};
        }
        tiny.json["trace_error"] = "sample";
    }

    Tiny tiny;

  private:
    static Json WithBand(double band)
    {
        Json trace = TinyTrace();
        for (auto& mode : trace["modes"])
        {
            mode["models"]["tiny"]["provenance"]["error_band"] = band;
        }
        return trace;
    }

    TemporaryFile m_trace;
};

/// Mean latency of a source in each run of a system.
std::vector<double>
Latencies(Scenario scenario, const std::string& system, uint32_t runs, size_t source)
{
    const auto engine = LoadModels(scenario, CreateObject<TensorEngine>());
    std::vector<double> means;
    for (uint32_t run = 0; run < runs; ++run)
    {
        const RunRecord record = Simulate(scenario, MakePreset(system), run, engine, false);
        means.push_back(*Summarize(record, {"ts", "nts"}).at(source).latencyMeanS);
    }
    return means;
}

} // namespace

TEST(TraceError, FactorsAreLogUniformInTheBand)
{
    EXPECT_DOUBLE_EQ(ErrorFactor(0.35, 0), 1 / 1.35);
    EXPECT_DOUBLE_EQ(ErrorFactor(0.35, 0.5), 1);
    EXPECT_DOUBLE_EQ(ErrorFactor(0.35, 1), 1.35);
    EXPECT_DOUBLE_EQ(ErrorFactor(1, 0), 0.5); // a factor 2
    EXPECT_DOUBLE_EQ(ErrorFactor(1, 0.75), std::sqrt(2.0));
    EXPECT_DOUBLE_EQ(ErrorFactor(0, 0.9), 1);

    const auto uniform = Uniform(7);
    std::vector<double> logs;
    for (int i = 0; i < 10000; ++i)
    {
        const ComputeTrace sample = SampleError(TraceWithBand(1), uniform);
        const double factor = sample.models.at("net").layers.at("a").mean.GetSeconds();
        ASSERT_GE(factor, 0.5);
        ASSERT_LE(factor, 2);
        logs.push_back(std::log(factor));
    }
    const double deviation = std::log(2.0) / std::sqrt(3.0); // of one
    EXPECT_NEAR(Mean(logs), 0, 4 * deviation / 100);
    EXPECT_LT(Quantile(logs, 0.01), -0.97 * std::log(2.0));
    EXPECT_GT(Quantile(logs, 0.99), 0.97 * std::log(2.0));
}

TEST(TraceError, AModelHasOneFactorForAllItsTimes)
{
    const ComputeTrace sample = SampleError(TraceWithBand(0.35, {"net", "other"}), Uniform(3));
    const ModelProfile& net = sample.models.at("net");
    const double factor = net.layers.at("a").mean.GetSeconds();
    EXPECT_NE(factor, 1);
    EXPECT_NEAR(net.layers.at("b").mean.GetSeconds(), 3 * factor, 1e-8);
    EXPECT_NEAR(net.dispatch.GetSeconds(), 0.4 * factor, 1e-8);
    EXPECT_NEAR(net.least.GetSeconds(), 0.2 * factor, 1e-8);
    EXPECT_NE(sample.models.at("other").layers.at("a").mean.GetSeconds(), factor);
    const double staging = sample.staging->perMessage.GetSeconds();
    EXPECT_NE(staging, factor);
    EXPECT_NEAR(sample.staging->perByteS, 1e-3 * staging, 1e-11);
    EXPECT_GE(staging, 1 / 1.35);
    EXPECT_LE(staging, 1.35);
}

TEST(TraceError, WithoutABandNothingChanges)
{
    for (double band : {-1.0, 0.0})
    {
        const ComputeTrace sample = SampleError(TraceWithBand(band), Uniform(3));
        EXPECT_EQ(sample.models.at("net").layers.at("a").mean, Seconds(1));
        EXPECT_EQ(sample.models.at("net").dispatch, MilliSeconds(400));
        EXPECT_EQ(sample.staging->perMessage, Seconds(1));
        EXPECT_EQ(sample.staging->perByteS, 1e-3);
    }
    // ... and what has a band has the same factor, whether or not others have one.
    ComputeTrace some = TraceWithBand(0.35, {"a", "b"});
    const ComputeTrace all = SampleError(some, Uniform(3));
    some.models.at("a").provenance.errorBand.reset();
    EXPECT_EQ(SampleError(some, Uniform(3)).models.at("b").dispatch, all.models.at("b").dispatch);
}

TEST(TraceError, SystemsOfARunMeetTheSameDevices)
{
    // Closed loop on a deterministic device: a latency is 40 ms times the factor.
    Banded banded(0.5);
    const Scenario scenario = banded.tiny.Read();
    const auto local = Latencies(scenario, "local", 6, 0);
    for (double latency : local)
    {
        EXPECT_GE(latency, 0.04 / 1.5);
        EXPECT_LE(latency, 0.04 * 1.5);
    }
    EXPECT_EQ(std::set<double>(local.begin(), local.end()).size(), 6u); // runs draw anew
    // Both sources' devices are of one kind. (Means are sums in floating point.)
    const auto other = Latencies(scenario, "local", 6, 1);
    const auto ddi = Latencies(scenario, "ddi", 6, 0);
    for (size_t run = 0; run < 6; ++run)
    {
        EXPECT_NEAR(other[run], local[run], 1e-12);
        EXPECT_NEAR(ddi[run], local[run], 1e-12); // an idle device keeps its items
    }
    EXPECT_EQ(Latencies(scenario, "local", 6, 0), local);
}

TEST(TraceError, ModesOfATraceAreKindsOfTheirOwn)
{
    Banded banded(0.5);
    banded.tiny.json["devices"][2]["mode"] = "slow"; // 80 ms
    const Scenario scenario = banded.tiny.Read();
    const auto fast = Latencies(scenario, "local", 1, 0);
    const auto slow = Latencies(scenario, "local", 1, 1);
    EXPECT_GT(std::abs(slow[0] / 0.08 - fast[0] / 0.04), 1e-3);
}

TEST(TraceError, WidensTheIntervals)
{
    Banded banded(0.35);
    for (Json& source : banded.tiny.json["sources"])
    {
        source["admission"] = {{"type", "poisson"}, {"rate_hz", 10}};
        source["items"] = 50;
    }
    const Scenario sampled = banded.tiny.Read();
    banded.tiny.json["trace_error"] = "none";
    const Scenario plain = banded.tiny.Read();
    for (const char* system : {"local", "ms-mdi", "pa-mdi"})
    {
        const auto with = MeanWithInterval(Latencies(sampled, system, 12, 2));
        const auto without = MeanWithInterval(Latencies(plain, system, 12, 2));
        EXPECT_GT(with.halfWidth, 1.5 * without.halfWidth) << system;
    }
}

TEST(TraceError, IsAFieldOfTheScenario)
{
    Tiny tiny;
    EXPECT_EQ(tiny.Read().traceError, "none");
    ScenarioChanges changes;
    changes.traceError = "sample";
    EXPECT_EQ(tiny.Read(changes).traceError, "sample");
    changes.traceError = "sampel";
    ExpectMessage(tiny.MessageOf(changes), "/trace_error: ", "did you mean 'sample'?");
}

TEST(TraceError, TimesWithACacheHaveABandOfTheirOwnAndTheModelsDraw)
{
    const ComputeTrace plain = TraceWithBand(1);
    ComputeTrace trace = plain;
    for (auto& [name, model] : trace.models)
    {
        model.passes = PassTimes();
        model.passesProvenance.errorBand = 3;
        model.layers.at("a").cached = Seconds(1);
    }
    const ComputeTrace expected = SampleError(plain, Uniform(3));
    const ComputeTrace sample = SampleError(trace, Uniform(3));
    for (const auto& [name, model] : sample.models)
    {
        const double whole = expected.models.at(name).layers.at("a").mean.GetSeconds();
        EXPECT_DOUBLE_EQ(model.layers.at("a").mean.GetSeconds(), whole);
        // (1 + 3)^x where the other is (1 + 1)^x.
        EXPECT_NEAR(model.layers.at("a").cached.GetSeconds(), whole * whole, 1e-6);
    }
}

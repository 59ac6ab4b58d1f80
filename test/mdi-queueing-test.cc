// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The runtime's queues against queueing theory (papers.md section 2; design.md section 8).

#include "mdi-test-network.h"

#include "ns3/mdi-statistics.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// Mean sojourn times of independent replications of one Poisson source on one device.
MeanInterval
SojournTime(double arrivalRate, double serviceTime, const std::string& distribution)
{
    std::vector<double> means;
    for (uint32_t seed = 1; seed <= 12; ++seed)
    {
        IdealRun run;
        run.run = seed;
        run.speeds = {1e11};
        run.model = ChainModel("m", {1e11 * serviceTime}, {10}, 1000);
        run.distribution = distribution;
        run.limit = Seconds(1e6);
        run.Periodic(0, 4000, 1);
        run.sources[0].second.admission.Set("Gap",
                                            StringValue("ns3::ExponentialRandomVariable[Mean=" +
                                                        std::to_string(1 / arrivalRate) + "]"));
        run.Run();
        means.push_back(run.MeanLatency());
    }
    return MeanWithInterval(means);
}

} // namespace

TEST(Queueing, PoissonArrivalsAndExponentialServiceGiveMM1)
{
    const double lambda = 5;
    const double mu = 10;
    const MeanInterval interval = SojournTime(lambda, 1 / mu, "exponential");
    EXPECT_NEAR(interval.mean, 1 / (mu - lambda), interval.halfWidth);
    EXPECT_LT(interval.halfWidth, 0.1 * interval.mean); // the interval says something
}

TEST(Queueing, PoissonArrivalsAndFixedServiceGiveMD1)
{
    // papers.md section 2: s + rho s / (2 (1 - rho))
    const double s = 0.1;
    const double rho = 0.6;
    const MeanInterval interval = SojournTime(rho / s, s, "deterministic");
    EXPECT_NEAR(interval.mean, s + rho * s / (2 * (1 - rho)), interval.halfWidth);
    EXPECT_LT(interval.halfWidth, 0.1 * interval.mean);
}

TEST(Queueing, ATandemOfTwoExponentialDevicesIsTwoMM1Queues)
{
    // Burke: the output of an M/M/1 queue is Poisson, so the second device sees one, too.
    const double lambda = 5;
    const double mu = 10;
    std::vector<double> means;
    for (uint32_t seed = 1; seed <= 12; ++seed)
    {
        IdealRun run;
        run.run = seed;
        run.speeds = {1e11, 1e11};
        run.model = ChainModel("m", {1e11 / mu, 1e11 / mu}, {1, 1}, 1);
        run.distribution = "exponential";
        run.rate = DataRate("1000Gb/s");
        run.delay = NanoSeconds(1);
        run.limit = Seconds(1e6);
        run.system = MakePreset("ar-mdi");
        run.system.pipeline.reset(); // the static plan
        run.Periodic(0, 4000, 1);
        run.sources[0].second.admission.Set(
            "Gap",
            StringValue("ns3::ExponentialRandomVariable[Mean=" + std::to_string(1 / lambda) + "]"));
        run.Run();
        means.push_back(run.MeanLatency());
    }
    const MeanInterval interval = MeanWithInterval(means);
    EXPECT_NEAR(interval.mean, 2 / (mu - lambda), interval.halfWidth);
    EXPECT_LT(interval.halfWidth, 0.1 * interval.mean);
}

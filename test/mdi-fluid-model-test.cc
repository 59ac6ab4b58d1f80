// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-fluid-model.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace ns3::mdi;

namespace
{

/// A problem apart from any model.
struct Problem
{
    struct Flow
    {
        std::vector<FluidModel::Use> uses;
        double weight;
        double limit;
    };

    std::vector<double> capacities;
    std::map<uint32_t, Flow> flows; //!< by the model's number
};

/**
 * The definition (Bertsekas and Gallager 6.5.2) instead of an algorithm: rates are feasible, and
 * every flow is at its limit or has a full resource on which nobody has more for its weight.
 */
void
ExpectMaxMinFair(const Problem& problem, const FluidModel& model)
{
    std::vector<double> taken(problem.capacities.size());
    std::vector<double> most(problem.capacities.size());
    for (const auto& [number, flow] : problem.flows)
    {
        const double rate = model.Rate(number);
        EXPECT_GE(rate, 0);
        EXPECT_LE(rate, flow.limit * (1 + 1e-9));
        for (const auto& use : flow.uses)
        {
            taken[use.resource] += use.cost * rate;
            most[use.resource] = std::max(most[use.resource], rate / flow.weight);
        }
    }
    for (size_t r = 0; r < taken.size(); ++r)
    {
        EXPECT_LE(taken[r], problem.capacities[r] * (1 + 1e-9) + 1e-9);
    }
    for (const auto& [number, flow] : problem.flows)
    {
        const double rate = model.Rate(number);
        bool bounded = rate >= flow.limit * (1 - 1e-9);
        for (const auto& use : flow.uses)
        {
            const double capacity = problem.capacities[use.resource];
            bounded = bounded || (taken[use.resource] >= capacity * (1 - 1e-9) - 1e-9 &&
                                  rate / flow.weight >= most[use.resource] * (1 - 1e-9) - 1e-9);
        }
        EXPECT_TRUE(bounded) << "flow " << number << " could have more than " << rate;
    }
}

} // namespace

TEST(FluidModel, ParkingLot)
{
    // One long flow over three links, a short one on each: the tightest link binds the long one.
    FluidModel model;
    const auto a = model.AddResource(10);
    const auto b = model.AddResource(4);
    const auto c = model.AddResource(6);
    const auto longFlow = model.Add({{a, 1}, {b, 1}, {c, 1}});
    const auto onA = model.Add({{a, 1}});
    const auto onB = model.Add({{b, 1}});
    const auto onC = model.Add({{c, 1}});
    model.Solve();
    EXPECT_DOUBLE_EQ(model.Rate(longFlow), 2);
    EXPECT_DOUBLE_EQ(model.Rate(onA), 8);
    EXPECT_DOUBLE_EQ(model.Rate(onB), 2);
    EXPECT_DOUBLE_EQ(model.Rate(onC), 4);
}

TEST(FluidModel, WeightsCostsAndLimits)
{
    FluidModel model;
    const auto link = model.AddResource(12);
    const auto heavy = model.Add({{link, 1}}, 2);
    const auto light = model.Add({{link, 1}}, 1);
    model.Solve();
    EXPECT_DOUBLE_EQ(model.Rate(heavy), 8);
    EXPECT_DOUBLE_EQ(model.Rate(light), 4);
    model.SetLimit(heavy, 3);
    model.Solve();
    EXPECT_DOUBLE_EQ(model.Rate(heavy), 3);
    EXPECT_DOUBLE_EQ(model.Rate(light), 9);
    const auto twice = model.Add({{link, 2}}, 1); // two hops in one room
    model.Solve();
    EXPECT_DOUBLE_EQ(model.Rate(light), 3);
    EXPECT_DOUBLE_EQ(model.Rate(twice), 3);
}

TEST(FluidModel, AChangeComputesOnlyWhatItTouches)
{
    FluidModel model;
    const auto a = model.AddResource(10);
    const auto b = model.AddResource(10);
    const auto one = model.Add({{a, 1}});
    model.Add({{b, 1}});
    EXPECT_EQ(model.Solve().size(), 2u);
    const auto other = model.Add({{a, 1}});
    auto changed = model.Solve();
    std::sort(changed.begin(), changed.end());
    EXPECT_EQ(changed, (std::vector<FluidModel::Flow>{one, other}));
    EXPECT_TRUE(model.Solve().empty());
    model.SetCapacity(b, 10); // no change
    EXPECT_TRUE(model.Solve().empty());
}

TEST(FluidModel, NothingPassesWithoutCapacity)
{
    FluidModel model;
    const auto dead = model.AddResource(0);
    const auto alive = model.AddResource(5);
    const auto both = model.Add({{dead, 1}, {alive, 1}});
    const auto one = model.Add({{alive, 1}});
    model.Solve();
    EXPECT_DOUBLE_EQ(model.Rate(both), 0);
    EXPECT_DOUBLE_EQ(model.Rate(one), 5);
    model.SetCapacity(dead, 1);
    model.Solve();
    EXPECT_DOUBLE_EQ(model.Rate(both), 1);
    EXPECT_DOUBLE_EQ(model.Rate(one), 4);
}

TEST(FluidModel, RandomHistoriesStayMaxMinFair)
{
    for (uint32_t seed = 1; seed <= 200; ++seed)
    {
        std::mt19937 random(seed);
        const auto below = [&random](uint32_t n) { return static_cast<uint32_t>(random() % n); };
        FluidModel model;
        Problem problem;
        const uint32_t resources = 1 + below(8);
        for (uint32_t r = 0; r < resources; ++r)
        {
            problem.capacities.push_back(below(10) == 0 ? 0 : 1 + below(100));
            model.AddResource(problem.capacities.back());
        }
        for (int step = 0; step < 60; ++step)
        {
            const uint32_t what = below(10);
            auto flow = problem.flows.begin();
            if (!problem.flows.empty())
            {
                std::advance(flow, below(static_cast<uint32_t>(problem.flows.size())));
            }
            if (what < 5 || problem.flows.empty())
            {
                Problem::Flow more;
                for (uint32_t r = 0; r < resources; ++r)
                {
                    if (below(3) == 0)
                    {
                        more.uses.push_back({r, 1.0 + below(3)});
                    }
                }
                more.weight = 1 + below(3);
                more.limit = more.uses.empty() || below(4) == 0 ? below(50) : FluidModel::NO_LIMIT;
                problem.flows[model.Add(more.uses, more.weight, more.limit)] = more;
            }
            else if (what < 7)
            {
                model.Remove(flow->first);
                problem.flows.erase(flow);
            }
            else if (what == 7)
            {
                const uint32_t r = below(resources);
                problem.capacities[r] = below(100);
                model.SetCapacity(r, problem.capacities[r]);
            }
            else if (what == 8)
            {
                flow->second.weight = 1 + below(5);
                model.SetWeight(flow->first, flow->second.weight);
            }
            else
            {
                flow->second.limit = below(50);
                model.SetLimit(flow->first, flow->second.limit);
            }
            if (below(3) > 0)
            {
                model.Solve();
                ExpectMaxMinFair(problem, model);
            }
        }
        if (HasFailure())
        {
            FAIL() << "seed " << seed;
        }
    }
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_TEST_H
#define MDI_ROW_TEST_H

#include "ns3/mdi-row-plan.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <vector>

namespace mdi_row_test
{

using namespace ns3::mdi;

/// A layer that can be split, over one input, with a height that its rule allows.
inline RowLayer
RandomLayer(std::mt19937& random, const RowModel& model, uint32_t input)
{
    const int64_t above = model.layers[input].height;
    RowLayer layer;
    layer.members = {static_cast<uint32_t>(model.layers.size()) - model.inputs};
    layer.splittable = true;
    layer.rowBytes = 1 + random() % 100;
    layer.weightBytes = random() % 200;
    layer.height = above;
    RowRule rule = RowRule::Same();
    const auto kind = random() % 6;
    if (kind <= 1) // a convolution that keeps the height
    {
        const uint32_t padding = random() % 3;
        rule = RowRule::Window(2 * padding + 1, 1, padding);
    }
    else if (kind == 2 && above >= 4)
    {
        rule = RowRule::Window(3, 2, 1);
        layer.height = (above - 1) / 2 + 1;
    }
    else if (kind == 3 && above <= 10)
    {
        rule = random() % 2 == 0 ? RowRule::Nearest(2) : RowRule::Bilinear(2);
        layer.height = 2 * above;
    }
    else if (kind == 4 && above % 2 == 0)
    {
        rule = RowRule::SpaceToDepth(2);
        layer.height = above / 2;
    }
    layer.inputs = {{input, rule}};
    return layer;
}

/// A random model and devices: a chain with joins (element-wise, of equal heights), and sometimes a
/// layer that cannot be split.
struct RandomRows
{
    RandomRows(unsigned seed, uint32_t layers, uint32_t maxDevices = 4, bool joins = true)
        : random(seed)
    {
        RowLayer input;
        input.height = 1 + static_cast<int64_t>(random() % 20);
        input.rowBytes = 1 + random() % 100;
        model.layers = {input};
        model.inputs = 1;
        for (uint32_t v = 1; v <= layers; ++v)
        {
            model.layers.push_back(RandomLayer(random, model, v - 1));
            if (joins)
            {
                Vary(v);
            }
        }
        RowLayer result;
        result.inputs = {{layers, RowRule::Whole()}};
        model.layers.push_back(result);
        AddDevices(1 + random() % maxDevices);
    }

    /// Sometimes a second predecessor, sometimes no way to split it.
    void Vary(uint32_t v)
    {
        RowLayer& layer = model.layers[v];
        const auto other = static_cast<uint32_t>(random() % v);
        const auto kind = random() % 6;
        if (kind <= 2 && model.layers[other].height == layer.height)
        {
            layer.inputs.push_back({other, RowRule::Same()});
        }
        else if (kind == 3)
        {
            layer.inputs.push_back({other, RowRule::Whole()});
        }
        else if (kind == 4 && random() % 2 == 0)
        {
            layer.splittable = false;
            layer.inputs = {{v - 1, RowRule::Whole()}};
        }
    }

    void AddDevices(uint32_t devices)
    {
        costs.source = random() % devices;
        costs.serialRx = random() % 4 == 0;
        costs.compute.resize(model.layers.size(), std::vector<RowTime>(devices));
        for (uint32_t v = 0; v < model.layers.size(); ++v)
        {
            for (RowTime& time : costs.compute[v])
            {
                time.overhead = random() % 2 == 0 ? 0 : static_cast<int64_t>(random() % 2000);
                time.least = random() % 4 == 0 ? static_cast<int64_t>(random() % 8000) : 0;
                time.perRow = static_cast<double>(1 + random() % 2000) + 0.25;
                if (random() % 8 == 0) // measured
                {
                    time.table = {0};
                    while (static_cast<int64_t>(time.table.size()) <= model.layers[v].height)
                    {
                        time.table.push_back(time.table.back() + random() % 2000);
                    }
                }
            }
        }
        costs.links.resize(devices, std::vector<RowLink>(devices));
        for (auto& links : costs.links)
        {
            for (RowLink& link : links)
            {
                link.latency = random() % 3000;
                link.rate = 1e9 / static_cast<double>(1 + random() % 50); // 8 to 400 ns per byte
            }
        }
    }

    /// Memories of about what a few layers need.
    void LimitMemory()
    {
        for (uint32_t k = 0; k < costs.Devices(); ++k)
        {
            costs.memory.push_back(random() % 6000);
        }
    }

    std::mt19937 random;
    RowModel model;
    RowCosts costs;
};

/// All cuts of a layer.
inline void
ForAllCuts(const RowLayer& layer,
           uint32_t devices,
           const std::function<void(const RowCuts&)>& visit)
{
    RowCuts cuts{0};
    std::function<void()> extend = [&]() {
        if (cuts.size() == devices)
        {
            cuts.push_back(layer.height);
            visit(cuts);
            cuts.pop_back();
            return;
        }
        const int64_t step = layer.splittable ? 1 : layer.height;
        for (int64_t cut = cuts.back(); cut <= layer.height; cut += step)
        {
            cuts.push_back(cut);
            extend();
            cuts.pop_back();
        }
    };
    extend();
}

/// The best score that cuts of the next layer can have; none if none fit.
inline std::optional<RowScore>
BruteForce(const RowSchedule& schedule)
{
    std::optional<RowScore> best;
    ForAllCuts(schedule.Layer(), schedule.Costs().Devices(), [&](const RowCuts& cuts) {
        const auto score = schedule.Score(cuts);
        if (score && (!best || *score < *best))
        {
            best = score;
        }
    });
    return best;
}

/// The makespan of cuts of the next layer, which fit [ns].
inline int64_t
Makespan(const RowSchedule& schedule, const std::optional<RowCuts>& cuts)
{
    return std::get<0>(schedule.Score(cuts.value()).value());
}

} // namespace mdi_row_test

#endif // MDI_ROW_TEST_H

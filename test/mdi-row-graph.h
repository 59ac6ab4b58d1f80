// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_GRAPH_H
#define MDI_ROW_GRAPH_H

#include "ns3/mdi-layer-graph.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace mdi_row_test
{

using namespace ns3::mdi;

/**
 * A random network over pictures of 4 to 24 rows: convolutions, pooling, up-sampling and
 * element-wise layers, and a last layer that cannot be split.
 * \param joins whether there are element-wise layers of two inputs, too; else it is a chain
 */
inline LayerGraph
RandomGraph(std::mt19937& random, uint32_t layers, bool joins)
{
    const TensorSpec picture{{1, 2, 4 + static_cast<int64_t>(random() % 21), 5}};
    std::vector<Layer> all;
    const auto heightOf = [&](int32_t layer) {
        return layer < 0 ? picture.shape[2] : all[layer].outputs[0].shape[2];
    };
    while (all.size() < layers)
    {
        const int32_t before = static_cast<int32_t>(all.size()) - 1;
        const int64_t above = heightOf(before);
        Layer layer;
        layer.name = "l" + std::to_string(all.size());
        layer.inputs = {before};
        layer.flop = 1e6 * static_cast<double>(1 + random() % 50);
        layer.weightBytes = random() % 1000;
        int64_t height = above;
        layer.rows = {RowRule::Same()};
        switch (random() % 6)
        {
        case 0:
        case 1:
            layer.rows = {RowRule::Window(3, 1, 1)};
            break;
        case 2:
            layer.rows = {RowRule::Window(5, 1, 2)};
            break;
        case 3:
            if (above >= 4)
            {
                layer.rows = {RowRule::Window(3, 2, 1)};
                height = (above - 1) / 2 + 1;
            }
            break;
        case 4:
            if (above <= 12)
            {
                layer.rows = {RowRule::Nearest(2)};
                height = 2 * above;
            }
            break;
        default:
            const auto other =
                static_cast<int32_t>(random() % (all.size() + 1)) - 1; // -1: the picture
            if (joins && other != before && heightOf(other) == above)
            {
                layer.inputs.push_back(other);
                layer.rows.push_back(RowRule::Same());
            }
        }
        layer.outputs = {TensorSpec{{1, 1 + static_cast<int64_t>(random() % 4), height, 5}}};
        all.push_back(layer);
    }
    Layer last;
    last.name = "last";
    last.inputs = {static_cast<int32_t>(all.size()) - 1};
    last.flop = 1e6;
    last.outputs = {TensorSpec{{1, 10}}};
    all.push_back(last);
    return LayerGraph("random", {picture}, all);
}

} // namespace mdi_row_test

#endif // MDI_ROW_GRAPH_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-layer-graph-json.h"
#include "ns3/mdi-row-rule.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <numeric>
#include <set>
#include <stdexcept>

using namespace ns3::mdi;

namespace
{

/// The input rows that one output row reads, by the operator's definition; outside ones, too.
using Taps = std::function<std::set<int64_t>(int64_t)>;

/// The smallest range that holds what the output rows read.
RowRange
Hull(const Taps& taps, RowRange out)
{
    std::set<int64_t> all;
    for (int64_t row = out.begin; row < out.end; ++row)
    {
        const std::set<int64_t> one = taps(row);
        all.insert(one.begin(), one.end());
    }
    return all.empty() ? RowRange{} : RowRange{*all.begin(), *all.rbegin() + 1};
}

/// Call for every non-empty range of rows of an output.
void
ForAllRanges(int64_t height, const std::function<void(RowRange)>& visit)
{
    for (int64_t begin = 0; begin < height; ++begin)
    {
        for (int64_t end = begin + 1; end <= height; ++end)
        {
            visit({begin, end});
        }
    }
}

std::string
Text(const RowRule& rule, RowRange out, int64_t input)
{
    return std::string(RowKindName(rule.kind)) + " K" + std::to_string(rule.kernel) + " S" +
           std::to_string(rule.stride) + " P" + std::to_string(rule.padding) + " D" +
           std::to_string(rule.dilation) + " f" + std::to_string(rule.factor) + " [" +
           std::to_string(out.begin) + "," + std::to_string(out.end) + ") of " +
           std::to_string(input);
}

/// The unclipped rows are the hull of what is read, and the clipped ones hold what exists of it.
void
ExpectExact(const RowRule& rule, int64_t input, int64_t output, const Taps& taps)
{
    EXPECT_TRUE(output == 0 || RowRuleFits(rule, input, output)) << Text(rule, {0, output}, input);
    ForAllRanges(output, [&](RowRange out) {
        const RowRange hull = Hull(taps, out);
        const RowRange unclipped = RequiredRowsUnclipped(rule, out, input);
        ASSERT_TRUE(unclipped == hull || (unclipped.Empty() && hull.Empty()))
            << Text(rule, out, input);
        const RowRange clipped = RequiredRows(rule, out, input);
        const RowRange inside = Overlap(hull, {0, input});
        ASSERT_TRUE(clipped == inside || (clipped.Empty() && inside.Empty()))
            << Text(rule, out, input);
    });
}

/// A layer of one channel and one column: `taps` weights 2, 3, 5, ... along the rows.
std::vector<int64_t>
Convolve(const std::vector<int64_t>& input, const RowRule& rule, int64_t rows)
{
    static const int64_t weights[] = {2, 3, 5, 7, 11, 13, 17};
    std::vector<int64_t> output(static_cast<size_t>(rows), 0);
    for (int64_t row = 0; row < rows; ++row)
    {
        for (uint32_t tap = 0; tap < rule.kernel; ++tap)
        {
            output[row] += weights[tap] * input.at(row * rule.stride + tap * rule.dilation);
        }
    }
    return output;
}

void
ForAllWindows(const std::function<void(const RowRule&)>& visit)
{
    for (uint32_t kernel = 1; kernel <= 7; ++kernel)
    {
        for (uint32_t stride = 1; stride <= 3; ++stride)
        {
            for (uint32_t padding = 0; padding <= 3; ++padding)
            {
                for (uint32_t dilation = 1; dilation <= 2; ++dilation)
                {
                    visit(RowRule::Window(kernel, stride, padding, dilation));
                }
            }
        }
    }
}

/// Rows that a window makes; in ceil mode the last one may hang over, but starts before the end.
int64_t
WindowHeight(const RowRule& rule, int64_t input, bool ceilMode)
{
    const int64_t room = input + 2 * rule.padding - rule.dilation * (rule.kernel - 1) - 1;
    if (room < 0)
    {
        return 0;
    }
    int64_t rows = room / rule.stride + 1;
    if (ceilMode && room % rule.stride != 0 && rows * rule.stride < input + rule.padding)
    {
        ++rows;
    }
    return rows;
}

} // namespace

TEST(RowRule, WindowsNeedTheRowsTheyReadEvenKernelsAndCeilModeIncluded)
{
    ForAllWindows([](const RowRule& rule) {
        for (int64_t input = 1; input <= 15; ++input)
        {
            for (const bool ceilMode : {false, true})
            {
                ExpectExact(rule, input, WindowHeight(rule, input, ceilMode), [&](int64_t row) {
                    std::set<int64_t> taps;
                    for (uint32_t tap = 0; tap < rule.kernel; ++tap)
                    {
                        taps.insert(row * rule.stride - rule.padding + tap * rule.dilation);
                    }
                    return taps;
                });
            }
        }
    });
}

TEST(RowRule, TransposedConvolutionsNeedTheRowsThatReachThem)
{
    for (uint32_t kernel = 1; kernel <= 5; ++kernel)
    {
        for (uint32_t stride = 1; stride <= 3; ++stride)
        {
            for (uint32_t padding = 0; padding <= 3; ++padding)
            {
                const RowRule rule = RowRule::Transposed(kernel, stride, padding);
                for (int64_t input = 1; input <= 15; ++input)
                {
                    for (uint32_t outputPadding = 0; outputPadding < stride; ++outputPadding)
                    {
                        const int64_t output =
                            (input - 1) * stride - 2 * padding + kernel + outputPadding;
                        if (output < 1)
                        {
                            continue;
                        }
                        ExpectExact(rule, input, output, [&](int64_t row) {
                            std::set<int64_t> taps;
                            for (int64_t from = -20; from <= 40; ++from)
                            {
                                const int64_t tap = row + padding - from * stride;
                                if (tap >= 0 && tap < kernel)
                                {
                                    taps.insert(from);
                                }
                            }
                            return taps;
                        });
                    }
                }
            }
        }
    }
}

TEST(RowRule, DilatedTransposedConvolutionsAreCovered)
{
    for (uint32_t kernel = 1; kernel <= 5; ++kernel)
    {
        for (uint32_t stride = 1; stride <= 3; ++stride)
        {
            const RowRule rule = RowRule::Transposed(kernel, stride, 1, 2);
            const int64_t output = 9 * stride - 2 + 2 * (kernel - 1) + 1;
            ForAllRanges(output, [&](RowRange out) {
                const RowRange rows = RequiredRows(rule, out, 10);
                for (int64_t from = 0; from < 10; ++from)
                {
                    for (uint32_t tap = 0; tap < kernel; ++tap)
                    {
                        const int64_t row = from * stride - 1 + 2 * tap;
                        if (row >= out.begin && row < out.end)
                        {
                            ASSERT_FALSE(Overlap(rows, {from, from + 1}).Empty())
                                << Text(rule, out, 10);
                        }
                    }
                }
            });
        }
    }
}

TEST(RowRule, ResamplingAndMovingNeedTheRowsTheyRead)
{
    for (int64_t input = 1; input <= 15; ++input)
    {
        ExpectExact(
            RowRule::Same(), input, input, [](int64_t row) { return std::set<int64_t>{row}; });
        for (uint32_t factor = 1; factor <= 4; ++factor)
        {
            ExpectExact(RowRule::Nearest(factor), input, input * factor, [&](int64_t row) {
                return std::set<int64_t>{row / factor};
            });
            ExpectExact(RowRule::SpaceToDepth(factor), input * factor, input, [&](int64_t row) {
                return std::set<int64_t>{row * factor, row * factor + factor - 1};
            });
        }
        for (uint32_t offset = 0; offset <= 4; ++offset)
        {
            ExpectExact(RowRule::ConcatRows(offset), input, input + offset + 1, [&](int64_t row) {
                return std::set<int64_t>{row - offset};
            });
        }
        EXPECT_EQ(RequiredRows(RowRule::Whole(), {3, 4}, input), (RowRange{0, input}));
        EXPECT_TRUE(RequiredRows(RowRule::Whole(), {3, 3}, input).Empty());
    }
}

TEST(RowRule, BilinearUpSamplingIsCoveredByAtMostOneRowMore)
{
    for (int64_t input = 1; input <= 15; ++input)
    {
        for (int64_t factor = 1; factor <= 4; ++factor)
        {
            const RowRule rule = RowRule::Bilinear(static_cast<uint32_t>(factor));
            // As torch::upsample: the source lies at max(0, x), between i and i + 1 if there is
            // one.
            const Taps taps = [&](int64_t row) {
                const int64_t x = std::max<int64_t>(0, 2 * row + 1 - factor); // in 1 / (2 factor)
                const int64_t low = x / (2 * factor);
                const bool between = x % (2 * factor) != 0 && low + 1 < input;
                return std::set<int64_t>{low, between ? low + 1 : low};
            };
            ForAllRanges(input * factor, [&](RowRange out) {
                const RowRange needed = Hull(taps, out);
                const RowRange rows = RequiredRows(rule, out, input);
                ASSERT_EQ(Overlap(rows, needed), needed) << Text(rule, out, input);
                ASSERT_LE(rows.Size(), needed.Size() + 1) << Text(rule, out, input);
            });
        }
    }
}

TEST(RowRule, PaddedStripsComputeWhatTheWholeLayerDoes)
{
    ForAllWindows([](const RowRule& rule) {
        for (const int64_t height : {1, 2, 5, 9, 15})
        {
            std::vector<int64_t> input(static_cast<size_t>(height));
            std::iota(input.begin(), input.end(), 1);
            const int64_t rows = WindowHeight(rule, height, true);
            std::vector<int64_t> padded(rule.padding, 0);
            padded.insert(padded.end(), input.begin(), input.end());
            padded.resize(padded.size() + rule.padding + rule.stride, 0);
            const std::vector<int64_t> whole = Convolve(padded, rule, rows);
            ForAllRanges(rows, [&](RowRange out) {
                const RowRange needed = RequiredRows(rule, out, height);
                std::vector<int64_t> strip(static_cast<size_t>(PadTop(rule, out, height)), 0);
                strip.insert(strip.end(), input.begin() + needed.begin, input.begin() + needed.end);
                strip.resize(strip.size() + static_cast<size_t>(PadBottom(rule, out, height)), 0);
                ASSERT_EQ(static_cast<int64_t>(strip.size()),
                          RequiredRowsUnclipped(rule, out, height).Size());
                ASSERT_EQ(Convolve(strip, rule, out.Size()),
                          std::vector<int64_t>(whole.begin() + out.begin, whole.begin() + out.end))
                    << Text(rule, out, height);
            });
        }
    });
}

TEST(RowRule, StripsInsideNeedNoPadding)
{
    const RowRule rule = RowRule::Window(3, 1, 1);
    EXPECT_EQ(PadTop(rule, {0, 4}, 8), 1);
    EXPECT_EQ(PadBottom(rule, {0, 4}, 8), 0);
    EXPECT_EQ(PadTop(rule, {4, 8}, 8), 0);
    EXPECT_EQ(PadBottom(rule, {4, 8}, 8), 1);
    EXPECT_EQ(PadTop(RowRule::Bilinear(2), {0, 4}, 8), 1);
    EXPECT_EQ(PadTop(RowRule::Transposed(3), {0, 4}, 8), 0);
}

TEST(RowRule, HeightsThatCannotBeAreSeen)
{
    EXPECT_FALSE(RowRuleFits(RowRule::Same(), 4, 5));
    EXPECT_FALSE(RowRuleFits(RowRule::Same(), 0, 0));
    EXPECT_FALSE(RowRuleFits(RowRule::Nearest(2), 4, 9));
    EXPECT_FALSE(RowRuleFits(RowRule::Nearest(0), 4, 0));
    EXPECT_FALSE(RowRuleFits(RowRule::SpaceToDepth(2), 5, 2));
    EXPECT_FALSE(RowRuleFits(RowRule::ConcatRows(3), 4, 6));
    EXPECT_FALSE(RowRuleFits(RowRule::Window(3, 1, 1), 4, 6));
    EXPECT_FALSE(RowRuleFits(RowRule::Window(3, 0, 1), 4, 4));
    EXPECT_FALSE(RowRuleFits(RowRule::Transposed(2, 2), 4, 10));
}

TEST(RowRule, KindsHaveNames)
{
    for (int i = 0; i < 8; ++i)
    {
        RowKind kind;
        ASSERT_TRUE(RowKindFromName(RowKindName(static_cast<RowKind>(i)), kind));
        EXPECT_EQ(static_cast<int>(kind), i);
    }
    RowKind kind;
    EXPECT_FALSE(RowKindFromName("windows", kind));
}

namespace
{

/// A layer of height `output` that reads inputs of the heights in `inputs`.
LayerGraph
OneLayer(std::vector<int64_t> inputs, int64_t output, std::vector<RowRule> rows)
{
    std::vector<TensorSpec> specs;
    Layer layer;
    layer.name = "layer";
    layer.outputs = {TensorSpec{{1, 2, output, 3}}};
    layer.rows = std::move(rows);
    for (const int64_t height : inputs)
    {
        layer.inputs.push_back(-1 - static_cast<int32_t>(specs.size()));
        specs.push_back(TensorSpec{{1, 4, height, 3}});
    }
    return LayerGraph("one", specs, {layer});
}

std::string
Refusal(const std::function<void()>& make)
{
    try
    {
        make();
    }
    catch (const std::exception& error)
    {
        return error.what();
    }
    return "accepted";
}

} // namespace

TEST(LayerGraph, RowRulesMustSuitTheHeights)
{
    EXPECT_NO_THROW(OneLayer({4, 9}, 8, {RowRule::Nearest(2), RowRule::Whole()}));
    EXPECT_EQ(Refusal([] {
                  OneLayer({4, 9}, 8, {RowRule::Nearest(2)});
              }),
              "layer 0 'layer' has 1 row rules, but 2 inputs");
    EXPECT_EQ(Refusal([] { OneLayer({4}, 4, {RowRule::Nearest(2)}); }),
              "layer 0 'layer' cannot make 4 rows from the 4 rows of its input 0 by the rule "
              "'nearest'");
    EXPECT_EQ(CommonHeight({TensorSpec{{1, 2, 5, 7}}, TensorSpec{{1, 9, 5, 8}}}), 5);
    EXPECT_EQ(CommonHeight({TensorSpec{{1, 2, 5, 7}}, TensorSpec{{1, 9, 6, 8}}}), 0);
    EXPECT_EQ(CommonHeight({TensorSpec{{1, 2}}}), 0);
}

TEST(LayerGraphJson, RowRulesRoundTrip)
{
    const std::vector<RowRule> rules = {RowRule::Whole(),
                                        RowRule::Same(),
                                        RowRule::Window(3, 2, 1, 1),
                                        RowRule::Nearest(2),
                                        RowRule::Bilinear(4),
                                        RowRule::Transposed(2, 2, 0, 1),
                                        RowRule::SpaceToDepth(2),
                                        RowRule::ConcatRows(3)};
    const std::string text = LayerGraphToJson(OneLayer({9, 8, 16, 4, 2, 4, 16, 5}, 8, rules));
    const LayerGraph again = LayerGraphFromJson(text, "x.json");
    EXPECT_EQ(again.Layers()[0].rows, rules);
    EXPECT_EQ(LayerGraphToJson(again), text);
    EXPECT_TRUE(OneLayer({4}, 4, {}).Layers()[0].rows.empty());
}

TEST(LayerGraphJson, RejectedRowRulesNameTheirPlace)
{
    const auto read = [](const std::string& rows) {
        const std::string text = R"({"format": "mdi-layer-graph", "version": 1, "name": "one",
            "inputs": [{"shape": [1, 4, 8, 8], "dtype": "float32"}],
            "layers": [{"name": "a", "inputs": [-1], "rows": )" +
                                 rows + R"(, "outputs": [{"shape": [1, 4, 8, 8],
            "dtype": "float32"}]}]})";
        return Refusal([&text] { LayerGraphFromJson(text, "bad.json"); });
    };
    EXPECT_EQ(read(R"([{"kind": "same"}])"), "accepted");
    EXPECT_EQ(read(R"([])"), "bad.json: layers[0].rows: expected 1 rules, one per input, found 0");
    EXPECT_EQ(read(R"(3)"), "bad.json: layers[0].rows: expected an array, found number");
    EXPECT_EQ(read(R"([{}])"), "bad.json: layers[0].rows[0]: the field 'kind' is missing");
    EXPECT_EQ(read(R"([{"kind": "conv"}])"),
              "bad.json: layers[0].rows[0].kind: unknown kind 'conv'; known are whole, same, "
              "window, nearest, bilinear, transposed, space_to_depth, concat_rows");
    EXPECT_EQ(read(R"([{"kind": "same", "kernel": 3}])"),
              "bad.json: layers[0].rows[0]: unknown field 'kernel'; known are kind");
    EXPECT_EQ(read(R"([{"kind": "window", "kernel": 3, "stride": 1, "padding": 1}])"),
              "bad.json: layers[0].rows[0]: the field 'dilation' is missing");
    EXPECT_EQ(
        read(R"([{"kind": "window", "kernel": 3, "stride": 0, "padding": 1, "dilation": 1}])"),
        "bad.json: layers[0].rows[0].stride: expected an integer from 1 to 16777216, found 0");
    EXPECT_EQ(read(R"([{"kind": "nearest", "factor": 2}])"),
              "bad.json: layer 0 'a' cannot make 8 rows from the 8 rows of its input 0 by the rule "
              "'nearest'");
}

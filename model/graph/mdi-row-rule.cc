// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-rule.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace ns3
{
namespace mdi
{

namespace
{

/// Indexed by RowKind.
constexpr std::array<const char*, 8> KINDS = {"whole",
                                              "same",
                                              "window",
                                              "nearest",
                                              "bilinear",
                                              "transposed",
                                              "space_to_depth",
                                              "concat_rows"};

/// floor(a / b) for b > 0; the operator / rounds towards zero.
int64_t
FloorDiv(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

int64_t
CeilDiv(int64_t a, int64_t b)
{
    return -FloorDiv(-a, b);
}

/// Rows from the first to the last tap of a kernel.
int64_t
Span(const RowRule& rule)
{
    return int64_t(rule.dilation) * (int64_t(rule.kernel) - 1) + 1;
}

/// Whether output rows see something above and below the input.
bool
HasEdge(const RowRule& rule)
{
    return rule.kind == RowKind::WINDOW || rule.kind == RowKind::BILINEAR;
}

RowRule
Kernel(RowKind kind, uint32_t kernel, uint32_t stride, uint32_t padding, uint32_t dilation)
{
    RowRule rule;
    rule.kind = kind;
    rule.kernel = kernel;
    rule.stride = stride;
    rule.padding = padding;
    rule.dilation = dilation;
    return rule;
}

RowRule
Factor(RowKind kind, uint32_t factor)
{
    RowRule rule;
    rule.kind = kind;
    rule.factor = factor;
    return rule;
}

} // namespace

bool
operator==(const RowRange& a, const RowRange& b)
{
    return a.begin == b.begin && a.end == b.end;
}

RowRange
Overlap(const RowRange& a, const RowRange& b)
{
    const int64_t begin = std::max(a.begin, b.begin);
    return {begin, std::max(begin, std::min(a.end, b.end))};
}

const char*
RowKindName(RowKind kind)
{
    return KINDS.at(static_cast<size_t>(kind));
}

bool
RowKindFromName(const std::string& name, RowKind& kind)
{
    const auto found = std::find(KINDS.begin(), KINDS.end(), name);
    if (found == KINDS.end())
    {
        return false;
    }
    kind = static_cast<RowKind>(found - KINDS.begin());
    return true;
}

RowRule
RowRule::Whole()
{
    return {};
}

RowRule
RowRule::Same()
{
    return Factor(RowKind::SAME, 1);
}

RowRule
RowRule::Window(uint32_t kernel, uint32_t stride, uint32_t padding, uint32_t dilation)
{
    return Kernel(RowKind::WINDOW, kernel, stride, padding, dilation);
}

RowRule
RowRule::Nearest(uint32_t factor)
{
    return Factor(RowKind::NEAREST, factor);
}

RowRule
RowRule::Bilinear(uint32_t factor)
{
    return Factor(RowKind::BILINEAR, factor);
}

RowRule
RowRule::Transposed(uint32_t kernel, uint32_t stride, uint32_t padding, uint32_t dilation)
{
    return Kernel(RowKind::TRANSPOSED, kernel, stride, padding, dilation);
}

RowRule
RowRule::SpaceToDepth(uint32_t factor)
{
    return Factor(RowKind::SPACE_TO_DEPTH, factor);
}

RowRule
RowRule::ConcatRows(uint32_t offset)
{
    RowRule rule;
    rule.kind = RowKind::CONCAT_ROWS;
    rule.offset = offset;
    return rule;
}

bool
operator==(const RowRule& a, const RowRule& b)
{
    const auto all = [](const RowRule& rule) {
        return std::tie(rule.kind,
                        rule.kernel,
                        rule.stride,
                        rule.padding,
                        rule.dilation,
                        rule.factor,
                        rule.offset);
    };
    return all(a) == all(b);
}

bool
RowRuleFits(const RowRule& rule, int64_t inputHeight, int64_t outputHeight)
{
    if (inputHeight < 1 || outputHeight < 1 || rule.kernel < 1 || rule.stride < 1 ||
        rule.dilation < 1 || rule.factor < 1)
    {
        return false;
    }
    switch (rule.kind)
    {
    case RowKind::WHOLE:
        return true;
    case RowKind::SAME:
        return outputHeight == inputHeight;
    case RowKind::WINDOW:
        // The last window ends in the padding below, or (ceil mode) starts before it.
        return (outputHeight - 1) * rule.stride <=
               inputHeight + rule.padding + std::max<int64_t>(rule.padding - Span(rule), -1);
    case RowKind::NEAREST:
    case RowKind::BILINEAR:
        return outputHeight == inputHeight * rule.factor;
    case RowKind::TRANSPOSED:
        // The last term is output_padding: rows that no input row may reach.
        return outputHeight < (inputHeight - 1) * rule.stride + Span(rule) -
                                  2 * int64_t(rule.padding) + std::max(rule.stride, rule.dilation);
    case RowKind::SPACE_TO_DEPTH:
        return outputHeight * rule.factor == inputHeight;
    case RowKind::CONCAT_ROWS:
        return rule.offset + inputHeight <= outputHeight;
    }
    return false;
}

RowRange
RequiredRowsUnclipped(const RowRule& rule, RowRange out, int64_t inputHeight)
{
    if (out.Empty())
    {
        return {};
    }
    const int64_t first = out.begin;
    const int64_t last = out.end - 1;
    const int64_t stride = rule.stride;
    const int64_t padding = rule.padding;
    const int64_t factor = rule.factor;
    switch (rule.kind)
    {
    case RowKind::WHOLE:
        break;
    case RowKind::SAME:
        return out;
    case RowKind::WINDOW:
        return {stride * first - padding, stride * last - padding + Span(rule)};
    case RowKind::NEAREST:
        return {FloorDiv(first, factor), FloorDiv(last, factor) + 1};
    case RowKind::BILINEAR:
        // Output row r lies at (r + 1/2) / factor - 1/2 of the input, between two rows of it.
        return {FloorDiv(2 * first + 1 - factor, 2 * factor),
                FloorDiv(2 * last + 1 - factor, 2 * factor) + 2};
    case RowKind::TRANSPOSED:
        return {CeilDiv(first + padding - Span(rule) + 1, stride),
                FloorDiv(last + padding, stride) + 1};
    case RowKind::SPACE_TO_DEPTH:
        return {factor * first, factor * out.end};
    case RowKind::CONCAT_ROWS:
        return {first - int64_t(rule.offset), out.end - int64_t(rule.offset)};
    }
    return {0, inputHeight};
}

RowRange
RequiredRows(const RowRule& rule, RowRange out, int64_t inputHeight)
{
    const RowRange rows = RequiredRowsUnclipped(rule, out, inputHeight);
    const int64_t begin = std::clamp<int64_t>(rows.begin, 0, inputHeight);
    return {begin, std::clamp(rows.end, begin, inputHeight)};
}

int64_t
PadTop(const RowRule& rule, RowRange out, int64_t inputHeight)
{
    const RowRange rows = RequiredRowsUnclipped(rule, out, inputHeight);
    return HasEdge(rule) ? std::max<int64_t>(0, std::min<int64_t>(0, rows.end) - rows.begin) : 0;
}

int64_t
PadBottom(const RowRule& rule, RowRange out, int64_t inputHeight)
{
    const RowRange rows = RequiredRowsUnclipped(rule, out, inputHeight);
    return HasEdge(rule) ? std::max<int64_t>(0, rows.end - std::max(inputHeight, rows.begin)) : 0;
}

} // namespace mdi
} // namespace ns3

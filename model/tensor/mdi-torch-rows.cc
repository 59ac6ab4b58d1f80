// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-rows.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <torch/csrc/jit/ir/ir.h>

namespace ns3
{
namespace mdi
{

namespace
{

using torch::jit::Value;

constexpr int64_t DIMENSIONS = 4;
constexpr int64_t ROWS = 2; // the dimension

bool
HasRows(const c10::IValue& value)
{
    return value.isTensor() && value.toTensor().defined() && value.toTensor().dim() == DIMENSIONS;
}

int64_t
Height(const TorchCall& call, const Value* value)
{
    return call.ValueOf(value).toTensor().size(ROWS);
}

bool
IsConstant(const Value* value)
{
    return value->node()->kind() == torch::jit::prim::Constant;
}

/// A dimension counted from the front.
int64_t
FromFront(int64_t dimension)
{
    return dimension < 0 ? dimension + DIMENSIONS : dimension;
}

std::optional<int64_t>
Int(const TorchCall& call, const std::string& name)
{
    const auto value = call.Constant(name);
    return value && value->isInt() ? std::make_optional(value->toInt()) : std::nullopt;
}

/// The part of an attribute that is about rows: the first of a list, or the number itself.
std::optional<int64_t>
RowPart(const TorchCall& call, const std::string& name)
{
    const auto value = call.Constant(name);
    if (value && value->isIntList() && value->toIntList().size() > 0)
    {
        return value->toIntVector().front();
    }
    return value && value->isInt() ? std::make_optional(value->toInt()) : std::nullopt;
}

bool
IsTrue(const TorchCall& call, const std::string& name)
{
    const auto value = call.Constant(name);
    return value && value->isBool() && value->toBool();
}

/// One rule, for the operator's first argument.
TensorRules
First(const TorchCall& call, const RowRule& rule)
{
    return {{call.Node()->inputs().at(0), rule}};
}

uint32_t
Unsigned(int64_t number)
{
    return static_cast<uint32_t>(number);
}

/// Rows of padding above, from a number or from "same" and "valid".
std::optional<int64_t>
PaddingAbove(const TorchCall& call, int64_t kernel, int64_t dilation)
{
    const auto value = call.Constant("padding");
    if (value && value->isString())
    {
        return value->toStringRef() == "same" ? dilation * (kernel - 1) / 2 : 0;
    }
    return RowPart(call, "padding");
}

TensorRules
Convolution(const TorchCall& call)
{
    const Value* weight = call.Argument("weight");
    const auto stride = RowPart(call, "stride");
    const auto dilation = RowPart(call, "dilation");
    if (!weight || !IsConstant(weight) || !HasRows(call.ValueOf(weight)) || !stride || !dilation)
    {
        return {};
    }
    const int64_t kernel = Height(call, weight);
    const auto padding = PaddingAbove(call, kernel, *dilation);
    if (!padding || *padding < 0)
    {
        return {};
    }
    const bool transposed =
        IsTrue(call, "transposed") || call.Node()->kind() == torch::jit::aten::conv_transpose2d;
    const auto rule = transposed ? &RowRule::Transposed : &RowRule::Window;
    return First(
        call, rule(Unsigned(kernel), Unsigned(*stride), Unsigned(*padding), Unsigned(*dilation)));
}

TensorRules
Pool(const TorchCall& call)
{
    const auto kernel = RowPart(call, "kernel_size");
    const auto padding = RowPart(call, "padding");
    const auto dilation = call.Argument("dilation") ? RowPart(call, "dilation") : 1;
    if (!kernel || !padding || !dilation || !call.Constant("stride"))
    {
        return {};
    }
    const int64_t stride = RowPart(call, "stride").value_or(*kernel); // an empty list: the kernel
    return First(call,
                 RowRule::Window(
                     Unsigned(*kernel), Unsigned(stride), Unsigned(*padding), Unsigned(*dilation)));
}

/// Whether LibTorch, which divides in float32, finds row r / factor for every row r.
bool
DividesExactly(int64_t factor, int64_t rows)
{
    const float scale = 1.0F / static_cast<float>(factor);
    for (int64_t row = 0; row < rows; ++row)
    {
        if (static_cast<int64_t>(std::floor(static_cast<float>(row) * scale)) != row / factor)
        {
            return false;
        }
    }
    return true;
}

/// Integer factor of the rows of an up-sampling, 0 if there is none.
int64_t
UpsamplingFactor(const TorchCall& call)
{
    const int64_t from = Height(call, call.Node()->inputs().at(0));
    const int64_t to = call.Output().size(ROWS);
    if (from == 0 || to % from != 0)
    {
        return 0;
    }
    const int64_t factor = to / from;
    // LibTorch divides by the scale, where one is given, whatever the sizes are.
    const auto scale = call.Constant("scales_h");
    const auto scales = call.Constant("scale_factors");
    const bool other = (scale && scale->toDouble() != static_cast<double>(factor)) ||
                       (scales && scales->toDoubleVector().at(0) != static_cast<double>(factor));
    return other ? 0 : factor;
}

TensorRules
Nearest(const TorchCall& call)
{
    const int64_t factor = UpsamplingFactor(call);
    if (factor == 0 || !DividesExactly(factor, call.Output().size(ROWS)))
    {
        return {};
    }
    return First(call, RowRule::Nearest(Unsigned(factor)));
}

TensorRules
Bilinear(const TorchCall& call)
{
    const int64_t factor = UpsamplingFactor(call);
    if (factor == 0 || !call.Constant("align_corners") || IsTrue(call, "align_corners"))
    {
        return {};
    }
    return First(call, RowRule::Bilinear(Unsigned(factor)));
}

TensorRules
PixelShuffle(const TorchCall& call)
{
    const auto factor = Int(call, "upscale_factor");
    return factor ? First(call, RowRule::Nearest(Unsigned(*factor))) : TensorRules();
}

TensorRules
PixelUnshuffle(const TorchCall& call)
{
    const auto factor = Int(call, "downscale_factor");
    return factor ? First(call, RowRule::SpaceToDepth(Unsigned(*factor))) : TensorRules();
}

/// Padding of a constant: `pad` lists the last dimension's two sides first.
TensorRules
Pad(const TorchCall& call)
{
    const auto pad = call.Constant("pad");
    const auto mode = call.Constant("mode");
    if (!pad || !pad->isIntList() || (mode && mode->toStringRef() != "constant"))
    {
        return {};
    }
    const std::vector<int64_t> sides = pad->toIntVector();
    constexpr size_t ABOVE = 2;
    const int64_t above = sides.size() > ABOVE ? sides[ABOVE] : 0;
    const int64_t below = sides.size() > ABOVE ? sides[ABOVE + 1] : 0;
    if (above < 0 || below < 0)
    {
        return {}; // it crops
    }
    return First(call, RowRule::Window(1, 1, Unsigned(above)));
}

TensorRules
Concatenation(const TorchCall& call)
{
    const torch::jit::Node* list = call.Node()->inputs().at(0)->node();
    const auto dim = Int(call, "dim");
    if (list->kind() != torch::jit::prim::ListConstruct || !dim)
    {
        return {};
    }
    TensorRules rules;
    int64_t offset = 0;
    for (const Value* part : list->inputs())
    {
        if (IsConstant(part) || !HasRows(call.ValueOf(part)))
        {
            return {};
        }
        rules.emplace_back(part,
                           FromFront(*dim) == ROWS ? RowRule::ConcatRows(Unsigned(offset))
                                                   : RowRule::Same());
        offset += Height(call, part);
    }
    return rules;
}

TensorRules
Slice(const TorchCall& call)
{
    const auto dim = Int(call, "dim");
    const auto step = Int(call, "step");
    if (!dim || !step)
    {
        return {};
    }
    if (FromFront(*dim) != ROWS)
    {
        return First(call, RowRule::Same());
    }
    const int64_t start = Int(call, "start").value_or(0);
    const int64_t end = Int(call, "end").value_or(std::numeric_limits<int64_t>::max());
    if (start < 0 || end < Height(call, call.Node()->inputs().at(0)))
    {
        return {};
    }
    // Row r comes from row start + step * r: the last one of a window.
    return First(call, RowRule::Window(Unsigned(start) + 1, Unsigned(*step)));
}

/// Operators that work along one dimension.
TensorRules
AlongDimension(const TorchCall& call)
{
    const auto dim = Int(call, "dim");
    return dim && FromFront(*dim) != ROWS ? First(call, RowRule::Same()) : TensorRules();
}

/// Operators that work on each element; operands are broadcast.
TensorRules
ElementWise(const TorchCall& call)
{
    if (IsTrue(call, "training") || IsTrue(call, "train"))
    {
        return {}; // statistics of the whole, or random numbers
    }
    const int64_t height = call.Output().size(ROWS);
    TensorRules rules;
    for (const Value* operand : call.Node()->inputs())
    {
        const c10::IValue value = call.ValueOf(operand);
        if (!value.isTensor() || !value.toTensor().defined())
        {
            continue;
        }
        const at::Tensor tensor = value.toTensor();
        const bool same = HasRows(value) && tensor.size(ROWS) == height;
        const bool broadcast = tensor.dim() < 2 || tensor.size(-2) == 1;
        if (IsConstant(operand) ? !broadcast : !same && !broadcast)
        {
            return {}; // such as a constant with rows of its own
        }
        if (!IsConstant(operand))
        {
            rules.emplace_back(operand, same ? RowRule::Same() : RowRule::Whole());
        }
    }
    return rules;
}

using Reader = TensorRules (*)(const TorchCall&);

/// Names without the underscore at the end of in-place operators.
const std::map<std::string, Reader>&
Readers()
{
    static const std::set<std::string> elementWise = {
        "abs",         "add",
        "alias",       "batch_norm",
        "bitwise_and", "bitwise_not",
        "bitwise_or",  "celu",
        "clamp",       "clamp_max",
        "clamp_min",   "clone",
        "contiguous",  "cos",
        "detach",      "div",
        "dropout",     "elu",
        "eq",          "erf",
        "exp",         "feature_dropout",
        "floor",       "ge",
        "gelu",        "gt",
        "hardshrink",  "hardsigmoid",
        "hardswish",   "hardtanh",
        "le",          "leaky_relu",
        "log",         "log_sigmoid",
        "logical_and", "logical_not",
        "logical_or",  "lt",
        "masked_fill", "maximum",
        "minimum",     "mish",
        "mul",         "ne",
        "neg",         "pow",
        "prelu",       "reciprocal",
        "relu",        "relu6",
        "round",       "rsqrt",
        "rsub",        "selu",
        "sigmoid",     "sign",
        "silu",        "sin",
        "softplus",    "sqrt",
        "square",      "sub",
        "tanh",        "threshold",
        "to",          "where",
    };
    static const std::map<std::string, Reader> readers = [] {
        std::map<std::string, Reader> all = {{"_convolution", Convolution},
                                             {"_convolution_mode", Convolution},
                                             {"avg_pool2d", Pool},
                                             {"cat", Concatenation},
                                             {"constant_pad_nd", Pad},
                                             {"conv2d", Convolution},
                                             {"conv_transpose2d", Convolution},
                                             {"convolution", Convolution},
                                             {"log_softmax", AlongDimension},
                                             {"max_pool2d", Pool},
                                             {"pad", Pad},
                                             {"pixel_shuffle", PixelShuffle},
                                             {"pixel_unshuffle", PixelUnshuffle},
                                             {"slice", Slice},
                                             {"softmax", AlongDimension},
                                             {"upsample_bilinear2d", Bilinear},
                                             {"upsample_nearest2d", Nearest}};
        for (const std::string& name : elementWise)
        {
            all.emplace(name, ElementWise);
        }
        return all;
    }();
    return readers;
}

} // namespace

TensorRules
OperatorRows(const TorchCall& call)
{
    const torch::jit::Node* node = call.Node();
    std::string name = node->kind().toUnqualString();
    if (name.size() > 1 && name.back() == '_')
    {
        name.pop_back();
    }
    const auto reader = Readers().find(name);
    if (!node->kind().is_aten() || reader == Readers().end() || node->outputs().size() != 1 ||
        node->inputs().empty() || !HasRows(call.ValueOf(node->outputs().at(0))))
    {
        return {};
    }
    const TensorRules rules = reader->second(call);
    const bool whole = std::all_of(rules.begin(), rules.end(), [](const auto& rule) {
        return rule.second.kind == RowKind::WHOLE;
    });
    return whole ? TensorRules() : rules;
}

} // namespace mdi
} // namespace ns3

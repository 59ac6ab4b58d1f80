// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-strips.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/interpreter.h>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr int64_t ROWS = 2; // the dimension

/// What an operator runs on to make a strip.
struct Frame
{
    RowRange in;                  //!< rows of its input; zeros where the strip does not need them
    std::optional<int64_t> first; //!< which output row comes out first; none: not from this input
};

/**
 * For WINDOW: a part of the input that starts at a multiple of the stride puts output rows where
 * they are in the whole. At its top the operator pads, which is right at row 0 only: so it starts
 * early enough that no needed window begins above it. The same at its bottom: where the last window
 * ends inside the input, the part ends with it; else both end at the true border.
 */
Frame
WindowFrame(const RowRule& rule, const RowRange& rows, int64_t height)
{
    const RowRange unclipped = RequiredRowsUnclipped(rule, rows, height);
    const int64_t stride = rule.stride;
    const int64_t first =
        std::min(std::max<int64_t>(0, unclipped.begin) / stride, (height - 1) / stride);
    // A window that sees nothing but padding still needs a row to run on.
    const int64_t end = std::clamp<int64_t>(unclipped.end, stride * first + 1, height);
    return {{stride * first, end}, first};
}

/**
 * For TRANSPOSED: input row i makes output rows from stride * i - padding on. The operator crops
 * `padding` rows on each side: rows of zeros below, which add nothing, keep needed ones from that.
 */
Frame
TransposedFrame(const RowRule& rule, const RowRange& rows, int64_t height, int64_t outputHeight)
{
    const RowRange needed = RequiredRows(rule, rows, height);
    const int64_t stride = rule.stride;
    const int64_t begin =
        std::min({std::max<int64_t>(0, needed.begin), rows.begin / stride, height - 1});
    // n input rows make stride * n + extra output rows.
    const int64_t extra = outputHeight - stride * height;
    const int64_t least = (rows.end - extra + stride - 1) / stride;
    const int64_t end = std::clamp(std::max(needed.end, least), begin + 1, height);
    return {{begin, end}, stride * begin};
}

Frame
FrameOf(const RowRule& rule, const RowRange& rows, int64_t height, int64_t outputHeight)
{
    const RowRange needed = RequiredRows(rule, rows, height);
    switch (rule.kind)
    {
    case RowKind::WHOLE:
        break;
    case RowKind::SAME:
    case RowKind::SPACE_TO_DEPTH:
    case RowKind::CONCAT_ROWS:
        return {needed, rows.begin};
    case RowKind::WINDOW:
        return WindowFrame(rule, rows, height);
    case RowKind::NEAREST:
    case RowKind::BILINEAR:
        return {needed, needed.begin * rule.factor};
    case RowKind::TRANSPOSED:
        return TransposedFrame(rule, rows, height, outputHeight);
    }
    return {{0, height}, std::nullopt};
}

/// Rows [begin, end) of a tensor, dense: a view would keep all of it in memory.
at::Tensor
Crop(const at::Tensor& tensor, int64_t begin, int64_t end)
{
    return end - begin == tensor.size(ROWS) ? tensor
                                            : tensor.narrow(ROWS, begin, end - begin).contiguous();
}

/// A copy of a value, and of the tensors in it. IValue::deepcopy takes the parts of a tensor that
/// was split for one and the same.
c10::IValue
Copy(const c10::IValue& value)
{
    if (value.isTensor())
    {
        return value.toTensor().defined() ? c10::IValue(value.toTensor().clone()) : value;
    }
    if (value.isTuple())
    {
        std::vector<c10::IValue> items;
        for (const c10::IValue& item : value.toTupleRef().elements().vec())
        {
            items.push_back(Copy(item));
        }
        return c10::ivalue::Tuple::create(std::move(items));
    }
    if (value.isList())
    {
        const auto list = value.toList();
        c10::impl::GenericList copy(list.elementType());
        for (size_t i = 0; i < list.size(); ++i)
        {
            copy.push_back(Copy(list.get(i)));
        }
        return copy;
    }
    if (value.isGenericDict())
    {
        const auto dict = value.toGenericDict();
        c10::impl::GenericDict copy(dict.keyType(), dict.valueType());
        for (const auto& entry : dict)
        {
            copy.insert(entry.key(), Copy(entry.value()));
        }
        return copy;
    }
    return value;
}

} // namespace

struct TorchStrips::Operator
{
    torch::jit::Code code;
    std::vector<TorchSlicer::Read> reads;
    bool changesInputs;
    bool resized; //!< takes its output size as the last argument
};

TorchStrips::TorchStrips(const TorchSlicer& slicer)
    : m_slicer(slicer)
{
}

TorchStrips::~TorchStrips() = default;

std::vector<at::Tensor>
TorchStrips::Run(const RowStrip& strip, std::vector<StripPiece> pieces)
{
    m_slicer.CheckOnTheirOwn();
    const at::NoGradGuard noGrad;
    const LayerGraph& graph = m_slicer.Graph();
    std::vector<at::Tensor> bundle;
    if (strip.members.empty())
    {
        const std::set<uint32_t> outputs(graph.Outputs().begin(), graph.Outputs().end());
        for (const uint32_t output : outputs)
        {
            const auto layer = static_cast<int32_t>(output);
            for (size_t i = 0; i < graph.Layers()[output].outputs.size(); ++i)
            {
                bundle.push_back(Gather(layer, i, {0, RowsOf(graph, layer)}, pieces));
            }
        }
        return bundle;
    }
    const std::vector<RowRange> rows = MemberRows(graph, strip);
    Values others;
    for (size_t i = 0; i < rows.size(); ++i)
    {
        if (!rows[i].Empty())
        {
            pieces.push_back(RunLayer(strip.members[i], rows[i], pieces, others));
        }
    }
    return pieces.back().bundle;
}

const TorchStrips::Operator&
TorchStrips::Prepare(uint32_t layer)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    const auto found = m_operators.find(layer);
    if (found != m_operators.end())
    {
        return *found->second;
    }
    TorchSlicer::LayerCopy copy = m_slicer.CopyLayer(layer);
    const auto kind = copy.node->kind();
    const bool upsamples = kind == torch::jit::aten::upsample_nearest2d ||
                           kind == torch::jit::aten::upsample_bilinear2d;
    constexpr size_t OUTPUT_SIZE = 1; // position of the argument
    bool resized = false;
    if (upsamples && !m_slicer.Graph().Layers()[layer].rows.empty())
    {
        // Some are given a factor and no size: these need no change.
        const auto size = torch::jit::toIValue(copy.node->inputs().at(OUTPUT_SIZE));
        resized = !size || !size->isNone();
        if (resized)
        {
            torch::jit::Value* input = copy.graph->addInput()->setType(c10::ListType::ofInts());
            copy.node->replaceInput(OUTPUT_SIZE, input);
        }
    }
    auto ready = std::make_unique<Operator>(Operator{
        torch::jit::Code(copy.graph, "mdi strip"), copy.reads, copy.changesInputs, resized});
    return *m_operators.emplace(layer, std::move(ready)).first->second;
}

StripPiece
TorchStrips::RunLayer(uint32_t index,
                      const RowRange& rows,
                      const std::vector<StripPiece>& pieces,
                      Values& others)
{
    const LayerGraph& graph = m_slicer.Graph();
    const Layer& layer = graph.Layers()[index];
    const auto place = static_cast<int32_t>(index);
    const Operator& op = Prepare(index);
    std::optional<int64_t> first; // the row of the output that comes out first
    int64_t outputRows = 0;       // of an up-sampling
    std::vector<c10::IValue> stack;
    for (const TorchSlicer::Read& read : op.reads)
    {
        const auto other = others.find({read.layer, read.output});
        if (other != others.end())
        {
            stack.push_back(op.changesInputs ? Copy(other->second) : other->second);
            continue;
        }
        if (!read.tensor)
        {
            throw std::runtime_error("model '" + graph.Name() + "': layer '" + layer.name +
                                     "' cannot run in row strips: it reads from layer '" +
                                     graph.Layers()[read.layer].name + "' what is no tensor");
        }
        const auto input = std::find(layer.inputs.begin(), layer.inputs.end(), read.layer);
        const RowRule rule =
            layer.rows.empty() ? RowRule::Whole() : layer.rows[input - layer.inputs.begin()];
        const Frame frame = FrameOf(rule, rows, RowsOf(graph, read.layer), RowsOf(graph, place));
        first = frame.first ? frame.first : first;
        outputRows = frame.in.Size() * rule.factor;
        const at::Tensor tensor = Gather(read.layer, read.inBundle, frame.in, pieces);
        stack.emplace_back(op.changesInputs ? tensor.clone() : tensor);
    }
    if (op.resized)
    {
        stack.emplace_back(std::vector<int64_t>{outputRows, layer.outputs[0].shape.back()});
    }
    try
    {
        torch::jit::InterpreterState(op.code).run(stack);
    }
    catch (const std::exception& error)
    {
        throw std::runtime_error("model '" + graph.Name() + "': layer '" + layer.name +
                                 "' in row strips: " + TorchMessage(error));
    }
    StripPiece made{place, rows, {}};
    for (size_t i = 0; i < stack.size(); ++i)
    {
        if (!stack[i].isTensor())
        {
            others[{place, i}] = stack[i];
        }
        else if (stack[i].toTensor().defined())
        {
            const at::Tensor tensor = stack[i].toTensor();
            made.bundle.push_back(first ? Crop(tensor, rows.begin - *first, rows.end - *first)
                                        : tensor);
        }
    }
    return made;
}

at::Tensor
TorchStrips::Gather(int32_t layer,
                    size_t inBundle,
                    const RowRange& rows,
                    const std::vector<StripPiece>& pieces) const
{
    const LayerGraph& graph = m_slicer.Graph();
    const std::vector<TensorSpec> specs = layer < 0
                                              ? std::vector<TensorSpec>{graph.Inputs()[-1 - layer]}
                                              : graph.Layers()[layer].outputs;
    const int64_t height = CommonHeight(specs);
    at::Tensor gathered;
    for (const StripPiece& piece : pieces)
    {
        const RowRange shared = Overlap(piece.rows, rows);
        if (piece.layer != layer || shared.Empty())
        {
            continue;
        }
        const at::Tensor& tensor = piece.bundle.at(inBundle);
        if (height == 0)
        {
            return tensor;
        }
        const at::Tensor view = tensor.narrow(ROWS, shared.begin - piece.rows.begin, shared.Size());
        if (shared == rows)
        {
            return view;
        }
        if (!gathered.defined())
        {
            std::vector<int64_t> sizes = tensor.sizes().vec();
            sizes[ROWS] = rows.Size();
            gathered = at::zeros(sizes, tensor.options());
        }
        gathered.narrow(ROWS, shared.begin - rows.begin, shared.Size()).copy_(view);
    }
    if (!gathered.defined())
    {
        // Nothing but filler: a strip that sees only padding, or none of this input.
        const TensorSpec& spec =
            layer < 0 ? graph.Inputs()[-1 - layer] : graph.Layers()[layer].outputs.at(inBundle);
        std::vector<int64_t> sizes = spec.shape;
        sizes.at(ROWS) = rows.Size();
        gathered = at::zeros(sizes, at::TensorOptions().dtype(ToScalarType(spec.dtype)));
    }
    return gathered;
}

} // namespace mdi
} // namespace ns3

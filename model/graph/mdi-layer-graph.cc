// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-layer-graph.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

struct DtypeRow
{
    const char* name;
    uint64_t bytes;
};

/// Indexed by Dtype.
constexpr std::array<DtypeRow, 8> DTYPES = {{{"float32", 4},
                                             {"float16", 2},
                                             {"float64", 8},
                                             {"int64", 8},
                                             {"int32", 4},
                                             {"int8", 1},
                                             {"uint8", 1},
                                             {"bool", 1}}};

/// One tensor, or the weights of one layer: a pebibyte is a mistake in a file, not a model.
constexpr uint64_t MAX_BYTES = 1ULL << 50;

const DtypeRow&
Row(Dtype dtype)
{
    const auto index = static_cast<size_t>(dtype);
    if (index >= DTYPES.size())
    {
        throw std::invalid_argument("unknown element type number " + std::to_string(index));
    }
    return DTYPES[index];
}

void
CheckName(const std::string& what, const std::string& name)
{
    if (name.empty())
    {
        throw std::invalid_argument(what + " has an empty name");
    }
}

} // namespace

uint64_t
DtypeBytes(Dtype dtype)
{
    return Row(dtype).bytes;
}

const char*
DtypeName(Dtype dtype)
{
    return Row(dtype).name;
}

bool
DtypeFromName(const std::string& name, Dtype& dtype)
{
    for (size_t i = 0; i < DTYPES.size(); ++i)
    {
        if (name == DTYPES[i].name)
        {
            dtype = static_cast<Dtype>(i);
            return true;
        }
    }
    return false;
}

uint64_t
TensorSpec::Bytes() const
{
    uint64_t bytes = DtypeBytes(dtype);
    bool empty = false;
    for (const int64_t size : shape)
    {
        if (size < 0)
        {
            throw std::invalid_argument("a tensor has the negative size " + std::to_string(size));
        }
        if (size == 0)
        {
            empty = true;
            continue;
        }
        if (static_cast<uint64_t>(size) > MAX_BYTES / bytes)
        {
            throw std::invalid_argument("a tensor has more than 2^50 bytes");
        }
        bytes *= static_cast<uint64_t>(size);
    }
    return empty ? 0 : bytes;
}

bool
operator==(const TensorSpec& a, const TensorSpec& b)
{
    return a.dtype == b.dtype && a.shape == b.shape;
}

std::vector<TensorSpec>
WithTokens(std::vector<TensorSpec> specs, int64_t tokens)
{
    for (TensorSpec& spec : specs)
    {
        for (size_t d = 0; d < spec.shape.size(); ++d)
        {
            spec.shape[d] = spec.tokenDims >> d & 1 ? tokens : spec.shape[d];
        }
    }
    return specs;
}

uint64_t
TotalBytes(const std::vector<TensorSpec>& specs)
{
    uint64_t bytes = 0;
    for (const TensorSpec& spec : specs)
    {
        bytes += spec.Bytes();
    }
    return bytes;
}

std::string
SpecsText(const std::vector<TensorSpec>& specs)
{
    std::string text;
    for (const TensorSpec& spec : specs)
    {
        text += text.empty() ? "" : ", ";
        for (size_t i = 0; i < spec.shape.size(); ++i)
        {
            text += (i == 0 ? "" : "x") + std::to_string(spec.shape[i]);
        }
        text += std::string(spec.shape.empty() ? "scalar " : " ") + DtypeName(spec.dtype);
    }
    return text;
}

int64_t
CommonHeight(const std::vector<TensorSpec>& specs)
{
    int64_t height = 0;
    for (const TensorSpec& spec : specs)
    {
        if (spec.shape.size() != 4 || (height != 0 && spec.shape[2] != height))
        {
            return 0;
        }
        height = spec.shape[2];
    }
    return height;
}

LayerGraph::LayerGraph(std::string name,
                       std::vector<TensorSpec> inputs,
                       std::vector<Layer> layers,
                       std::vector<uint32_t> outputs)
    : m_name(std::move(name)),
      m_inputs(std::move(inputs)),
      m_layers(std::move(layers)),
      m_outputs(std::move(outputs)),
      m_flopBefore{0},
      m_inputLastUse(m_inputs.size(), 0),
      m_cuttable(m_layers.size() + 1, true)
{
    CheckName("the model", m_name);
    if (m_layers.empty())
    {
        throw std::invalid_argument("model '" + m_name + "' has no layers");
    }
    const uint32_t size = Size();
    if (m_outputs.empty())
    {
        m_outputs.push_back(size - 1);
    }
    for (const TensorSpec& spec : m_inputs)
    {
        spec.Bytes(); // throws where it is absurd
    }
    for (uint32_t i = 0; i < size; ++i)
    {
        const Layer& layer = m_layers[i];
        const std::string here = "layer " + std::to_string(i) + " '" + layer.name + "'";
        CheckName("layer " + std::to_string(i), layer.name);
        m_lastUse.push_back(i);
        for (const int32_t input : layer.inputs)
        {
            if (input >= static_cast<int64_t>(i))
            {
                throw std::invalid_argument(here + " reads layer " + std::to_string(input) +
                                            ", which does not come before it");
            }
            const int64_t modelInput = -1 - static_cast<int64_t>(input);
            if (modelInput >= static_cast<int64_t>(m_inputs.size()))
            {
                throw std::invalid_argument(here + " reads input " + std::to_string(modelInput) +
                                            " of the model, which has " +
                                            std::to_string(m_inputs.size()));
            }
            (input >= 0 ? m_lastUse[input] : m_inputLastUse[modelInput]) = i;
        }
        if (!std::isfinite(layer.flop) || layer.flop < 0)
        {
            throw std::invalid_argument(here + " has a work that is not a number from 0 up");
        }
        if (layer.weightBytes > MAX_BYTES)
        {
            throw std::invalid_argument(here + " has more than 2^50 bytes of weights");
        }
        uint64_t sharedBytes = 0;
        for (const SharedWeights& shared : layer.shared)
        {
            sharedBytes += shared.bytes;
            if (shared.bytes > MAX_BYTES || sharedBytes > layer.weightBytes)
            {
                throw std::invalid_argument(here + " shares more weights than it reads");
            }
        }
        for (const TensorSpec& spec : layer.outputs)
        {
            spec.Bytes();
        }
        CheckRows(layer, here);
        m_flopBefore.push_back(m_flopBefore.back() + layer.flop);
    }
    for (const uint32_t output : m_outputs)
    {
        if (output >= size)
        {
            throw std::invalid_argument("the result is layer " + std::to_string(output) +
                                        ", but the model has " + std::to_string(size) + " layers");
        }
        m_lastUse[output] = size;
    }
}

void
LayerGraph::CheckRows(const Layer& layer, const std::string& here) const
{
    if (!layer.rows.empty() && layer.rows.size() != layer.inputs.size())
    {
        throw std::invalid_argument(here + " has " + std::to_string(layer.rows.size()) +
                                    " row rules, but " + std::to_string(layer.inputs.size()) +
                                    " inputs");
    }
    for (size_t i = 0; i < layer.rows.size(); ++i)
    {
        const int32_t input = layer.inputs[i];
        const int64_t from = CommonHeight(
            input >= 0 ? m_layers[input].outputs : std::vector<TensorSpec>{m_inputs[-1 - input]});
        const int64_t to = CommonHeight(layer.outputs);
        const RowRule& rule = layer.rows[i];
        if (rule.kind != RowKind::WHOLE && !RowRuleFits(rule, from, to))
        {
            throw std::invalid_argument(here + " cannot make " + std::to_string(to) +
                                        " rows from the " + std::to_string(from) +
                                        " rows of its input " + std::to_string(i) +
                                        " by the rule '" + RowKindName(rule.kind) + "'");
        }
    }
}

const std::string&
LayerGraph::Name() const
{
    return m_name;
}

const std::vector<TensorSpec>&
LayerGraph::Inputs() const
{
    return m_inputs;
}

const std::vector<Layer>&
LayerGraph::Layers() const
{
    return m_layers;
}

const std::vector<uint32_t>&
LayerGraph::Outputs() const
{
    return m_outputs;
}

uint32_t
LayerGraph::Size() const
{
    return static_cast<uint32_t>(m_layers.size());
}

double
LayerGraph::Flop(uint32_t begin, uint32_t end) const
{
    CheckSlice(begin, end);
    return m_flopBefore[end] - m_flopBefore[begin];
}

uint64_t
LayerGraph::WeightBytes(uint32_t begin, uint32_t end) const
{
    CheckSlice(begin, end);
    std::vector<bool> held(Size(), false);
    std::fill(held.begin() + begin, held.begin() + end, true);
    return WeightBytes(held);
}

uint64_t
LayerGraph::WeightBytes(const std::vector<bool>& held) const
{
    uint64_t bytes = 0;
    std::set<uint32_t> counted;
    for (uint32_t i = 0; i < Size(); ++i)
    {
        if (!held.at(i))
        {
            continue;
        }
        bytes += m_layers[i].weightBytes;
        for (const SharedWeights& shared : m_layers[i].shared)
        {
            bytes -= counted.insert(shared.id).second ? 0 : shared.bytes;
        }
    }
    return bytes;
}

uint64_t
LayerGraph::CacheBytes(uint32_t begin, uint32_t end) const
{
    CheckSlice(begin, end);
    uint64_t bytes = 0;
    for (uint32_t i = begin; i < end; ++i)
    {
        bytes += m_layers[i].cacheBytes;
    }
    return bytes;
}

uint32_t
LayerGraph::Tokens() const
{
    return m_tokens;
}

void
LayerGraph::SetTokens(uint32_t tokens)
{
    m_tokens = tokens;
}

std::vector<TensorSpec>
LayerGraph::CutTensors(uint32_t boundary) const
{
    CheckBoundary(boundary);
    std::vector<TensorSpec> alive;
    for (size_t i = 0; i < m_inputs.size(); ++i)
    {
        if (boundary == 0 || boundary <= m_inputLastUse[i])
        {
            alive.push_back(m_inputs[i]);
        }
    }
    for (uint32_t i = 0; i < boundary; ++i)
    {
        if (boundary <= m_lastUse[i])
        {
            const auto& outputs = m_layers[i].outputs;
            alive.insert(alive.end(), outputs.begin(), outputs.end());
        }
    }
    return alive;
}

uint64_t
LayerGraph::CutBytes(uint32_t boundary) const
{
    return TotalBytes(CutTensors(boundary));
}

std::vector<uint32_t>
LayerGraph::BlockBoundaries() const
{
    std::vector<uint32_t> boundaries;
    for (const uint32_t b : LayerBoundaries())
    {
        if (b == 0 || b == Size() || m_layers[b - 1].block != m_layers[b].block)
        {
            boundaries.push_back(b);
        }
    }
    return boundaries;
}

std::vector<uint32_t>
LayerGraph::LayerBoundaries() const
{
    std::vector<uint32_t> boundaries;
    for (uint32_t b = 0; b < m_cuttable.size(); ++b)
    {
        if (m_cuttable[b])
        {
            boundaries.push_back(b);
        }
    }
    return boundaries;
}

std::vector<Exit>
LayerGraph::Exits() const
{
    std::vector<Exit> exits;
    for (const uint32_t layer : m_exits)
    {
        uint32_t boundary = layer + 1;
        while (!m_cuttable[boundary])
        {
            ++boundary; // L can always be cut
        }
        exits.push_back({layer, boundary});
    }
    return exits;
}

std::vector<bool>
LayerGraph::Branches() const
{
    // What leads to an exit, less what leads to the result.
    std::vector<bool> toExit(Size(), false);
    std::vector<bool> toResult(Size(), false);
    for (const uint32_t layer : m_exits)
    {
        toExit[layer] = true;
    }
    for (const uint32_t layer : m_outputs)
    {
        toResult[layer] = true;
    }
    for (uint32_t layer = Size(); layer-- > 0;)
    {
        for (const int32_t input : m_layers[layer].inputs)
        {
            if (input >= 0)
            {
                toExit[input] = toExit[input] || toExit[layer];
                toResult[input] = toResult[input] || toResult[layer];
            }
        }
    }
    for (uint32_t layer = 0; layer < Size(); ++layer)
    {
        toExit[layer] = toExit[layer] && !toResult[layer];
    }
    return toExit;
}

void
LayerGraph::SetExits(const std::vector<uint32_t>& layers)
{
    for (size_t i = 0; i < layers.size(); ++i)
    {
        const uint32_t layer = layers[i];
        const std::string which = "exit " + std::to_string(i + 1);
        if (layer >= Size() || (i > 0 && layer <= layers[i - 1]))
        {
            throw std::invalid_argument(which + " is layer " + std::to_string(layer) +
                                        "; exits are layers of the model, ascending");
        }
        const std::string here = which + ", layer '" + m_layers[layer].name + "',";
        if (m_lastUse[layer] != layer)
        {
            throw std::invalid_argument(here + " is read by a later layer or is the result");
        }
        if (m_layers[layer].outputs.size() != 1)
        {
            throw std::invalid_argument(here + " has " +
                                        std::to_string(m_layers[layer].outputs.size()) +
                                        " outputs; an answer is one tensor");
        }
    }
    m_exits = layers;
    uint32_t before = 0;
    for (const Exit& exit : Exits())
    {
        if (exit.boundary == before || exit.boundary == Size())
        {
            m_exits.clear();
            throw std::invalid_argument(
                "no cut is possible between the exit '" + m_layers[exit.layer].name + "' and " +
                (before == exit.boundary ? "the one before it" : "the end of the model"));
        }
        before = exit.boundary;
    }
}

bool
LayerGraph::CanCut(uint32_t boundary) const
{
    CheckBoundary(boundary);
    return m_cuttable[boundary];
}

void
LayerGraph::ForbidCut(uint32_t boundary)
{
    CheckBoundary(boundary);
    if (boundary == 0 || boundary == Size())
    {
        throw std::invalid_argument("boundary " + std::to_string(boundary) +
                                    " is an end of the model and cannot be forbidden");
    }
    m_cuttable[boundary] = false;
}

void
LayerGraph::CheckBoundary(uint32_t boundary) const
{
    if (boundary >= m_cuttable.size())
    {
        throw std::out_of_range("boundary " + std::to_string(boundary) + " of model '" + m_name +
                                "', which has " + std::to_string(Size()) + " layers");
    }
}

void
LayerGraph::CheckSlice(uint32_t begin, uint32_t end) const
{
    CheckBoundary(end);
    if (begin > end)
    {
        throw std::out_of_range("slice [" + std::to_string(begin) + ", " + std::to_string(end) +
                                ") of model '" + m_name + "' ends before it begins");
    }
}

} // namespace mdi
} // namespace ns3

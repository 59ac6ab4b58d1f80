// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-model.h"

#include <algorithm>
#include <set>

namespace ns3
{
namespace mdi
{

namespace
{

/// Per layer, how many layers read it that the result needs (the result is a reader, too).
std::vector<uint32_t>
CountReaders(const LayerGraph& graph)
{
    std::vector<uint32_t> readers(graph.Size(), 0);
    for (const uint32_t output : graph.Outputs())
    {
        ++readers[output];
    }
    for (uint32_t i = graph.Size(); i-- > 0;)
    {
        for (const int32_t input : graph.Layers()[i].inputs)
        {
            if (readers[i] > 0 && input >= 0)
            {
                ++readers[input];
            }
        }
    }
    return readers;
}

/// Give a layer the rows and bytes of what it makes.
void
SetOutput(RowLayer& layer, const std::vector<TensorSpec>& specs)
{
    layer.height = std::max<int64_t>(1, CommonHeight(specs));
    layer.rowBytes = TotalBytes(specs) / static_cast<uint64_t>(layer.height);
}

/// Read an earlier layer. Reading the same rows of it twice is reading them once.
void
AddInput(RowLayer& layer, const RowInput& input)
{
    const auto same = [&input](const RowInput& other) {
        return other.layer == input.layer && other.rule == input.rule;
    };
    if (std::none_of(layer.inputs.begin(), layer.inputs.end(), same))
    {
        layer.inputs.push_back(input);
    }
}

/// What a layer reads: a layer of the graph, or -1-i for an input of the model.
struct MemberInput
{
    int32_t layer;
    RowRule rule;
};

/// What a layer reads of others that make tensors: those that make none run together with it.
std::vector<MemberInput>
Inputs(const LayerGraph& graph, uint32_t index, std::set<uint32_t>& members)
{
    const Layer& layer = graph.Layers()[index];
    members.insert(index);
    std::vector<MemberInput> inputs;
    for (size_t i = 0; i < layer.inputs.size(); ++i)
    {
        const int32_t input = layer.inputs[i];
        if (input >= 0 && graph.Layers()[input].outputs.empty())
        {
            const auto more = Inputs(graph, static_cast<uint32_t>(input), members);
            inputs.insert(inputs.end(), more.begin(), more.end());
            continue;
        }
        inputs.push_back({input, layer.rows.empty() ? RowRule::Whole() : layer.rows[i]});
    }
    return inputs;
}

} // namespace

RowModel
MakeRowModel(const LayerGraph& graph, bool fuse)
{
    RowModel model;
    for (const TensorSpec& spec : graph.Inputs())
    {
        RowLayer input;
        SetOutput(input, {spec});
        model.layers.push_back(input);
    }
    model.inputs = static_cast<uint32_t>(model.layers.size());

    const std::vector<uint32_t> readers = CountReaders(graph);
    std::vector<uint32_t> place(graph.Size(), 0); // per layer of the graph, its layer of the model
    for (uint32_t i = 0; i < graph.Size(); ++i)
    {
        const Layer& from = graph.Layers()[i];
        if (readers[i] == 0 || from.outputs.empty())
        {
            continue;
        }
        const bool follows = fuse && from.inputs.size() == 1 && from.inputs[0] >= 0 &&
                             from.rows == std::vector<RowRule>{RowRule::Same()} &&
                             readers[from.inputs[0]] == 1;
        std::set<uint32_t> members{i};
        if (!follows)
        {
            RowLayer layer;
            for (const MemberInput& read : Inputs(graph, i, members))
            {
                const uint32_t input =
                    read.layer >= 0 ? place[read.layer] : static_cast<uint32_t>(-1 - read.layer);
                AddInput(layer, {input, read.rule});
                layer.splittable = layer.splittable || read.rule.kind != RowKind::WHOLE;
            }
            model.layers.push_back(layer);
        }
        place[i] = follows ? place[from.inputs[0]] : static_cast<uint32_t>(model.layers.size() - 1);
        RowLayer& layer = model.layers[place[i]];
        for (const uint32_t member : members)
        {
            layer.members.push_back(member);
            layer.weightBytes += graph.Layers()[member].weightBytes;
            layer.flop += graph.Layers()[member].flop;
        }
        SetOutput(layer, from.outputs);
    }

    RowLayer result;
    for (const uint32_t output : graph.Outputs())
    {
        AddInput(result, {place[output], RowRule::Whole()});
    }
    model.layers.push_back(result);
    return model;
}

} // namespace mdi
} // namespace ns3

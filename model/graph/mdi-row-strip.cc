// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-strip.h"

#include "mdi-fnv.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>

namespace ns3
{
namespace mdi
{

namespace
{

std::string
RangeText(const RowRange& rows)
{
    return "[" + std::to_string(rows.begin) + ", " + std::to_string(rows.end) + ")";
}

std::string
LayerText(const LayerGraph& graph, int32_t layer)
{
    return layer < 0 ? "input " + std::to_string(-1 - layer)
                     : "layer '" + graph.Layers().at(layer).name + "'";
}

/// Such as "rows [0, 3) of layer 'conv1'".
std::string
RowsText(const LayerGraph& graph, int32_t layer, const RowRange& rows)
{
    return "rows " + RangeText(rows) + " of " + LayerText(graph, layer);
}

[[noreturn]] void
Refuse(const LayerGraph& graph, const std::string& why)
{
    throw std::invalid_argument("model '" + graph.Name() + "': " + why);
}

std::vector<TensorSpec>
TensorsOf(const LayerGraph& graph, int32_t layer)
{
    return layer < 0 ? std::vector<TensorSpec>{graph.Inputs().at(-1 - layer)}
                     : graph.Layers().at(layer).outputs;
}

/// Rows by layer; every range is the smallest that holds all that were added.
using Needs = std::map<int32_t, RowRange>;

void
Add(Needs& needs, int32_t layer, const RowRange& rows)
{
    if (rows.Empty())
    {
        return;
    }
    RowRange& known = needs.emplace(layer, rows).first->second;
    known = {std::min(known.begin, rows.begin), std::max(known.end, rows.end)};
}

/// Add what rows of a layer need of its inputs.
void
AddInputs(const LayerGraph& graph, uint32_t index, const RowRange& rows, Needs& needs)
{
    const Layer& layer = graph.Layers()[index];
    if (layer.rows.empty() && !(rows == RowRange{0, RowsOf(graph, static_cast<int32_t>(index))}))
    {
        Refuse(graph, "layer '" + layer.name + "' cannot be split into rows");
    }
    for (size_t i = 0; i < layer.inputs.size(); ++i)
    {
        const int64_t height = RowsOf(graph, layer.inputs[i]);
        Add(needs,
            layer.inputs[i],
            layer.rows.empty() ? RowRange{0, height} : RequiredRows(layer.rows[i], rows, height));
    }
}

/// All that a strip needs, of its members, too.
Needs
AllNeeds(const LayerGraph& graph, const RowStrip& strip)
{
    Needs needs;
    if (strip.members.empty())
    {
        if (!(strip.rows == RowRange{}))
        {
            Refuse(graph, "the result is no strip of rows");
        }
        for (const uint32_t output : graph.Outputs())
        {
            const auto layer = static_cast<int32_t>(output);
            Add(needs, layer, {0, RowsOf(graph, layer)});
        }
        return needs;
    }
    for (size_t i = 0; i < strip.members.size(); ++i)
    {
        if (strip.members[i] >= graph.Size() || (i > 0 && strip.members[i] <= strip.members[i - 1]))
        {
            Refuse(graph, "the layers of a strip must ascend and exist");
        }
    }
    const auto last = static_cast<int32_t>(strip.members.back());
    if (strip.rows.Empty() || strip.rows.begin < 0 || strip.rows.end > RowsOf(graph, last))
    {
        Refuse(graph, "no strip can be " + RowsText(graph, last, strip.rows));
    }
    Add(needs, last, strip.rows);
    for (size_t i = strip.members.size(); i-- > 0;)
    {
        const auto found = needs.find(static_cast<int32_t>(strip.members[i]));
        if (found != needs.end())
        {
            AddInputs(graph, strip.members[i], found->second, needs);
        }
    }
    return needs;
}

bool
IsMember(const RowStrip& strip, int32_t layer)
{
    return layer >= 0 && std::binary_search(strip.members.begin(),
                                            strip.members.end(),
                                            static_cast<uint32_t>(layer));
}

void
CheckPart(const LayerGraph& graph, const RowStrip& strip, const StripPart& part)
{
    const TensorId& from = part.from;
    const bool exists =
        part.layer < static_cast<int64_t>(graph.Size()) &&
        -1 - static_cast<int64_t>(part.layer) < static_cast<int64_t>(graph.Inputs().size());
    if (!exists || from.model != strip.model || from.input != strip.input)
    {
        Refuse(graph, "a strip has a part of another model, item or layer");
    }
    const RowRange made = part.layer < 0 ? RowRange{0, RowsOf(graph, part.layer)} : from.rows;
    const bool named = part.layer < 0 ? from.boundary == 0 && from.rows == RowRange{}
                                      : int64_t(from.boundary) == int64_t(part.layer) + 1;
    if (!named || part.rows.Empty() || !(Overlap(part.rows, made) == part.rows))
    {
        Refuse(graph,
               RowsText(graph, part.layer, part.rows) + " cannot be taken from rows " +
                   RangeText(from.rows) + " at boundary " + std::to_string(from.boundary));
    }
}

bool
Before(const StripPart& a, const StripPart& b)
{
    const auto key = [](const StripPart& part) {
        return std::tie(part.layer, part.rows.begin, part.rows.end, part.from);
    };
    return key(a) < key(b);
}

} // namespace

int64_t
RowsOf(const LayerGraph& graph, int32_t layer)
{
    return std::max<int64_t>(1, CommonHeight(TensorsOf(graph, layer)));
}

std::vector<TensorSpec>
RowTensors(const LayerGraph& graph, int32_t layer, const RowRange& rows)
{
    if (rows.Empty())
    {
        return {};
    }
    std::vector<TensorSpec> tensors = TensorsOf(graph, layer);
    if (CommonHeight(tensors) > 0)
    {
        for (TensorSpec& tensor : tensors)
        {
            constexpr size_t HEIGHT = 2; // of batch, channels, height, width
            tensor.shape[HEIGHT] = rows.Size();
        }
    }
    return tensors;
}

std::vector<RowRange>
MemberRows(const LayerGraph& graph, const RowStrip& strip)
{
    const Needs needs = AllNeeds(graph, strip);
    std::vector<RowRange> rows;
    for (const uint32_t member : strip.members)
    {
        const auto found = needs.find(static_cast<int32_t>(member));
        rows.push_back(found == needs.end() ? RowRange{} : found->second);
    }
    return rows;
}

std::vector<StripNeed>
StripNeeds(const LayerGraph& graph, const RowStrip& strip)
{
    std::vector<StripNeed> outside;
    for (const auto& [layer, rows] : AllNeeds(graph, strip))
    {
        if (!IsMember(strip, layer))
        {
            outside.push_back({layer, rows});
        }
    }
    return outside;
}

TensorId
NameStrip(const LayerGraph& graph, const RowStrip& strip, const std::vector<StripPart>& parts)
{
    std::vector<StripPart> sorted = parts;
    std::sort(sorted.begin(), sorted.end(), Before);
    Fnv hash;
    hash.Add("rows");
    hash.Add(static_cast<uint64_t>(strip.members.size()));
    for (const uint32_t member : strip.members)
    {
        hash.Add(static_cast<uint64_t>(member));
    }
    for (const StripPart& part : sorted)
    {
        CheckPart(graph, strip, part);
        hash.Add(static_cast<uint64_t>(part.layer));
        hash.Add(static_cast<uint64_t>(part.rows.begin));
        hash.Add(static_cast<uint64_t>(part.rows.end));
        hash.Add(static_cast<uint64_t>(part.from.rows.begin));
        hash.Add(static_cast<uint64_t>(part.from.rows.end));
        hash.Add(part.from.lineage);
    }
    for (const StripNeed& need : StripNeeds(graph, strip))
    {
        int64_t reached = need.rows.begin; // all rows before it are there
        for (const StripPart& part : sorted)
        {
            if (part.layer == need.layer && part.rows.begin <= reached)
            {
                reached = std::max(reached, part.rows.end);
            }
        }
        if (reached < need.rows.end)
        {
            const std::string what =
                strip.members.empty()
                    ? "the result"
                    : RowsText(graph, static_cast<int32_t>(strip.members.back()), strip.rows);
            Refuse(graph,
                   what + " need row " + std::to_string(reached) + " of " +
                       LayerText(graph, need.layer) + ", which is in none of the parts");
        }
    }
    const uint32_t boundary = strip.members.empty() ? graph.Size() : strip.members.back() + 1;
    // 0 is the lineage of what nobody split or coded.
    const uint64_t lineage = std::max<uint64_t>(1, hash.Value());
    return TensorId{strip.model, strip.input, boundary, lineage, strip.rows};
}

} // namespace mdi
} // namespace ns3

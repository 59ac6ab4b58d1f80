// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-model-table.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr size_t NAME_WIDTH = 44;
constexpr size_t OUTPUT_WIDTH = 40;
constexpr double FLOP_PER_MAC = 2;

/// The text with its middle cut out, if it is too long.
std::string
Shortened(const std::string& text, size_t width)
{
    const std::string gap = "...";
    if (text.size() <= width)
    {
        return text;
    }
    const size_t tail = (width - gap.size()) / 2;
    const size_t head = width - gap.size() - tail;
    return text.substr(0, head) + gap + text.substr(text.size() - tail);
}

std::string
Mega(double value)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.1f", value / 1e6);
    return text;
}

struct Column
{
    std::string heading;
    bool right; //!< numbers
};

void
PrintColumns(std::ostream& os,
             const std::vector<Column>& columns,
             const std::vector<std::vector<std::string>>& rows)
{
    std::vector<size_t> widths;
    for (size_t c = 0; c < columns.size(); ++c)
    {
        widths.push_back(columns[c].heading.size());
        for (const auto& row : rows)
        {
            widths[c] = std::max(widths[c], row[c].size());
        }
    }
    const auto print = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (size_t c = 0; c < columns.size(); ++c)
        {
            const std::string pad(widths[c] - cells[c].size(), ' ');
            line += (c == 0 ? "" : "  ") + (columns[c].right ? pad + cells[c] : cells[c] + pad);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        os << line << '\n';
    };
    std::vector<std::string> headings;
    for (const Column& column : columns)
    {
        headings.push_back(column.heading);
    }
    print(headings);
    for (const auto& row : rows)
    {
        print(row);
    }
}

/// The boundaries between the rows.
std::vector<uint32_t>
RowBoundaries(const LayerGraph& graph, ModelRows rows)
{
    const auto& layers = graph.Layers();
    std::vector<uint32_t> boundaries{0};
    for (uint32_t b = 1; b < graph.Size(); ++b)
    {
        if (rows == ModelRows::LAYERS || layers[b - 1].block != layers[b].block)
        {
            boundaries.push_back(b);
        }
    }
    boundaries.push_back(graph.Size());
    return boundaries;
}

void
PrintHeader(std::ostream& os, const ModelSpec& model, const LayerGraph& graph)
{
    const auto line = [&os](std::string what, const std::string& value) {
        what.resize(std::max<size_t>(what.size() + 1, 12), ' ');
        os << what << value << '\n';
    };
    const double flop = graph.Flop(0, graph.Size());
    const auto exits = graph.Exits();
    std::string exitText;
    for (size_t i = 0; i < exits.size(); ++i)
    {
        exitText += (i == 0 ? "" : ", ") + std::to_string(i + 1) + " after layer " +
                    std::to_string(exits[i].boundary - 1);
    }
    line("model", graph.Name());
    line("file", model.file);
    line("inputs", SpecsText(graph.Inputs()));
    line("layers",
         std::to_string(graph.Size()) + " in " +
             std::to_string(RowBoundaries(graph, ModelRows::BLOCKS).size() - 1) + " blocks, " +
             std::to_string(graph.LayerBoundaries().size() - 2) + " allowed cuts");
    line("work", Mega(flop) + " MFLOP (" + Mega(flop / FLOP_PER_MAC) + " MMAC)");
    line("parameters", std::to_string(graph.WeightBytes(0, graph.Size())) + " B");
    line("input set", model.inputSet.empty() ? "random numbers" : model.inputSet);
    line("exits", exits.empty() ? "none" : exitText);
    if (model.autoencoder)
    {
        line("autoencoder", "after " + model.autoencoder->after);
    }
}

} // namespace

void
PrintModel(std::ostream& os, const ModelSpec& model, const LayerGraph& graph, ModelRows rows)
{
    PrintHeader(os, model, graph);
    const bool blocks = rows == ModelRows::BLOCKS;
    std::vector<Column> columns{{blocks ? "first" : "layer", true}, {"name", false}};
    columns.push_back(blocks ? Column{"layers", true} : Column{"op", false});
    columns.insert(columns.end(),
                   {{"output", false},
                    {"work [MFLOP]", true},
                    {"parameters [B]", true},
                    {"cut [B]", true},
                    {"exit", false}});
    const auto exits = graph.Exits();
    std::vector<std::vector<std::string>> table;
    const std::vector<uint32_t> boundaries = RowBoundaries(graph, rows);
    for (size_t i = 1; i < boundaries.size(); ++i)
    {
        const uint32_t begin = boundaries[i - 1];
        const uint32_t end = boundaries[i];
        const Layer& last = graph.Layers()[end - 1];
        std::string exitText;
        for (size_t e = 0; e < exits.size(); ++e)
        {
            if (exits[e].boundary > begin && exits[e].boundary <= end)
            {
                exitText += (exitText.empty() ? "exit " : ", exit ") + std::to_string(e + 1);
            }
        }
        table.push_back({std::to_string(begin),
                         Shortened(blocks ? last.block : last.name, NAME_WIDTH),
                         blocks ? std::to_string(end - begin) : last.op,
                         Shortened(SpecsText(last.outputs), OUTPUT_WIDTH),
                         Mega(graph.Flop(begin, end)),
                         std::to_string(graph.WeightBytes(begin, end)),
                         graph.CanCut(end) ? std::to_string(graph.CutBytes(end)) : "-",
                         exitText});
    }
    os << '\n';
    PrintColumns(os, columns, table);
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Lists what a model is made of, and checks that its slices compute what it does: ./mdi inspect.

#include "ns3/boolean.h"
#include "ns3/command-line.h"
#include "ns3/mdi-json-reader.h"
#include "ns3/mdi-layer-graph-json.h"
#include "ns3/mdi-model-reader.h"
#include "ns3/mdi-model-table.h"
#include "ns3/mdi-program.h"
#include "ns3/mdi-slice-check.h"
#include "ns3/mdi-torch-engine.h"
#include "ns3/uinteger.h"

#include <filesystem>
#include <iostream>
#include <sstream>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// The numbers of slices of --verify=2,4,16,all.
std::vector<uint32_t>
ReadSlices(const std::string& text)
{
    constexpr uint32_t MOST = 1000000;
    std::vector<uint32_t> slices;
    std::stringstream list(text + (text.back() == ',' ? "," : "")); // an empty last part counts
    std::string part;
    while (std::getline(list, part, ','))
    {
        if (part == "all")
        {
            slices.push_back(ALL_SLICES);
            continue;
        }
        uint32_t value = 0;
        try
        {
            value = PositiveFlag("verify", part, MOST);
        }
        catch (const BadInput&)
        {
            // The message below explains more.
        }
        if (value == 0)
        {
            throw BadInput("--verify=" + OneLine(text) + ": " + Quoted(part) +
                           " is no number of slices; write numbers from 1 to " +
                           std::to_string(MOST) + " or all, such as --verify=2,4,16,all");
        }
        slices.push_back(value);
    }
    return slices;
}

/// Cut the model, run its slices, compare. \return whether all answers were the same bits
bool
Verify(TensorEngine& engine, const std::string& file, uint32_t slices)
{
    const LayerGraph& graph = engine.Graph(0);
    const std::string name = slices == ALL_SLICES ? "all" : std::to_string(slices);
    SliceCheck check = CheckSlices(engine, 0, slices);
    std::string what = std::to_string(check.slices) + (check.slices == 1 ? " slice" : " slices");
    if (check.slices < slices && slices != ALL_SLICES)
    {
        what += " (there can be no more)";
    }
    const size_t cuts = graph.LayerBoundaries().size() - 2;
    if (slices == 2 && cuts > 0)
    {
        ProgressLine line("cuts into two", cuts);
        const SliceCheck every =
            CheckEveryCut(engine, 0, 0, [&line](uint64_t done) { line.Show(done); });
        check = every.maxError > check.maxError ? every : check;
        what += ", and each of the " + std::to_string(cuts) + " cuts into two";
    }
    if (check.maxError == 0)
    {
        std::cout << "verify " << name << ": " << what << ", bit-identical"
                  << (graph.Exits().empty() ? "" : " at every exit and the end") << " (1 input)"
                  << std::endl;
        return true;
    }
    std::string places;
    for (size_t i = 1; i + 1 < check.boundaries.size(); ++i)
    {
        places += (i == 1 ? ", cut before layer " : ", ") + std::to_string(check.boundaries[i]);
    }
    constexpr size_t MOST_CHARACTERS = 200;
    if (places.size() > MOST_CHARACTERS)
    {
        places = places.substr(0, MOST_CHARACTERS) + "...";
    }
    std::cerr << "mdi-inspect: " << file << ": verify " << name << ": " << what
              << ", NOT bit-identical: largest absolute difference " << check.maxError << " of "
              << check.where << places << std::endl;
    return false;
}

int
Inspect(int argc, char* argv[])
{
    CheckFlags(argc, argv, {"input-shape", "layers", "json", "verify"});
    std::string file;
    std::string shape;
    std::string verify;
    bool layers = false;
    bool json = false;
    CommandLine cmd(__FILE__);
    cmd.Usage("Lists the blocks or layers of a model: work, parameters, what crosses each cut, "
              "early exits. With --verify it also cuts the model and compares with the whole.");
    cmd.AddNonOption("model",
                     "a TorchScript file (.pt) with its description (.json) beside it or with "
                     "--input-shape, or a layer graph (.json)",
                     file);
    AddTextFlag(cmd,
                "input-shape",
                "of the inputs of a .pt: 1,3,224,224 or, of two, 1,3,224,224:float32;1:int64",
                shape);
    cmd.AddValue("layers", "a row per layer instead of one per block", layers);
    cmd.AddValue("json", "print the layer graph as JSON, nothing else", json);
    cmd.AddValue("verify",
                 "numbers of slices, such as 2,4,16,all: cut the model so and compare with the "
                 "whole, bit for bit; 2 also tries every single cut",
                 verify);
    ParseFlags(cmd, argc, argv);
    file = FileArgument(argc, argv);
    const std::vector<uint32_t> slices =
        verify.empty() ? std::vector<uint32_t>() : ReadSlices(verify);
    if (file.empty())
    {
        throw BadInput("no model; name a file, such as traces/models/resnet56.pt");
    }
    if (json && (layers || !slices.empty()))
    {
        throw BadInput("--json prints all layers and nothing else; leave out " +
                       std::string(layers ? "--layers" : "--verify"));
    }

    const ModelSpec model = ReadModelWithShapes(file, shape);
    if (!slices.empty() && std::filesystem::path(file).extension() == ".json")
    {
        throw BadInput(file + ": a layer graph has no values to compare; --verify needs the .pt");
    }
    const auto engine = CreateObject<TorchEngine>();
    engine->SetAttribute("Memo", BooleanValue(false)); // each slice is to run
    engine->SetAttribute("StoreBytes", UintegerValue(256 << 20));
    LoadModels({model}, *engine);
    const LayerGraph& graph = engine->Graph(0);
    if (json)
    {
        std::cout << LayerGraphToJson(graph) << std::flush;
        return SUCCESS;
    }
    PrintModel(std::cout, model, graph, layers ? ModelRows::LAYERS : ModelRows::BLOCKS);
    std::cout << (slices.empty() ? "" : "\n") << std::flush;
    bool identical = true;
    for (const uint32_t number : slices)
    {
        identical = Verify(*engine, file, number) && identical;
    }
    return identical ? SUCCESS : RUN_FAILED;
}

} // namespace

int
main(int argc, char* argv[])
{
    return RunProgram("mdi-inspect", [&] { return Inspect(argc, argv); });
}

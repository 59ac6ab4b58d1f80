// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-profile-report.h"

#include "mdi-json-reader.h"

#include "mdi-did-you-mean.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <map>
#include <numeric>
#include <ostream>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double RESTLESS = 0.1;      // a spread that an idle machine seldom has
constexpr size_t LISTED = 10;         // layers and blocks
constexpr double LARGEST_SPREAD = 10; // that the format takes
constexpr size_t LONGEST_NAME = 200;  // likewise, in bytes

std::string
Format(const char* format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

double
Ms(double seconds)
{
    return 1e3 * seconds;
}

/// Sum of the layers over the whole.
double
Ratio(const ModelTiming& timing)
{
    return timing.layersS / timing.whole.meanS;
}

/// Digits beyond these say nothing of a spread.
double
Rounded(double spread)
{
    return std::round(std::min(spread, LARGEST_SPREAD) * 1e4) / 1e4;
}

struct Row
{
    std::string name;
    double meanS;
    double spread; //!< negative: unknown
};

/// One line of a table, the name in a column of `width` characters.
void
PrintRow(std::ostream& os, const Row& row, size_t width, double wholeS)
{
    os << row.name << std::string(width - row.name.size(), ' ')
       << Format(" %10.4f %5.1f %%", Ms(row.meanS), 100 * row.meanS / wholeS)
       << (row.spread < 0 ? "" : Format(" %5.1f %%", 100 * row.spread)) << '\n';
}

void
PrintSlowest(std::ostream& os, const std::string& title, std::vector<Row> rows, double wholeS)
{
    std::stable_sort(
        rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.meanS > b.meanS; });
    const size_t listed = std::min(rows.size(), LISTED);
    const Row others{"the other " + std::to_string(rows.size() - listed),
                     std::accumulate(rows.begin() + listed,
                                     rows.end(),
                                     0.0,
                                     [](double sum, const Row& row) { return sum + row.meanS; }),
                     -1};
    size_t width = std::max(title.size(), others.name.size());
    for (size_t i = 0; i < listed; ++i)
    {
        width = std::max(width, rows[i].name.size());
    }
    os << '\n'
       << title << std::string(width - title.size(), ' ') << "  mean [ms]   share"
       << (rows.front().spread < 0 ? "" : "  spread") << '\n';
    for (size_t i = 0; i < listed; ++i)
    {
        PrintRow(os, rows[i], width, wholeS);
    }
    if (listed < rows.size())
    {
        PrintRow(os, others, width, wholeS);
    }
}

} // namespace

std::vector<LayerTime>
ScaledLayers(const ModelTiming& timing)
{
    const double scale = timing.layersS > 0 ? timing.whole.meanS / timing.layersS : 1;
    std::vector<LayerTime> layers;
    double sum = 0;      // of the measured times so far
    int64_t written = 0; // ns, of the times so far: rounding does not add up
    for (const Timing& layer : timing.layers)
    {
        sum += layer.meanS;
        const int64_t until = std::llround(sum * scale * 1e9);
        layers.push_back({NanoSeconds(until - written), Rounded(layer.spread), Time()});
        written = until;
    }
    return layers;
}

MeasuredModel
ToMeasuredModel(const ModelTiming& timing, const ProfileSubject& subject)
{
    const Machine& machine = subject.machine;
    MeasuredModel measured;
    measured.device = subject.device;
    measured.title = OneLine(machine.processor == "unknown" ? subject.device : machine.processor);
    measured.title.resize(std::min(measured.title.size(), LONGEST_NAME));
    measured.memoryBytes = machine.memoryBytes;
    measured.memoryProvenance.kind = "measured";
    measured.memoryProvenance.source = "MemTotal of /proc/meminfo, " + subject.date;
    measured.mode = subject.mode;
    measured.model = timing.graph.Name();
    measured.inputs = SpecsText(timing.graph.Inputs());
    measured.spread = Rounded(timing.whole.spread);

    Provenance& provenance = measured.provenance;
    provenance.kind = "measured";
    provenance.source = OneLine(subject.commandLine) + ", " + subject.date + ", " +
                        OneLine(machine.processor) + ", " + std::to_string(machine.processors) +
                        (machine.processors == 1 ? " processor" : " processors");
    provenance.framework = timing.framework;
    provenance.precision = timing.precision;
    const auto& inputs = timing.graph.Inputs();
    const bool hasBatch = !inputs.empty() && !inputs.front().shape.empty();
    provenance.batch = hasBatch ? static_cast<uint32_t>(inputs.front().shape.front()) : 1;
    provenance.note =
        "means of " + std::to_string(subject.options.repeats) + " runs after " +
        std::to_string(subject.options.warmup) + " for warming up, inputs " + SpecsText(inputs) +
        "; the layers, with a time stamp after each, took " +
        Format("%.4f times the whole model, to which they are scaled; the whole: median %.6g s, "
               "least %.6g s",
               Ratio(timing),
               timing.whole.medianS,
               timing.whole.minS);

    const std::vector<LayerTime> times = ScaledLayers(timing);
    for (size_t i = 0; i < times.size(); ++i)
    {
        measured.layers.emplace_back(timing.graph.Layers()[i].name, times[i]);
    }
    return measured;
}

void
AddPasses(const std::map<uint32_t, ModelTiming>& lengths,
          const ProfileSubject& subject,
          MeasuredModel& measured)
{
    PassTimes passes;
    const std::string runs = "means of " + std::to_string(subject.options.repeats) + " runs each";
    Provenance& provenance = measured.passesProvenance;
    provenance = measured.provenance;
    provenance.note = "whole: " + runs + " at these lengths";
    for (const auto& [tokens, timing] : lengths)
    {
        if (SpecsText(timing.graph.Inputs()) == measured.inputs)
        {
            passes.tokens = tokens;
        }
    }
    const double baseS = lengths.at(passes.tokens).whole.meanS;
    for (const auto& [tokens, timing] : lengths)
    {
        passes.whole.points.emplace_back(tokens, timing.whole.meanS / baseS);
    }
    if (const auto one = lengths.find(1); one != lengths.end())
    {
        const std::vector<LayerTime> times = ScaledLayers(one->second);
        const auto& layers = one->second.graph.Layers();
        const bool same =
            std::equal(layers.begin(),
                       layers.end(),
                       measured.layers.begin(),
                       measured.layers.end(),
                       [](const Layer& a, const auto& b) { return a.name == b.first; });
        if (!same)
        {
            throw BadInput("--lengths: with one token the model has other layers than with " +
                           std::to_string(passes.tokens) + "; leave out 1");
        }
        for (size_t i = 0; i < times.size(); ++i)
        {
            measured.layers.at(i).second.cached = times[i].mean;
        }
        measured.context = passes.tokens;
        passes.cached.points = {{passes.tokens, 1.0}, {lengths.rbegin()->first, 1.0}};
        if (passes.tokens == lengths.rbegin()->first)
        {
            passes.cached.points.pop_back();
        }
        provenance.kind = "calibrated";
        provenance.errorBand = 0.25;
        provenance.note +=
            "; cached_s: " + runs +
            " over one token alone, so that the reading of a cache is left out: about "
            "context / (6 x width) of the time, 22 % at 1024 tokens of GPT-2";
    }
    measured.passes = passes;
}

void
PrintTiming(std::ostream& os, const ModelTiming& timing, const ProfileSubject& subject)
{
    const Timing& whole = timing.whole;
    os << timing.graph.Name() << " on " << subject.device << " (" << subject.machine.processor
       << "), mode " << subject.mode << ": " << timing.framework << ", " << timing.precision
       << ", inputs " << SpecsText(timing.graph.Inputs()) << '\n'
       << subject.options.repeats << " runs after " << subject.options.warmup
       << " for warming up\n\n";
    os << Format("whole model    %10.4f ms +- %.4f ms (%.1f %%), median %.4f ms, least %.4f ms\n",
                 Ms(whole.meanS),
                 Ms(whole.meanS * whole.spread),
                 100 * whole.spread,
                 Ms(whole.medianS),
                 Ms(whole.minS));
    os << Format("sum of layers  %10.4f ms, %.4f times the whole; scaled to it from here on\n",
                 Ms(timing.layersS),
                 Ratio(timing));

    if (whole.spread > RESTLESS)
    {
        os << "The runs differ much: other programs may be running. Close them, or raise --repeats "
              "and --warmup.\n";
    }

    const std::vector<LayerTime> times = ScaledLayers(timing);
    std::vector<Row> layers;
    std::vector<Row> blocks;
    std::map<std::string, size_t> places;
    for (size_t i = 0; i < times.size(); ++i)
    {
        const Layer& layer = timing.graph.Layers()[i];
        const double meanS = times[i].mean.GetSeconds();
        layers.push_back({layer.name, meanS, timing.layers[i].spread});
        const auto place = places.emplace(layer.block, blocks.size());
        if (place.second)
        {
            blocks.push_back({layer.block, 0, -1});
        }
        blocks[place.first->second].meanS += meanS;
    }
    PrintSlowest(os, "slowest layers", std::move(layers), whole.meanS);
    PrintSlowest(os, "slowest blocks", std::move(blocks), whole.meanS);
}

} // namespace mdi
} // namespace ns3

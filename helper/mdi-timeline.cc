// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-timeline.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

namespace ns3
{
namespace mdi
{

using Json = nlohmann::ordered_json;

const char* const TIMELINE_BEGIN = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";

// An event that names nothing ends the list, so that every event before it can end in a comma.
const char* const TIMELINE_END =
    "{\"name\":\"process_labels\",\"ph\":\"M\",\"pid\":0,\"args\":{\"labels\":\"mdi\"}}\n]}\n";

namespace
{

Json
Metadata(const char* what, uint32_t process, uint32_t thread, const std::string& name)
{
    return {
        {"name", what}, {"ph", "M"}, {"pid", process}, {"tid", thread}, {"args", {{"name", name}}}};
}

} // namespace

void
WriteTimelineEvents(std::ostream& os,
                    const TimelineData& data,
                    uint32_t process,
                    const std::vector<std::string>& devices,
                    const std::vector<std::string>& sources)
{
    auto write = [&os](const Json& event) { os << event.dump() << ",\n"; };
    auto micros = [](Time time) { return static_cast<double>(time.GetNanoSeconds()) / 1e3; };
    auto title = [&sources](const Span& span) {
        std::string text = sources[span.task.item.source] + " " +
                           std::to_string(span.task.item.item) + "/" +
                           std::to_string(span.task.unit);
        text += span.task.pass > 0 ? " pass " + std::to_string(span.task.pass) : "";
        return span.transfer ? std::string(MessageTypeName(span.type)) + " " + text : text;
    };

    write(Metadata("process_name", process, 0, data.title));
    for (uint32_t device = 0; device < devices.size(); ++device)
    {
        write(Metadata("thread_name", process, device, devices[device]));
    }
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> links;
    data.spans([&links](const Span& span) {
        if (span.transfer)
        {
            links.emplace(std::make_pair(span.from, span.to), 0);
        }
    });
    auto thread = static_cast<uint32_t>(devices.size());
    for (auto& [ends, number] : links)
    {
        number = thread++;
        write(Metadata(
            "thread_name", process, number, devices[ends.first] + " -> " + devices[ends.second]));
    }

    data.queues([&](const QueueSample& sample) {
        write({{"name", "queues of " + devices[sample.node]},
               {"ph", "C"},
               {"pid", process},
               {"ts", micros(sample.time)},
               {"args", {{"input", sample.inputTasks}, {"output", sample.outputTasks}}}});
    });
    for (const auto& sample : data.rates)
    {
        write({{"name", "link trace of network " + std::to_string(sample.network)},
               {"ph", "C"},
               {"pid", process},
               {"ts", micros(sample.time)},
               {"args", {{"rate_bps", sample.rateBps}}}});
    }
    for (const auto& off : data.off)
    {
        if (!off.network)
        {
            write({{"name", "off"},
                   {"cat", "outage"},
                   {"ph", "X"},
                   {"pid", process},
                   {"tid", off.index},
                   {"ts", micros(off.begin)},
                   {"dur", micros(off.end - off.begin)}});
            continue;
        }
        for (const bool begins : {true, false})
        {
            write({{"name", "network " + std::to_string(off.index) + " is off"},
                   {"ph", "C"},
                   {"pid", process},
                   {"ts", micros(begins ? off.begin : off.end)},
                   {"args", {{"off", begins ? 1 : 0}}}});
        }
    }
    uint64_t id = 0;
    data.spans([&](const Span& span) {
        Json event{{"name", title(span)}, {"pid", process}};
        if (!span.transfer)
        {
            event["cat"] = "compute";
            event["ph"] = "X";
            event["tid"] = span.from;
            event["ts"] = micros(span.begin);
            event["dur"] = micros(span.end - span.begin);
            write(event);
            return;
        }
        const std::string link = devices[span.from] + " -> " + devices[span.to];
        event["cat"] = link;
        event["tid"] = links.at({span.from, span.to});
        // Distinct in the whole file: asynchronous events pair by category and id.
        event["id"] = std::to_string(process) + "." + std::to_string(id++);
        event["ph"] = "b";
        event["ts"] = micros(span.begin);
        event["args"] = {{"bytes", span.bytes}};
        write(event);
        event.erase("args");
        event["ph"] = "e";
        event["ts"] = micros(span.end);
        write(event);
    });
}

void
WriteTimelineEvents(std::ostream& os,
                    const RunRecord& record,
                    uint32_t process,
                    const std::vector<std::string>& devices,
                    const std::vector<std::string>& sources)
{
    const auto each = [](const auto& all) {
        return [&all](const auto& call) { std::for_each(all.begin(), all.end(), call); };
    };
    TimelineData data;
    data.title = TimelineTitle(record.system, record.run);
    data.spans = each(record.spans);
    data.queues = each(record.queues);
    data.rates = record.rates;
    data.off = record.off;
    WriteTimelineEvents(os, data, process, devices, sources);
}

std::string
TimelineTitle(const std::string& system, uint32_t run)
{
    return system + ", run " + std::to_string(run);
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-network-reader.h"

#include "mdi-link-trace-reader.h"
#include "mdi-scenario-names.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr uint32_t MAX_MESH_NODES = 64; // 2016 links
constexpr uint32_t MAX_TERMINALS = 30;  // ns-3 sounds 40 of them in turn
constexpr double MAX_TRACE_S = 1e9;

/// Bits per second, whole ones: a sweep's range gives others.
uint64_t
BitRate(const JsonReader& json)
{
    return static_cast<uint64_t>(std::llround(json.Number(1, 1e12)));
}

/// The names that ns-3 gives to the rates of a standard (one spatial stream).
std::vector<std::string>
WifiModes(const std::string& standard)
{
    std::vector<std::string> modes;
    if (standard == "802.11a")
    {
        for (const char* rate : {"6", "9", "12", "18", "24", "36", "48", "54"})
        {
            modes.push_back(std::string("OfdmRate") + rate + "Mbps");
        }
        return modes;
    }
    for (int mcs = 0; mcs <= (standard == "802.11n" ? 7 : 8); ++mcs) // VHT has no MCS 9 at 20 MHz
    {
        modes.push_back((standard == "802.11n" ? "HtMcs" : "VhtMcs") + std::to_string(mcs));
    }
    return modes;
}

/// Indices of the devices that are at a network.
std::vector<uint32_t>
ReadNodes(const JsonReader& nodes, const std::vector<std::string>& devices, size_t least)
{
    std::vector<uint32_t> indices;
    if (nodes.IsString())
    {
        nodes.OneOf({"all"});
        for (uint32_t i = 0; i < devices.size(); ++i)
        {
            indices.push_back(i);
        }
        return indices;
    }
    for (const auto& node : nodes.Items(least, MAX_NODES))
    {
        const uint32_t index = FindName(node, devices, "node");
        if (std::count(indices.begin(), indices.end(), index) > 0)
        {
            node.Fail("the node stands here twice", "name each node once");
        }
        indices.push_back(index);
    }
    return indices;
}

/// The keys of every network that can replay a link trace, beside its own.
std::vector<std::string>
WithTrace(std::vector<std::string> keys)
{
    keys.insert(keys.end(), {"trace", "trace_repeat", "trace_start_s"});
    return keys;
}

void
ReadReplay(const JsonReader& json, Scenario::Network& network)
{
    const auto file = json.Find("trace");
    if (!file)
    {
        for (const char* key : {"trace_repeat", "trace_start_s"})
        {
            if (const auto given = json.Find(key))
            {
                given->Fail("there is no trace", "name one: \"trace\": \"../links/x.csv\"");
            }
        }
        return;
    }
    network.traceFile = ResolvePath(json.File(), file->Name());
    if (!std::filesystem::exists(network.traceFile))
    {
        file->Fail("there is no link trace " + Quoted(network.traceFile),
                   "one of traces/links/, or your own from traces/links/import_links.py");
    }
    LinkReplay replay;
    replay.trace = std::make_shared<LinkTrace>(ReadLinkTrace(network.traceFile));
    if (const auto repeat = json.Find("trace_repeat"))
    {
        replay.repeat = repeat->Bool();
    }
    if (const auto start = json.Find("trace_start_s"))
    {
        replay.start = Seconds(start->NonNegative(MAX_TRACE_S));
        if (!replay.repeat && replay.start > Max(replay.trace->end, Time(0)))
        {
            start->Fail("the trace ends before",
                        "at most " + std::to_string(replay.trace->end.GetSeconds()) +
                            ", or \"trace_repeat\": true");
        }
    }
    const LinkTrace::Row& last = replay.trace->rows.back();
    if (!replay.repeat && last.rateBps == 0)
    {
        file->Fail("the last row of " + Quoted(network.traceFile) +
                       " has rate 0, which would stay for ever",
                   "\"trace_repeat\": true, or another last row");
    }
    if (!replay.repeat && last.loss == 1)
    {
        file->Fail("the last row of " + Quoted(network.traceFile) +
                       " loses everything, and would stay for ever",
                   "\"trace_repeat\": true, or another last row");
    }
    network.replay = replay;
    network.provenance = ReadFileProvenance(network.traceFile);
}

void
ReadLte(const JsonReader& json, const std::vector<std::string>& devices, Scenario::Network& network)
{
    json.AllowOnly({"type", "nodes", "server", "resource_blocks", "goodput_bps", "delay_s"});
    network.resourceBlocks = static_cast<uint32_t>(json["resource_blocks"].PositiveInt(100));
    const std::vector<uint32_t> widths = {6, 15, 25, 50, 75, 100};
    if (std::count(widths.begin(), widths.end(), network.resourceBlocks) == 0)
    {
        json["resource_blocks"].Fail(std::to_string(network.resourceBlocks) +
                                         " is no bandwidth of LTE",
                                     "one of 6, 15, 25, 50, 75, 100");
    }
    network.goodputBps = BitRate(json["goodput_bps"]);
    network.delay = Seconds(json["delay_s"].NonNegative(1000));
    if (const auto server = json.Find("server"))
    {
        network.server = FindName(*server, devices, "device");
        auto& nodes = network.nodes;
        const auto listed = std::find(nodes.begin(), nodes.end(), *network.server);
        if (listed != nodes.end() && !json["nodes"].IsString())
        {
            server->Fail("the server is in nodes, too", "terminals in nodes, the server here");
        }
        if (listed != nodes.end())
        {
            nodes.erase(listed); // "all" are all others
        }
    }
    if (network.nodes.size() > MAX_TERMINALS)
    {
        json["nodes"].Fail("too many terminals for one cell of ns-3",
                           "at most " + std::to_string(MAX_TERMINALS));
    }
}

} // namespace

Scenario::Network
ReadNetwork(const JsonReader& json, const std::vector<std::string>& devices)
{
    Scenario::Network network;
    network.type = json["type"].OneOf({"point-to-point", "ethernet", "csma", "wifi-adhoc", "lte"});
    // A terminal alone has a server to talk to.
    const size_t least = network.type == "lte" && json.Has("server") ? 1 : 2;
    network.nodes = ReadNodes(json["nodes"], devices, least);
    if (network.type == "lte")
    {
        ReadLte(json, devices, network);
        return network;
    }
    ReadReplay(json, network);
    if (network.type == "wifi-adhoc")
    {
        json.AllowOnly(
            WithTrace({"type", "nodes", "standard", "data_mode", "range_m", "goodput_bps"}));
        network.standard = json["standard"].OneOf({"802.11a", "802.11n", "802.11ac"});
        network.dataMode = json["data_mode"].OneOf(WifiModes(network.standard));
        if (const auto range = json.Find("range_m"))
        {
            network.rangeM = range->NonNegative(1e6);
        }
        network.goodputBps = BitRate(json["goodput_bps"]);
        return network;
    }
    json.AllowOnly(WithTrace({"type", "nodes", "rate_bps", "delay_s"}));
    network.rateBps = BitRate(json["rate_bps"]);
    network.delay = Seconds(json["delay_s"].NonNegative(1000));
    if (network.type == "point-to-point" && network.nodes.size() > MAX_MESH_NODES)
    {
        json["nodes"].Fail("too many nodes for a link between every two of them",
                           "name at most " + std::to_string(MAX_MESH_NODES) + ", or use ethernet");
    }
    return network;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-churn-reader.h"

#include "mdi-scenario-names.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ns3
{
namespace mdi
{

namespace
{

/// Rules of a scenario.
constexpr size_t MAX_FAILURES = 100000;

/// Failures that random rules may lead to in one run, on average.
constexpr double MAX_OUTAGES = 1e6;

constexpr uint32_t MAX_RETRIES = 1000;

std::vector<uint32_t>
AllOf(size_t count)
{
    std::vector<uint32_t> all(count);
    for (size_t i = 0; i < count; ++i)
    {
        all[i] = static_cast<uint32_t>(i);
    }
    return all;
}

/// Whether it says "all"; else it must be a list.
bool
IsAll(const JsonReader& json, const std::string& list)
{
    if (json.Json().is_array())
    {
        return false;
    }
    if (json.Json() != "all")
    {
        json.Fail("this names nothing that fails", list + ", or \"all\"");
    }
    return true;
}

std::vector<uint32_t>
ReadDevices(const JsonReader& json, const Scenario& scenario)
{
    if (IsAll(json, "a list of names, such as [\"" + scenario.devices.front().name + "\"]"))
    {
        return AllOf(scenario.devices.size());
    }
    std::vector<uint32_t> devices;
    for (const auto& name : json.Items(1, MAX_NODES))
    {
        devices.push_back(FindName(name, NamesOf(scenario.devices), "device"));
    }
    return devices;
}

std::vector<uint32_t>
ReadNetworks(const JsonReader& json, const Scenario& scenario)
{
    if (scenario.networks.empty())
    {
        json.Fail("the scenario has no networks", "\"devices\" that fail");
    }
    std::vector<uint32_t> networks;
    if (IsAll(json, "a list of numbers, such as [0]"))
    {
        networks = AllOf(scenario.networks.size());
    }
    else
    {
        for (const auto& number : json.Items(1, scenario.networks.size()))
        {
            networks.push_back(
                static_cast<uint32_t>(number.Integer(0, scenario.networks.size() - 1)));
        }
    }
    if (std::any_of(networks.begin(), networks.end(), [&](uint32_t network) {
            return scenario.networks[network].type == "lte";
        }))
    {
        json.Fail("an LTE cell cannot be switched off", "its \"devices\"");
    }
    return networks;
}

Churn::Failure
ReadFailure(const JsonReader& json, const Scenario& scenario)
{
    json.AllowOnly({"devices", "networks", "at_s", "for_s", "mean_up_s", "mean_down_s"});
    Churn::Failure failure;
    if (const auto devices = json.Find("devices"))
    {
        failure.devices = ReadDevices(*devices, scenario);
    }
    if (const auto networks = json.Find("networks"))
    {
        failure.networks = ReadNetworks(*networks, scenario);
    }
    if (failure.devices.empty() && failure.networks.empty())
    {
        json.Fail("nothing fails here", "\"devices\" or \"networks\", or both");
    }
    if (const auto at = json.Find("at_s"))
    {
        for (const char* other : {"mean_up_s", "mean_down_s"})
        {
            if (json.Has(other))
            {
                json[other].Fail("this rule says \"at_s\" already",
                                 "two rules, one at a time and one at random");
            }
        }
        failure.once.begin = Seconds(at->Number(1e-3, MAX_TIME_S));
        if (const auto length = json.Find("for_s"))
        {
            failure.once.end = failure.once.begin + Seconds(length->Number(1e-3, MAX_TIME_S));
        }
        return failure;
    }
    if (!json.Has("mean_up_s"))
    {
        json.Fail("it is not said when", "\"at_s\", or \"mean_up_s\" and \"mean_down_s\"");
    }
    if (json.Has("for_s"))
    {
        json["for_s"].Fail("a random failure has no fixed length", "\"mean_down_s\"");
    }
    failure.meanUpS = json["mean_up_s"].PositiveNumber(MAX_TIME_S);
    failure.meanDownS = json["mean_down_s"].PositiveNumber(MAX_TIME_S);
    return failure;
}

} // namespace

Churn
ReadChurn(const JsonReader& json, const Scenario& scenario)
{
    json.AllowOnly({"failures", "item_timeout_s", "retries", "peer_timeout_s"});
    Churn churn;
    double outages = 0;
    for (const auto& rule : json["failures"].Items(0, MAX_FAILURES))
    {
        churn.failures.push_back(ReadFailure(rule, scenario));
        const Churn::Failure& failure = churn.failures.back();
        if (failure.meanUpS > 0)
        {
            outages += (failure.devices.size() + failure.networks.size()) *
                       scenario.timeLimit.GetSeconds() / (failure.meanUpS + failure.meanDownS);
        }
        if (outages > MAX_OUTAGES)
        {
            rule.Fail("with this rule there are more than a million failures in " +
                          std::to_string(static_cast<uint64_t>(scenario.timeLimit.GetSeconds())) +
                          " s",
                      "longer means, fewer rules, or a smaller \"time_limit_s\"");
        }
    }
    if (const auto timeout = json.Find("item_timeout_s"))
    {
        churn.itemTimeout = Seconds(timeout->Number(1e-3, MAX_TIME_S));
    }
    if (const auto retries = json.Find("retries"))
    {
        churn.retries = static_cast<uint32_t>(retries->NonNegativeInt(MAX_RETRIES));
    }
    if (const auto timeout = json.Find("peer_timeout_s"))
    {
        churn.peerTimeout = Seconds(timeout->Number(1e-3, MAX_TIME_S));
    }
    return churn;
}

} // namespace mdi
} // namespace ns3

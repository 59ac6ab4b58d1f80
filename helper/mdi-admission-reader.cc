// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-admission-reader.h"

#include "mdi-admission.h"
#include "mdi-factory-reader.h"
#include "mdi-rate-adaptation.h"

#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <sstream>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr double MAX_TIME_S = 1e9;
constexpr uint32_t MAX_ITEMS = 100000000;

/// A text value of ns-3 without loss: 17 digits round-trip.
std::string
Exact(double value)
{
    std::ostringstream text;
    text.precision(17);
    text << value;
    return text.str();
}

ObjectFactory
RandomGaps(const std::string& variable, double seconds)
{
    ObjectFactory factory("ns3::mdi::RandomAdmission");
    factory.Set("Gap", StringValue("ns3::" + variable + "=" + Exact(seconds) + "]"));
    return factory;
}

/// The gap of periodic arrivals: from their rate or their interval.
double
Period(const JsonReader& json)
{
    json.AllowOnly({"type", "interval_s", "rate_hz"});
    const auto rate = json.Find("rate_hz");
    if (rate && json.Find("interval_s"))
    {
        rate->Fail("a rate and an interval", "one of rate_hz and interval_s");
    }
    return rate ? 1 / rate->PositiveNumber(1e9) : json["interval_s"].NonNegative(MAX_TIME_S);
}

void
ReadTimes(const JsonReader& json, std::vector<Time>& times)
{
    for (const auto& time : json.Items(1, MAX_ITEMS))
    {
        times.push_back(Seconds(time.NonNegative(MAX_TIME_S)));
        if (times.size() > 1 && times.back() < *(times.end() - 2))
        {
            time.Fail("the time is before the one before it", "ascending times");
        }
    }
}

} // namespace

ObjectFactory
ReadAdmission(const JsonReader& json, std::vector<Time>* times)
{
    const std::string name = json["type"].Name();
    if (name.find("::") != std::string::npos && name != TraceAdmission::GetTypeId().GetName())
    {
        ObjectFactory own("ns3::mdi::RandomAdmission");
        ReadFactory(json, own, Admission::GetTypeId());
        return own;
    }
    std::vector<std::string> types = {"poisson", "periodic", "closed-loop", "adaptive-rate"};
    if (times)
    {
        types.push_back("times");
        types.push_back("trace");
    }
    const std::string type = json["type"].OneOf(types);
    if (type == "poisson")
    {
        json.AllowOnly({"type", "rate_hz"});
        return RandomGaps("ExponentialRandomVariable[Mean",
                          1 / json["rate_hz"].PositiveNumber(1e9));
    }
    if (type == "periodic")
    {
        return RandomGaps("ConstantRandomVariable[Constant", Period(json));
    }
    if (type == "closed-loop")
    {
        json.AllowOnly({"type", "window"});
        ObjectFactory factory("ns3::mdi::ClosedLoopAdmission");
        factory.Set("Window", UintegerValue(json["window"].PositiveInt(1000000)));
        return factory;
    }
    if (type == "adaptive-rate")
    {
        ObjectFactory factory(RateAdaptation::GetTypeId().GetName());
        ReadAttributes(json, factory);
        return factory;
    }
    if (type == "trace")
    {
        json.AllowOnly({"type", "file", "as", "system", "run"});
        return ObjectFactory("ns3::mdi::TraceAdmission");
    }
    json.AllowOnly({"type", "times_s"});
    ReadTimes(json["times_s"], *times);
    return ObjectFactory("ns3::mdi::TraceAdmission");
}

} // namespace mdi
} // namespace ns3

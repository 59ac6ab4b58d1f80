// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-factory-reader.h"

#include "mdi-did-you-mean.h"

#include "ns3/string.h"

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace
{

/// Whether ns-3 can make an object of a text such as ns3::Class[Name=value|Name=value]: it aborts
/// at what it does not know.
bool
IsObjectText(const std::string& text)
{
    static const std::regex form(R"(([\w:]+)(\[(.*)\])?)");
    std::smatch parts;
    TypeId type;
    if (!std::regex_match(text, parts, form) ||
        !TypeId::LookupByNameFailSafe(parts[1].str(), &type) || !type.HasConstructor())
    {
        return false;
    }
    std::istringstream attributes(parts[3].str());
    for (std::string attribute; std::getline(attributes, attribute, '|');)
    {
        const size_t equals = attribute.find('=');
        TypeId::AttributeInformation info;
        if (equals == std::string::npos ||
            !type.LookupAttributeByName(attribute.substr(0, equals), &info) ||
            info.checker->GetValueTypeName() == "ns3::PointerValue" ||
            info.checker->GetValueTypeName() == "ns3::TimeValue" ||
            !info.checker->CreateValidValue(StringValue(attribute.substr(equals + 1))))
        {
            return false;
        }
    }
    return true;
}

void
SetAttribute(ObjectFactory& factory, const std::string& name, const JsonReader& value)
{
    const TypeId type = factory.GetTypeId();
    TypeId::AttributeInformation info;
    if (!type.LookupAttributeByName(name, &info))
    {
        std::vector<std::string> names;
        for (TypeId t = type; t.GetName() != "ns3::Object"; t = t.GetParent())
        {
            for (size_t i = 0; i < t.GetAttributeN(); ++i)
            {
                names.push_back(t.GetAttribute(i).name);
            }
        }
        value.Fail(type.GetName() + " has no attribute " + Quoted(name), DidYouMean(name, names));
    }
    const std::string text = value.IsString() ? value.String() : value.Json().dump();
    // ns-3 aborts at a Time that is none.
    static const std::regex time(
        R"([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(s|ms|us|ns|ps|fs|min|h|d|y)?)");
    if (info.checker->GetValueTypeName() == "ns3::TimeValue" && !std::regex_match(text, time))
    {
        value.Fail(Quoted(text) + " is no value of attribute " + name,
                   info.help + " (such as 5ms)");
    }
    // ns-3 aborts at a number that is none, and at a part of one.
    static const std::regex real(R"([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)");
    static const std::regex whole(R"([+-]?\d+)");
    const std::string kind = info.checker->GetValueTypeName();
    const bool isWhole = kind == "ns3::UintegerValue" || kind == "ns3::IntegerValue";
    if ((isWhole || kind == "ns3::DoubleValue") && !std::regex_match(text, isWhole ? whole : real))
    {
        value.Fail(Quoted(text) + " is no value of attribute " + name,
                   info.help + (isWhole ? " (a whole number)" : " (a number)"));
    }
    if (info.checker->GetValueTypeName() == "ns3::PointerValue" && !IsObjectText(text))
    {
        value.Fail(Quoted(text) + " is no value of attribute " + name,
                   info.help + " (such as ns3::ConstantRandomVariable[Constant=1])");
    }
    if (!info.checker->CreateValidValue(StringValue(text)))
    {
        value.Fail(Quoted(text) + " is no value of attribute " + name,
                   info.help + " (" + info.checker->GetUnderlyingTypeInformation() + ")");
    }
    factory.Set(name, StringValue(text));
}

} // namespace

void
ReadFactory(const JsonReader& json, ObjectFactory& factory, const TypeId& base)
{
    if (const auto type = json.Find("type"))
    {
        TypeId tid;
        const bool found = TypeId::LookupByNameFailSafe(type->Name(), &tid);
        if (!found || !tid.IsChildOf(base) || !tid.HasConstructor())
        {
            std::vector<std::string> names;
            for (uint16_t i = 0; i < TypeId::GetRegisteredN(); ++i)
            {
                const TypeId known = TypeId::GetRegistered(i);
                if (known.IsChildOf(base) && known.HasConstructor())
                {
                    names.push_back(known.GetName());
                }
            }
            type->Fail("there is no " + base.GetName() + " " + Quoted(type->Name()),
                       found ? "that class has no AddConstructor, or another parent; " +
                                   DidYouMean("", names)
                             : DidYouMean(type->Name(), names) +
                                   " (a class of your own: --load=FILE.so)");
        }
        factory = ObjectFactory(tid.GetName());
    }
    ReadAttributes(json, factory);
}

void
ReadAttributes(const JsonReader& json, ObjectFactory& factory)
{
    for (const auto& [key, value] : json.Members())
    {
        if (key != "type")
        {
            SetAttribute(factory, key, value);
        }
    }
}

} // namespace mdi
} // namespace ns3

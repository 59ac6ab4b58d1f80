// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-attribute-defaults.h"

#include "mdi-did-you-mean.h"
#include "mdi-fatal-error.h"
#include "mdi-json-reader.h"

#include "ns3/object.h"
#include "ns3/pointer.h"
#include "ns3/string.h"
#include "ns3/type-id.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace
{

/// Name and value of each element of an environment variable as ns-3 reads it: A=1;B=2.
std::vector<std::pair<std::string, std::string>>
FromEnvironment(const char* variable)
{
    std::vector<std::pair<std::string, std::string>> found;
    const char* const text = std::getenv(variable);
    std::istringstream stream(text ? text : "");
    for (std::string element; std::getline(stream, element, ';');)
    {
        if (!element.empty())
        {
            const auto equals = element.find('=');
            found.emplace_back(element.substr(0, equals),
                               equals == std::string::npos ? "" : element.substr(equals + 1));
        }
    }
    return found;
}

/// The attribute that a class itself has.
bool
FindOwn(const TypeId& type, const std::string& name, TypeId::AttributeInformation& info)
{
    for (std::size_t i = 0; i < type.GetAttributeN(); ++i)
    {
        info = type.GetAttribute(i);
        if (info.name == name)
        {
            return true;
        }
    }
    return false;
}

/// All that ns-3 knows by name.
std::vector<std::string>
ClassNames()
{
    std::vector<std::string> names;
    for (uint16_t i = 0; i < TypeId::GetRegisteredN(); ++i)
    {
        names.push_back(TypeId::GetRegistered(i).GetName());
    }
    return names;
}

/// The attribute of a full name. \param place of it, as messages begin \throws BadInput
TypeId::AttributeInformation
FindAttribute(const std::string& fullName, const std::string& place)
{
    const auto colons = fullName.rfind("::");
    const std::string className = fullName.substr(0, colons);
    const std::string name = colons == std::string::npos ? "" : fullName.substr(colons + 2);
    TypeId type;
    if (name.empty() || !TypeId::LookupByNameFailSafe(className, &type))
    {
        const std::string near = Nearest(className, ClassNames());
        throw BadInput(place + "there is no class " + Quoted(className) + "; " +
                       (near.empty() ? "ns3::mdi::FifoQueue, say, is one (doc/attributes.rst)"
                                     : "did you mean " + Quoted(near) + "?"));
    }
    TypeId::AttributeInformation info;
    if (FindOwn(type, name, info))
    {
        return info;
    }
    for (TypeId parent = type; parent.HasParent();)
    {
        parent = parent.GetParent();
        if (FindOwn(parent, name, info))
        {
            throw BadInput(place + className + " has " + Quoted(name) + " from " +
                           parent.GetName() + "; write " + parent.GetName() + "::" + name);
        }
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < type.GetAttributeN(); ++i)
    {
        names.push_back(type.GetAttribute(i).name);
    }
    throw BadInput(place + className + " has no attribute " + Quoted(name) + "; " +
                   (names.empty() ? "it has none" : DidYouMean(name, names)));
}

/// Whether ns-3 can make objects of all classes that a text such as ns3::A[B=ns3::C[D=1]] names:
/// without assertions it goes on with one that it does not know, and crashes.
bool
NamesClasses(const std::string& text)
{
    static const std::regex name(R"((^|=)([^=|\[\]]*))");
    for (std::sregex_iterator found(text.begin(), text.end(), name), end; found != end; ++found)
    {
        const std::string word = (*found)[2];
        TypeId type;
        if ((found->position() == 0 || word.find("::") != std::string::npos) &&
            (!TypeId::LookupByNameFailSafe(word, &type) || !type.HasConstructor()))
        {
            return false;
        }
    }
    const auto open = std::count(text.begin(), text.end(), '[');
    return open == std::count(text.begin(), text.end(), ']') && (open == 0 || text.back() == ']');
}

/// A text as a value of an attribute. \param place of it, as messages begin \throws BadInput
Ptr<AttributeValue>
ValueOf(const TypeId::AttributeInformation& info, const std::string& text, const std::string& place)
{
    const std::string kind = info.checker->GetValueTypeName();
    std::string takes = info.checker->HasUnderlyingTypeInformation()
                            ? info.checker->GetUnderlyingTypeInformation()
                            : kind;
    if (kind == "ns3::PointerValue")
    {
        takes = "an object, such as ns3::ConstantRandomVariable[Constant=1]";
    }
    else if (const auto usual = info.originalInitialValue->SerializeToString(info.checker);
             !usual.empty())
    {
        takes += ", such as " + usual;
    }
    const std::string message =
        place + Quoted(text) + " is no value of it, which takes " + OneLine(takes);
    // ns-3 would take -1 for the largest number.
    const bool negative = kind == "ns3::UintegerValue" && text.find('-') != std::string::npos;
    const bool object = kind == "ns3::PointerValue" || kind == "ns3::ObjectFactoryValue";
    Ptr<AttributeValue> value;
    if (!negative && (!object || NamesClasses(text)))
    {
        // ns-3 gives up at a part of a number, at a unit or a class that it does not know.
        const FatalIsBadInput guard([&message](const std::string&) { return message; });
        value = info.checker->CreateValidValue(StringValue(text));
    }
    if (!value)
    {
        throw BadInput(message);
    }
    return value;
}

/// What a value is, the same in each process: of an object, its class and attributes.
std::string
Describe(const AttributeValue& value, const Ptr<const AttributeChecker>& checker)
{
    const auto* pointer = dynamic_cast<const PointerValue*>(&value);
    if (!pointer)
    {
        return value.SerializeToString(checker);
    }
    const Ptr<Object> object = pointer->GetObject();
    if (!object)
    {
        return "0";
    }
    TypeId type = object->GetInstanceTypeId();
    std::string text = type.GetName() + "[";
    for (bool more = true; more; type = type.GetParent())
    {
        more = type.HasParent();
        for (std::size_t i = 0; i < type.GetAttributeN(); ++i)
        {
            const TypeId::AttributeInformation info = type.GetAttribute(i);
            const Ptr<AttributeValue> inner = info.checker->Create();
            if ((info.flags & TypeId::ATTR_GET) && info.accessor->HasGetter() &&
                object->GetAttributeFailSafe(info.name, *inner))
            {
                text += info.name + "=" + Describe(*inner, info.checker) + "|";
            }
        }
    }
    return text + "]";
}

} // namespace

void
CheckAttributeDefaults(int argc, char* argv[])
{
    for (int i = 1; i < argc; ++i)
    {
        const std::string argument = argv[i];
        const auto begin = argument.find_first_not_of('-');
        const auto equals = argument.find('=');
        if (begin == 0 || begin == std::string::npos ||
            argument.substr(0, equals).find("::") == std::string::npos)
        {
            continue;
        }
        const std::string name = argument.substr(begin, equals - begin);
        const auto info = FindAttribute(name, "--" + OneLine(name) + ": ");
        if (equals == std::string::npos)
        {
            throw BadInput("flag --" + name + " has no value; write --" + name + "=VALUE");
        }
        ValueOf(info, argument.substr(equals + 1), "--" + name + ": ");
    }
    for (const auto& [name, text] : FromEnvironment("NS_ATTRIBUTE_DEFAULT"))
    {
        const std::string place = "NS_ATTRIBUTE_DEFAULT: " + OneLine(name) + ": ";
        ValueOf(FindAttribute(name, place), text, place);
    }
}

std::string
ChangedAttributeDefaults()
{
    // How results come to be, not what they are.
    static const std::set<std::string> others = {"ns3::mdi::TorchEngine::Threads",
                                                 "ns3::mdi::TorchEngine::Store",
                                                 "ns3::mdi::TorchEngine::StoreBytes"};
    std::map<std::string, std::string> environment;
    for (const auto& [name, text] : FromEnvironment("NS_ATTRIBUTE_DEFAULT"))
    {
        environment.emplace(name, text); // of two, ns-3 takes the first
    }
    std::map<std::string, std::string> changed;
    for (uint16_t i = 0; i < TypeId::GetRegisteredN(); ++i)
    {
        const TypeId type = TypeId::GetRegistered(i);
        for (std::size_t a = 0; a < type.GetAttributeN(); ++a)
        {
            const TypeId::AttributeInformation info = type.GetAttribute(a);
            const std::string name = type.GetAttributeFullName(a);
            const auto text = environment.find(name);
            const bool same = info.initialValue == info.originalInitialValue;
            if (others.count(name) > 0 || (same && text == environment.end()))
            {
                continue;
            }
            // The environment has the last word.
            Ptr<const AttributeValue> value = info.initialValue;
            if (text != environment.end())
            {
                value = ValueOf(info, text->second, "NS_ATTRIBUTE_DEFAULT: " + name + ": ");
            }
            const std::string now = Describe(*value, info.checker);
            if (now != Describe(*info.originalInitialValue, info.checker))
            {
                changed[name] = now;
            }
        }
    }
    for (const auto& [name, text] : FromEnvironment("NS_GLOBAL_VALUE"))
    {
        if (name != "RngRun" && name != "RngSeed") // every simulation sets them
        {
            changed[name] = text;
        }
    }
    std::string lines;
    for (const auto& [name, value] : changed)
    {
        lines += name + "=" + value + "\n";
    }
    return lines;
}

} // namespace mdi
} // namespace ns3

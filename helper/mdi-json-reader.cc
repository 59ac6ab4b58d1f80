// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-json-reader.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

namespace ns3
{
namespace mdi
{

struct JsonReader::Document
{
    std::string file;
    nlohmann::json root;
};

namespace
{

/// A number as people write it.
std::string
Plain(double value)
{
    std::ostringstream text;
    text.precision(15);
    text << value;
    return text.str();
}

/// A value as a message shows it.
std::string
Shown(const nlohmann::json& value)
{
    if (value.is_object())
    {
        return "an object";
    }
    if (value.is_array())
    {
        return "an array";
    }
    if (value.is_string())
    {
        return "the text " + Quoted(value.get_ref<const std::string&>());
    }
    return value.dump();
}

} // namespace

JsonReader::JsonReader(std::shared_ptr<const Document> document,
                       const nlohmann::json* value,
                       std::string path)
    : m_document(std::move(document)),
      m_value(value),
      m_path(std::move(path))
{
}

std::string
JsonReader::PointerStep(const std::string& key)
{
    std::string step = "/";
    for (const char c : key)
    {
        step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return OneLine(step);
}

JsonReader
JsonReader::FromJson(nlohmann::json document, const std::string& name)
{
    auto made = std::make_shared<Document>();
    made->file = OneLine(name);
    made->root = std::move(document);
    const nlohmann::json* root = &made->root;
    return JsonReader(std::move(made), root, "");
}

const std::string&
JsonReader::File() const
{
    return m_document->file;
}

std::string
JsonReader::Path() const
{
    return m_path.empty() ? "/" : m_path;
}

const nlohmann::json&
JsonReader::Json() const
{
    return *m_value;
}

void
JsonReader::Fail(const std::string& wrong, const std::string& right) const
{
    throw BadInput(File() + ": " + Path() + ": " + wrong + (right.empty() ? "" : "; " + right));
}

bool
JsonReader::IsObject() const
{
    return m_value->is_object();
}

bool
JsonReader::IsArray() const
{
    return m_value->is_array();
}

bool
JsonReader::IsString() const
{
    return m_value->is_string();
}

bool
JsonReader::IsNumber() const
{
    return m_value->is_number();
}

bool
JsonReader::IsBool() const
{
    return m_value->is_boolean();
}

bool
JsonReader::IsNull() const
{
    return m_value->is_null();
}

void
JsonReader::RequireObject() const
{
    if (!IsObject())
    {
        Fail(Shown(*m_value) + " stands here", "an object {...} is needed");
    }
}

void
JsonReader::RequireArray() const
{
    if (!IsArray())
    {
        Fail(Shown(*m_value) + " stands here", "an array [...] is needed");
    }
}

JsonReader
JsonReader::Child(const nlohmann::json& value, const std::string& step) const
{
    return JsonReader(m_document, &value, m_path + step);
}

bool
JsonReader::Has(const std::string& key) const
{
    return IsObject() && m_value->contains(key);
}

JsonReader
JsonReader::operator[](const std::string& key) const
{
    RequireObject();
    const auto found = m_value->find(key);
    if (found == m_value->end())
    {
        Fail("the key " + Quoted(key) + " is missing", "add \"" + OneLine(key) + "\": ...");
    }
    return Child(*found, PointerStep(key));
}

std::optional<JsonReader>
JsonReader::Find(const std::string& key) const
{
    RequireObject();
    return Has(key) ? std::optional<JsonReader>((*this)[key]) : std::nullopt;
}

void
JsonReader::AllowOnly(const std::vector<std::string>& keys) const
{
    for (const std::string& key : Keys())
    {
        if (std::find(keys.begin(), keys.end(), key) == keys.end())
        {
            (*this)[key].Fail("unknown key " + Quoted(key), DidYouMean(key, keys));
        }
    }
}

std::vector<std::string>
JsonReader::Keys() const
{
    RequireObject();
    std::vector<std::string> keys;
    for (const auto& member : m_value->items())
    {
        keys.push_back(member.key());
    }
    return keys;
}

std::vector<std::pair<std::string, JsonReader>>
JsonReader::Members(std::size_t min) const
{
    RequireObject();
    if (Size() < min)
    {
        Fail(std::to_string(Size()) + " entries", "at least " + std::to_string(min) + " needed");
    }
    std::vector<std::pair<std::string, JsonReader>> members;
    for (const auto& member : m_value->items())
    {
        members.emplace_back(member.key(), Child(member.value(), PointerStep(member.key())));
    }
    return members;
}

void
JsonReader::CheckFormat(const std::string& format, int64_t version) const
{
    const JsonReader is = (*this)["format"];
    if (is.String() != format)
    {
        is.Fail("the format is " + Quoted(is.String()), Quoted(format) + " is needed");
    }
    const JsonReader has = (*this)["version"];
    if (has.Integer() != version)
    {
        has.Fail("version " + std::to_string(has.Integer()) + " of the format",
                 "this program reads version " + std::to_string(version));
    }
}

std::size_t
JsonReader::Size() const
{
    if (!IsObject() && !IsArray())
    {
        Fail(Shown(*m_value) + " stands here", "an array [...] or object {...} is needed");
    }
    return m_value->size();
}

JsonReader
JsonReader::operator[](std::size_t index) const
{
    RequireArray();
    if (index >= Size())
    {
        Fail("the array has " + std::to_string(Size()) + " elements",
             "at least " + std::to_string(index + 1) + " are needed");
    }
    return Child((*m_value)[index], "/" + std::to_string(index));
}

std::vector<JsonReader>
JsonReader::Items(std::size_t min, std::size_t max) const
{
    RequireArray();
    if (Size() < min || Size() > max)
    {
        Fail("the array has " + std::to_string(Size()) + " elements",
             Size() < min ? "at least " + std::to_string(min) + " are needed"
                          : "at most " + std::to_string(max) + " are allowed");
    }
    std::vector<JsonReader> items;
    for (std::size_t i = 0; i < Size(); ++i)
    {
        items.push_back((*this)[i]);
    }
    return items;
}

bool
JsonReader::Bool() const
{
    if (!IsBool())
    {
        Fail(Shown(*m_value) + " stands here", "true or false is needed");
    }
    return m_value->get<bool>();
}

std::string
JsonReader::String() const
{
    if (!IsString())
    {
        Fail(Shown(*m_value) + " stands here", "a text \"...\" is needed");
    }
    return m_value->get<std::string>();
}

std::string
JsonReader::Name() const
{
    constexpr std::size_t LONGEST = 200;
    const std::string name = String();
    if (name.empty())
    {
        Fail("the text is empty", "a name is needed");
    }
    if (name.size() > LONGEST || OneLine(name) != name)
    {
        Fail("the text " + Quoted(name) + " is not a name",
             "one line of at most 200 bytes is needed");
    }
    return name;
}

std::string
JsonReader::OneOf(const std::vector<std::string>& choices) const
{
    const std::string text = String();
    if (std::find(choices.begin(), choices.end(), text) == choices.end())
    {
        Fail(Quoted(text) + " is unknown", DidYouMean(text, choices));
    }
    return text;
}

double
JsonReader::Number(double min, double max) const
{
    if (!IsNumber())
    {
        Fail(Shown(*m_value) + " stands here", "a number is needed");
    }
    const double value = m_value->get<double>();
    if (!std::isfinite(value))
    {
        Fail("the number is not finite", "a finite number is needed");
    }
    if (value < min || value > max)
    {
        Fail(Plain(value) + " is out of range",
             max == MAX_NUMBER ? "at least " + Plain(min) + " is needed"
             : min == -MAX_NUMBER
                 ? "at most " + Plain(max) + " is allowed"
                 : "a number from " + Plain(min) + " to " + Plain(max) + " is needed");
    }
    return value;
}

double
JsonReader::PositiveNumber(double max) const
{
    const double value = Number(-MAX_NUMBER, max);
    if (value <= 0)
    {
        Fail(Plain(value) + " is out of range", "a number above 0 is needed");
    }
    return value;
}

double
JsonReader::NonNegative(double max) const
{
    return Number(0, max);
}

int64_t
JsonReader::Integer(int64_t min, int64_t max) const
{
    const double number = Number();
    int64_t value = 0;
    if (m_value->is_number_unsigned())
    {
        const uint64_t raw = m_value->get<uint64_t>();
        const uint64_t most = std::numeric_limits<int64_t>::max();
        value = static_cast<int64_t>(std::min(raw, most));
    }
    else if (m_value->is_number_integer())
    {
        value = m_value->get<int64_t>();
    }
    else if (number == std::floor(number) && std::abs(number) <= static_cast<double>(MAX_INTEGER))
    {
        value = static_cast<int64_t>(number);
    }
    else
    {
        Fail(Plain(number) + " is not an integer",
             "an integer from " + std::to_string(min) + " to " + std::to_string(max) +
                 " is needed");
    }
    if (value < min || value > max)
    {
        Fail(m_value->dump() + " is out of range",
             "an integer from " + std::to_string(min) + " to " + std::to_string(max) +
                 " is needed");
    }
    return value;
}

uint64_t
JsonReader::PositiveInt(uint64_t max) const
{
    return Integer(1, static_cast<int64_t>(std::min<uint64_t>(max, INT64_MAX)));
}

uint64_t
JsonReader::NonNegativeInt(uint64_t max) const
{
    return Integer(0, static_cast<int64_t>(std::min<uint64_t>(max, INT64_MAX)));
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_JSON_PLACE_H
#define MDI_JSON_PLACE_H

#include "mdi-one-line.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * A JSON value together with where it stands, so that every complaint names its place. Private to
 * this folder. Every function that reads throws std::runtime_error with one line: file, JSON path,
 * what is wrong, what would be right.
 */
class Place
{
  public:
    Place(const nlohmann::json& value, const std::string& file, const std::string& path)
        : m_value(value),
          m_file(file),
          m_path(path)
    {
    }

    [[noreturn]] void Fail(const std::string& what) const
    {
        throw std::runtime_error(
            OneLine(m_file + ": " + (m_path.empty() ? "" : m_path + ": ") + what));
    }

    /// Only these fields may be present; the first `required` ones must be.
    void CheckFields(std::initializer_list<const char*> fields, size_t required) const
    {
        if (!m_value.is_object())
        {
            Fail(std::string("expected an object, found ") + m_value.type_name());
        }
        for (size_t i = 0; i < required; ++i)
        {
            if (!Has(fields.begin()[i]))
            {
                Fail(std::string("the field '") + fields.begin()[i] + "' is missing");
            }
        }
        for (const auto& [key, ignored] : m_value.items())
        {
            const auto same = [&key = key](const char* field) { return key == field; };
            if (std::none_of(fields.begin(), fields.end(), same))
            {
                std::string known;
                for (const char* field : fields)
                {
                    known += (known.empty() ? "" : ", ") + std::string(field);
                }
                Fail("unknown field '" + key + "'; known are " + known);
            }
        }
    }

    bool Has(const char* field) const
    {
        return m_value.contains(field);
    }

    Place At(const char* field) const
    {
        return Place(
            m_value.at(field), m_file, m_path.empty() ? field : m_path + "." + std::string(field));
    }

    std::vector<Place> Items() const
    {
        if (!m_value.is_array())
        {
            Fail(std::string("expected an array, found ") + m_value.type_name());
        }
        std::vector<Place> items;
        for (size_t i = 0; i < m_value.size(); ++i)
        {
            items.emplace_back(m_value[i], m_file, m_path + "[" + std::to_string(i) + "]");
        }
        return items;
    }

    bool IsText() const
    {
        return m_value.is_string();
    }

    std::string Text() const
    {
        if (!m_value.is_string())
        {
            Fail("expected a string, found " + Found());
        }
        return m_value.get<std::string>();
    }

    int64_t Integer(int64_t low, int64_t high) const
    {
        const bool tooLarge =
            m_value.is_number_unsigned() &&
            m_value.get<uint64_t>() > uint64_t(std::numeric_limits<int64_t>::max());
        if (!m_value.is_number_integer() || tooLarge || m_value.get<int64_t>() < low ||
            m_value.get<int64_t>() > high)
        {
            Fail("expected an integer from " + std::to_string(low) + " to " + std::to_string(high) +
                 ", found " + Found());
        }
        return m_value.get<int64_t>();
    }

    double Number() const
    {
        if (!m_value.is_number() || !std::isfinite(m_value.get<double>()) ||
            m_value.get<double>() < 0)
        {
            Fail("expected a number from 0 up, found " + Found());
        }
        return m_value.get<double>();
    }

  private:
    std::string Found() const
    {
        if (m_value.is_structured())
        {
            return m_value.type_name();
        }
        const std::string text =
            m_value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
        return text.size() > 60 ? text.substr(0, 60) + "..." : text;
    }

    const nlohmann::json& m_value;
    const std::string& m_file;
    std::string m_path;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_JSON_PLACE_H

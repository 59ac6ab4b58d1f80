// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-json-reader.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

namespace ns3
{
namespace mdi
{

namespace
{

[[noreturn]] void
Throw(const std::string& where, const std::string& wrong, const std::string& right)
{
    throw BadInput(where + ": " + wrong + (right.empty() ? "" : "; " + right));
}

/// Follows the parser to find what nlohmann::json lets pass: keys given twice, deep nesting.
class ParseWatch
{
  public:
    explicit ParseWatch(std::string file)
        : m_file(std::move(file))
    {
    }

    bool operator()(nlohmann::json::parse_event_t event, const nlohmann::json& parsed)
    {
        using Event = nlohmann::json::parse_event_t;
        switch (event)
        {
        case Event::object_start:
        case Event::array_start:
            m_open.push_back({event == Event::array_start, {}, "", 0});
            if (m_open.size() > JsonReader::MAX_DEPTH)
            {
                Throw(m_file + ": " + Path(m_open.size() - 1),
                      "nested deeper than " + std::to_string(JsonReader::MAX_DEPTH) + " levels",
                      "no format of ours is so deep");
            }
            break;
        case Event::key: {
            Open& object = m_open.back();
            object.key = parsed.get_ref<const std::string&>();
            if (!object.keys.insert(object.key).second)
            {
                Throw(m_file + ": " + Path(m_open.size()),
                      "the key is given twice in one object",
                      "delete one of the two");
            }
            break;
        }
        case Event::object_end:
        case Event::array_end:
            m_open.pop_back();
            Count();
            break;
        case Event::value:
            Count();
            break;
        }
        return true;
    }

  private:
    struct Open
    {
        bool isArray;               //!< array or object
        std::set<std::string> keys; //!< of the object so far
        std::string key;            //!< the current one
        std::size_t index;          //!< of the current element of the array
    };

    void Count()
    {
        if (!m_open.empty())
        {
            ++m_open.back().index;
        }
    }

    std::string Path(std::size_t depth) const
    {
        std::string path;
        for (std::size_t i = 0; i < depth; ++i)
        {
            path += m_open[i].isArray ? "/" + std::to_string(m_open[i].index)
                                      : JsonReader::PointerStep(m_open[i].key);
        }
        return path.empty() ? "/" : path;
    }

    std::string m_file;
    std::vector<Open> m_open;
};

/// What the parser complains of, in plain words. Its texts look like
/// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing
/// value - unexpected ','; expected ..."
std::string
PlainSyntaxError(const std::string& what)
{
    const auto contains = [&](const char* part) { return what.find(part) != std::string::npos; };
    if (contains("unexpected end of input"))
    {
        return "the file ends too early; a closing }, ] or \" is missing";
    }
    if (contains("ill-formed UTF-8"))
    {
        return "these bytes are not UTF-8; save the file as UTF-8";
    }
    if (contains("missing closing quote") || contains("control character"))
    {
        return "a text is not closed on its line; close it with \" and write line breaks as \\n";
    }
    std::string read;
    if (const auto at = what.find("last read: '"); at != std::string::npos)
    {
        const auto from = at + 12;
        read = what.substr(from, what.find('\'', from) - from);
    }
    if (contains("parsing object key") && contains("unexpected '}'"))
    {
        return "a comma stands before }; delete the comma";
    }
    if (contains("parsing value") && contains("unexpected ']'"))
    {
        return "a comma stands before ]; delete the comma";
    }
    if (contains("parsing object key"))
    {
        return "a key should stand here; keys are texts in double quotes";
    }
    if (contains("parsing object separator"))
    {
        return "a colon is missing; write \"key\": value";
    }
    if (contains("invalid literal") || contains("invalid number"))
    {
        return "cannot read " + Quoted(read) +
               "; JSON knows texts in double quotes, numbers, true, false, null, {...} and [...], "
               "but neither NaN, Infinity nor comments";
    }
    if (contains("invalid string"))
    {
        return "a text holds a bad escape; write \\\\ for a backslash";
    }
    if (contains("expected end of input"))
    {
        return "more text after the end of the document; delete it";
    }
    if (contains("parsing object") || contains("parsing array"))
    {
        return "a comma or a closing bracket is missing before this";
    }
    return "a value should stand here; texts stand in double quotes";
}

} // namespace

JsonReader
JsonReader::FromFile(const std::string& file)
{
    const std::string name = OneLine(file);
    std::error_code error;
    if (!std::filesystem::exists(file, error))
    {
        Throw(name, "no such file", "give the path of a JSON file");
    }
    if (std::filesystem::is_directory(file, error))
    {
        Throw(name, "this is a folder", "give the path of a JSON file");
    }
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
    {
        Throw(name, "cannot open the file", "check that you may read it");
    }
    std::string text;
    std::vector<char> chunk(1 << 16);
    while (stream.read(chunk.data(), chunk.size()) || stream.gcount() > 0)
    {
        text.append(chunk.data(), stream.gcount());
        if (text.size() > MAX_BYTES)
        {
            Throw(name, "the file is larger than 64 MiB", "split it");
        }
    }
    if (stream.bad())
    {
        Throw(name, "cannot read the file to its end", "check the disk");
    }
    return FromText(text, file);
}

JsonReader
JsonReader::FromText(const std::string& text, const std::string& name)
{
    const std::string file = OneLine(name);
    if (text.size() > MAX_BYTES)
    {
        Throw(file, "the text is larger than 64 MiB", "split it");
    }
    if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    {
        Throw(file + ":1:1", "the file is empty", "a JSON object {...} is needed");
    }
    ParseWatch watch(file);
    const auto callback = [&watch](int,
                                   nlohmann::json::parse_event_t event,
                                   nlohmann::json& parsed) { return watch(event, parsed); };
    try
    {
        return FromJson(nlohmann::json::parse(text, callback), name);
    }
    catch (const nlohmann::json::parse_error& e)
    {
        const std::size_t end = std::min<std::size_t>(e.byte == 0 ? 0 : e.byte - 1, text.size());
        const auto line = 1 + std::count(text.begin(), text.begin() + end, '\n');
        const std::size_t lineStart = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
        const std::size_t column = end - (lineStart == std::string::npos ? 0 : lineStart + 1) + 1;
        Throw(file + ":" + std::to_string(line) + ":" + std::to_string(column),
              PlainSyntaxError(e.what()),
              "");
    }
    catch (const nlohmann::json::out_of_range& e)
    {
        const std::string what = e.what(); // "... number overflow parsing '1e999'"
        const auto quote = what.find('\'');
        const auto number = quote == std::string::npos
                                ? std::string("?")
                                : what.substr(quote + 1, what.rfind('\'') - quote - 1);
        Throw(file, "the number " + Quoted(number) + " is too large", "at most 1.8e308");
    }
}

} // namespace mdi
} // namespace ns3

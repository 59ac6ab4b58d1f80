// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_JSON_READER_H
#define MDI_JSON_READER_H

#include "mdi-did-you-mean.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/// A file of the user is wrong: what() is one line, `FILE: WHERE: what is wrong; what would be
/// right`.
class BadInput : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

/**
 * A strict cursor over a JSON document that knows its file and its place in it, so that every
 * error names both. A cursor is cheap to copy and keeps its document alive.
 *
 * All member functions throw BadInput with the one line `FILE: /json/path: what is wrong; what
 * would be right` (the path is a JSON pointer, RFC 6901: `/` in a key reads `~1`).
 */
class JsonReader
{
  public:
    static constexpr uint64_t MAX_BYTES = 64 << 20;   //!< largest file
    static constexpr uint32_t MAX_DEPTH = 64;         //!< deepest nesting
    static constexpr int64_t MAX_INTEGER = 1LL << 53; //!< every double up to here is exact
    static constexpr double MAX_NUMBER = std::numeric_limits<double>::max(); //!< largest number

    /**
     * Read a file. Syntax errors read `FILE:LINE:COLUMN: ...`. Not JSON, and rejected: comments,
     * NaN, Infinity, numbers beyond a double, the same key twice, text after the document.
     */
    static JsonReader FromFile(const std::string& file);

    /// Read a text; `name` stands for the file in messages.
    static JsonReader FromText(const std::string& text, const std::string& name);

    /// A document made otherwise (a scenario after --set, say); `name` stands for the file.
    static JsonReader FromJson(nlohmann::json document, const std::string& name);

    /// One step of a JSON pointer: "/" and the key, with `/` and `~` escaped.
    static std::string PointerStep(const std::string& key);

    /// The file, as in messages.
    const std::string& File() const;

    /// The place in the document as a JSON pointer; "/" is the whole document.
    std::string Path() const;

    /// The value itself.
    const nlohmann::json& Json() const;

    /// Throw BadInput about this value: `FILE: PATH: wrong; right`.
    [[noreturn]] void Fail(const std::string& wrong, const std::string& right = "") const;

    /// \name What is it?
    /// @{
    bool IsObject() const; //!< whether the value is of this type of JSON
    bool IsArray() const;  //!< the same
    bool IsString() const; //!< the same
    bool IsNumber() const; //!< the same
    bool IsBool() const;   //!< the same
    bool IsNull() const;   //!< the same
    /// @}

    /// \name Objects
    /// @{

    /// Whether this is an object with that key.
    bool Has(const std::string& key) const;

    /// The value of a key that must be there.
    JsonReader operator[](const std::string& key) const;

    /// The value of a key, if it is there: `if (auto v = r.Find("x")) x = v->Number();`
    std::optional<JsonReader> Find(const std::string& key) const;

    /// Reject every other key, with the nearest known one.
    void AllowOnly(const std::vector<std::string>& keys) const;

    /// The keys of an object, sorted.
    std::vector<std::string> Keys() const;

    /// Keys and values of an object, sorted by key.
    std::vector<std::pair<std::string, JsonReader>> Members(std::size_t min = 0) const;

    /// Check the keys "format" and "version" of a document of ours.
    void CheckFormat(const std::string& format, int64_t version) const;
    /// @}

    /// \name Arrays
    /// @{

    /// Number of elements of an array, or of keys of an object.
    std::size_t Size() const;

    /// Element `index` of an array, which must be there.
    JsonReader operator[](std::size_t index) const;

    /// All elements of an array, whose number must lie in [min, max].
    std::vector<JsonReader> Items(std::size_t min = 0,
                                  std::size_t max = std::numeric_limits<std::size_t>::max()) const;
    /// @}

    /// \name Values
    /// @{

    bool Bool() const; //!< true or false

    /// Any text, also empty.
    std::string String() const;

    /// A text that is not empty, on one line, of at most 200 bytes.
    std::string Name() const;

    /// One of these texts; the nearest one is suggested otherwise.
    std::string OneOf(const std::vector<std::string>& choices) const;

    /// A finite number in [min, max].
    double Number(double min = -MAX_NUMBER, double max = MAX_NUMBER) const;

    /// A number in (0, max].
    double PositiveNumber(double max = MAX_NUMBER) const;

    /// A number in [0, max].
    double NonNegative(double max = MAX_NUMBER) const;

    /// An integer in [min, max]; 32e9 and 5.0 are integers too.
    int64_t Integer(int64_t min = -MAX_INTEGER, int64_t max = MAX_INTEGER) const;

    /// An integer in [1, max].
    uint64_t PositiveInt(uint64_t max = MAX_INTEGER) const;

    /// An integer in [0, max].
    uint64_t NonNegativeInt(uint64_t max = MAX_INTEGER) const;
    /// @}

  private:
    struct Document; //!< file name and root

    JsonReader(std::shared_ptr<const Document> document,
               const nlohmann::json* value,
               std::string path);

    void RequireObject() const;
    void RequireArray() const;
    JsonReader Child(const nlohmann::json& value, const std::string& step) const;

    std::shared_ptr<const Document> m_document;
    const nlohmann::json* m_value; //!< inside m_document
    std::string m_path;            //!< JSON pointer, "" for the root
};

} // namespace mdi
} // namespace ns3

#endif // MDI_JSON_READER_H

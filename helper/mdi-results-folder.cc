// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-results-folder.h"

#include "mdi-json-reader.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <stdlib.h>

namespace ns3
{
namespace mdi
{

namespace fs = std::filesystem;

namespace
{

constexpr const char* DEFAULT_PARENT = "mdi-results";

/// The folder that holds a path.
fs::path
ParentOf(const fs::path& path)
{
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// A new folder for this process alone; empty, with errno, if it cannot be made.
std::string
MakeHidden(const fs::path& parent, const std::string& name)
{
    std::string path = (parent / ("." + name + "-XXXXXX")).string();
    return mkdtemp(path.data()) ? path : "";
}

/// Only what we made may be replaced.
bool
IsResults(const fs::path& path)
{
    std::error_code error;
    return fs::exists(path / "manifest.json", error);
}

/// Whether Commit may put the results there.
bool
IsFree(const fs::path& path)
{
    std::error_code error;
    return !fs::exists(fs::symlink_status(path, error)) ||
           (fs::is_directory(path, error) && fs::is_empty(path, error));
}

} // namespace

ResultsFolder::ResultsFolder(const std::string& path, const std::string& name, bool overwrite)
    : m_path(path),
      m_name(path.empty() ? name : ""),
      m_overwrite(overwrite)
{
    if (path.empty())
    {
        m_path = FirstFree();
    }
    else
    {
        while (m_path.size() > 1 && m_path.back() == '/')
        {
            m_path.pop_back();
        }
        std::error_code error;
        if (fs::exists(m_path, error) && !fs::is_directory(m_path, error))
        {
            throw BadInput("--out=" + path + ": not a folder; name another one");
        }
        if (!IsFree(m_path) && !overwrite)
        {
            throw BadInput("--out=" + path +
                           ": the folder exists; name another one, or add "
                           "--overwrite to replace it");
        }
        if (!IsFree(m_path) && !IsResults(m_path))
        {
            throw BadInput("--out=" + path +
                           ": the folder is no results folder, so it is not "
                           "replaced; name another one");
        }
    }
    const fs::path parent = ParentOf(m_path);
    std::error_code error;
    fs::create_directories(parent, error);
    m_temporary = error ? "" : MakeHidden(parent, "mdi-unfinished");
    if (m_temporary.empty())
    {
        throw BadInput("--out=" + m_path + ": cannot make a folder in " + parent.string() + " (" +
                       (error ? error.message() : strerror(errno)) +
                       "); name a place where you may write");
    }
    fs::permissions(m_temporary,
                    fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read |
                        fs::perms::others_exec,
                    fs::perm_options::add,
                    error);
    if (const auto why = WhyNotReplaceable())
    {
        fs::remove_all(m_temporary, error);
        throw BadInput("--out=" + m_path + ": the folder is there and cannot be replaced (" +
                       why.message() + "); name another one");
    }
}

ResultsFolder::~ResultsFolder()
{
    if (!m_temporary.empty())
    {
        std::error_code ignored;
        fs::remove_all(m_temporary, ignored);
        fs::remove(DEFAULT_PARENT, ignored); // only if it is empty
    }
}

std::error_code
ResultsFolder::WhyNotReplaceable() const
{
    std::error_code error;
    if (!fs::is_directory(fs::symlink_status(m_path, error)))
    {
        return {};
    }
    // A folder cannot take the place of one that is not empty: a rename that is allowed otherwise
    // says so, and has no effect.
    const fs::path full = fs::path(m_temporary) / "full";
    if (!fs::create_directories(full / "inner", error))
    {
        return error;
    }
    fs::rename(m_path, full, error);
    std::error_code ignored;
    fs::remove(full / "inner", ignored); // only what is empty: never the results
    fs::remove(full, ignored);
    const bool may =
        !error || error == std::errc::directory_not_empty || error == std::errc::file_exists;
    return may ? std::error_code() : error;
}

std::string
ResultsFolder::File(const std::string& name) const
{
    return (fs::path(m_temporary) / name).string();
}

std::string
ResultsFolder::FirstFree() const
{
    std::string path;
    uint32_t number = 1;
    do
    {
        path = (fs::path(DEFAULT_PARENT) / (m_name + "-" + std::to_string(number++))).string();
    } while (!IsFree(path));
    return path;
}

std::string
ResultsFolder::Commit()
{
    std::error_code error = PutInPlace();
    while (error && !m_name.empty() && !IsFree(m_path)) // another run has taken the number
    {
        m_path = FirstFree();
        error = PutInPlace();
    }
    if (error)
    {
        const std::string kept = m_temporary;
        m_temporary.clear(); // results that took hours are not for the destructor
        throw std::runtime_error("cannot name the results folder " + m_path + " (" +
                                 error.message() + "); the results are in " + kept);
    }
    m_temporary.clear();
    return m_path;
}

std::error_code
ResultsFolder::PutInPlace() const
{
    std::error_code error;
    if (!fs::is_symlink(m_path, error) && (!m_overwrite || IsFree(m_path)))
    {
        fs::rename(m_temporary, m_path, error); // fails on a folder that is not empty
        return error;
    }
    if (!IsFree(m_path) && !(m_overwrite && IsResults(m_path)))
    {
        return std::make_error_code(std::errc::file_exists);
    }
    // The old one lives until the new one has its name.
    const std::string aside = MakeHidden(ParentOf(m_path), "mdi-replaced");
    if (aside.empty())
    {
        return {errno, std::generic_category()};
    }
    const fs::path old = fs::path(aside) / "old";
    std::error_code ignored;
    fs::rename(m_path, old, error);
    if (!error)
    {
        fs::rename(m_temporary, m_path, error);
        if (error)
        {
            fs::rename(old, m_path, ignored);
        }
    }
    if (!error)
    {
        fs::remove_all(aside, ignored);
    }
    fs::remove(aside, ignored); // not an old one that could not be put back
    return error;
}

} // namespace mdi
} // namespace ns3

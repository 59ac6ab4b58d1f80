// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-results-folder.h"

#include "mdi-json-reader.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <stdlib.h>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace fs = std::filesystem;

namespace
{

constexpr const char* DEFAULT_PARENT = "mdi-results";

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
      m_overwrite(overwrite)
{
    if (path.empty())
    {
        uint32_t number = 1;
        do
        {
            m_path = (fs::path(DEFAULT_PARENT) / (name + "-" + std::to_string(number++))).string();
        } while (!IsFree(m_path));
    }
    else
    {
        while (m_path.size() > 1 && m_path.back() == '/')
        {
            m_path.pop_back();
        }
        if (!IsFree(m_path) && !overwrite)
        {
            throw BadInput("--out=" + path +
                           ": the folder exists; name another one, or add "
                           "--overwrite to replace it");
        }
        // Only what we made may be deleted.
        if (!IsFree(m_path) && !fs::exists(fs::path(m_path) / "manifest.json"))
        {
            throw BadInput("--out=" + path +
                           ": the folder is no results folder, so it is not "
                           "replaced; name another one");
        }
    }
    const fs::path parent =
        fs::path(m_path).has_parent_path() ? fs::path(m_path).parent_path() : fs::path(".");
    std::error_code error;
    fs::create_directories(parent, error);
    const std::string pattern = (parent / ".mdi-unfinished-XXXXXX").string();
    std::vector<char> text(pattern.begin(), pattern.end());
    text.push_back('\0');
    if (error || !mkdtemp(text.data()))
    {
        throw BadInput("--out=" + m_path + ": cannot make a folder in " + parent.string() + " (" +
                       (error ? error.message() : strerror(errno)) +
                       "); name a place where you may write");
    }
    m_temporary = text.data();
    fs::permissions(m_temporary,
                    fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read |
                        fs::perms::others_exec,
                    fs::perm_options::add,
                    error);
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

std::string
ResultsFolder::File(const std::string& name) const
{
    return (fs::path(m_temporary) / name).string();
}

std::string
ResultsFolder::Commit()
{
    std::error_code error;
    if (m_overwrite || IsFree(m_path))
    {
        fs::remove_all(m_path, error);
    }
    fs::rename(m_temporary, m_path, error);
    if (error)
    {
        throw std::runtime_error("cannot name the results folder " + m_path + ": " +
                                 error.message());
    }
    m_temporary.clear();
    return m_path;
}

} // namespace mdi
} // namespace ns3

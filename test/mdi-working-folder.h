// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_WORKING_FOLDER_H
#define MDI_WORKING_FOLDER_H

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <vector>

/// Tests that write files.
namespace mdi_files_test
{

namespace fs = std::filesystem;

/// An empty folder that is the working folder as long as this object lives.
class WorkingFolder
{
  public:
    WorkingFolder()
        : m_before(fs::current_path())
    {
        std::string name = ::testing::TempDir() + "mdi-results-XXXXXX";
        m_path = mkdtemp(name.data());
        fs::current_path(m_path);
    }

    ~WorkingFolder()
    {
        fs::current_path(m_before);
        fs::remove_all(m_path);
    }

    /// Everything in it, also in folders below, sorted.
    static std::vector<std::string> Content()
    {
        std::vector<std::string> paths;
        for (const auto& entry : fs::recursive_directory_iterator("."))
        {
            paths.push_back(entry.path().lexically_normal().string());
        }
        std::sort(paths.begin(), paths.end());
        return paths;
    }

  private:
    fs::path m_before;
    fs::path m_path;
};

inline void
Write(const std::string& path, const std::string& text)
{
    std::ofstream(path) << text;
}

inline std::string
Read(const std::string& path)
{
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

} // namespace mdi_files_test

#endif // MDI_WORKING_FOLDER_H

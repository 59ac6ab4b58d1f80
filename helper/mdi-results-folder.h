// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RESULTS_FOLDER_H
#define MDI_RESULTS_FOLDER_H

#include <string>
#include <system_error>

namespace ns3
{
namespace mdi
{

/**
 * A results folder that appears whole or not at all: files are written in a hidden folder beside
 * it, which takes the name at the end. Without that, nothing is left behind.
 */
class ResultsFolder
{
  public:
    /**
     * \param path of the folder; empty: the first free of mdi-results/NAME-1, -2, ...
     * \param name for an empty path
     * \param overwrite replace an existing folder
     * \throws BadInput one line, if the folder exists or cannot be made
     */
    ResultsFolder(const std::string& path, const std::string& name, bool overwrite);
    ~ResultsFolder();

    ResultsFolder(const ResultsFolder&) = delete;
    ResultsFolder& operator=(const ResultsFolder&) = delete;

    /// Where a file of the results is written now.
    std::string File(const std::string& name) const;

    /**
     * Give the folder its name. A number that another run has taken meanwhile is passed over; what
     * is replaced is deleted last.
     * \return its path
     * \throws std::runtime_error one line, which says where the results then stay
     */
    std::string Commit();

  private:
    std::string FirstFree() const;
    std::error_code PutInPlace() const;
    std::error_code WhyNotReplaceable() const; //!< no error if there is no folder

    std::string m_path;
    std::string m_name; //!< of a folder with a number; empty: the caller named the folder
    std::string m_temporary;
    bool m_overwrite;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_RESULTS_FOLDER_H

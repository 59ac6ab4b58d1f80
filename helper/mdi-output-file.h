// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_OUTPUT_FILE_H
#define MDI_OUTPUT_FILE_H

#include <fstream>
#include <string>

namespace ns3
{
namespace mdi
{

/// A file that throws rather than losing what is written to it.
class OutputFile
{
  public:
    /// \throws std::runtime_error one line, if it cannot be made
    explicit OutputFile(const std::string& name);

    std::ostream& Stream(); //!< to write to

    /// Add the whole of another file and delete that.
    /// \throws std::runtime_error one line, if it is missing or could not be copied to its end;
    /// then it stays
    void Take(const std::string& part);

    /// \throws std::runtime_error one line, if anything of it could not be written
    void Close();

    /// What to say where a file cannot be written.
    static std::string Complaint(const std::string& name);

  private:
    void Check();

    std::string m_name;
    std::ofstream m_stream;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_OUTPUT_FILE_H

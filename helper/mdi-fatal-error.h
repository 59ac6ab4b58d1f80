// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FATAL_ERROR_H
#define MDI_FATAL_ERROR_H

#include <exception>
#include <functional>
#include <streambuf>
#include <string>

namespace ns3
{
namespace mdi
{

/**
 * ns-3 ends the program at what it takes for errors of a programmer (NS_FATAL_ERROR, NS_ABORT_MSG,
 * assertions), also where a user has written something wrong. While an object of this class lives,
 * that is one line on the standard error and the exit status of bad input. One at a time.
 */
class FatalIsBadInput
{
  public:
    /// \param message makes the line, without the program's name, of what ns-3 said (may be empty)
    explicit FatalIsBadInput(std::function<std::string(const std::string& said)> message);
    ~FatalIsBadInput();

    FatalIsBadInput(const FatalIsBadInput&) = delete;
    FatalIsBadInput& operator=(const FatalIsBadInput&) = delete;

  private:
    std::terminate_handler m_handler;
    std::streambuf* m_buffer;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_FATAL_ERROR_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PROGRAM_H
#define MDI_PROGRAM_H

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ns3
{

class CommandLine;

namespace mdi
{

/// Exit status of our programs (design.md section 3).
enum ExitStatus
{
    SUCCESS = 0, //!< every admitted item was completed or is accounted for
    RUN_FAILED = 1,
    BAD_INPUT = 2,
};

/**
 * The main function of a program: runs `body` and turns what it throws into one line on the
 * standard error and an exit status, BAD_INPUT for BadInput, RUN_FAILED for the rest.
 */
int RunProgram(const std::string& program, const std::function<int()>& body);

/**
 * Check the flags before ns-3's CommandLine sees them, which prints its whole help at an unknown
 * one. \param argc of main \param argv of main \param flags our own flags, without dashes; ns-3's
 * general ones are known \throws BadInput one line, with the nearest flag
 */
void CheckFlags(int argc, char* argv[], const std::vector<std::string>& flags);

/**
 * Parse the flags, which CheckFlags has seen, after a check of those that ns-3 knows: attributes of
 * classes, here and in the environment.
 * \throws BadInput one line, as CheckAttributeDefaults
 */
void ParseFlags(CommandLine& cmd, int argc, char* argv[]);

/**
 * A flag's whole number.
 * \return 0 for an empty text
 * \throws BadInput one line, if it is no whole number from 1 to `max`
 */
uint32_t PositiveFlag(const std::string& flag, const std::string& text, uint32_t max);

/// What ns3::CommandLine gives the callback of a flag.
#ifdef MDI_OLD_NS3
using FlagText = std::string;
#else
using FlagText = const std::string&;
#endif

/// A flag of CommandLine whose text is taken whole: ns-3's own ends at the first space.
void AddTextFlag(CommandLine& cmd,
                 const std::string& flag,
                 const std::string& help,
                 std::string& text);

/**
 * A file that may be one of the module's, such as traces/compute/nano.json: in an ns-3 tree, whose
 * programs run in ns-3's folder, one that is not there is taken from contrib/mdi.
 */
std::string ModuleFile(const std::string& path);

/// The first argument that is no flag, whole, as a ModuleFile; empty if there is none.
std::string FileArgument(int argc, char* argv[]);

/// A line that shows how far long work is, how fast it goes on and how long it will take: on a
/// terminal only, never in a log.
class ProgressLine
{
  public:
    ProgressLine(const std::string& what, uint64_t total); //!< at 0 of `total`
    ~ProgressLine();
    void Show(uint64_t done); //!< of the total

  private:
    std::string m_what;
    uint64_t m_total;
    bool m_terminal;
    std::chrono::steady_clock::time_point m_start;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_PROGRAM_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-program.h"

#include "mdi-attribute-defaults.h"
#include "mdi-did-you-mean.h"
#include "mdi-json-reader.h"

#include "ns3/command-line.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <set>
#include <unistd.h>

namespace ns3
{
namespace mdi
{

namespace
{

bool
SetText(std::string* text, FlagText value)
{
    *text = value;
    return true;
}

/// Seconds as people say them: two units at most.
std::string
DurationText(double seconds)
{
    const auto s = static_cast<uint64_t>(std::ceil(seconds));
    if (s < 60)
    {
        return std::to_string(s) + " s";
    }
    if (s < 3600)
    {
        return std::to_string(s / 60) + " min " + std::to_string(s % 60) + " s";
    }
    return std::to_string(s / 3600) + " h " + std::to_string(s % 3600 / 60) + " min";
}

} // namespace

int
RunProgram(const std::string& program, const std::function<int()>& body)
{
    try
    {
        return body();
    }
    catch (const BadInput& error)
    {
        std::fprintf(stderr, "%s: %s\n", program.c_str(), error.what());
        return BAD_INPUT;
    }
    catch (const std::exception& error)
    {
        std::fprintf(stderr, "%s: %s\n", program.c_str(), error.what());
        return RUN_FAILED;
    }
}

void
CheckFlags(int argc, char* argv[], const std::vector<std::string>& flags)
{
    std::vector<std::string> known = flags;
    for (const char* general : {"help",
                                "version",
                                "RngRun",
                                "RngSeed",
                                "PrintHelp",
                                "PrintVersion",
                                "PrintGlobals",
                                "PrintGroups",
                                "PrintGroup",
                                "PrintTypeIds",
                                "PrintAttributes"})
    {
        known.emplace_back(general);
    }
    int others = 0;
    for (int i = 1; i < argc; ++i)
    {
        if (std::strcmp(argv[i], "-h") == 0)
        {
            static char help[] = "--help"; // ns-3 knows the long one only
            argv[i] = help;
        }
        const std::string argument = argv[i];
        if (argument.empty())
        {
            throw BadInput("an argument is empty; name a file there, or leave it out");
        }
        if (argument.compare(0, 1, "-") != 0)
        {
            if (++others > 1)
            {
                throw BadInput("one file at a time, but " + Quoted(argument) +
                               " follows another; call the program for each");
            }
            continue;
        }
        const auto dashes = argument.find_first_not_of('-');
        const std::string name =
            dashes == std::string::npos ? "" : argument.substr(dashes, argument.find('=') - dashes);
        if (std::find(known.begin(), known.end(), name) == known.end() &&
            name.find("::") == std::string::npos) // a class's attribute: CheckAttributeDefaults
        {
            throw BadInput("unknown flag " + argument + "; " + DidYouMean(name, known) +
                           " (--help explains them)");
        }
        const bool ours = std::find(flags.begin(), flags.end(), name) != flags.end();
        const auto equals = argument.find('=');
        const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
        static const std::set<std::string> switches = {
            "cuda", "json", "layers", "merge", "overwrite", "resume"};
        const bool isSwitch = switches.count(name) > 0;
        if (ours && isSwitch && equals != std::string::npos)
        {
            throw BadInput("flag " + argument + " takes no value; write --" + name);
        }
        if (ours && value.empty() && !isSwitch)
        {
            throw BadInput("flag " + argument + " has no value; write --" + name + "=VALUE");
        }
        if ((name == "RngRun" || name == "RngSeed") &&
            PositiveFlag(name, value, std::numeric_limits<uint32_t>::max()) == 0)
        {
            throw BadInput("flag " + argument + " has no value; write --" + name + "=NUMBER");
        }
    }
}

void
ParseFlags(CommandLine& cmd, int argc, char* argv[])
{
    CheckAttributeDefaults(argc, argv);
    cmd.Parse(argc, argv);
}

uint32_t
PositiveFlag(const std::string& flag, const std::string& text, uint32_t max)
{
    if (text.empty())
    {
        return 0;
    }
    uint32_t value = 0;
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value == 0 || value > max)
    {
        throw BadInput("--" + flag + "=" + text + ": not a whole number from 1 to " +
                       std::to_string(max));
    }
    return value;
}

void
AddTextFlag(CommandLine& cmd, const std::string& flag, const std::string& help, std::string& text)
{
    cmd.AddValue(flag, help, MakeBoundCallback(&SetText, &text));
}

std::string
ModuleFile(const std::string& path)
{
#ifdef MDI_MODULE_DIR
    const auto ours = std::filesystem::path(MDI_MODULE_DIR) / path; // an absolute path stays
    std::error_code error;
    if (!path.empty() && !std::filesystem::exists(path, error) &&
        std::filesystem::exists(ours, error))
    {
        return ours.string();
    }
#endif
    return path;
}

std::string
FileArgument(int argc, char* argv[])
{
    for (int i = 1; i < argc; ++i)
    {
        if (argv[i][0] != '-')
        {
            return ModuleFile(argv[i]);
        }
    }
    return "";
}

ProgressLine::ProgressLine(const std::string& what, uint64_t total)
    : m_what(what),
      m_total(total),
      m_terminal(isatty(STDERR_FILENO)),
      m_start(std::chrono::steady_clock::now())
{
    Show(0);
}

ProgressLine::~ProgressLine()
{
    if (m_terminal)
    {
        std::fprintf(stderr, "\r\033[K");
        std::fflush(stderr);
    }
}

void
ProgressLine::Show(uint64_t done)
{
    if (!m_terminal)
    {
        return;
    }
    std::fprintf(stderr,
                 "\r\033[K%s: %llu of %llu",
                 m_what.c_str(),
                 static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(m_total));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - m_start;
    if (done > 0 && took.count() > 0)
    {
        const double rate = static_cast<double>(done) / took.count();
        const double left = static_cast<double>(m_total - done) / rate;
        std::fprintf(stderr, ", %.3g/s, %s left", rate, DurationText(left).c_str());
    }
    std::fflush(stderr);
}

} // namespace mdi
} // namespace ns3

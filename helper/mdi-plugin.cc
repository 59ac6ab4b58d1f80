// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-plugin.h"

#include "mdi-did-you-mean.h"
#include "mdi-fatal-error.h"
#include "mdi-json-reader.h"
#include "mdi-program.h"

#include "ns3/command-line.h"
#include "ns3/type-id.h"

#include <dlfcn.h>
#include <filesystem>

namespace ns3
{
namespace mdi
{

namespace
{

/// The libraries, in the order of their flags.
std::vector<std::string> g_loaded;

/// For CommandLine, when it comes to a library that is there already.
bool
WasLoaded(FlagText)
{
    return true;
}

} // namespace

void
LoadPlugin(const std::string& file)
{
    const std::string flag = "--load=" + OneLine(file) + ": ";
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error))
    {
        throw BadInput(flag + "there is no such file; give the path of a shared library, such as "
                              "--load=build/libown-router.so");
    }
    // dlopen would search the system's folders for a name without a slash.
    const std::string path = file.find('/') == std::string::npos ? "./" + file : file;
    const uint16_t before = TypeId::GetRegisteredN();
    void* library = nullptr;
    {
        // ns-3 gives up at a second log component of a name, and with assertions at a second class.
        const FatalIsBadInput guard([&flag](const std::string& said) {
            return flag + (said.empty() ? "it ended the program" : said);
        });
        library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    }
    if (!library)
    {
        std::string reason = dlerror();
        if (reason.compare(0, path.size() + 2, path + ": ") == 0)
        {
            reason.erase(0, path.size() + 2);
        }
        throw BadInput(flag + OneLine(reason) +
                       "; it must be a shared library that was linked with ns3-mdi::mdi");
    }
    // ns-3 without assertions takes a second class of a name, and never finds it.
    for (uint16_t i = before; i < TypeId::GetRegisteredN(); ++i)
    {
        const TypeId type = TypeId::GetRegistered(i);
        if (TypeId::LookupByName(type.GetName()) != type)
        {
            throw BadInput(flag + "it registers " + Quoted(type.GetName()) +
                           ", which exists already; give the class a TypeId of its own");
        }
    }
    g_loaded.push_back(path);
}

const std::vector<std::string>&
LoadedPlugins()
{
    return g_loaded;
}

void
AddLoadFlag(CommandLine& cmd, int argc, char* argv[])
{
    cmd.AddValue("load",
                 "shared library with classes of your own, which the scenario names by their "
                 "TypeIds; may be repeated",
                 MakeCallback(&WasLoaded));
    const std::string flag = "load=";
    for (int i = 1; i < argc; ++i)
    {
        const std::string argument = argv[i];
        const auto name = argument.find_first_not_of('-');
        if (name > 0 && name != std::string::npos && argument.compare(name, flag.size(), flag) == 0)
        {
            LoadPlugin(argument.substr(name + flag.size()));
        }
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Checks files of ours: scenarios, compute traces, link traces, models and their descriptions.

#include "ns3/command-line.h"
#include "ns3/mdi-json-reader.h"
#include "ns3/mdi-program.h"
#include "ns3/mdi-torch-engine.h"
#include "ns3/mdi-validation.h"

#include <iostream>
#include <string>
#include <vector>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

int
Validate(int argc, char* argv[])
{
    CommandLine cmd(__FILE__);
    cmd.Usage("Checks files and the files that they name: scenarios, compute traces, link traces "
              "(.csv), models (.pt) and their descriptions, layer graphs. mdi-validate FILE...");
    std::vector<char*> flags{argv[0]};
    std::vector<std::string> files;
    for (int i = 1; i < argc; ++i)
    {
        if (argv[i][0] == '-' || argv[i][0] == '\0')
        {
            flags.push_back(argv[i]);
        }
        else
        {
            files.push_back(ModuleFile(argv[i]));
        }
    }
    CheckFlags(static_cast<int>(flags.size()), flags.data(), {});
    ParseFlags(cmd, static_cast<int>(flags.size()), flags.data());
    if (files.empty())
    {
        throw BadInput("no file; name one or several, such as traces/compute/nano.json");
    }
    bool valid = true;
    for (const std::string& file : files)
    {
        try
        {
            const std::string what = ValidateFile(file, [] { return CreateObject<TorchEngine>(); });
            std::cout << file << ": " << what << std::endl;
        }
        catch (const BadInput& error)
        {
            std::cerr << "mdi-validate: " << error.what() << std::endl;
            valid = false;
        }
    }
    return valid ? SUCCESS : BAD_INPUT;
}

} // namespace

int
main(int argc, char* argv[])
{
    return RunProgram("mdi-validate", [&] { return Validate(argc, argv); });
}

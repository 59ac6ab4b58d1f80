// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-layer-graph-json.h"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

using namespace ns3::mdi;

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::string text(reinterpret_cast<const char*>(data), size);
    try
    {
        const LayerGraph graph = LayerGraphFromJson(text, "fuzz.json");
        LayerGraphFromJson(LayerGraphToJson(graph),
                           "again.json"); // what was read can be read again
    }
    catch (const std::runtime_error& error)
    {
        const std::string line = error.what();
        if (line.find("fuzz.json") != 0 || line.find('\n') != std::string::npos)
        {
            std::cerr << "not one line with the file: " << line << "\n";
            std::abort();
        }
    }
    return 0;
}

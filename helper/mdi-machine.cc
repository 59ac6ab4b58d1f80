// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-machine.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace
{

/// The value of the first line "key : value" of a file; empty if there is none.
std::string
ValueOf(const std::filesystem::path& file, const std::string& key)
{
    std::ifstream stream(file);
    std::string line;
    while (std::getline(stream, line))
    {
        const size_t colon = line.find(':');
        const size_t end = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
        if (colon == std::string::npos || line.substr(0, end + 1) != key)
        {
            continue;
        }
        const size_t begin = line.find_first_not_of(" \t", colon + 1);
        return begin == std::string::npos ? "" : line.substr(begin);
    }
    return "";
}

/// The board, where the firmware has a device tree: mostly Arm.
std::string
BoardOf(const std::filesystem::path& file)
{
    std::ifstream stream(file);
    std::string model;
    std::getline(stream, model, '\0');
    return model;
}

} // namespace

Machine
ThisMachine(const std::string& root)
{
    const std::filesystem::path proc = std::filesystem::path(root) / "proc";
    Machine machine;
    std::vector<char> host(256, '\0');
    gethostname(host.data(), host.size() - 1);
    machine.host = host.data();
    machine.host = machine.host.substr(0, machine.host.find('.'));
    const std::string model = ValueOf(proc / "cpuinfo", "model name");
    machine.processor = BoardOf(proc / "device-tree" / "model");
    if (!model.empty())
    {
        machine.processor += (machine.processor.empty() ? "" : ", ") + model;
    }
    for (std::string* text : {&machine.host, &machine.processor})
    {
        if (text->empty())
        {
            *text = "unknown";
        }
    }
    machine.processors = std::max(1u, std::thread::hardware_concurrency());
    const std::string memory = ValueOf(proc / "meminfo", "MemTotal");
    constexpr uint64_t KIB = 1024;
    machine.memoryBytes = KIB * std::strtoull(memory.c_str(), nullptr, 10);
    return machine;
}

} // namespace mdi
} // namespace ns3

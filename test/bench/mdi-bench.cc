// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-bench.h"

#include "ns3/mdi-machine.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <malloc.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ns3
{
namespace mdi
{
namespace bench
{

bool
Record::Met() const
{
    switch (goal)
    {
    case Goal::AT_MOST:
        return ratio <= target;
    case Goal::AT_LEAST:
        return ratio >= target;
    case Goal::NONE:
        break;
    }
    return true;
}

double
Turns::Ratio() const
{
    return Median(ours) / Median(reference);
}

double
Turns::Speedup() const
{
    return Median(reference) / Median(ours);
}

double
Turns::Spread(bool speedup) const
{
    std::vector<double> ratios;
    for (size_t i = 0; i < ours.size(); ++i)
    {
        ratios.push_back(speedup ? reference[i] / ours[i] : ours[i] / reference[i]);
    }
    return (Quantile(ratios, 0.75) - Quantile(ratios, 0.25)) / 2;
}

double
Median(std::vector<double> values)
{
    return Quantile(std::move(values), 0.5);
}

double
Quantile(std::vector<double> values, double share)
{
    if (values.empty())
    {
        return std::numeric_limits<double>::quiet_NaN();
    }
    std::sort(values.begin(), values.end());
    const double at = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<size_t>(at);
    const size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

Turns
InTurns(uint32_t turns,
        const std::function<double()>& ours,
        const std::function<double()>& reference,
        bool warmUp)
{
    if (Smoke())
    {
        turns = 1;
    }
    else if (warmUp)
    {
        ours(); // caches, branches, and the processor's clock
        reference();
    }
    Turns measured;
    for (uint32_t i = 0; i < turns; ++i)
    {
        measured.ours.push_back(ours());
        measured.reference.push_back(reference());
    }
    return measured;
}

std::vector<double>
InChild(const std::function<std::vector<double>()>& work)
{
    int pipe[2];
    if (::pipe(pipe) != 0)
    {
        return {};
    }
    std::fflush(nullptr); // or the child would write it once more
    const pid_t child = fork();
    if (child < 0)
    {
        close(pipe[0]);
        close(pipe[1]);
        return {};
    }
    if (child == 0)
    {
        // What others have used and freed is not there for this one, and was not its peak.
        malloc_trim(0);
        std::ofstream("/proc/self/clear_refs") << "5\n";
        bool told = false;
        try
        {
            const auto numbers = work();
            const auto bytes = static_cast<ssize_t>(numbers.size() * sizeof(double));
            told = write(pipe[1], numbers.data(), numbers.size() * sizeof(double)) == bytes;
        }
        catch (const std::exception& error)
        {
            std::fprintf(stderr, "mdi-bench: %s\n", error.what());
        }
        _exit(told ? 0 : 1);
    }
    close(pipe[1]);
    std::vector<double> numbers;
    double number = 0;
    while (read(pipe[0], &number, sizeof number) == sizeof number)
    {
        numbers.push_back(number);
    }
    close(pipe[0]);
    int status = 1;
    waitpid(child, &status, 0);
    return status == 0 ? numbers : std::vector<double>();
}

double
PeakBytes()
{
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) * 1024;
}

std::map<std::string, std::string>
Versions()
{
    std::map<std::string, std::string> versions = {{"mdi", MDI_VERSION},
                                                   {"ns-3", MDI_NS3_VERSION},
                                                   {"LibTorch", MDI_TORCH_VERSION},
                                                   {"compiler", __VERSION__},
                                                   {"processor", ThisMachine().processor}};
#ifdef MDI_SIMGRID
    versions["SimGrid"] = MDI_SIMGRID_VERSION;
#endif
    return versions;
}

std::string
ZooModel(const std::string& name)
{
    const char* kept = std::getenv("MDI_BENCH_MODELS");
    const std::string folder = kept ? kept : std::string(MDI_BINARY_DIR) + "/bench-models";
    const std::string file = folder + "/" + name + ".pt";
    if (!std::filesystem::exists(file))
    {
        const std::string command = "/usr/bin/python3 '" MDI_SOURCE_DIR
                                    "/traces/models/export.py' " +
                                    name + " --out '" + file + "' >/dev/null";
        if (std::system(command.c_str()) != 0)
        {
            throw std::runtime_error("cannot make " + file);
        }
    }
    return file;
}

} // namespace bench
} // namespace mdi
} // namespace ns3

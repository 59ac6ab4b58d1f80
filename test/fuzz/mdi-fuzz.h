// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FUZZ_H
#define MDI_FUZZ_H

#include "ns3/mdi-json-reader.h"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace mdi_fuzz
{

/// A file in memory that a reader can open by its path.
class InputFile
{
  public:
    InputFile(const uint8_t* data, size_t size)
        : m_descriptor(memfd_create("fuzz", 0))
    {
        if (m_descriptor < 0 || write(m_descriptor, data, size) != static_cast<ssize_t>(size))
        {
            std::abort();
        }
    }

    ~InputFile()
    {
        close(m_descriptor);
    }

    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    std::string Path() const
    {
        return "/proc/self/fd/" + std::to_string(m_descriptor);
    }

  private:
    int m_descriptor;
};

/**
 * What every reader promises: it reads, or it says what is wrong in one line. Any other exception
 * ends the fuzzer, which keeps the input.
 */
template <typename Read>
void
ReadsOrSaysWhy(Read read)
{
    try
    {
        read();
    }
    catch (const ns3::mdi::BadInput& error)
    {
        const std::string line = error.what();
        if (line.empty() || line.find('\n') != std::string::npos || line.size() > 4000)
        {
            std::cerr << "not one line: " << line << "\n";
            std::abort();
        }
    }
}

} // namespace mdi_fuzz

#endif // MDI_FUZZ_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-spool.h"

#include "mdi-output-file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace ns3
{
namespace mdi
{

namespace
{

/// In the file every block begins with the number of the next one of its chain.
constexpr size_t LINK_BYTES = sizeof(uint64_t);
constexpr size_t STEP_BYTES = LINK_BYTES + Spool::BLOCK_BYTES;

} // namespace

Spool::Spool(const std::string& file)
    : m_name(file)
{
    if (file.empty())
    {
        return;
    }
    m_file = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (m_file < 0)
    {
        throw std::runtime_error(OutputFile::Complaint(file));
    }
    unlink(file.c_str()); // nothing is left behind, whatever happens
}

Spool::~Spool()
{
    if (m_file >= 0)
    {
        close(m_file);
    }
}

Spool::Stream
Spool::Open()
{
    m_chains.emplace_back();
    return static_cast<Stream>(m_chains.size() - 1);
}

void
Spool::Append(Stream stream, const void* data, size_t bytes)
{
    Chain& chain = m_chains[stream];
    const char* from = static_cast<const char*>(data);
    if (m_file < 0)
    {
        chain.text.insert(chain.text.end(), from, from + bytes);
        return;
    }
    while (bytes > 0)
    {
        if (chain.end.size() == BLOCK_BYTES)
        {
            WriteBlock(chain);
        }
        const size_t part = std::min(bytes, BLOCK_BYTES - chain.end.size());
        chain.end.insert(chain.end.end(), from, from + part);
        from += part;
        bytes -= part;
    }
}

void
Spool::WriteBlock(Chain& chain)
{
    if (chain.blocks == 0)
    {
        chain.first = m_next++;
        chain.last = chain.first;
    }
    const uint64_t after = m_next++;
    char block[STEP_BYTES];
    std::memcpy(block, &after, LINK_BYTES);
    std::memcpy(block + LINK_BYTES, chain.end.data(), BLOCK_BYTES);
    const auto at = static_cast<off_t>(chain.last * STEP_BYTES);
    for (size_t done = 0; done < STEP_BYTES;)
    {
        const ssize_t written =
            pwrite(m_file, block + done, STEP_BYTES - done, at + static_cast<off_t>(done));
        if (written < 0 && errno == EINTR)
        {
            continue;
        }
        if (written <= 0)
        {
            throw std::runtime_error(OutputFile::Complaint(m_name));
        }
        done += static_cast<size_t>(written);
    }
    chain.last = after;
    chain.blocks++;
    chain.end.clear();
}

uint64_t
Spool::Bytes(Stream stream) const
{
    const Chain& chain = m_chains[stream];
    return chain.blocks * BLOCK_BYTES + chain.end.size() + chain.text.size();
}

void
Spool::Read(Stream stream, const Reader& reader) const
{
    const Chain& chain = m_chains[stream];
    uint64_t block = chain.first;
    // A buffer of integers, so that readers may take the bytes for numbers.
    std::vector<uint64_t> buffer(chain.blocks > 0 ? STEP_BYTES / sizeof(uint64_t) : 0);
    char* bytes = reinterpret_cast<char*>(buffer.data());
    for (uint64_t number = 0; number < chain.blocks; ++number)
    {
        const auto at = static_cast<off_t>(block * STEP_BYTES);
        for (size_t done = 0; done < STEP_BYTES;)
        {
            const ssize_t got =
                pread(m_file, bytes + done, STEP_BYTES - done, at + static_cast<off_t>(done));
            if (got < 0 && errno == EINTR)
            {
                continue;
            }
            if (got <= 0)
            {
                throw std::runtime_error("cannot read " + m_name);
            }
            done += static_cast<size_t>(got);
        }
        block = buffer.front();
        reader(bytes + LINK_BYTES, BLOCK_BYTES);
    }
    const auto& rest = m_file < 0 ? chain.text : chain.end;
    if (!rest.empty())
    {
        reader(rest.data(), rest.size());
    }
}

} // namespace mdi
} // namespace ns3

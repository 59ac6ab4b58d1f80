// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-output-file.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

OutputFile::OutputFile(const std::string& name)
    : m_name(name),
      m_stream(name, std::ios::binary)
{
    Check();
}

std::ostream&
OutputFile::Stream()
{
    return m_stream;
}

void
OutputFile::Take(const std::string& part)
{
    std::error_code error;
    const auto bytes = std::filesystem::file_size(part, error);
    std::ifstream stream(part, std::ios::binary);
    if (error || !stream)
    {
        throw std::runtime_error(part + " cannot be read, so " + m_name + " would be short");
    }
    const auto before = m_stream.tellp();
    if (stream.peek() != std::ifstream::traits_type::eof())
    {
        m_stream << stream.rdbuf();
    }
    m_stream.flush();
    Check(); // before the part is given up for it
    if (static_cast<std::uintmax_t>(m_stream.tellp() - before) != bytes)
    {
        throw std::runtime_error(part + " could not be read to its end, so " + m_name +
                                 " would be short");
    }
    stream.close();
    std::remove(part.c_str());
}

void
OutputFile::Close()
{
    m_stream.close();
    Check();
}

std::string
OutputFile::Complaint(const std::string& name)
{
    return "cannot write " + name + "; is the disk full?";
}

void
OutputFile::Check()
{
    if (!m_stream)
    {
        throw std::runtime_error(Complaint(m_name));
    }
}

} // namespace mdi
} // namespace ns3

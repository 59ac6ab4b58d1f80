// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-output-file.h"

#include <cstdio>
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
    std::ifstream stream(part, std::ios::binary);
    if (stream.peek() != std::ifstream::traits_type::eof())
    {
        m_stream << stream.rdbuf();
    }
    stream.close();
    std::remove(part.c_str());
    Check(); // before the next part is given up for it
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

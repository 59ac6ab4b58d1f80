// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-fatal-error.h"

#include "mdi-did-you-mean.h"
#include "mdi-program.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <utility>

namespace ns3
{
namespace mdi
{

namespace
{

std::function<std::string(const std::string&)> g_message; // of the object that lives
std::ostringstream g_said;                                // by ns-3 on std::cerr

/// The reason in what ns-3 said: msg="REASON", file=..., line=...
std::string
Reason()
{
    std::string said = g_said.str();
    const std::string begin = "msg=\"";
    const auto at = said.find(begin);
    said.erase(0, at == std::string::npos ? 0 : at + begin.size());
    return OneLine(said.substr(0, said.find("\", ")));
}

[[noreturn]] void
Refuse()
{
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, g_message(Reason()).c_str());
    std::_Exit(BAD_INPUT);
}

} // namespace

FatalIsBadInput::FatalIsBadInput(std::function<std::string(const std::string&)> message)
    : m_handler(std::set_terminate(&Refuse)),
      m_buffer(std::cerr.rdbuf(g_said.rdbuf()))
{
    g_message = std::move(message);
}

FatalIsBadInput::~FatalIsBadInput()
{
    std::set_terminate(m_handler);
    std::cerr.rdbuf(m_buffer);
    std::cerr << g_said.str();
    g_said.str("");
}

} // namespace mdi
} // namespace ns3

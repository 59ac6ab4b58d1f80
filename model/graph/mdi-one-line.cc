// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-one-line.h"

namespace ns3
{
namespace mdi
{

std::string
OneLine(const std::string& text)
{
    std::string line;
    for (const char c : text)
    {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        {
            static const char* const HEX = "0123456789abcdef";
            line += c == '\n' ? "\\n" : std::string("\\x") + HEX[(c >> 4) & 15] + HEX[c & 15];
        }
        else
        {
            line += c;
        }
    }
    return line;
}

} // namespace mdi
} // namespace ns3

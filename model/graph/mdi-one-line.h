// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ONE_LINE_H
#define MDI_ONE_LINE_H

#include <string>

namespace ns3
{
namespace mdi
{

/// The text with control characters escaped, so that a message stays on one line.
std::string OneLine(const std::string& text);

} // namespace mdi
} // namespace ns3

#endif // MDI_ONE_LINE_H

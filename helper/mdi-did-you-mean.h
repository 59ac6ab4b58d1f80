// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_DID_YOU_MEAN_H
#define MDI_DID_YOU_MEAN_H

#include "mdi-one-line.h"

#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * The candidate that somebody who wrote `name` may have meant: the one at the smallest edit
 * distance (insert, delete, replace, swap of neighbours; upper and lower case count as equal;
 * a name that begins another is one edit away).
 * \return empty if none is closer than about a third of the name
 */
std::string Nearest(const std::string& name, const std::vector<std::string>& candidates);

/**
 * The second half of a message about an unknown name.
 * \return `did you mean 'NEAREST'?` or, if nothing is near, `known are: A, B, C`
 */
std::string DidYouMean(const std::string& name, const std::vector<std::string>& candidates);

/// The text in single quotes, on one line: control characters escaped, the middle of long ones cut.
std::string Quoted(const std::string& text);

} // namespace mdi
} // namespace ns3

#endif // MDI_DID_YOU_MEAN_H

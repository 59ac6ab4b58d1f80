// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_LINK_TRACE_READER_H
#define MDI_LINK_TRACE_READER_H

#include "mdi-compute-trace.h"
#include "mdi-link-trace.h"

#include <optional>
#include <string>

namespace ns3
{
namespace mdi
{

/// The header line of a link trace.
extern const char* const LINK_TRACE_HEADER;

/**
 * Read a link trace (doc/mdi.rst, "Link traces"): CSV with LINK_TRACE_HEADER. An empty delay or
 * loss is 0. A last row with a time alone says where the trace ends; without one, the last row
 * lasts as long as the one before it. \throws BadInput `FILE:LINE: what is wrong; what would be
 * right`
 */
LinkTrace ReadLinkTrace(const std::string& file);

} // namespace mdi
} // namespace ns3

#endif // MDI_LINK_TRACE_READER_H

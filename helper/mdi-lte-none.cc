// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// LteCell where ns-3 was built without its module lte.

#include "mdi-lte.h"

#include "ns3/abort.h"
#include "ns3/object.h"

namespace ns3
{

class LteHelper : public Object
{
};

class PointToPointEpcHelper : public Object
{
};

namespace mdi
{

bool
LteCell::IsAvailable()
{
    return false;
}

LteCell::LteCell(NodeContainer /* terminals */,
                 const std::vector<Vector>& /* positions */,
                 Ptr<Node> /* server */,
                 const LteOptions& /* options */)
{
    NS_ABORT_MSG("This ns-3 was built without its module lte");
}

LteCell::~LteCell() = default;

void
LteCell::Install()
{
}

const std::vector<LteCell::Place>&
LteCell::Places() const
{
    return m_places;
}

NetDeviceContainer
LteCell::Devices() const
{
    return {};
}

int64_t
LteCell::AssignStreams(int64_t /* stream */)
{
    return 0;
}

} // namespace mdi
} // namespace ns3

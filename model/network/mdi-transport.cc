// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-transport.h"

#include "ns3/trace-source-accessor.h"

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(Transport);

TypeId
Transport::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::Transport")
            .SetParent<Object>()
            .SetGroupName("Mdi")
            .AddTraceSource("Tx",
                            "A message is handed to the network; bytes with our header",
                            MakeTraceSourceAccessor(&Transport::m_txTrace),
                            "ns3::mdi::Transport::MessageTracedCallback")
            .AddTraceSource("Rx",
                            "A message has arrived whole; bytes with our header",
                            MakeTraceSourceAccessor(&Transport::m_rxTrace),
                            "ns3::mdi::Transport::MessageTracedCallback");
    return tid;
}

void
Transport::SetReceiveCallback(ReceiveCallback callback)
{
    m_receive = callback;
}

void
Transport::SetDeliveredCallback(DeliveredCallback callback)
{
    m_delivered = callback;
}

void
Transport::DoDispose()
{
    m_receive = ReceiveCallback();
    m_delivered = DeliveredCallback();
    Object::DoDispose();
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-run-listener.h"

#include "ns3/node.h"
#include "ns3/simulator.h"

namespace ns3
{
namespace mdi
{

RunListener::~RunListener() = default;

bool
IsSimulatedHere(Ptr<const Node> node)
{
    return node->GetSystemId() == Simulator::GetSystemId();
}

void
RunListener::ListenTo(const MdiHelper& mdi, bool spans)
{
    for (const auto& source : mdi.GetSources())
    {
        if (!IsSimulatedHere(source->GetNode()))
        {
            continue;
        }
        source->TraceConnectWithoutContext("ItemAdmitted",
                                           MakeCallback(&RunListener::OnAdmitted, this));
        source->TraceConnectWithoutContext("TokenReady", MakeCallback(&RunListener::OnToken, this));
        source->TraceConnectWithoutContext("ItemCompleted",
                                           MakeCallback(&RunListener::OnCompleted, this));
        source->TraceConnectWithoutContext("ItemLost", MakeCallback(&RunListener::OnLost, this));
        source->TraceConnectWithoutContext("Closed", MakeCallback(&RunListener::OnClosed, this));
    }
    for (uint32_t index = 0; index < mdi.GetWorkers().size(); ++index)
    {
        const auto worker = mdi.GetWorkers()[index];
        const Ptr<Node> node = worker->GetNode();
        if (!IsSimulatedHere(node))
        {
            continue;
        }
        const uint32_t id = node->GetId();
        node->GetObject<ComputeDevice>()->TraceConnectWithoutContext(
            "TaskFinished", MakeCallback(&RunListener::OnServed, this).Bind(index));
        const auto transport = node->GetObject<Transport>();
        transport->TraceConnectWithoutContext("Tx", MakeCallback(&RunListener::OnTx, this));
        if (spans)
        {
            transport->TraceConnectWithoutContext("Rx", MakeCallback(&RunListener::OnRx, this));
            worker->TraceConnectWithoutContext(
                "TaskStarted", MakeCallback(&RunListener::OnStarted, this).Bind(id));
            worker->TraceConnectWithoutContext(
                "TaskFinished", MakeCallback(&RunListener::OnFinished, this).Bind(id));
            worker->TraceConnectWithoutContext("Queues",
                                               MakeCallback(&RunListener::OnQueues, this).Bind(id));
        }
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-source.h"

#include "ns3/log.h"

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiSource");
NS_OBJECT_ENSURE_REGISTERED(Source);

TypeId
Source::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::Source")
                            .SetParent<Application>()
                            .SetGroupName("Mdi")
                            .AddConstructor<Source>()
                            .AddTraceSource("ItemAdmitted",
                                            "An item was admitted",
                                            MakeTraceSourceAccessor(&Source::m_admittedTrace),
                                            "ns3::mdi::Source::ItemTracedCallback")
                            .AddTraceSource("TokenReady",
                                            "A pass of a generation has given its token; the last "
                                            "one of an item, too",
                                            MakeTraceSourceAccessor(&Source::m_tokenTrace),
                                            "ns3::mdi::Source::ResultTracedCallback")
                            .AddTraceSource("ItemCompleted",
                                            "An item's result is here, for the first time",
                                            MakeTraceSourceAccessor(&Source::m_completedTrace),
                                            "ns3::mdi::Source::ResultTracedCallback");
    return tid;
}

Source::Source() = default;
Source::~Source() = default;

void
Source::Configure(uint32_t index,
                  Ptr<const Deployment> deployment,
                  Ptr<Worker> worker,
                  Ptr<Admission> admission)
{
    m_index = index;
    m_deployment = deployment;
    m_worker = worker;
    m_admission = admission;
    m_worker->SetResultCallback(index, [this](const Message& end) { OnEnd(end); });
}

uint32_t
Source::GetAdmitted() const
{
    return static_cast<uint32_t>(m_items.End());
}

uint32_t
Source::GetCompleted() const
{
    return m_completed;
}

uint32_t
Source::GetEnded() const
{
    return m_ended;
}

int64_t
Source::AssignStreams(int64_t stream)
{
    m_admission->AssignStreams(stream);
    return 1;
}

void
Source::DoDispose()
{
    if (m_admission)
    {
        m_admission->Dispose();
    }
    m_admission = nullptr;
    m_worker = nullptr;
    m_deployment = nullptr;
    Application::DoDispose();
}

void
Source::StartApplication()
{
    m_admission->Start([this] { return Admit(); }, [this] { return m_worker->GetReadyTasks(); });
}

void
Source::StopApplication()
{
    m_admission->Stop();
}

bool
Source::Admit()
{
    const uint32_t limit = m_deployment->Sources()[m_index].items;
    if (m_items.End() == limit)
    {
        return false;
    }
    const ItemId item{m_index, static_cast<uint32_t>(m_items.End())};
    m_items.Push() = Item();
    m_admittedTrace(item);
    m_worker->Admit(item);
    return m_items.End() < limit;
}

void
Source::OnEnd(const Message& end)
{
    const uint32_t number = end.task.item.item;
    NS_LOG_FUNCTION(this << number);
    if (!m_items.Holds(number) || m_items[number].ended)
    {
        return; // a duplicate
    }
    const Deployment::Source& source = m_deployment->Sources()[m_index];
    if (end.type == MessageType::RESULT && source.generation)
    {
        if (end.task.pass != m_items[number].passes)
        {
            return; // a duplicate
        }
        m_tokenTrace(end);
        if (++m_items[number].passes < source.Passes())
        {
            m_worker->Continue(end);
            return;
        }
    }
    m_items[number].ended = true;
    m_ended++;
    while (!m_items.Empty() && m_items.Front().ended)
    {
        m_items.Pop();
    }
    if (end.type == MessageType::RESULT)
    {
        m_completed++;
        m_completedTrace(end);
    }
    m_admission->ItemEnded();
}

} // namespace mdi
} // namespace ns3

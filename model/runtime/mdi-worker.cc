// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-worker.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiWorker");
NS_OBJECT_ENSURE_REGISTERED(Worker);

TypeId
Worker::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::Worker")
            .SetParent<Application>()
            .SetGroupName("Mdi")
            .AddConstructor<Worker>()
            .AddAttribute("BeaconInterval",
                          "T_hb: time between beacons, where the router needs reports (tunable "
                          "default, unverified)",
                          TimeValue(MilliSeconds(100)),
                          MakeTimeAccessor(&Worker::m_beaconInterval),
                          MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute("MissedBeacons",
                          "A neighbour not heard of for so many beacon intervals is no candidate "
                          "(tunable default, unverified)",
                          UintegerValue(5),
                          MakeUintegerAccessor(&Worker::m_missedBeacons),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("GoodputWeight",
                          "Weight of a new sample in the smoothed goodput R_nj of a link; 0 keeps "
                          "the nominal figure (tunable default, unverified)",
                          DoubleValue(0.1),
                          MakeDoubleAccessor(&Worker::m_goodputWeight),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("BacklogCountsReady",
                          "The reported B_n counts the ready set as well as the work in service "
                          "and granted",
                          BooleanValue(true),
                          MakeBooleanAccessor(&Worker::m_backlogCountsReady),
                          MakeBooleanChecker())
            .AddAttribute(
                "CountOwnPlacements",
                "Add to a neighbour's reported backlog what this worker has sent it since",
                BooleanValue(true),
                MakeBooleanAccessor(&Worker::m_countOwnPlacements),
                MakeBooleanChecker())
            .AddAttribute("TaskTimeWeight",
                          "Weight of a new sample in the smoothed times per task, Gamma_n and D_nm "
                          "of MDI-Exit (tunable default, unverified)",
                          DoubleValue(0.1),
                          MakeDoubleAccessor(&Worker::m_taskTimeWeight),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("Silence",
                          "A worker that did not take what was sent to it is out of reach for so "
                          "long, for a router that gets no reports, unless it is heard of (tunable "
                          "default, unverified)",
                          TimeValue(Seconds(10)),
                          MakeTimeAccessor(&Worker::m_silence),
                          MakeTimeChecker(Seconds(0)))
            .AddAttribute("Patience",
                          "Inputs whose task still misses others, and keys and values that no pass "
                          "came for, are forgotten after so long; 0: never",
                          TimeValue(Seconds(0)),
                          MakeTimeAccessor(&Worker::m_patience),
                          MakeTimeChecker(Seconds(0)))
            .AddTraceSource("TaskReady",
                            "All inputs of a task are here",
                            MakeTraceSourceAccessor(&Worker::m_readyTrace),
                            "ns3::mdi::Worker::TaskTracedCallback")
            .AddTraceSource("TaskStarted",
                            "A task began to run here",
                            MakeTraceSourceAccessor(&Worker::m_startedTrace),
                            "ns3::mdi::Worker::TaskTracedCallback")
            .AddTraceSource("TaskFinished",
                            "A task has run here",
                            MakeTraceSourceAccessor(&Worker::m_finishedTrace),
                            "ns3::mdi::Worker::TaskTracedCallback")
            .AddTraceSource("HandOver",
                            "A tensor starts its way to another worker",
                            MakeTraceSourceAccessor(&Worker::m_handOverTrace),
                            "ns3::mdi::Worker::HandOverTracedCallback")
            .AddTraceSource("Queues",
                            "The length of the input or the output queue has changed",
                            MakeTraceSourceAccessor(&Worker::m_queuesTrace),
                            "ns3::mdi::Worker::QueuesTracedCallback");
    return tid;
}

Worker::Worker()
    : m_beaconJitter(CreateObject<UniformRandomVariable>())
{
}

Worker::~Worker() = default;

void
Worker::Configure(Ptr<const Deployment> deployment, const Strategies& strategies)
{
    m_deployment = deployment;
    m_queue = strategies.queue;
    m_router = strategies.router;
    m_handshake = strategies.handshake;
    m_pipeline = strategies.pipeline;
    m_exit = strategies.exit;
    m_beacons = m_router->NeedsReports();
}

void
Worker::SetResultCallback(uint32_t source, ResultCallback callback)
{
    m_resultCallbacks[source] = std::move(callback);
}

void
Worker::SetStateCallback(uint32_t source, StateCallback callback)
{
    m_stateCallbacks[source] = std::move(callback);
}

Ptr<Router>
Worker::GetRouter() const
{
    return m_router;
}

Ptr<Handshake>
Worker::GetHandshake() const
{
    return m_handshake;
}

Ptr<Pipeline>
Worker::GetPipeline() const
{
    return m_pipeline;
}

uint32_t
Worker::GetReadyTasks() const
{
    return static_cast<uint32_t>(m_ready.size());
}

int64_t
Worker::AssignStreams(int64_t stream)
{
    // The same numbers for every system, so that what follows has the same streams in all.
    m_beaconJitter->SetStream(stream);
    if (m_handshake)
    {
        m_handshake->AssignStreams(stream + 1);
    }
    if (m_pipeline)
    {
        m_pipeline->AssignStreams(stream + 2);
    }
    m_router->AssignStreams(stream + 3);
    m_queue->AssignStreams(stream + 3 + Router::STREAMS);
    return 3 + Router::STREAMS + QueueDiscipline::STREAMS;
}

void
Worker::DoInitialize()
{
    m_self = GetNode()->GetId();
    m_transport = GetNode()->GetObject<Transport>();
    m_device = GetNode()->GetObject<ComputeDevice>();
    NS_ABORT_MSG_IF(!m_transport || !m_device || !m_deployment,
                    "a Worker needs a Transport and a ComputeDevice on its node, and Configure");
    m_profile = m_deployment->ProfileOf(m_self);
    ConfigureView();
    m_packer.Configure({m_deployment,
                        m_device,
                        m_profile,
                        [this](Message m, uint32_t to) { SendPacked(std::move(m), to); },
                        [this] { Dispatch(); }});
    m_transport->SetReceiveCallback(MakeCallback(&Worker::Receive, this));
    m_transport->SetDeliveredCallback(MakeCallback(&Worker::OnDelivered, this));
    m_transport->SetUndeliveredCallback(MakeCallback(&Worker::OnUndelivered, this));
    Application::DoInitialize();
}

void
Worker::ConfigureView()
{
    m_view.Configure(
        {m_self, m_deployment, m_device, m_transport, m_handshake, m_router->NeedsQueues()},
        m_missedBeacons * m_beaconInterval,
        m_goodputWeight,
        m_backlogCountsReady,
        m_taskTimeWeight);
    m_caches.Configure(m_deployment, m_device);
    m_inbox.Configure(m_device);
}

void
Worker::DoDispose()
{
    m_beaconEvent.Cancel();
    m_forgetEvent.Cancel();
    if (m_handshake)
    {
        m_handshake->Dispose();
    }
    if (m_pipeline)
    {
        m_pipeline->Dispose();
    }
    if (m_exit)
    {
        m_exit->Dispose();
    }
    m_handshake = nullptr;
    m_pipeline = nullptr;
    m_exit = nullptr;
    m_router = nullptr;
    m_queue = nullptr;
    m_transport = nullptr;
    m_device = nullptr;
    m_deployment = nullptr;
    m_view.Clear();
    m_caches.Clear();
    m_inbox.Clear();
    m_packer.Clear();
    m_packer.Configure({});
    m_resultCallbacks.clear();
    m_stateCallbacks.clear();
    Application::DoDispose();
}

void
Worker::StartApplication()
{
    NS_LOG_FUNCTION(this);
    if (m_handshake)
    {
        StartHandshake();
    }
    if (m_pipeline)
    {
        StartPipeline();
    }
    StartBeacons();
}

void
Worker::StartBeacons()
{
    if (m_beacons)
    {
        const double interval = m_beaconInterval.GetSeconds();
        m_beaconEvent = Simulator::Schedule(
            Seconds(m_beaconJitter->GetValue(0, interval)), &Worker::Beacon, this);
    }
}

void
Worker::StopApplication()
{
    m_beaconEvent.Cancel();
    m_forgetEvent.Cancel();
    if (m_exit)
    {
        m_exit->Stop();
    }
}

void
Worker::StartHandshake()
{
    Handshake::Host host;
    host.self = m_self;
    host.sendDatagram = [this](uint32_t to, const Message& m) { SendDatagram(to, m); };
    host.broadcast = [this](const Message& m) { Broadcast(m); };
    host.report = [this] { return m_view.Report(); };
    host.transferTime = [this](uint32_t from, uint64_t bytes) {
        return m_view.TransferFrom(from, bytes);
    };
    host.granted = [this](const TaskId& task, uint32_t to) { OnGranted(task, to); };
    host.refused = [this](const TaskId& task) {
        const auto ready = FindReady(task);
        if (ready != m_ready.end())
        {
            ready->pending = false;
        }
        Dispatch();
    };
    host.retry = [this] { Dispatch(); };
    m_handshake->SetHost(std::move(host));
}

void
Worker::StartPipeline()
{
    Pipeline::Host host;
    host.self = m_self;
    host.deployment = m_deployment;
    host.send = [this](uint32_t to, const Message& m) { Send(to, m); };
    host.sendDatagram = [this](uint32_t to, const Message& m) { SendDatagram(to, m); };
    host.handOver = [this](const Message& m, uint32_t to) { HandOver(m, to); };
    host.runHere = [this](const Message& m) { Collect(m, true); };
    m_pipeline->Start(std::move(host));
}

void
Worker::Receive(const Message& message)
{
    if (m_failed)
    {
        return;
    }
    m_view.OnHeard(message.from);
    if (m_pipeline)
    {
        m_pipeline->OnHeard(message.from);
    }
    const bool reports = message.type == MessageType::BEACON || message.type == MessageType::CTC ||
                         message.type == MessageType::NACK ||
                         (message.type == MessageType::TENSOR && m_beacons);
    if (reports)
    {
        m_view.OnReport(message.from, message.report);
    }
    switch (message.type)
    {
    case MessageType::TENSOR:
        OnTensor(message);
        break;
    case MessageType::RESULT:
        DeliverResult(message);
        break;
    case MessageType::LOST:
        DeliverLoss(message);
        break;
    case MessageType::BEACON:
        m_view.Neighbors().OnBeacon(message.from, message.sequence);
        break;
    case MessageType::RTC:
    case MessageType::CTC:
    case MessageType::NACK:
    case MessageType::CANCEL:
        if (m_handshake)
        {
            m_handshake->Receive(message);
        }
        break;
    case MessageType::DONE:
    case MessageType::TOKEN:
    case MessageType::HEARTBEAT:
    case MessageType::FAILED:
        if (m_pipeline && m_pipeline->Receive(message))
        {
            std::vector<Message> early;
            early.swap(m_early);
            for (auto& input : early)
            {
                Offer(std::move(input), true);
            }
        }
        break;
    }
    // What was learned may change where a waiting task should go.
    if (reports && !m_ready.empty() && !m_router->IsImmediate())
    {
        Dispatch();
    }
}

void
Worker::OnTensor(const Message& message)
{
    if (m_handshake)
    {
        m_handshake->OnArrived(message.task);
    }
    if (m_pipeline)
    {
        m_pipeline->OnTensor(message);
    }
    Offer(message, true);
}

void
Worker::OnDelivered(uint32_t to, const Message& message, Time elapsed)
{
    if (m_failed)
    {
        return;
    }
    m_view.OnSent();
    if (message.type == MessageType::TENSOR)
    {
        m_view.Neighbors().OnDelivered(to, message.task);
        m_view.OnTransfer(to, message.payloadBytes, elapsed, EndSolo(message));
    }
    if (message.type == MessageType::TENSOR || message.type == MessageType::RESULT)
    {
        OutputSafe(message.task);
    }
    if (m_transport->QueuedBytes() == 0)
    {
        Dispatch(); // the radio is idle
    }
}

bool
Worker::EndSolo(const Message& message)
{
    const auto solo = std::find(
        m_soloTransfers.begin(), m_soloTransfers.end(), std::pair(message.task, message.input));
    if (solo == m_soloTransfers.end())
    {
        return false;
    }
    m_soloTransfers.erase(solo);
    return true;
}

void
Worker::Stamp(Message& message)
{
    message.from = m_self;
    message.sequence = m_sequence[static_cast<uint8_t>(message.type)]++;
}

void
Worker::Send(uint32_t to, Message message)
{
    Stamp(message);
    m_transport->Send(to, message);
}

void
Worker::SendDatagram(uint32_t to, Message message)
{
    Stamp(message);
    m_transport->SendDatagram(to, message);
}

void
Worker::Broadcast(Message message)
{
    Stamp(message);
    m_transport->Broadcast(message);
}

void
Worker::Beacon()
{
    Message beacon;
    beacon.type = MessageType::BEACON;
    beacon.report = m_view.Report();
    Broadcast(beacon);
    m_beaconEvent = Simulator::Schedule(m_beaconInterval, &Worker::Beacon, this);
}

} // namespace mdi
} // namespace ns3

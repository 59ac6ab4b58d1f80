// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-worker.h"

#include "mdi-seconds.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiWorker");
NS_OBJECT_ENSURE_REGISTERED(Worker);

namespace
{

/// Every backlog counts.
constexpr float ANY_PRIORITY = -std::numeric_limits<float>::infinity();

/// What is in service is served before anything that waits: nobody is preempted.
constexpr float IN_SERVICE = std::numeric_limits<float>::infinity();

} // namespace

TypeId
Worker::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::Worker")
            .SetParent<Application>()
            .SetGroupName("Mdi")
            .AddConstructor<Worker>()
            .AddAttribute("Beacons",
                          "Tell one-hop neighbours F_n and B_n, in beacons and on tensors",
                          BooleanValue(false),
                          MakeBooleanAccessor(&Worker::m_beacons),
                          MakeBooleanChecker())
            .AddAttribute("BeaconInterval",
                          "T_hb: time between beacons (tunable default, unverified)",
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
            .AddTraceSource("ItemLost",
                            "An item ended here without a result",
                            MakeTraceSourceAccessor(&Worker::m_lostTrace),
                            "ns3::mdi::Worker::LostTracedCallback");
    return tid;
}

Worker::Worker()
    : m_beaconJitter(CreateObject<UniformRandomVariable>())
{
}

Worker::~Worker() = default;

void
Worker::Configure(Ptr<const Deployment> deployment,
                  Ptr<QueueDiscipline> queue,
                  Ptr<Router> router,
                  Ptr<Handshake> handshake,
                  Ptr<Pipeline> pipeline)
{
    m_deployment = deployment;
    m_queue = queue;
    m_router = router;
    m_handshake = handshake;
    m_pipeline = pipeline;
}

void
Worker::SetResultCallback(uint32_t source, ResultCallback callback)
{
    m_resultCallbacks[source] = std::move(callback);
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

size_t
Worker::GetReadyTasks() const
{
    return m_ready.size();
}

int64_t
Worker::AssignStreams(int64_t stream)
{
    m_beaconJitter->SetStream(stream);
    if (m_handshake)
    {
        m_handshake->AssignStreams(stream + 1);
    }
    if (m_pipeline)
    {
        m_pipeline->AssignStreams(stream + 2);
    }
    // The same number for every system, so that what follows has the same streams in all.
    return 3;
}

void
Worker::DoInitialize()
{
    m_transport = GetNode()->GetObject<Transport>();
    m_device = GetNode()->GetObject<ComputeDevice>();
    NS_ABORT_MSG_IF(!m_transport || !m_device || !m_deployment,
                    "a Worker needs a Transport and a ComputeDevice on its node, and Configure");
    m_profile = m_deployment->ProfileOf(Self());
    m_neighbors.Configure(m_missedBeacons * m_beaconInterval, m_goodputWeight);
    m_transport->SetReceiveCallback(MakeCallback(&Worker::Receive, this));
    m_transport->SetDeliveredCallback(MakeCallback(&Worker::OnDelivered, this));
    Application::DoInitialize();
}

void
Worker::DoDispose()
{
    m_beaconEvent.Cancel();
    if (m_handshake)
    {
        m_handshake->Dispose();
    }
    if (m_pipeline)
    {
        m_pipeline->Dispose();
    }
    m_handshake = nullptr;
    m_pipeline = nullptr;
    m_router = nullptr;
    m_queue = nullptr;
    m_transport = nullptr;
    m_device = nullptr;
    m_deployment = nullptr;
    m_resultCallbacks.clear();
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
}

void
Worker::StartHandshake()
{
    Handshake::Host host;
    host.self = Self();
    host.sendDatagram = [this](uint32_t to, const Message& m) { SendDatagram(to, m); };
    host.broadcast = [this](const Message& m) { Broadcast(m); };
    host.report = [this] { return Report(); };
    host.transferTime = [this](uint32_t from, uint64_t bytes) {
        return m_neighbors.Transfer(from, bytes, 0, m_deployment->Path(from, Self()));
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
    host.self = Self();
    host.deployment = m_deployment;
    host.send = [this](uint32_t to, const Message& m) { Send(to, m); };
    host.sendDatagram = [this](uint32_t to, const Message& m) { SendDatagram(to, m); };
    host.handOver = [this](const Message& m, uint32_t to) { HandOver(m, to); };
    host.runHere = [this](const Message& m) { Collect(m, true); };
    m_pipeline->Start(std::move(host));
}

void
Worker::Fail()
{
    NS_LOG_FUNCTION(this);
    m_failed = true;
    m_beaconEvent.Cancel();
    m_transport->Disconnect();
    m_device->Stop();
    if (m_pipeline)
    {
        m_pipeline->Stop();
    }
}

// What this worker knows

uint32_t
Worker::Self() const
{
    return GetNode()->GetId();
}

const Deployment&
Worker::GetDeployment() const
{
    return *m_deployment;
}

std::vector<uint32_t>
Worker::Candidates() const
{
    return m_neighbors.Live();
}

const ServiceTable&
Worker::OwnTable(uint32_t source) const
{
    return m_deployment->Table(m_profile, source);
}

Time
Worker::WaitHere(float minPriority, Time ownShare) const
{
    Time waiting = m_device->Remaining();
    if (!m_device->HasIdleSlot())
    {
        // An idle processor would start the task at once: nothing that waits is ahead of it. (With
        // the ready set counted here as well, a full ready set could prefer the busy radio to the
        // idle processor.)
        waiting -= ownShare;
        for (const auto& [priority, work] : m_readyWork)
        {
            waiting += priority >= minPriority ? work : Time(0);
        }
    }
    if (m_handshake)
    {
        for (const auto& [priority, flop] : m_handshake->Reserved())
        {
            waiting += priority >= minPriority
                           ? FromSeconds(flop / m_deployment->SpeedFlopPerS(m_profile))
                           : Time(0);
        }
    }
    return Max(Time(0), waiting / static_cast<int64_t>(m_device->GetSlots()));
}

Estimate
Worker::Predict(const Task& task, uint32_t node, bool urgentOnly) const
{
    const float minPriority = urgentOnly ? task.priority : ANY_PRIORITY;
    const uint32_t source = task.id.item.source;
    Estimate estimate;
    estimate.node = node;
    if (node == Self())
    {
        estimate.wait = WaitHere(minPriority, m_considered);
        estimate.service = OwnTable(source).Mean(task.begin, task.end);
    }
    else
    {
        estimate.transfer = m_neighbors.Transfer(node,
                                                 task.input.payloadBytes,
                                                 m_transport->QueuedBytes(),
                                                 m_deployment->Path(Self(), node));
        estimate.wait = m_neighbors.Wait(node, minPriority);
        const uint16_t profile = m_neighbors.Report(node).profile;
        estimate.service = m_deployment->Table(profile, source).Mean(task.begin, task.end);
        estimate.lossProbability = m_neighbors.LossProbability(node);
    }
    return estimate;
}

WorkerReport
Worker::Report() const
{
    WorkerReport report;
    report.time = Simulator::Now();
    report.profile = m_profile;
    report.speedFlopPerS = m_deployment->SpeedFlopPerS(m_profile);
    const double perSlot = report.speedFlopPerS / m_device->GetSlots();
    std::map<float, double> backlog;
    backlog[IN_SERVICE] = ToSeconds(m_device->Remaining()) * perSlot;
    if (m_backlogCountsReady)
    {
        for (const auto& [priority, work] : m_readyWork)
        {
            backlog[priority] += ToSeconds(work) * perSlot;
        }
    }
    if (m_handshake)
    {
        for (const auto& [priority, flop] : m_handshake->Reserved())
        {
            backlog[priority] += flop / m_device->GetSlots();
        }
    }
    for (const auto& [priority, flop] : backlog)
    {
        if (flop > 0)
        {
            report.backlog.push_back({priority, flop});
        }
    }
    return report;
}

const Plan*
Worker::FindPlan(const TaskId& task) const
{
    return m_pipeline ? m_pipeline->FindPlan(task.item.source, task.epoch)
                      : &m_deployment->GetPlan(task.item.source);
}

// The way of a task

void
Worker::Admit(ItemId item)
{
    if (m_failed)
    {
        return;
    }
    const auto& source = m_deployment->Sources()[item.source];
    const LayerGraph& graph = m_deployment->GraphOf(item.source);
    Message input;
    input.type = MessageType::TENSOR;
    input.from = Self();
    input.task.item = item;
    input.task.epoch = m_pipeline ? m_pipeline->CurrentEpoch(item.source) : 0;
    input.priority = source.priority;
    input.admitted = Simulator::Now();
    input.tensor = {source.model, source.inputOffset + item.item, 0};
    input.tensors = graph.CutTensors(0);
    input.payloadBytes = graph.CutBytes(0);
    const Plan& plan = *FindPlan(input.task);
    for (uint16_t unit = 0; unit < plan.units.size(); ++unit)
    {
        const auto& inputs = plan.units[unit].inputs;
        for (uint16_t i = 0; i < inputs.size(); ++i)
        {
            if (inputs[i] == ExecutionUnit::NONE)
            {
                input.task.unit = unit;
                input.input = i;
                Offer(input, false);
            }
        }
    }
}

void
Worker::Offer(const Message& input, bool arrived)
{
    const Plan* plan = FindPlan(input.task);
    if (!plan)
    {
        m_early.push_back(input);
        return;
    }
    // What was sent here stays here; what was made here goes where the plan says.
    int32_t planned = arrived ? ExecutionUnit::NONE : plan->units[input.task.unit].node;
    Message message = input;
    if (m_pipeline && planned != ExecutionUnit::NONE)
    {
        planned = m_pipeline->Redirect(message);
    }
    if (planned != ExecutionUnit::NONE && static_cast<uint32_t>(planned) != Self())
    {
        HandOver(message, static_cast<uint32_t>(planned));
    }
    else
    {
        Collect(message, arrived);
    }
}

void
Worker::Collect(const Message& input, bool arrived)
{
    const ItemId item = input.task.item;
    if (!m_device->Allocate(input.payloadBytes))
    {
        Lose(item, "no memory for its tensor");
        return;
    }
    const ExecutionUnit& unit = FindPlan(input.task)->units[input.task.unit];
    auto& inputs = m_inbox[input.task];
    inputs[input.input] = input;
    if (inputs.size() < unit.inputs.size())
    {
        return;
    }
    const LayerGraph& graph = m_deployment->GraphOf(item.source);
    Task task;
    task.id = input.task;
    // A worker that stands in for a failed one runs from the tensor on; a tail that lost its
    // successors, to the end.
    task.begin = input.tensor.boundary;
    const bool standsIn = unit.node != ExecutionUnit::NONE && unit.node != int32_t(Self());
    task.end = standsIn ? graph.Size() : unit.end;
    task.priority = input.priority;
    task.admitted = input.admitted;
    task.input = input;
    task.committed = arrived;
    task.handedBy = input.from;
    m_inbox.erase(input.task);
    TaskReady(task);
}

void
Worker::TaskReady(Task task)
{
    NS_LOG_FUNCTION(this << task.id.item.source << task.id.item.item << task.id.unit);
    m_readyTrace(task);
    const bool planned = FindPlan(task.id)->units[task.id.unit].node != ExecutionUnit::NONE;
    if (!planned && !task.committed && m_router->IsImmediate())
    {
        const Estimate estimate = m_router->Choose(task, *this);
        if (estimate.node != Self())
        {
            m_device->Free(task.input.payloadBytes);
            HandOver(task.input, estimate.node);
            return;
        }
        task.committed = true;
        task.handedBy = Self();
    }
    AddReady(task);
    Dispatch();
}

void
Worker::AddReady(const Task& task)
{
    Ready ready;
    ready.task = task;
    ready.service = OwnTable(task.id.item.source).Mean(task.begin, task.end);
    m_readyWork[task.priority] += ready.service;
    m_ready.push_back(ready);
}

void
Worker::RemoveReady(std::vector<Ready>::iterator which)
{
    m_readyWork[which->task.priority] -= which->service;
    m_ready.erase(which);
}

std::vector<Worker::Ready>::iterator
Worker::FindReady(const TaskId& task)
{
    return std::find_if(m_ready.begin(), m_ready.end(), [&task](const Ready& ready) {
        return ready.task.id == task;
    });
}

bool
Worker::RadioIdle() const
{
    return m_transport->QueuedBytes() == 0 && (!m_handshake || m_handshake->CanRequest());
}

void
Worker::Dispatch()
{
    // Starting, asking and sending can each bring us back here.
    if (m_dispatching || m_failed)
    {
        return;
    }
    m_dispatching = true;
    while (DispatchOne())
    {
    }
    m_dispatching = false;
}

bool
Worker::DispatchOne()
{
    const bool processorIdle = m_device->HasIdleSlot();
    const bool radioIdle = RadioIdle();
    if (!processorIdle && !radioIdle)
    {
        return false;
    }
    auto best = m_ready.end();
    Estimate bestEstimate;
    double bestKey = 0;
    for (auto ready = m_ready.begin(); ready != m_ready.end(); ++ready)
    {
        const Task& task = ready->task;
        const bool mayLeave = !task.committed && !m_router->IsImmediate() &&
                              FindPlan(task.id)->units[task.id.unit].node == ExecutionUnit::NONE;
        if (ready->pending || (!mayLeave && !processorIdle))
        {
            continue;
        }
        m_considered = ready->service;
        const Estimate estimate =
            mayLeave ? m_router->Choose(task, *this) : Predict(task, Self(), false);
        const double key = m_queue->Key(task, estimate, *this);
        m_considered = Time(0);
        const bool here = estimate.node == Self();
        if (here ? !processorIdle
                 : !radioIdle || (m_handshake && m_handshake->IsDeferred(estimate.node)))
        {
            continue;
        }
        if (best == m_ready.end() || std::tie(key, task.admitted, task.id) <
                                         std::tie(bestKey, best->task.admitted, best->task.id))
        {
            best = ready;
            bestEstimate = estimate;
            bestKey = key;
        }
    }
    if (best == m_ready.end())
    {
        return false;
    }
    if (bestEstimate.node == Self())
    {
        StartTask(best);
    }
    else if (m_handshake)
    {
        Ask(best, bestEstimate, bestKey);
    }
    else
    {
        const Message input = best->task.input;
        RemoveReady(best);
        m_device->Free(input.payloadBytes);
        HandOver(input, bestEstimate.node);
    }
    return true;
}

void
Worker::Ask(std::vector<Ready>::iterator which, const Estimate& estimate, double key)
{
    which->pending = true;
    const Task& task = which->task;
    Message request;
    request.type = MessageType::RTC;
    request.task = task.id;
    request.priority = task.priority;
    request.admitted = task.admitted;
    request.key = key;
    // What the receiver will count: the time that the unit takes there, in its own FLOP.
    request.workFlop =
        ToSeconds(estimate.service) * m_neighbors.Report(estimate.node).speedFlopPerS;
    request.requestBytes = task.input.payloadBytes;
    m_handshake->Request(estimate.node, request);
}

void
Worker::OnGranted(const TaskId& task, uint32_t to)
{
    const auto ready = FindReady(task);
    NS_ASSERT(ready != m_ready.end() && ready->pending);
    const Message input = ready->task.input;
    RemoveReady(ready);
    m_device->Free(input.payloadBytes);
    HandOver(input, to);
    Dispatch();
}

void
Worker::HandOver(Message message, uint32_t to)
{
    message.hops++;
    if (m_beacons)
    {
        message.report = Report();
        // A grant is counted by the one who gave it.
        if (m_countOwnPlacements && !m_handshake && m_neighbors.Knows(to))
        {
            const uint32_t source = message.task.item.source;
            const auto& report = m_neighbors.Report(to);
            const Time service = m_deployment->Table(report.profile, source)
                                     .Mean(message.tensor.boundary,
                                           FindPlan(message.task)->units[message.task.unit].end);
            m_neighbors.OnPlaced(
                to, message.task, message.priority, ToSeconds(service) * report.speedFlopPerS);
        }
    }
    Task task;
    task.id = message.task;
    task.priority = message.priority;
    task.admitted = message.admitted;
    task.input = message;
    m_handOverTrace(task, to);
    if (m_pipeline)
    {
        m_pipeline->OnHandedOver(to, message);
    }
    Send(to, message);
}

void
Worker::StartTask(std::vector<Ready>::iterator which)
{
    Task task = which->task;
    const Time service = which->service;
    RemoveReady(which);
    m_startedTrace(task);
    const TensorId output = m_deployment->Engine()->Run(task.input.tensor, task.end);
    const Time started = Simulator::Now();
    m_device->Start(task.id, service, OwnTable(task.id.item.source).Spread(), [=] {
        FinishTask(task, output, started);
    });
}

void
Worker::FinishTask(Task task, TensorId output, Time started)
{
    m_device->Free(task.input.payloadBytes);
    m_finishedTrace(task);
    if (m_pipeline)
    {
        m_pipeline->OnFinished(task, Simulator::Now() - started);
        task.input.stages.push_back(m_pipeline->Stage(task));
    }
    Forward(task, output);
    Dispatch();
}

Message
Worker::MakeTensorMessage(const Task& task, uint32_t unit, uint16_t input, TensorId output) const
{
    const LayerGraph& graph = m_deployment->GraphOf(task.id.item.source);
    Message message = task.input;
    message.from = Self();
    message.task.unit = static_cast<uint16_t>(unit);
    message.input = input;
    message.tensor = output;
    message.tensors = graph.CutTensors(output.boundary);
    message.payloadBytes = graph.CutBytes(output.boundary);
    return message;
}

void
Worker::Forward(const Task& task, TensorId output)
{
    const Plan& plan = *FindPlan(task.id);
    const LayerGraph& graph = m_deployment->GraphOf(task.id.item.source);
    const uint32_t home = m_deployment->Sources()[task.id.item.source].node;
    // By the layers, not by the plan: one that stood in for the tail has made the result.
    if (output.boundary == graph.Size())
    {
        Message result = MakeTensorMessage(task, task.id.unit, 0, output);
        result.type = MessageType::RESULT;
        if (home == Self())
        {
            if (m_pipeline)
            {
                m_pipeline->OnOutputSafe(task);
            }
            DeliverResult(result);
            return;
        }
        if (m_pipeline)
        {
            m_unsafe[result.task] = task;
        }
        Send(home, result);
        return;
    }
    for (uint32_t next : plan.units[task.id.unit].forwards)
    {
        const auto& inputs = plan.units[next].inputs;
        const auto input = std::find(inputs.begin(), inputs.end(), int32_t(task.id.unit));
        const Message message =
            MakeTensorMessage(task, next, static_cast<uint16_t>(input - inputs.begin()), output);
        if (m_pipeline)
        {
            Message redirected = message;
            m_pipeline->Redirect(redirected);
            m_unsafe[redirected.task] = task;
        }
        Offer(message, false);
    }
}

void
Worker::DeliverResult(const Message& result)
{
    const auto callback = m_resultCallbacks.find(result.task.item.source);
    if (callback == m_resultCallbacks.end())
    {
        NS_LOG_WARN("a result of source " << result.task.item.source << " at the wrong node");
        return;
    }
    if (m_pipeline)
    {
        m_pipeline->OnResult(result);
    }
    callback->second(result);
}

void
Worker::Lose(ItemId item, const std::string& reason)
{
    NS_LOG_FUNCTION(this << item.source << item.item << reason);
    m_lostTrace(item, reason);
}

// Messages

void
Worker::Receive(const Message& message)
{
    if (m_failed)
    {
        return;
    }
    if (m_pipeline)
    {
        m_pipeline->OnHeard(message.from);
    }
    const bool reports = message.type == MessageType::BEACON || message.type == MessageType::CTC ||
                         message.type == MessageType::NACK ||
                         (message.type == MessageType::TENSOR && m_beacons);
    if (reports)
    {
        m_neighbors.OnReport(message.from, message.report);
    }
    switch (message.type)
    {
    case MessageType::TENSOR:
        OnTensor(message);
        break;
    case MessageType::RESULT:
        DeliverResult(message);
        break;
    case MessageType::BEACON:
        m_neighbors.OnBeacon(message.from, message.sequence);
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
            for (const auto& input : early)
            {
                Offer(input, true);
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
    if (message.type == MessageType::TENSOR)
    {
        m_neighbors.OnDelivered(to, message.task);
        if (m_goodputWeight > 0)
        {
            m_neighbors.OnTransfer(
                to, message.payloadBytes, elapsed, m_deployment->Path(Self(), to));
        }
    }
    if (m_pipeline && (message.type == MessageType::TENSOR || message.type == MessageType::RESULT))
    {
        const auto made = m_unsafe.find(message.task);
        if (made != m_unsafe.end())
        {
            m_pipeline->OnOutputSafe(made->second);
            m_unsafe.erase(made);
        }
    }
    if (m_transport->QueuedBytes() == 0)
    {
        Dispatch(); // the radio is idle
    }
}

void
Worker::Stamp(Message& message)
{
    message.from = Self();
    message.sequence = m_sequence[message.type]++;
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
    beacon.report = Report();
    Broadcast(beacon);
    m_beaconEvent = Simulator::Schedule(m_beaconInterval, &Worker::Beacon, this);
}

} // namespace mdi
} // namespace ns3

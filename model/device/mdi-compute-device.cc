// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-compute-device.h"

#include "ns3/assert.h"
#include "ns3/double.h"
#include "ns3/log.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ns3
{
namespace mdi
{

NS_LOG_COMPONENT_DEFINE("MdiComputeDevice");
NS_OBJECT_ENSURE_REGISTERED(ComputeDevice);

namespace
{

/// In the order of Law.
const char* const LAWS[] = {"lognormal", "deterministic", "exponential"};

/// Inverse of the standard normal distribution function, by bisection and Newton's method on erfc.
double
NormalQuantile(double p)
{
    const auto cdf = [](double z) { return 0.5 * std::erfc(-z * M_SQRT1_2); };
    double low = -9;
    double high = 9;
    for (int i = 0; i < 8; ++i)
    {
        const double middle = (low + high) / 2;
        (cdf(middle) < p ? low : high) = middle;
    }
    double z = (low + high) / 2;
    for (int i = 0; i < 6; ++i)
    {
        const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI);
        const double next = std::clamp(z - (cdf(z) - p) / density, low, high);
        if (next == z)
        {
            break; // and so would be all that follow
        }
        z = next;
    }
    return z;
}

} // namespace

TypeId
ComputeDevice::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::mdi::ComputeDevice")
            .SetParent<Object>()
            .SetGroupName("Mdi")
            .AddConstructor<ComputeDevice>()
            .AddAttribute("Slots",
                          "Number of tasks that run at the same time, each at full speed.",
                          UintegerValue(1),
                          MakeUintegerAccessor(&ComputeDevice::m_slots),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("MemoryBytes",
                          "Memory for weights and tensors [bytes]; 0 is unlimited.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&ComputeDevice::m_memoryBytes),
                          MakeUintegerChecker<uint64_t>())
            .AddAttribute("Distribution",
                          "Distribution of a service time around its mean: lognormal (relative "
                          "standard deviation = spread), deterministic or exponential.",
                          StringValue(LAWS[0]),
                          MakeStringAccessor(&ComputeDevice::SetDistribution,
                                             &ComputeDevice::GetDistribution),
                          MakeStringChecker())
            .AddAttribute("SpeedFactor",
                          "Multiplies the speed: service times are divided by it. Above 0.",
                          DoubleValue(1.0),
                          MakeDoubleAccessor(&ComputeDevice::m_speedFactor),
                          MakeDoubleChecker<double>(1e-9))
            .AddTraceSource("BusySlots",
                            "Number of occupied slots.",
                            MakeTraceSourceAccessor(&ComputeDevice::m_busySlots),
                            "ns3::TracedValueCallback::Uint32")
            .AddTraceSource("TaskStarted",
                            "A task took a slot: task, expected service time.",
                            MakeTraceSourceAccessor(&ComputeDevice::m_taskStarted),
                            "ns3::mdi::ComputeDevice::TaskTracedCallback")
            .AddTraceSource("TaskFinished",
                            "A task left its slot: task, time that it took.",
                            MakeTraceSourceAccessor(&ComputeDevice::m_taskFinished),
                            "ns3::mdi::ComputeDevice::TaskTracedCallback");
    return tid;
}

ComputeDevice::ComputeDevice()
    : m_uniform(CreateObject<UniformRandomVariable>())
{
    NS_LOG_FUNCTION(this);
}

ComputeDevice::~ComputeDevice()
{
    NS_LOG_FUNCTION(this);
}

void
ComputeDevice::DoDispose()
{
    NS_LOG_FUNCTION(this);
    Stop();
    m_uniform = nullptr;
    Object::DoDispose();
}

bool
ComputeDevice::SetDistribution(std::string name)
{
    const auto found = std::find(std::begin(LAWS), std::end(LAWS), name);
    if (found == std::end(LAWS))
    {
        NS_LOG_ERROR("Distribution '" << name << "' is unknown; lognormal, deterministic or "
                                      << "exponential");
        return false;
    }
    m_law = static_cast<Law>(found - std::begin(LAWS));
    return true;
}

std::string
ComputeDevice::GetDistribution() const
{
    return LAWS[static_cast<size_t>(m_law)];
}

uint32_t
ComputeDevice::GetSlots() const
{
    return m_slots;
}

bool
ComputeDevice::HasIdleSlot() const
{
    return !m_stopped && m_services.size() < m_slots;
}

double
ComputeDevice::DrawFactor(double spread)
{
    const double u = std::max(m_uniform->GetValue(0, 1), std::numeric_limits<double>::min());
    if (m_law == Law::EXPONENTIAL)
    {
        return -std::log(u);
    }
    if (m_law == Law::DETERMINISTIC || spread == 0)
    {
        return 1;
    }
    const double variance = std::log1p(spread * spread); // of the logarithm
    return std::exp(std::sqrt(variance) * NormalQuantile(u) - variance / 2);
}

void
ComputeDevice::Start(const TaskId& task,
                     Time mean,
                     double spread,
                     std::function<void()> done,
                     std::optional<Time> expected)
{
    NS_LOG_FUNCTION(this << task.item.source << task.item.item << task.unit << mean << spread);
    NS_ASSERT_MSG(spread >= 0, "negative spread");
    Begin(task, mean, DrawFactor(spread), expected.value_or(mean), std::move(done));
}

void
ComputeDevice::Occupy(Time time, std::function<void()> done)
{
    NS_LOG_FUNCTION(this << time);
    Begin(std::nullopt, time, 1, time, std::move(done));
}

Time
ComputeDevice::AtSpeed(Time time, double factor) const
{
    // Exact at speed 1: a double would round means beyond 2^53 ns.
    return m_speedFactor == 1 && factor == 1
               ? time
               : NanoSeconds(std::llround(time.GetNanoSeconds() / m_speedFactor * factor));
}

void
ComputeDevice::Begin(
    std::optional<TaskId> task, Time mean, double factor, Time expected, std::function<void()> done)
{
    NS_ASSERT_MSG(HasIdleSlot(), "no idle slot, or the device has failed");
    NS_ASSERT_MSG(!mean.IsStrictlyNegative(), "negative service time");
    const uint64_t service = m_nextService++;
    const EventId end =
        Simulator::Schedule(AtSpeed(mean, factor), &ComputeDevice::Finish, this, service);
    expected = AtSpeed(expected, 1);
    m_services.push_back({service, task, Simulator::Now(), expected, std::move(done), end});
    m_busySlots = static_cast<uint32_t>(m_services.size());
    if (task)
    {
        m_taskStarted(*task, expected);
    }
}

void
ComputeDevice::Finish(uint64_t service)
{
    NS_LOG_FUNCTION(this << service);
    // Out of the map first: whoever is told may start the next task.
    const auto at =
        std::find_if(m_services.begin(), m_services.end(), [service](const Service& running) {
            return running.number == service;
        });
    const Service ended = std::move(*at);
    m_services.erase(at);
    const Time took = Simulator::Now() - ended.start;
    m_finishedBusy += took;
    m_busySlots = static_cast<uint32_t>(m_services.size());
    if (ended.task)
    {
        m_taskFinished(*ended.task, took);
    }
    ended.done();
}

Time
ComputeDevice::Remaining() const
{
    Time remaining;
    for (const Service& service : m_services)
    {
        remaining += Max(Time(0), service.expected - (Simulator::Now() - service.start));
    }
    return remaining;
}

bool
ComputeDevice::Allocate(uint64_t bytes)
{
    NS_LOG_FUNCTION(this << bytes);
    const uint64_t limit =
        m_memoryBytes == 0 ? std::numeric_limits<uint64_t>::max() : m_memoryBytes;
    if (m_memoryInUse > limit || bytes > limit - m_memoryInUse)
    {
        return false;
    }
    m_memoryInUse += bytes;
    m_memoryPeak = std::max(m_memoryPeak, m_memoryInUse);
    return true;
}

void
ComputeDevice::Free(uint64_t bytes)
{
    NS_LOG_FUNCTION(this << bytes);
    NS_ASSERT_MSG(bytes <= m_memoryInUse, "more memory given back than taken");
    m_memoryInUse -= bytes;
}

uint64_t
ComputeDevice::MemoryInUse() const
{
    return m_memoryInUse;
}

uint64_t
ComputeDevice::MemoryPeak() const
{
    return m_memoryPeak;
}

void
ComputeDevice::Stop()
{
    NS_LOG_FUNCTION(this);
    m_stopped = true;
    for (Service& service : m_services)
    {
        m_finishedBusy += Simulator::Now() - service.start;
        service.end.Cancel();
    }
    m_services.clear();
    m_busySlots = 0;
    m_memoryInUse = 0;
}

void
ComputeDevice::Resume(uint64_t memoryBytes)
{
    NS_LOG_FUNCTION(this << memoryBytes);
    m_stopped = false;
    m_memoryInUse = memoryBytes;
}

Time
ComputeDevice::BusyTime() const
{
    Time busy = m_finishedBusy;
    for (const Service& service : m_services)
    {
        busy += Simulator::Now() - service.start;
    }
    return busy;
}

int64_t
ComputeDevice::AssignStreams(int64_t stream)
{
    NS_LOG_FUNCTION(this << stream);
    m_uniform->SetStream(stream);
    return 1;
}

} // namespace mdi
} // namespace ns3

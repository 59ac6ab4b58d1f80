// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-helper.h"

#include "mdi-compute-energy-model.h"
#include "mdi-network-helper.h"
#include "mdi-partitioner.h"

#include "ns3/basic-energy-source-helper.h"
#include "ns3/double.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

/// Boards hang on the mains: more than any run draws, and still exact to 0.1 mJ.
constexpr double MAINS_J = 1e12;

/// An application that another rank of MPI runs only knows its node here.
void
AddApplication(Ptr<Node> node, Ptr<Application> application)
{
    if (node->GetSystemId() == Simulator::GetSystemId())
    {
        node->AddApplication(application);
    }
    else
    {
        application->SetNode(node);
    }
}

} // namespace

MdiHelper::MdiHelper(Ptr<TensorEngine> engine)
    : m_engine(engine),
      m_deployment(Create<Deployment>(engine)),
      m_deviceFactory("ns3::mdi::ComputeDevice")
{
}

void
MdiHelper::SetDeviceAttribute(const std::string& name, const AttributeValue& value)
{
    m_deviceFactory.Set(name, value);
}

void
MdiHelper::SetHandsTo(const NodeContainer& nodes)
{
    m_handsTo.clear();
    for (uint32_t i = 0; i < nodes.GetN(); ++i)
    {
        m_handsTo.push_back(nodes.Get(i)->GetId());
    }
}

uint16_t
MdiHelper::AddProfile(const ComputeTrace& trace)
{
    return m_deployment->AddProfile(trace);
}

uint16_t
MdiHelper::AddProfile(std::shared_ptr<const ComputeTrace> trace)
{
    return m_deployment->AddProfile(std::move(trace));
}

void
MdiHelper::AddWorker(Ptr<Node> node, uint16_t profile, const std::string& name)
{
    ObjectFactory factory = m_deviceFactory;
    factory.Set("MemoryBytes", UintegerValue(m_deployment->Profile(profile).memoryBytes));
    node->AggregateObject(factory.Create<ComputeDevice>());
    const auto& power = m_deployment->Profile(profile).power;
    if (power && power->busyW)
    {
        AddEnergyModel(node, *power);
    }
    m_deployment->AddWorker({node->GetId(), profile, name, m_handsTo});
    m_nodes.Add(node);
}

void
MdiHelper::AddWorkers(const NodeContainer& nodes, uint16_t profile)
{
    for (uint32_t i = 0; i < nodes.GetN(); ++i)
    {
        AddWorker(nodes.Get(i), profile, "");
    }
}

void
MdiHelper::AddEnergyModel(Ptr<Node> node, const PowerFigures& power)
{
    BasicEnergySourceHelper sources;
    sources.Set("BasicEnergySourceInitialEnergyJ", DoubleValue(MAINS_J));
    // The source is told of every change of power; nobody waits for its own updates.
    sources.Set("PeriodicEnergyUpdateInterval", TimeValue(Days(365)));
    const auto source = sources.Install(node).Get(0);
    const auto model = CreateObject<ComputeEnergyModel>();
    model->SetAttribute("IdlePowerW", DoubleValue(power.idleW.value_or(0)));
    model->SetAttribute("BusyPowerW", DoubleValue(*power.busyW));
    model->SetEnergySource(source);
    source->AppendDeviceEnergyModel(model);
    model->Follow(node->GetObject<ComputeDevice>());
}

void
MdiHelper::AddWorkers(const NodeContainer& nodes, const ComputeTrace& trace)
{
    AddWorkers(nodes, AddProfile(trace));
}

uint32_t
MdiHelper::AddSource(Ptr<Node> node, uint32_t model, const SourceOptions& options)
{
    if (!node->GetObject<ComputeDevice>())
    {
        throw std::invalid_argument("source '" + options.name + "' is on a node that is no worker");
    }
    Deployment::Source source;
    source.name = options.name;
    source.node = node->GetId();
    source.model = model;
    source.priority = options.priority;
    source.accuracy = options.accuracy;
    source.items = options.items;
    source.inputOffset = options.inputOffset;
    source.generation = options.generation;
    source.inputs = options.inputs;
    m_options.push_back(options);
    return m_deployment->AddSource(source);
}

void
MdiHelper::SetStaging(Deployment::Staging staging)
{
    m_deployment->SetStaging(staging);
}

void
MdiHelper::Install(const SystemSpec& system, const NetworkHelper& network)
{
    Install(system, [&network](uint32_t from, uint32_t to) { return network.Path(from, to); });
}

void
MdiHelper::Install(const SystemSpec& system, PathFunction path)
{
    m_deployment->SetPathFunction(std::move(path));

    if (!system.exit)
    {
        m_deployment->DisableExits();
    }
    const auto partitioner = system.partitioner.Create<Partitioner>();
    for (uint32_t source = 0; source < m_deployment->Sources().size(); ++source)
    {
        const auto& options = m_deployment->Sources()[source];
        Plan plan = system.plans.empty() ? partitioner->MakePlan(*m_deployment, source)
                                         : system.plans.at(source);
        if (options.generation)
        {
            plan.forecast.reset(); // it would be that of one pass
        }
        if (options.generation && plan.HasStrips())
        {
            throw std::invalid_argument("its partitioner makes strips of rows, but source '" +
                                        options.name +
                                        "' generates, and lengths of sequences "
                                        "change from pass to pass; choose another partitioner");
        }
        if (system.exit && options.Caches() && !m_deployment->GraphOf(source).Exits().empty())
        {
            throw std::invalid_argument("its exit rule lets tokens of source '" + options.name +
                                        "' leave early, which then have no keys and values in the "
                                        "layers behind; leave out the exit rule, or \"kv_cache\": "
                                        "false");
        }
        if (system.pipeline && plan.HasStrips())
        {
            throw std::invalid_argument("a pipeline re-allocates consecutive layers, but its "
                                        "partitioner makes strips of rows; leave out one of them");
        }
        if (system.exit && plan.HasStrips())
        {
            throw std::invalid_argument("its partitioner makes strips of rows, which pass no early "
                                        "exits; leave out the exit rule");
        }
        m_deployment->SetPlan(source, plan);
    }

    if (system.codec)
    {
        m_deployment->SetCodec(system.codec->Create<Codec>());
    }
    for (uint32_t i = 0; i < m_nodes.GetN(); ++i)
    {
        Ptr<Node> node = m_nodes.Get(i);
        const uint64_t weights = m_deployment->WeightBytesOn(node->GetId());
        if (!node->GetObject<ComputeDevice>()->Allocate(weights))
        {
            throw MemoryShortage(
                i,
                "system '" + system.name + "' puts " + std::to_string(weights) +
                    " bytes of weights on it, but it has " +
                    std::to_string(
                        m_deployment->Profile(m_deployment->ProfileOf(node->GetId())).memoryBytes) +
                    " bytes of memory; a smaller model, a larger device or a pipeline over more");
        }
        const auto worker = system.worker.Create<Worker>();
        worker->Configure(m_deployment,
                          {system.queue.Create<QueueDiscipline>(),
                           system.router.Create<Router>(),
                           system.handshake ? system.handshake->Create<Handshake>() : nullptr,
                           system.pipeline ? system.pipeline->Create<Pipeline>() : nullptr,
                           system.exit ? system.exit->Create<ExitRule>() : nullptr});
        AddApplication(node, worker);
        m_workers.push_back(worker);
    }

    for (uint32_t index = 0; index < m_options.size(); ++index)
    {
        const SourceOptions& options = m_options[index];
        ObjectFactory factory = system.admission ? *system.admission : options.admission;
        if (!factory.IsTypeIdSet())
        {
            factory.SetTypeId("ns3::mdi::RandomAdmission");
        }
        const auto admission = factory.Create<Admission>();
        if (const auto trace = DynamicCast<TraceAdmission>(admission))
        {
            trace->SetTimes(options.times);
        }
        const uint32_t nodeId = m_deployment->Sources()[index].node;
        const auto worker =
            std::find_if(m_workers.begin(), m_workers.end(), [nodeId](const Ptr<Worker>& w) {
                return w->GetNode()->GetId() == nodeId;
            });
        const auto source = CreateObject<Source>();
        source->Configure(index, m_deployment, *worker, admission);
        source->SetStartTime(options.start);
        AddApplication((*worker)->GetNode(), source);
        m_sources.push_back(source);
    }
}

int64_t
MdiHelper::AssignStreams(int64_t stream)
{
    const int64_t first = stream;
    for (const auto& source : m_sources)
    {
        stream += source->AssignStreams(stream);
    }
    for (uint32_t i = 0; i < m_nodes.GetN(); ++i)
    {
        stream += m_nodes.Get(i)->GetObject<ComputeDevice>()->AssignStreams(stream);
    }
    for (const auto& worker : m_workers)
    {
        stream += worker->AssignStreams(stream);
    }
    return stream - first;
}

Ptr<const Deployment>
MdiHelper::GetDeployment() const
{
    return m_deployment;
}

const std::vector<Ptr<Worker>>&
MdiHelper::GetWorkers() const
{
    return m_workers;
}

const std::vector<Ptr<Source>>&
MdiHelper::GetSources() const
{
    return m_sources;
}

Ptr<Worker>
MdiHelper::GetWorker(Ptr<Node> node) const
{
    const auto found = std::find_if(m_workers.begin(), m_workers.end(), [&](const auto& worker) {
        return worker->GetNode() == node;
    });
    return found == m_workers.end() ? nullptr : *found;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-helper.h"

#include "mdi-network-helper.h"
#include "mdi-partitioner.h"

#include "ns3/node.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

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

void
MdiHelper::AddWorkers(const NodeContainer& nodes, uint16_t profile)
{
    for (uint32_t i = 0; i < nodes.GetN(); ++i)
    {
        ObjectFactory factory = m_deviceFactory;
        factory.Set("MemoryBytes", UintegerValue(m_deployment->Profile(profile).memoryBytes));
        nodes.Get(i)->AggregateObject(factory.Create<ComputeDevice>());
        m_deployment->AddWorker({nodes.Get(i)->GetId(), profile, m_handsTo});
        m_nodes.Add(nodes.Get(i));
    }
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
    m_options.push_back(options);
    return m_deployment->AddSource(source);
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
        m_deployment->SetPlan(source, partitioner->MakePlan(*m_deployment, source));
    }

    if (system.codec)
    {
        m_deployment->SetCodec(system.codec->Create<Codec>());
    }
    for (uint32_t i = 0; i < m_nodes.GetN(); ++i)
    {
        Ptr<Node> node = m_nodes.Get(i);
        const uint64_t weights = WeightBytesOn(node->GetId());
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
        node->AddApplication(worker);
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
        (*worker)->GetNode()->AddApplication(source);
        m_sources.push_back(source);
    }
}

uint64_t
MdiHelper::WeightBytesOn(uint32_t node) const
{
    std::map<uint32_t, std::vector<bool>> layers; // by model
    for (uint32_t source = 0; source < m_deployment->Sources().size(); ++source)
    {
        auto& held = layers[m_deployment->Sources()[source].model];
        held.resize(m_deployment->GraphOf(source).Size());
        for (const auto& unit : m_deployment->GetPlan(source).units)
        {
            if (unit.node == ExecutionUnit::NONE || static_cast<uint32_t>(unit.node) == node)
            {
                std::fill(held.begin() + unit.begin, held.begin() + unit.end, true);
            }
        }
    }
    uint64_t bytes = CodecBytesOn(node);
    for (const auto& [model, held] : layers)
    {
        bytes += m_engine->Graph(model).WeightBytes(held);
    }
    return bytes;
}

uint64_t
MdiHelper::CodecBytesOn(uint32_t node) const
{
    std::set<uint32_t> models; // encoders where a unit ends at their cut, decoders where one begins
    for (uint32_t source = 0; source < m_deployment->Sources().size(); ++source)
    {
        for (const auto& unit : m_deployment->GetPlan(source).units)
        {
            if (unit.node != ExecutionUnit::NONE && static_cast<uint32_t>(unit.node) != node)
            {
                continue;
            }
            const CodedCut* end = m_deployment->Coded(source, unit.end);
            const CodedCut* begin = m_deployment->Coded(source, unit.begin);
            if (end && end->values.kind == TensorCodec::AUTOENCODER)
            {
                models.insert(end->values.encoder);
            }
            if (begin && begin->values.kind == TensorCodec::AUTOENCODER)
            {
                models.insert(begin->values.decoder);
            }
        }
    }
    uint64_t bytes = 0;
    for (const uint32_t model : models)
    {
        const LayerGraph& graph = m_engine->Graph(model);
        bytes += graph.WeightBytes(0, graph.Size());
    }
    return bytes;
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

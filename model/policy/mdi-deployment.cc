// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-deployment.h"

#include "mdi-seconds.h"

#include "ns3/assert.h"

#include <algorithm>
#include <set>

namespace ns3
{
namespace mdi
{

namespace
{

/// So many nominal figures of paths are kept; a thousand nodes have a million pairs.
constexpr size_t MOST_PATHS = 100000;

} // namespace

Deployment::Deployment(Ptr<TensorEngine> engine)
    : m_engine(engine)
{
}

uint16_t
Deployment::AddProfile(const ComputeTrace& trace)
{
    return AddProfile(std::make_shared<const ComputeTrace>(trace));
}

uint16_t
Deployment::AddProfile(std::shared_ptr<const ComputeTrace> trace)
{
    m_profiles.push_back(std::move(trace));
    return static_cast<uint16_t>(m_profiles.size() - 1);
}

void
Deployment::AddWorker(const Worker& worker)
{
    NS_ASSERT(worker.profile < m_profiles.size());
    m_workers.push_back(worker);
    m_workerOf[worker.node] = static_cast<uint32_t>(m_workers.size() - 1);
}

uint32_t
Deployment::AddSource(const Source& source)
{
    m_sources.push_back(source);
    m_plans.emplace_back();
    MakeTables();
    for (uint16_t profile = 0; source.generation && profile < m_profiles.size(); ++profile)
    {
        m_tables.at({profile, source.model}).CheckPasses(*source.generation);
    }
    return static_cast<uint32_t>(m_sources.size() - 1);
}

void
Deployment::DisableExits()
{
    m_exits = false;
    m_tables.clear();
    MakeTables();
}

void
Deployment::MakeTables()
{
    for (uint16_t profile = 0; profile < m_profiles.size(); ++profile)
    {
        for (const auto& source : m_sources)
        {
            const auto key = std::make_pair(profile, source.model);
            if (m_tables.find(key) == m_tables.end())
            {
                m_tables[key] =
                    ServiceTable(*m_profiles[profile], m_engine->Graph(source.model), m_exits);
            }
        }
    }
    m_tableOf.clear();
    for (uint16_t profile = 0; profile < m_profiles.size(); ++profile)
    {
        m_tableOf.emplace_back();
        for (const auto& source : m_sources)
        {
            m_tableOf.back().push_back(&m_tables.at({profile, source.model}));
        }
    }
    m_speeds.clear();
    for (uint16_t profile = 0; profile < m_profiles.size(); ++profile)
    {
        double flop = 0;
        double seconds = 0;
        for (const auto& [key, table] : m_tables)
        {
            if (key.first == profile)
            {
                flop += table.Flop();
                seconds += table.Mean(0, m_engine->Graph(key.second).Size()).GetSeconds();
            }
        }
        // A model without counted work (in a test, say) still needs a finite, positive speed.
        m_speeds.push_back(flop > 0 && seconds > 0 ? flop / seconds : 1);
    }
}

bool
Deployment::MayHandOver(uint32_t from, uint32_t to) const
{
    const auto& handsTo = m_workers[m_workerOf.at(from)].handsTo;
    return from == to || handsTo.empty() ||
           std::find(handsTo.begin(), handsTo.end(), to) != handsTo.end();
}

Time
Deployment::MeanUnitTime(uint16_t profile) const
{
    Time sum;
    int64_t units = 0;
    for (uint32_t source = 0; source < m_sources.size(); ++source)
    {
        for (const auto& unit : m_plans[source].units)
        {
            sum += UnitTime(profile, source, unit.op);
            units++;
        }
    }
    return units == 0 ? Time(0) : sum / units;
}

void
Deployment::SetPlan(uint32_t source, const Plan& plan)
{
    for (const ExecutionUnit& unit : plan.units)
    {
        if (unit.op.kind != UnitKind::SLICE && unit.node == ExecutionUnit::NONE)
        {
            throw std::invalid_argument("a unit of strips needs a node: inputs that are made on "
                                        "different workers would not meet");
        }
    }
    m_plans.at(source) = plan;
}

void
Deployment::SetPathFunction(std::function<PathInfo(uint32_t, uint32_t)> path)
{
    m_path = std::move(path);
    m_paths.clear();
}

const std::vector<Deployment::Worker>&
Deployment::Workers() const
{
    return m_workers;
}

const std::vector<Deployment::Source>&
Deployment::Sources() const
{
    return m_sources;
}

const Plan&
Deployment::GetPlan(uint32_t source) const
{
    return m_plans.at(source);
}

const ComputeTrace&
Deployment::Profile(uint16_t profile) const
{
    return *m_profiles.at(profile);
}

uint16_t
Deployment::ProfileOf(uint32_t node) const
{
    return m_workers[m_workerOf.at(node)].profile;
}

Ptr<TensorEngine>
Deployment::Engine() const
{
    return m_engine;
}

const LayerGraph&
Deployment::GraphOf(uint32_t source) const
{
    return m_engine->Graph(m_sources.at(source).model);
}

const ServiceTable&
Deployment::Table(uint16_t profile, uint32_t source) const
{
    return *m_tableOf.at(profile).at(source);
}

Time
Deployment::UnitTime(uint16_t profile, uint32_t source, const Operator& op, uint16_t pass) const
{
    switch (op.kind)
    {
    case UnitKind::STRIP:
        return NanoSeconds(StripTime(profile, source, op.members, pass).At(op.rows.Size()));
    case UnitKind::GATHER:
        return Time(0);
    case UnitKind::SLICE:
        break;
    }
    return Table(profile, source).Mean(op.begin, op.end, PassAt(source, pass));
}

RowTime
Deployment::StripTime(uint16_t profile,
                      uint32_t source,
                      const std::vector<uint32_t>& members,
                      uint16_t pass) const
{
    const auto split = Table(profile, source).SplitTime(members, PassAt(source, pass));
    const int64_t height = RowsOf(GraphOf(source), static_cast<int32_t>(members.back()));
    RowTime time;
    time.overhead = split.fixed.GetNanoSeconds();
    time.least = split.least.GetNanoSeconds();
    time.perRow = static_cast<double>(split.rows.GetNanoSeconds()) / static_cast<double>(height);
    return time;
}

Pass
Deployment::PassAt(uint32_t source, uint16_t number) const
{
    const auto& generation = m_sources.at(source).generation;
    return generation ? PassOf(*generation, number) : Pass();
}

std::vector<TensorSpec>
Deployment::TensorsOf(const TaskId& reader, std::vector<TensorSpec> specs) const
{
    const Pass pass = PassAt(reader.item.source, reader.pass);
    return pass.tokens > 0 ? WithTokens(std::move(specs), pass.tokens) : specs;
}

uint64_t
Deployment::CutBytes(uint32_t source, uint32_t boundary) const
{
    const LayerGraph& graph = GraphOf(source);
    TaskId first;
    first.item.source = source;
    return (boundary == graph.Size() ? ResultTensors(source, boundary)
                                     : CutTensors(first, boundary))
        .Bytes();
}

const TensorSpecs&
Deployment::Cut(uint32_t model, uint32_t boundary) const
{
    if (model >= m_cuts.size())
    {
        m_cuts.resize(model + 1);
    }
    const LayerGraph& graph = m_engine->Graph(model);
    auto& cuts = m_cuts[model];
    cuts.resize(graph.Size() + 1);
    TensorSpecs& cut = cuts.at(boundary);
    if (cut.size() == 0)
    {
        cut = TensorSpecs(graph.CutTensors(boundary));
    }
    return cut;
}

TensorSpecs
Deployment::CutTensors(const TaskId& reader, uint32_t boundary) const
{
    const TensorSpecs& cut = Cut(m_sources.at(reader.item.source).model, boundary);
    const Pass pass = PassAt(reader.item.source, reader.pass);
    return pass.tokens > 0 ? TensorSpecs(WithTokens(cut, pass.tokens)) : cut;
}

TensorSpecs
Deployment::ResultTensors(uint32_t source, uint32_t boundary) const
{
    if (m_sources.at(source).generation)
    {
        return {TensorSpec{{1}, Dtype::INT32}}; // the token that is most likely
    }
    return Cut(m_sources[source].model, boundary);
}

Time
Deployment::BookedTime(uint16_t profile, uint32_t source, const Operator& op, uint16_t pass) const
{
    Time time = UnitTime(profile, source, op, pass);
    for (uint32_t later = pass + 1;
         m_sources.at(source).Caches() && later < m_sources[source].Passes();
         ++later)
    {
        time += UnitTime(profile, source, op, static_cast<uint16_t>(later));
    }
    return time;
}

bool
Deployment::IsBound(const TaskId& task) const
{
    return m_sources.at(task.item.source).generation && PassAt(task.item.source, task.pass).cached;
}

uint64_t
Deployment::CacheBytes(uint32_t source, const Operator& op) const
{
    const auto& generation = m_sources.at(source).generation;
    if (!generation || !generation->cache)
    {
        return 0;
    }
    const LayerGraph& graph = GraphOf(source);
    uint64_t bytes = graph.CacheBytes(op.begin, op.end);
    for (const uint32_t member : op.members)
    {
        bytes += graph.CacheBytes(member, member + 1);
    }
    return bytes * (generation->promptTokens + generation->newTokens);
}

double
Deployment::SpeedFlopPerS(uint16_t profile) const
{
    return m_speeds.at(profile);
}

void
Deployment::SetCodec(Ptr<const Codec> codec)
{
    m_codec = codec;
    for (const Source& source : m_sources)
    {
        const LayerGraph& graph = m_engine->Graph(source.model);
        for (const uint32_t boundary : graph.LayerBoundaries())
        {
            const bool inside = boundary > 0 && boundary < graph.Size();
            const auto coded = codec->Code(*m_engine, source.model, boundary);
            // What passes of all lengths send is coded as rows are.
            const bool anyLength =
                !source.generation || codec->CodeRows(graph.CutTensors(boundary));
            if (inside && coded && anyLength)
            {
                m_coded[{source.model, boundary}] = *coded;
            }
        }
    }
}

uint64_t
Deployment::WeightBytesOn(uint32_t node, const std::set<uint32_t>& whole) const
{
    std::map<uint32_t, std::vector<bool>> layers; // by model
    for (uint32_t source = 0; source < m_sources.size(); ++source)
    {
        auto& held = layers[m_sources[source].model];
        held.resize(GraphOf(source).Size());
        if (whole.count(source) > 0)
        {
            held.assign(held.size(), true);
        }
        for (const auto& unit : m_plans[source].units)
        {
            if (unit.node == ExecutionUnit::NONE || static_cast<uint32_t>(unit.node) == node)
            {
                std::fill(held.begin() + unit.op.begin, held.begin() + unit.op.end, true);
                for (const uint32_t member : unit.op.members)
                {
                    held[member] = true;
                }
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
Deployment::CodecBytesOn(uint32_t node) const
{
    std::set<uint32_t> models; // encoders where a unit ends at their cut, decoders where one begins
    for (uint32_t source = 0; source < m_sources.size(); ++source)
    {
        for (const auto& unit : m_plans[source].units)
        {
            if (unit.node != ExecutionUnit::NONE && static_cast<uint32_t>(unit.node) != node)
            {
                continue;
            }
            const auto end = Coded(source, unit.op.end);
            const auto begin = Coded(source, unit.op.begin);
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

bool
Deployment::IsCoding() const
{
    const bool strips = std::any_of(
        m_plans.begin(), m_plans.end(), [](const Plan& plan) { return plan.HasStrips(); });
    return strips ? m_codec && m_codec->CodeRows({}) : !m_coded.empty();
}

std::optional<CodedCut>
Deployment::Coded(uint32_t source, uint32_t boundary) const
{
    const auto found = m_coded.find({m_sources.at(source).model, boundary});
    return found == m_coded.end() ? std::nullopt : std::make_optional(found->second);
}

std::optional<CodedCut>
Deployment::Coded(const Message& message) const
{
    if (!m_codec)
    {
        return std::nullopt;
    }
    const uint32_t source = message.task.item.source;
    if (message.tensor.rows == RowRange{})
    {
        const auto coded = Coded(source, message.tensor.boundary);
        // As many tokens as the pass has, not as the cut.
        return coded && m_sources.at(source).generation ? m_codec->CodeRows(message.tensors)
                                                        : coded;
    }
    const UnitKind reader = m_plans.at(source).units.at(message.task.unit).op.kind;
    return reader == UnitKind::GATHER ? std::nullopt : m_codec->CodeRows(message.tensors);
}

Time
Deployment::WorkTime(uint16_t profile, uint32_t source, double flop) const
{
    const double speed = Table(profile, source).SpeedFlopPerS();
    return speed > 0 ? FromSeconds(flop / speed) : Time(0);
}

PathInfo
Deployment::Path(uint32_t from, uint32_t to) const
{
    const uint64_t key = uint64_t(from) << 32 | to;
    const auto known = m_paths.find(key);
    if (known != m_paths.end())
    {
        return known->second;
    }
    if (m_paths.size() == MOST_PATHS)
    {
        m_paths.clear();
    }
    return m_paths.emplace(key, m_path(from, to)).first->second;
}

void
Deployment::SetStaging(Staging staging)
{
    m_staging = staging;
}

Deployment::Staging
Deployment::GetStaging() const
{
    return m_staging;
}

Time
Deployment::PackingTime(uint16_t profile, const Message& message) const
{
    const bool tensor = message.type != MessageType::RESULT;
    const auto coded = message.coded || !tensor ? std::nullopt : Coded(message);
    Time time = coded ? WorkTime(profile, message.task.item.source, coded->encodeFlop) : Time(0);
    if (m_staging == Staging::PROCESSOR)
    {
        time += StagingTime(profile, coded ? coded->bytes : message.payloadBytes);
    }
    return time;
}

Time
Deployment::StagingTime(uint16_t profile, uint64_t bytes) const
{
    const auto& staging = m_profiles.at(profile)->staging;
    return m_staging != Staging::NONE && staging
               ? staging->perMessage + FromSeconds(staging->perByteS * bytes)
               : Time(0);
}

PathInfo
Deployment::TensorPath(uint32_t from, uint32_t to) const
{
    PathInfo path = Path(from, to);
    const auto& staging = m_profiles.at(ProfileOf(from))->staging;
    if (m_staging != Staging::NONE && staging)
    {
        const double secondsPerBit = 1.0 / path.goodput.GetBitRate() + staging->perByteS / 8;
        path.goodput = DataRate(static_cast<uint64_t>(1 / secondsPerBit));
        path.delay += staging->perMessage;
    }
    return path;
}

} // namespace mdi
} // namespace ns3

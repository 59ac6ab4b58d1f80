// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TEST_NETWORK_H
#define MDI_TEST_NETWORK_H

#include "ns3/data-rate.h"
#include "ns3/mdi-helper.h"
#include "ns3/mdi-recorder.h"
#include "ns3/mdi-simulation.h"
#include "ns3/mdi-transport.h"
#include "ns3/node-container.h"
#include "ns3/node-list.h"
#include "ns3/node.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/string.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * A network for tests whose transfers can be computed by hand: every ordered pair of nodes has a
 * private link of fixed rate and delay, payloads alone take time, messages of one pair queue.
 */
class IdealTransport : public Transport
{
  public:
    static TypeId GetTypeId()
    {
        static TypeId tid = TypeId("ns3::mdi::IdealTransport").SetParent<Transport>();
        return tid;
    }

    IdealTransport(uint32_t self, DataRate rate, Time delay)
        : m_self(self),
          m_rate(rate),
          m_delay(delay)
    {
    }

    void Send(uint32_t to, const Message& message) override
    {
        m_txTrace(m_self, to, message, message.payloadBytes);
        Time& free = m_free[to];
        const Time sent = Max(free, Simulator::Now()) +
                          m_rate.CalculateBytesTxTime(static_cast<uint32_t>(message.payloadBytes));
        free = sent;
        m_queued += message.payloadBytes;
        const Time since = Simulator::Now();
        Simulator::Schedule(sent + m_delay - since, [this, to, message, since] {
            m_queued -= message.payloadBytes;
            Deliver(to, message);
            if (!m_delivered.IsNull())
            {
                m_delivered(to, message, Simulator::Now() - since);
            }
        });
    }

    void SendDatagram(uint32_t to, const Message& message) override
    {
        m_txTrace(m_self, to, message, 64);
        Simulator::Schedule(m_delay, [this, to, message] { Deliver(to, message); });
    }

    void Broadcast(const Message& message) override
    {
        for (uint32_t to = 0; to < NodeList::GetNNodes(); ++to)
        {
            if (to != m_self)
            {
                Simulator::Schedule(m_delay, [this, to, message] { Deliver(to, message); });
            }
        }
        m_txTrace(m_self, BROADCAST, message, 64);
    }

    uint64_t QueuedBytes() const override
    {
        return m_queued;
    }

    void Disconnect() override
    {
        m_off = true;
    }

    void Reconnect() override
    {
        m_off = false;
    }

  protected:
    std::optional<uint64_t> Progress(uint32_t) const override
    {
        return std::nullopt; // what is sent to a dead node is gone
    }

    std::vector<Message> GiveUp(uint32_t) override
    {
        return {};
    }

  private:
    void Deliver(uint32_t to, const Message& message)
    {
        auto peer = DynamicCast<IdealTransport>(NodeList::GetNode(to)->GetObject<Transport>());
        if (!m_off && peer && !peer->m_off && !peer->m_receive.IsNull())
        {
            peer->m_rxTrace(m_self, to, message, message.payloadBytes);
            peer->m_receive(message);
        }
    }

    uint32_t m_self;
    DataRate m_rate;
    Time m_delay;
    std::map<uint32_t, Time> m_free;
    uint64_t m_queued = 0;
    bool m_off = false;
};

/// A chain model: every layer a block of its own, with that work and that output.
inline LayerGraph
ChainModel(const std::string& name,
           const std::vector<double>& flop,
           const std::vector<uint64_t>& outputBytes,
           uint64_t inputBytes)
{
    std::vector<Layer> layers;
    for (size_t i = 0; i < flop.size(); ++i)
    {
        Layer layer;
        layer.name = "l" + std::to_string(i);
        layer.op = "test";
        layer.block = layer.name;
        layer.inputs = {static_cast<int32_t>(i) - 1};
        layer.outputs = {{{static_cast<int64_t>(outputBytes[i])}, Dtype::UINT8}};
        layer.flop = flop[i];
        layers.push_back(layer);
    }
    return LayerGraph(name, {{{static_cast<int64_t>(inputBytes)}, Dtype::UINT8}}, layers);
}

/// A device that computes the model's work at a constant speed [FLOP/s].
inline ComputeTrace
ConstantSpeed(const std::string& device, const std::vector<LayerGraph>& models, double speed)
{
    ComputeTrace trace;
    trace.device = device;
    trace.mode = "test";
    for (const auto& model : models)
    {
        ModelProfile profile;
        profile.provenance.kind = "calibrated";
        profile.inputs = SpecsText(model.Inputs());
        for (const auto& layer : model.Layers())
        {
            profile.layers[layer.name].mean = Seconds(layer.flop / speed);
        }
        trace.models[model.Name()] = profile;
    }
    return trace;
}

/// One simulation on an ideal full mesh; fields first, then Run.
struct IdealRun
{
    LayerGraph model = ChainModel("m", {1e9, 1e9, 1e9, 1e9}, {1000, 1000, 1000, 10}, 1000);
    std::vector<double> speeds = {1e11, 1e11, 1e11}; //!< per worker
    DataRate rate = DataRate("100Mb/s");
    Time delay = MicroSeconds(100);
    SystemSpec system = MakePreset("local");
    std::string distribution = "deterministic";
    uint32_t run = 1;
    uint64_t memoryBytes = 0;                  //!< of each device; 0: unlimited
    Time callOverhead;                         //!< see ComputeTrace
    Time dispatch;                             //!< see ModelProfile
    Time least;                                //!< see ModelProfile
    std::function<void(ComputeTrace&)> adjust; //!< of each worker, before it is installed
    Deployment::Staging staging = Deployment::Staging::NONE;
    Ptr<TensorEngine> engine; //!< null: sizes only
    bool knowsModel = false;  //!< the engine has the model already, as its first
    std::map<uint32_t, std::vector<uint32_t>> handsTo; //!< by worker: see MdiHelper::SetHandsTo
    Time limit = Seconds(1000);
    std::vector<std::pair<uint32_t, MdiHelper::SourceOptions>> sources; //!< node, options
    std::function<void(MdiHelper&)> prepare;                            //!< before it runs

    std::vector<std::vector<ItemRecord>> items;
    std::vector<Span> spans;
    std::vector<QueueSample> queues;
    uint64_t inFlight = 0;
    uint64_t controlBytes = 0;

    void Periodic(uint32_t node, uint32_t count, double interval, float priority = 1)
    {
        MdiHelper::SourceOptions options;
        options.name = "s" + std::to_string(sources.size());
        options.items = count;
        options.priority = priority;
        options.admission.SetTypeId("ns3::mdi::RandomAdmission");
        options.admission.Set(
            "Gap",
            StringValue("ns3::ConstantRandomVariable[Constant=" + std::to_string(interval) + "]"));
        sources.emplace_back(node, options);
    }

    void Run()
    {
        RngSeedManager::SetSeed(1);
        RngSeedManager::SetRun(run);
        NodeContainer nodes;
        nodes.Create(static_cast<uint32_t>(speeds.size()));
        if (!engine)
        {
            engine = CreateObject<TensorEngine>();
        }
        if (knowsModel)
        {
            model = engine->Graph(0);
        }
        else
        {
            engine->AddModel(model);
        }
        MdiHelper mdi(engine);
        mdi.SetDeviceAttribute("Distribution", StringValue(distribution));
        for (uint32_t i = 0; i < speeds.size(); ++i)
        {
            nodes.Get(i)->AggregateObject(CreateObject<IdealTransport>(i, rate, delay));
            ComputeTrace trace = ConstantSpeed("d" + std::to_string(speeds[i]), {model}, speeds[i]);
            trace.memoryBytes = memoryBytes;
            trace.callOverhead = callOverhead;
            trace.models[model.Name()].dispatch = dispatch;
            trace.models[model.Name()].least = least;
            NodeContainer others;
            for (const uint32_t other : handsTo[i])
            {
                others.Add(nodes.Get(other));
            }
            mdi.SetHandsTo(others);
            if (adjust)
            {
                adjust(trace);
            }
            mdi.AddWorker(nodes.Get(i), mdi.AddProfile(trace), "w" + std::to_string(i));
        }
        mdi.SetStaging(staging);
        for (const auto& [node, options] : sources)
        {
            mdi.AddSource(nodes.Get(node), 0, options);
        }
        mdi.Install(system, [this](uint32_t, uint32_t) { return PathInfo{rate, delay, 1}; });
        mdi.AssignStreams(0);
        if (prepare)
        {
            prepare(mdi);
        }
        RunCollector all;
        Recorder recorder(mdi, all, true);
        Simulator::Stop(limit);
        Simulator::Run();
        recorder.Finish();
        items = std::move(all.items);
        items.resize(sources.size());
        queues = std::move(all.queues);
        spans = std::move(all.spans);
        inFlight = recorder.InFlight();
        controlBytes = recorder.ControlBytes();
        Simulator::Destroy();
    }

    /// Latency of each item of a source [s]; fails the caller's comparison if one did not complete.
    std::vector<double> Latencies(uint32_t source = 0) const
    {
        std::vector<double> latencies;
        for (const auto& item : items.at(source))
        {
            latencies.push_back(item.completed ? (*item.completed - item.admitted).GetSeconds()
                                               : -1);
        }
        return latencies;
    }

    double MeanLatency(uint32_t source = 0) const
    {
        double sum = 0;
        const auto latencies = Latencies(source);
        for (double latency : latencies)
        {
            sum += latency;
        }
        return sum / static_cast<double>(latencies.size());
    }
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TEST_NETWORK_H

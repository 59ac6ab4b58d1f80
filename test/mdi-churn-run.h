// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_CHURN_RUN_H
#define MDI_CHURN_RUN_H

#include "mdi-churn-installer.h"
#include "mdi-row-graph.h"
#include "mdi-test-network.h"

#include "ns3/mdi-churn.h"
#include "ns3/mdi-network-helper.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

/// A simulation in which things fail, and what tests of it have in common.
namespace mdi_churn_test
{

using namespace ns3;
using namespace ns3::mdi;

inline const std::vector<std::string> SYSTEMS = {
    "local", "ddi", "ar-mdi", "ms-mdi", "pa-mdi", "mdi-exit", "edgeflow"};

inline Churn::Failure
Once(std::vector<uint32_t> devices, double at, double length = 0)
{
    Churn::Failure failure;
    failure.devices = std::move(devices);
    failure.once.begin = Seconds(at);
    if (length > 0)
    {
        failure.once.end = Seconds(at + length);
    }
    return failure;
}

/// A small scenario in which things fail. Fields first, then Run.
struct ChurnRun
{
    LayerGraph model = ChainModel("m", {1e8, 1e8, 1e8, 1e8}, {9000, 9000, 9000, 10}, 9000);
    std::vector<double> speeds = {1e10, 1e10, 1e10, 1e10}; //!< of devices
    NetworkHelper::Fidelity fidelity = NetworkHelper::FLOW;
    bool wifi = false;
    SystemSpec system = MakePreset("local");
    std::vector<std::pair<uint32_t, MdiHelper::SourceOptions>> sources; //!< device, options
    Churn churn;
    uint32_t run = 1;
    Time limit = Seconds(600);
    std::function<void(MdiHelper&)> prepare; //!< before it runs

    std::vector<std::vector<ItemRecord>> items;
    std::vector<Span> spans;
    uint64_t unfinished = 0;
    uint32_t retries = 0;
    uint64_t events = 0;
    Time settle;                               //!< to simulate after the last item has ended
    std::vector<uint64_t> memory;              //!< in use on each device after that
    std::function<void(ComputeTrace&)> adjust; //!< of each device
    std::string wrong;                         //!< the first violation of conservation; empty: none

    ChurnRun()
    {
        churn.itemTimeout = Seconds(1);
        churn.peerTimeout = MilliSeconds(300);
    }

    void Poisson(uint32_t device, uint32_t count, double gap, float priority = 1)
    {
        MdiHelper::SourceOptions options;
        options.name = "s" + std::to_string(sources.size());
        options.items = count;
        options.priority = priority;
        options.admission.SetTypeId("ns3::mdi::RandomAdmission");
        options.admission.Set(
            "Gap", StringValue("ns3::ExponentialRandomVariable[Mean=" + std::to_string(gap) + "]"));
        sources.emplace_back(device, options);
    }

    void ClosedLoop(uint32_t device, uint32_t count)
    {
        Poisson(device, count, 1);
        sources.back().second.admission = ObjectFactory("ns3::mdi::ClosedLoopAdmission");
    }

    void Run()
    {
        RngSeedManager::SetSeed(1);
        RngSeedManager::SetRun(run);
        const auto count = static_cast<uint32_t>(speeds.size());
        const Outages outages = DrawOutages(churn, count, 1, limit, 2000000000);
        NodeContainer nodes;
        nodes.Create(count);
        NetworkHelper network(fidelity);
        if (!outages.networks[0].empty())
        {
            network.SetTrace(WithOutages(std::nullopt, outages.networks[0], limit));
        }
        if (wifi)
        {
            std::vector<Vector> positions;
            for (uint32_t i = 0; i < count; ++i)
            {
                positions.emplace_back(i, 0, 0);
            }
            network.AddWifiAdhoc(nodes, positions, WifiOptions());
        }
        else
        {
            network.AddSwitchedEthernet(nodes, DataRate("100Mb/s"), MicroSeconds(100));
        }
        network.Install(nodes);
        const auto engine = CreateObject<TensorEngine>();
        engine->AddModel(model);
        MdiHelper mdi(engine);
        for (uint32_t i = 0; i < count; ++i)
        {
            const std::string name = "d" + std::to_string(speeds[i]);
            ComputeTrace trace = ConstantSpeed(name, {model}, speeds[i]);
            if (adjust)
            {
                adjust(trace);
            }
            mdi.AddWorker(nodes.Get(i), mdi.AddProfile(trace), "w" + std::to_string(i));
        }
        for (const auto& [device, options] : sources)
        {
            mdi.AddSource(nodes.Get(device), 0, options);
        }
        mdi.Install(system, network);
        mdi.AssignStreams(0);
        network.AssignStreams(1000000);
        InstallChurn(churn, outages.devices, mdi);
        if (prepare)
        {
            prepare(mdi);
        }
        RunCollector all;
        Recorder recorder(mdi, all, true);
        Account account(*this, mdi, recorder);
        Simulator::Stop(limit);
        Simulator::Run();
        account.Check();
        events = Simulator::GetEventCount();
        recorder.Finish();
        Simulator::Stop(settle);
        Simulator::Run();
        // AR-MDI may give what it kept of an ended item again: that is in use while it runs. What
        // leaks stays.
        const auto uses = [&nodes] {
            return std::any_of(nodes.Begin(), nodes.End(), [](Ptr<Node> node) {
                return node->GetObject<ComputeDevice>()->MemoryInUse() > 0;
            });
        };
        for (int tries = 0; uses() && tries < 50; ++tries)
        {
            Simulator::Stop(MilliSeconds(100));
            Simulator::Run();
        }
        for (uint32_t i = 0; i < count; ++i)
        {
            memory.push_back(nodes.Get(i)->GetObject<ComputeDevice>()->MemoryInUse());
        }
        items = std::move(all.items);
        items.resize(sources.size());
        spans = std::move(all.spans);
        unfinished = recorder.Unfinished();
        Simulator::Destroy();
    }

    /// Items of a source without a result.
    size_t Lost(uint32_t source) const
    {
        return std::count_if(items[source].begin(), items[source].end(), [](const auto& item) {
            return !item.completed;
        });
    }

    /// When a device last finished a task.
    double LastTask(uint32_t device) const
    {
        double last = 0;
        for (const Span& span : spans)
        {
            last = !span.transfer && span.from == device ? std::max(last, span.end.GetSeconds())
                                                         : last;
        }
        return last;
    }

  private:
    /// Counts by itself, and compares with the recorder at every event that it hears of.
    class Account
    {
      public:
        Account(ChurnRun& run, MdiHelper& mdi, const Recorder& recorder)
            : m_run(run),
              m_recorder(recorder)
        {
            for (const auto& source : mdi.GetSources())
            {
                source->TraceConnectWithoutContext(
                    "ItemAdmitted",
                    Callback<void, ItemId>([this](ItemId item) { Set(item, OPEN); }));
                source->TraceConnectWithoutContext(
                    "ItemCompleted", Callback<void, const Message&>([this](const Message& m) {
                        Set(m.task.item, COMPLETED);
                    }));
                source->TraceConnectWithoutContext(
                    "ItemLost",
                    Callback<void, ItemId, const std::string&>(
                        [this](ItemId item, const std::string& reason) {
                            Set(item, LOST);
                            Expect(!reason.empty(), "an item is lost without a reason");
                        }));
                source->TraceConnectWithoutContext(
                    "ItemRetried",
                    Callback<void, ItemId, uint16_t>([&run](ItemId, uint16_t) { run.retries++; }));
            }
        }

        void Check()
        {
            Compare();
        }

      private:
        enum State
        {
            OPEN,
            COMPLETED,
            LOST,
        };

        void Set(ItemId item, State state)
        {
            const auto known = m_items.find(item);
            if (state == OPEN)
            {
                Expect(known == m_items.end(), "an item is admitted twice");
                m_items[item] = OPEN;
            }
            else
            {
                Expect(known != m_items.end(), "an item ends that was not admitted");
                Expect(known->second == OPEN, "an item ends twice");
                known->second = state;
            }
            if (++m_events % 64 == 0)
            {
                Compare();
            }
        }

        void Compare()
        {
            // Here and there the recorder is told before or after this.
            const auto open = static_cast<int64_t>(
                std::count_if(m_items.begin(), m_items.end(), [](const auto& item) {
                    return item.second == OPEN;
                }));
            Expect(std::abs(open - static_cast<int64_t>(m_recorder.InFlight())) <= 1,
                   "the recorder counts other items in flight");
        }

        void Expect(bool holds, const std::string& else_)
        {
            if (!holds && m_run.wrong.empty())
            {
                m_run.wrong = else_;
            }
        }

        ChurnRun& m_run;
        const Recorder& m_recorder;
        std::map<ItemId, State> m_items;
        uint64_t m_events = 0;
    };
};

/// Every item has one end.
inline void
ExpectAccounted(const ChurnRun& run)
{
    EXPECT_EQ(run.wrong, "");
    EXPECT_EQ(run.unfinished, 0u);
    for (const auto& items : run.items)
    {
        for (const ItemRecord& item : items)
        {
            EXPECT_NE(item.completed.has_value(), !item.lost.empty())
                << "source " << item.id.source << " item " << item.id.item;
        }
    }
}

/// Rows, a cut after every layer, and no weights: memory in use is that of items.
inline LayerGraph
RowChain(std::mt19937& random, uint32_t layers)
{
    const LayerGraph graph = mdi_row_test::RandomGraph(random, layers, false);
    std::vector<Layer> all = graph.Layers();
    for (Layer& layer : all)
    {
        layer.weightBytes = 0;
        layer.block = layer.name;
    }
    return LayerGraph("m", graph.Inputs(), all);
}

} // namespace mdi_churn_test

#endif // MDI_CHURN_RUN_H

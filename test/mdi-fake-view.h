// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FAKE_VIEW_H
#define MDI_FAKE_VIEW_H

// What the tests of strategies let a worker know.

#include "mdi-test-network.h"

#include "ns3/mdi-local-view.h"

#include <map>

namespace ns3
{
namespace mdi
{

/// A worker (node 0) that expects what the test says.
class FakeView : public LocalView
{
  public:
    FakeView()
    {
        const auto engine = CreateObject<TensorEngine>();
        const LayerGraph model = ChainModel("m", {1e9, 1e9, 1e9, 1e9}, {10, 10, 10, 10}, 10);
        engine->AddModel(model);
        m_deployment = Create<Deployment>(engine);
        m_deployment->AddProfile(ConstantSpeed("d", {model}, 1e11));
        for (uint32_t node : {0, 1, 2})
        {
            m_deployment->AddWorker({node, 0});
        }
        Deployment::Source source;
        source.accuracy = 0.5;
        m_deployment->AddSource(source);
        m_deployment->SetPathFunction([](uint32_t a, uint32_t b) {
            return PathInfo{DataRate("1Mb/s"), Time(0), a > b ? a - b : b - a};
        });
    }

    uint32_t Self() const override
    {
        return 0;
    }

    const Deployment& GetDeployment() const override
    {
        return *m_deployment;
    }

    std::vector<uint32_t> Candidates() const override
    {
        std::vector<uint32_t> nodes;
        for (const auto& [node, estimate] : expected)
        {
            if (node != 0)
            {
                nodes.push_back(node);
            }
        }
        return nodes;
    }

    Estimate Predict(const Task&, uint32_t node, bool urgentOnly) const override
    {
        Estimate estimate = expected.at(node);
        estimate.node = node;
        estimate.wait = urgentOnly ? Time(0) : estimate.wait;
        return estimate;
    }

    /// transfer, wait and service [ms] of a node
    void Expect(uint32_t node, int transfer, int wait, int service, double loss = 0)
    {
        expected[node] = {
            node, MilliSeconds(transfer), MilliSeconds(wait), MilliSeconds(service), loss};
    }

    uint32_t InputTasks(uint32_t node) const override
    {
        return inputTasks.at(node);
    }

    uint32_t OutputTasks() const override
    {
        return outputTasks;
    }

    std::optional<TaskId> OutputHead() const override
    {
        return outputTasks > 0 ? std::make_optional(TaskId()) : std::nullopt;
    }

    Time ServicePerTask(uint32_t node) const override
    {
        return expected.at(node).service;
    }

    Time TransferPerTask(const Task&, uint32_t node) const override
    {
        return expected.at(node).transfer;
    }

    bool IsSilent(uint32_t node) const override
    {
        return silent.count(node) > 0;
    }

    uint64_t News() const override
    {
        return news;
    }

    std::map<uint32_t, Estimate> expected;
    std::map<uint32_t, uint32_t> inputTasks; //!< by node
    std::set<uint32_t> silent;
    uint32_t outputTasks = 0; //!< their head is TaskId()
    uint64_t news = 0;

  private:
    Ptr<Deployment> m_deployment;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_FAKE_VIEW_H

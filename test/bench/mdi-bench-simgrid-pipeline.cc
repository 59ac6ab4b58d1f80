// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The reference of pipeline/..._against_simgrid: the same pipeline of compute and transfers in
// SimGrid (s4u), as a program of its own. HOSTS stand in a chain of links of 1 Gb/s and 100 us;
// ITEMS pass through all of them, each computes for 10 ms and sends 100 kB to the next.
//
//     mdi-bench-simgrid HOSTS ITEMS activities|actors [--cfg=...]
//
// prints the processor's seconds that the simulation took (without building the platform) and the
// simulated seconds. `activities` does without actors: the end of a computation starts the
// transfer, the end of a transfer the next computation. `actors` is SimGrid's usual way: one actor
// per host receives, computes and sends.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <simgrid/s4u.hpp>
#include <string>
#include <unordered_map>
#include <vector>

namespace sg = simgrid::s4u;

namespace
{

constexpr double SPEED = 1e9;      // FLOP/s
constexpr double WORK = 1e7;       // FLOP
constexpr uint64_t BYTES = 100000; // of a message
constexpr double RATE = 125e6;     // bytes/s
constexpr double LATENCY = 100e-6; // s

/// A chain of hosts.
std::vector<sg::Host*>
MakePlatform(size_t count)
{
    auto* zone = sg::create_full_zone("chain");
    std::vector<sg::Host*> hosts;
    for (size_t i = 0; i < count; ++i)
    {
        hosts.push_back(zone->create_host("h" + std::to_string(i), SPEED));
        if (i > 0)
        {
            auto* link = zone->create_link("l" + std::to_string(i), RATE)->set_latency(LATENCY);
            link->seal();
            zone->add_route(hosts[i - 1]->get_netpoint(),
                            hosts[i]->get_netpoint(),
                            nullptr,
                            nullptr,
                            {sg::LinkInRoute(link)});
        }
    }
    zone->seal();
    return hosts;
}

/// Activities that start each other; hosts take their items one by one.
class ActivityPipeline
{
  public:
    ActivityPipeline(std::vector<sg::Host*> hosts, uint64_t items)
        : m_items(items),
          m_admitted(1)
    {
        for (auto* host : hosts)
        {
            m_stages.emplace_back();
            m_stages.back().host = host;
        }
        sg::Activity::on_completion_cb([this](const sg::Activity& ended) { OnEnd(ended); });
        Compute(0);
    }

    uint64_t Completed() const
    {
        return m_completed;
    }

  private:
    struct Stage
    {
        sg::Host* host = nullptr;
        bool busy = false;
        uint64_t waiting = 0;
        sg::ExecPtr exec;
        std::unordered_map<const sg::Activity*, sg::CommPtr> arriving;
    };

    void Compute(size_t stage)
    {
        Stage& at = m_stages[stage];
        at.busy = true;
        at.exec = sg::Exec::init()->set_flops_amount(WORK)->set_host(at.host);
        m_stageOf[at.exec.get()] = stage;
        at.exec->vetoable_start();
    }

    void OnEnd(const sg::Activity& ended)
    {
        const auto found = m_stageOf.find(&ended);
        const size_t stage = found->second;
        m_stageOf.erase(found);
        Stage& at = m_stages[stage];
        if (at.exec.get() != &ended)
        {
            at.arriving.erase(&ended);
            at.waiting++;
        }
        else
        {
            at.busy = false;
            if (stage + 1 == m_stages.size())
            {
                m_completed++;
            }
            else
            {
                Stage& next = m_stages[stage + 1];
                const auto sent =
                    sg::Comm::sendto_init(at.host, next.host)->set_payload_size(BYTES);
                next.arriving[sent.get()] = sent;
                m_stageOf[sent.get()] = stage + 1;
                sent->vetoable_start();
            }
            if (stage == 0 && m_admitted < m_items)
            {
                m_admitted++;
                at.waiting++;
            }
        }
        if (!at.busy && at.waiting > 0)
        {
            at.waiting--;
            Compute(stage);
        }
    }

    uint64_t m_items;
    uint64_t m_admitted;
    uint64_t m_completed = 0;
    std::vector<Stage> m_stages;
    std::unordered_map<const sg::Activity*, size_t> m_stageOf; //!< of what is under way
};

/// One actor per host. \param completed counts the items that have passed all hosts
void
StartActors(const std::vector<sg::Host*>& hosts, uint64_t items, uint64_t& completed)
{
    std::vector<sg::Mailbox*> boxes;
    for (auto* host : hosts)
    {
        boxes.push_back(sg::Mailbox::by_name(host->get_name()));
    }
    for (size_t i = 0; i < hosts.size(); ++i)
    {
        auto* in = i > 0 ? boxes[i] : nullptr;
        auto* out = i + 1 < hosts.size() ? boxes[i + 1] : nullptr;
        sg::Actor::create("worker", hosts[i], [in, out, items, &completed] {
            static char payload = 0;
            sg::CommPtr sending;
            for (uint64_t item = 0; item < items; ++item)
            {
                if (in)
                {
                    in->get<char>();
                }
                sg::this_actor::execute(WORK);
                if (sending)
                {
                    sending->wait();
                }
                if (out)
                {
                    sending = out->put_async(&payload, BYTES);
                }
                else
                {
                    completed++;
                }
            }
            if (sending)
            {
                sending->wait();
            }
        });
    }
}

} // namespace

int
main(int argc, char** argv)
{
    sg::Engine engine(&argc, argv); // takes the --cfg flags
    if (argc != 4)
    {
        std::fprintf(stderr, "usage: mdi-bench-simgrid HOSTS ITEMS activities|actors\n");
        return 2;
    }
    const auto hosts = MakePlatform(std::strtoul(argv[1], nullptr, 10));
    const uint64_t items = std::strtoull(argv[2], nullptr, 10);
    const bool actors = std::strcmp(argv[3], "actors") == 0;
    uint64_t completed = 0;
    std::unique_ptr<ActivityPipeline> pipeline;
    if (actors)
    {
        StartActors(hosts, items, completed);
    }
    else
    {
        pipeline = std::make_unique<ActivityPipeline>(hosts, items);
    }
    const auto start = std::clock();
    engine.run();
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    if ((actors ? completed : pipeline->Completed()) != items)
    {
        std::fprintf(stderr, "mdi-bench-simgrid: not all items came through\n");
        return 1;
    }
    std::printf("%.9g %.9g\n", seconds, sg::Engine::get_clock());
    return 0;
}

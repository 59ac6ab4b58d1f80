// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RECORDER_H
#define MDI_RECORDER_H

#include "mdi-energy-account.h"
#include "mdi-run-listener.h"
#include "mdi-run-sink.h"
#include "mdi-window.h"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Listens to a simulation and gives what the results need to a sink; stops the simulation when
 * every item that will be admitted has ended.
 *
 * An item is given away when it and all before it of its source have ended and LAG others have
 * since. What is kept is the window of items in flight, however many there are in all. The lag
 * leaves room for what follows an item's end on the wire (acknowledgements of AR-MDI, word of a
 * loss): later bytes count for its source (LateBytes), but not in its record.
 */
class Recorder : public RunListener
{
  public:
    /// Items, of all sources, that have ended and are kept nevertheless.
    static constexpr uint64_t LAG = 4096;

    /// Results of which the engine is not yet asked: it may work on them meanwhile.
    static constexpr uint64_t JUDGE_LAG = 256;

    /**
     * \param mdi installed
     * \param sink takes what is recorded; must outlive the simulation
     * \param spans whether to record spans and lengths of queues for a timeline
     */
    Recorder(const MdiHelper& mdi, RunSink& sink, bool spans);

    /// Give the rest to the sink, by source and item: after the simulation, once.
    void Finish();

    /// Bytes of messages that belong to no item: beacons, tokens, heartbeats.
    uint64_t ControlBytes() const;

    /// By source: bytes of messages of items whose record was given away before.
    const std::vector<uint64_t>& LateBytes() const;

    /// What the devices drew.
    const EnergyAccount& Energy() const;

    /// Items that were admitted and have neither completed nor been lost.
    uint64_t InFlight() const;

    /// Items that are not admitted, because the device of their source has failed for good.
    uint64_t NeverAdmitted() const;

    /// Items that have not ended, those not yet admitted included.
    uint64_t Unfinished() const;

  private:
    /// An item whose record is not given away yet.
    struct Open
    {
        ItemRecord record;
        uint32_t unjudged = 0; //!< its results in m_results
        bool ended = false;
    };

    /// The items of a source.
    struct Items
    {
        Window<Open> window;
        uint64_t ended = 0; //!< number of the first one that has not ended
    };

    /// A result that the engine will be asked about.
    struct Result
    {
        ItemId item;
        TensorId tensor;
    };

    Open* Find(ItemId item);
    void OnAdmitted(ItemId item) override;
    void OnToken(const Message& result) override;
    void OnCompleted(const Message& result) override;
    void OnLost(ItemId item, const std::string& reason) override;
    void OnClosed(uint32_t items) override;
    void OnServed(uint32_t worker, TaskId task, Time took) override;
    void OnTx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes) override;
    void OnRx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes) override;
    void OnStarted(uint32_t node, const Task& task) override;
    void OnFinished(uint32_t node, const Task& task) override;
    void OnQueues(uint32_t node, uint32_t inputTasks, uint32_t outputTasks) override;
    void CountEnded(uint64_t items);
    void OnEnded(Open& open);
    void ToJudge(const Message& result, Open& open);
    void JudgeOldest();
    void Release(Items& items);

    Ptr<const Deployment> m_deployment;
    RunSink& m_sink;
    bool m_recordSpans;
    bool m_judges; //!< the engine knows values
    std::vector<Items> m_items;
    std::deque<uint32_t> m_releasable; //!< sources, one entry per item that may be given away
    std::deque<Result> m_results;
    std::map<std::pair<uint32_t, TaskId>, Time> m_running;
    std::map<std::tuple<uint32_t, uint32_t, MessageType, uint32_t>, Time> m_travelling;
    EnergyAccount m_energy;
    uint64_t m_controlBytes = 0;
    std::vector<uint64_t> m_lateBytes;
    uint64_t m_neverAdmitted = 0;
    uint64_t m_inFlight = 0;
    uint64_t m_unfinished = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_RECORDER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PIPELINE_H
#define MDI_PIPELINE_H

#include "mdi-local-view.h"

#include "ns3/event-id.h"
#include "ns3/object.h"
#include "ns3/random-variable-stream.h"
#include "ns3/traced-callback.h"

#include <functional>
#include <map>
#include <set>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * The adaptive, resilient pipeline of AR-MDI at one worker, **reconstructed** (papers.md section
 * 3).
 *
 * - Speed: a worker smooths s_n = work / compute time (0.7 old + 0.3 new); tensors and results
 * carry the speeds of the workers that they passed.
 * - Re-allocation: when a result shows that shares by speed would shorten the slowest stage by more
 *   than Hysteresis, the source sends a token {epoch, S, p, next boundary} down the pipeline; each
 *   worker takes the layers up to the boundary nearest to W p_n / S, the tail takes the rest. Items
 *   admitted later carry the new epoch.
 * - Resilience: a worker keeps what it handed on until the next has handed on its output (DONE).
 *   Workers send heartbeats to their predecessors; after MissedHeartbeats the predecessor gives the
 *   kept tensors to the next live worker, which runs the lost slice with its own (or runs the rest
 *   itself if none is left), and tells the source, which issues a token without the failed worker.
 *   A token that may have ended at a failed worker goes to the next live one, too: without it, that
 *   one would not know what to do with the tensors of its epoch.
 *
 * A worker that comes back has forgotten everything but the deployed plan and, at a source, the
 * number of its newest epoch. It tells the sources (FAILED of itself). The source begins an epoch
 * with it at its old place and tells the others (FAILED with that epoch): what it had of earlier
 * epochs is lost, so they give what they kept of that to the next worker as after a failure. (How
 * AR-MDI lets workers return is not known; this is ours.)
 *
 * A worker that is only slow is not failed: its s_n falls and the next token shrinks its slice. The
 * acknowledgement deadline that the reconstruction also mentions adds nothing to that and is left
 * out.
 */
class Pipeline : public Object
{
  public:
    /// What the protocol needs of its worker.
    struct Host
    {
        uint32_t self = 0;                                     //!< node id
        Ptr<const Deployment> deployment;                      //!< models, profiles, sources
        std::function<void(uint32_t to, const Message&)> send; //!< reliable
        std::function<void(uint32_t to, const Message&)> sendDatagram; //!< unreliable
        std::function<void(const Message&, uint32_t to)> handOver;     //!< a tensor, once more
        std::function<void(const Message&)> runHere; //!< a tensor, to run the rest
    };

    /// Trace signature: the source whose pipeline it is, the epoch, the boundaries of this worker.
    using AllocationTracedCallback = void (*)(uint32_t source,
                                              uint16_t epoch,
                                              uint32_t begin,
                                              uint32_t end);

    /// Trace signature: the source whose pipeline it is and the worker taken for dead.
    using FailureTracedCallback = void (*)(uint32_t source, uint32_t node);

    static TypeId GetTypeId();

    Pipeline();

    /// Begin: take the deployed plans as epoch 0 and start the heartbeats.
    void Start(Host host);

    /// The epoch that a newly admitted item of a source on this node belongs to.
    uint16_t CurrentEpoch(uint32_t source) const;

    /// The plan of an epoch as far as this worker knows it; nullptr if its token is not here yet.
    const Plan* FindPlan(uint32_t source, uint16_t epoch) const;

    /// A tensor is about to go to its planned worker: the live worker that gets it instead, and the
    /// unit there; \return ExecutionUnit::NONE if no later worker lives (run the rest here)
    int32_t Redirect(Message& message) const;

    /// A unit has run here, without waiting, in `busy`.
    void OnFinished(const Task& task, Time busy);

    /// Append this worker's speed to what the item's tensors carry.
    StageReport Stage(const Task& task) const;

    /// A tensor was given to the network: keep it until DONE.
    void OnHandedOver(uint32_t to, const Message& message);

    /// What was sent was given up: it is sent again for as long as its receiver is not taken for dead.
    void OnUndelivered(uint32_t to, const Message& message);

    /// The output of `task` has been handed on (or the item ended here): its sender may forget it.
    void OnOutputSafe(const Task& task);

    /// An input came of an item that is lost: its sender may forget it, too.
    void OnInputDropped(const Message& input);

    /// Anything arrived from a worker, so it lives.
    void OnHeard(uint32_t from);

    /// A tensor of a pipeline arrived: its sender is a predecessor.
    void OnTensor(const Message& message);

    /// A result arrived at its source, which is on this node.
    void OnResult(const Message& message);

    /// DONE, TOKEN, HEARTBEAT or FAILED arrived. \return whether a new plan came
    bool Receive(const Message& message);

    /// This worker has failed: it goes silent.
    void Stop();

    /// It is back.
    void Resume();

    /// \return number of streams used
    int64_t AssignStreams(int64_t stream);

  protected:
    void DoDispose() override;

  private:
    /// A message that was given to a worker, in case that one fails.
    struct Kept
    {
        uint32_t to;
        Message message;
    };

    /// What this worker knows of one source's pipeline.
    struct Chain
    {
        std::map<uint16_t, Plan> plans;        //!< by epoch
        uint16_t epoch = 0;                    //!< newest
        std::vector<uint32_t> order;           //!< workers of the newest epoch
        std::map<uint16_t, Kept> passedOn;     //!< by epoch, tokens that may end at their receiver
        std::map<uint32_t, uint16_t> returned; //!< first epoch of workers that came back
        double speed = 0;   //!< s_n of this worker on this source's model; 0: unknown
        Time reallocatedAt; //!< at the source: when the newest epoch began
    };

    void SendDone(const TaskId& task, uint32_t to);
    std::vector<uint32_t> Boundaries(uint32_t source) const;
    double Speed(uint32_t source) const;
    void Reallocate(uint32_t source, const std::vector<uint32_t>& order, double totalSpeed);
    void TakeSlice(const Message& token);
    void PassOn(Message token);
    void ForgetTokens(const TaskId& done, uint32_t from);
    void ForgetAll();
    void ScheduleBeat();
    void BeatAndCheck();
    bool IsDead(uint32_t source, uint16_t epoch, uint32_t node) const;
    void OnFailedMessage(const Message& message);
    void OnFailure(uint32_t node);
    void OnReturn(uint32_t source, uint32_t node, uint16_t epoch);
    void Readmit(uint32_t source, uint32_t node);
    void DropFromOrder(uint32_t source, uint32_t node);
    void Renew(uint32_t source, const std::vector<uint32_t>& order);
    std::vector<uint32_t> DeployedOrder(uint32_t source) const;
    template <typename IsLost>
    void GiveAgain(IsLost isLost);

    Host m_host;
    std::vector<Chain> m_chains;                             //!< by source
    std::map<TaskId, Kept> m_kept;                           //!< handed on, not yet DONE
    std::map<uint32_t, Time> m_heard;                        //!< when a worker was last heard of
    std::set<uint32_t> m_predecessors;                       //!< who gets heartbeats
    std::set<uint32_t> m_dead;                               //!< taken for dead
    std::map<uint32_t, std::map<uint32_t, double>> m_speeds; //!< at a source: by source, worker
    EventId m_timer;
    Ptr<UniformRandomVariable> m_phase; //!< of the heartbeats: workers do not beat in step

    Time m_heartbeat;    //!< attribute HeartbeatInterval
    uint32_t m_missed;   //!< attribute MissedHeartbeats
    double m_hysteresis; //!< attribute Hysteresis
    Time m_minInterval;  //!< attribute MinInterval
    double m_oldWeight;  //!< attribute OldSpeedWeight
    bool m_adapt;        //!< attribute Adapt

    TracedCallback<uint32_t, uint16_t, uint32_t, uint32_t> m_allocationTrace;
    TracedCallback<uint32_t, uint32_t> m_failureTrace;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_PIPELINE_H

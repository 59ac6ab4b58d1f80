// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_WORKER_H
#define MDI_WORKER_H

#include "mdi-cache-keeper.h"
#include "mdi-compute-device.h"
#include "mdi-exit-rule.h"
#include "mdi-handshake.h"
#include "mdi-inbox.h"
#include "mdi-local-view.h"
#include "mdi-packer.h"
#include "mdi-pipeline.h"
#include "mdi-queue-discipline.h"
#include "mdi-recent-set.h"
#include "mdi-router.h"
#include "mdi-task-hash.h"
#include "mdi-transport.h"
#include "mdi-worker-view.h"

#include "ns3/application.h"
#include "ns3/event-id.h"
#include "ns3/random-variable-stream.h"
#include "ns3/traced-callback.h"

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * The runtime of one node: an application that collects the inputs of execution units, has the
 * router place the units that are ready, runs its own on the node's ComputeDevice and hands the
 * others on. One worker serves every system; the strategies make the difference.
 *
 * A task's way: Offer (an input is here; a plan that names another worker gets it at once) -> all
 * inputs are here -> TaskReady -> Dispatch (the router says where, the queue discipline says which
 * first) -> StartTask on the device, or HandOver to a neighbour, after its grant where a Handshake
 * is installed and through the codec where there is one -> FinishTask -> Forward the output to the
 * units that need it, or the result to the source: also an early one, where the exit rule lets the
 * item leave.
 *
 * Tasks that are ready form two queues: those that must run here (the input queue of MDI-Exit) and
 * those that may leave (its output queue).
 *
 * The node must have a Transport and a ComputeDevice aggregated.
 */
class Worker : public Application
{
  public:
    /// Trace signature: the task and what is known of it.
    using TaskTracedCallback = void (*)(const Task& task);

    /// Trace signature: the task, and the worker that it goes to.
    using HandOverTracedCallback = void (*)(const Task& task, uint32_t to);

    /// Trace signature: lengths of the input and the output queue [tasks].
    using QueuesTracedCallback = void (*)(uint32_t inputTasks, uint32_t outputTasks);

    /// The end of an item of a source of this node: RESULT or LOST.
    using ResultCallback = std::function<void(const Message& end)>;

    static TypeId GetTypeId();

    Worker();
    ~Worker() override;

    /// The strategies of a worker.
    struct Strategies
    {
        Ptr<QueueDiscipline> queue; //!< what it runs next
        Ptr<Router> router;         //!< who gets a task
        Ptr<Handshake> handshake;   //!< may be null
        Ptr<Pipeline> pipeline;     //!< may be null
        Ptr<ExitRule> exit;         //!< null: exits are disabled
    };

    /// What becomes of the node's device.
    enum class State
    {
        FAILED, //!< it may come back
        GONE,   //!< it will not
        BACK,   //!< it works again
    };

    /// Told to the sources of this node.
    using StateCallback = std::function<void(State)>;

    /// The attempt at an item that its source makes alone, on its own device.
    static constexpr uint16_t ALONE = 0xffff;

    /// Strategies and knowledge, before the start.
    void Configure(Ptr<const Deployment> deployment, const Strategies& strategies);

    /// Where results and losses of a source of this node go.
    void SetResultCallback(uint32_t source, ResultCallback callback);

    /// Who of this node must know when its device fails.
    void SetStateCallback(uint32_t source, StateCallback callback);

    /**
     * A source of this node issues an item.
     * \param item which one
     * \param admitted when it was admitted
     * \param attempt 0 for the first time; ALONE to run it here whole
     */
    void Admit(ItemId item, Time admitted, uint16_t attempt = 0);

    /**
     * An item of a source of this node generates: the next pass begins with what this one gave.
     * \param result of this pass
     * \param attempt at the next pass, as in Admit; none: that of this one
     */
    void Continue(const Message& result, std::optional<uint16_t> attempt = std::nullopt);

    /// Which attempt follows one that gave nothing: ALONE where only the plan's workers could make
    /// another, and as the last of all.
    uint16_t NextAttempt(uint32_t source, uint16_t attempt, bool last) const;

    /// Whether a task or message of an item is here, waiting for the processor or on it, or being
    /// staged: it is only late.
    bool Holds(ItemId item) const;

    /**
     * A source of this node will wait no longer for an item: tells it so, and who may hold
     * something of it.
     */
    void GiveUp(ItemId item, uint16_t attempt, const std::string& reason);

    /// Which attempt at its item a task belongs to: its epoch, unless that is a pipeline's.
    uint16_t AttemptOf(const TaskId& task) const;

    /**
     * The device fails: it computes, sends and receives nothing, says nothing and forgets all but
     * what was deployed.
     * \param forGood it will not Recover: its sources admit nothing more
     */
    void Fail(bool forGood = false);

    /// The device works again. Time that it takes to start belongs to its failure.
    void Recover();

    Ptr<Router> GetRouter() const;       //!< see Strategies
    Ptr<Handshake> GetHandshake() const; //!< may be null
    Ptr<Pipeline> GetPipeline() const;   //!< may be null

    /// |I| + |O|: tasks that are here, waiting or asked for.
    uint32_t GetReadyTasks() const;

    /// \return number of streams used
    int64_t AssignStreams(int64_t stream);

  protected:
    void DoInitialize() override;
    void DoDispose() override;

  private:
    /// A task that has all inputs.
    struct Ready
    {
        Task task;
        bool pending = false; //!< asked for by RTC
        Time service;         //!< here
    };

    void StartApplication() override;
    void StopApplication() override;

    void StartPipeline();
    void StartHandshake();
    void StartBeacons();
    void ConfigureView();
    void ForgetAll();
    bool HoldsWhole(uint32_t source);
    void EndWork(ItemId item);
    void TellSources(State state);

    void StartPass(Message item);
    void Receive(const Message& message);
    void OnTensor(const Message& message);
    void OnDelivered(uint32_t to, const Message& message, Time elapsed);
    void OnUndelivered(uint32_t to, const Message& message);
    void Offer(Message input, bool arrived);
    void Collect(Message input, bool arrived);
    void Accept(Message input, const ExecutionUnit& unit, bool arrived);
    void AwaitMore();
    void ForgetOld();
    void TaskReady(Task task);
    void Dispatch();
    bool DispatchOne();
    void StartTask(std::vector<Ready>::iterator which);
    TensorId RunLayers(Task& task) const;
    void FinishTask(Task task, TensorId output, Time started);
    void Forward(Task task, TensorId output);
    void ForwardResult(Task task, TensorId output);
    void HandOver(Message message, uint32_t to);
    void SendPacked(Message message, uint32_t to);
    void Transmit(Message message, uint32_t to);
    void FreeInputs(const Task& task);
    void Ask(std::vector<Ready>::iterator which, const Estimate& estimate, double key);
    void OnGranted(const TaskId& id, uint32_t to);
    void DeliverResult(const Message& result);
    void DeliverLoss(const Message& lost);
    void Lose(const TaskId& task, const std::string& reason);
    Message Lost(const TaskId& task, const std::string& reason) const;
    TaskId Attempt(const TaskId& task) const;
    void LoseInput(const Message& input, const std::string& reason);
    void Drop(const Message& lost);
    void OutputSafe(const TaskId& output);
    void Beacon();

    const Plan* FindPlan(const TaskId& task) const;
    bool RadioIdle() const;
    Message MakeTensorMessage(Task& task, TensorId output, bool last) const;
    void SetTensors(Message& message, const Operator& reader, const UnitInput& input) const;
    void AddReady(Task task);
    Task TakeReady(std::vector<Ready>::iterator which);
    std::vector<Ready>::iterator FindReady(const TaskId& task);
    void Send(uint32_t to, Message message);
    void SendDatagram(uint32_t to, Message message);
    void Broadcast(Message message);
    void Stamp(Message& message);
    bool EndSolo(const Message& message);

    // attributes
    Time m_beaconInterval;
    uint32_t m_missedBeacons;
    double m_goodputWeight;
    bool m_backlogCountsReady;
    bool m_countOwnPlacements;
    double m_taskTimeWeight;
    Time m_silence;
    Time m_patience;

    Ptr<const Deployment> m_deployment;
    Ptr<QueueDiscipline> m_queue;
    Ptr<Router> m_router;
    Ptr<Handshake> m_handshake;
    Ptr<Pipeline> m_pipeline;
    Ptr<ExitRule> m_exit;
    bool m_exitStarted = false;
    bool m_beacons = false; //!< the router lives from what neighbours tell
    Ptr<Transport> m_transport;
    Ptr<ComputeDevice> m_device;
    uint32_t m_self = 0;    //!< node id
    uint16_t m_profile = 0; //!< of the device, in the deployment
    bool m_failed = false;

    WorkerView m_view; //!< all that the policies see
    Inbox m_inbox;
    Packer m_packer;
    std::vector<Message> m_early; //!< tensors whose plan is not here yet
    std::vector<Ready> m_ready;
    bool m_dispatching = false;
    std::vector<ItemId> m_atWork;          //!< run here now
    std::map<uint32_t, Plan> m_alonePlans; //!< by source of this node: see ALONE
    std::set<uint32_t> m_whole;            //!< sources whose models are here whole because of that

    CacheKeeper m_caches;            //!< of items that generate
    std::map<TaskId, Task> m_unsafe; //!< AR-MDI: by output, tasks whose output is on its way
    /// By reader, inputs sent when nothing else was on its way.
    std::vector<std::pair<TaskId, uint16_t>> m_soloTransfers;
    RecentSet<TaskId, TaskHash> m_dropped{Inbox::REMEMBERED}; //!< see Attempt: lost somewhere
    /// Whose result did not arrive at first.
    RecentSet<TaskId, TaskHash> m_resent{Inbox::REMEMBERED};
    std::map<uint32_t, ResultCallback> m_resultCallbacks;
    std::map<uint32_t, StateCallback> m_stateCallbacks;
    std::array<uint32_t, MESSAGE_TYPES> m_sequence{}; //!< of the next message, by type
    Ptr<UniformRandomVariable> m_beaconJitter;
    EventId m_beaconEvent;
    EventId m_forgetEvent;

    TracedCallback<const Task&> m_readyTrace;
    TracedCallback<const Task&> m_startedTrace;
    TracedCallback<const Task&> m_finishedTrace;
    TracedCallback<const Task&, uint32_t> m_handOverTrace;
    TracedCallback<uint32_t, uint32_t> m_queuesTrace;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_WORKER_H

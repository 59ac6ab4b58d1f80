// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_RUN_LISTENER_H
#define MDI_RUN_LISTENER_H

#include "mdi-helper.h"
#include "mdi-message.h"
#include "mdi-transport.h"

#include <string>

namespace ns3
{
namespace mdi
{

/// Is told what happens to the items of a simulation, in the order of simulated time.
class RunListener
{
  public:
    virtual ~RunListener();

    /// \param item that its source admitted
    virtual void OnAdmitted(ItemId item) = 0;

    /// \param result with a token; the last one of an item, too
    virtual void OnToken(const Message& result) = 0;

    /// \param result of an item that is complete
    virtual void OnCompleted(const Message& result) = 0;

    /// \param item that is lost \param reason one line
    virtual void OnLost(ItemId item, const std::string& reason) = 0;

    /// \param items that a source will not admit any more
    virtual void OnClosed(uint32_t items) = 0;

    /// A device has served a task. \param worker index \param task which \param took service time
    virtual void OnServed(uint32_t worker, TaskId task, Time took) = 0;

    /// A message sets off. \param from node \param to node \param message it \param bytes on the
    /// wire
    virtual void OnTx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes) = 0;

    /// It arrives; only where spans are asked for, as what follows.
    virtual void OnRx(uint32_t from, uint32_t to, const Message& message, uint64_t bytes) = 0;

    /// \param node of a worker \param task that it starts
    virtual void OnStarted(uint32_t node, const Task& task) = 0;

    /// \param node of a worker \param task that it has finished
    virtual void OnFinished(uint32_t node, const Task& task) = 0;

    /// \param node of a worker \param inputTasks that wait \param outputTasks of which tensors wait
    virtual void OnQueues(uint32_t node, uint32_t inputTasks, uint32_t outputTasks) = 0;

  protected:
    /**
     * Listen to the trace sources of the sources, workers, devices and transports that this process
     * simulates (with MPI: those of its rank).
     * \param mdi installed
     * \param spans whether to listen to what only a timeline shows
     */
    void ListenTo(const MdiHelper& mdi, bool spans);
};

/// Whether this process simulates a node: always, but with several ranks of MPI.
bool IsSimulatedHere(Ptr<const Node> node);

} // namespace mdi
} // namespace ns3

#endif // MDI_RUN_LISTENER_H

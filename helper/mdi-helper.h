// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_HELPER_H
#define MDI_HELPER_H

#include "mdi-compute-trace.h"
#include "mdi-deployment.h"
#include "mdi-preset.h"
#include "mdi-source.h"
#include "mdi-worker.h"

#include "ns3/node-container.h"
#include "ns3/object-factory.h"

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

class NetworkHelper;

/// The weights that a plan puts on a worker do not fit into its memory.
struct MemoryShortage : public std::invalid_argument
{
    /// One line, and which worker.
    MemoryShortage(uint32_t index, const std::string& what)
        : std::invalid_argument(what),
          worker(index)
    {
    }

    uint32_t worker; //!< which, in the order of AddWorkers
};

/**
 * Installs a system on a network: devices, workers and sources.
 *
 *     MdiHelper mdi(engine);
 *     mdi.AddWorkers(nodes, ReadComputeTrace("traces/compute/nano.json", ""));
 *     mdi.AddSource(nodes.Get(0), model, options);
 *     mdi.Install(MakePreset("pa-mdi"), network);
 */
class MdiHelper
{
  public:
    /// A source, beside its node and model.
    struct SourceOptions
    {
        std::string name = "source";  //!< distinct
        float priority = 1;           //!< gamma_m
        double accuracy = 1;          //!< alpha_m
        uint32_t items = 1;           //!< data that it admits
        uint32_t inputOffset = 0;     //!< first input of the input set
        std::vector<uint32_t> inputs; //!< input of each item; empty: from inputOffset on
        Time start = Seconds(1);      //!< beacons and connections settle before
        ObjectFactory admission;      //!< an Admission; by default periodic, one item a second
        std::optional<Generation> generation; //!< of items that take several passes
        std::vector<Time> times;              //!< for a TraceAdmission
    };

    /// \param engine with the models that the sources use
    explicit MdiHelper(Ptr<TensorEngine> engine);

    /// Attributes of the devices that AddWorkers makes from now on, such as Slots.
    void SetDeviceAttribute(const std::string& name, const AttributeValue& value);

    /// Nodes that the workers of AddWorkers may hand tasks to from now on; none: all.
    void SetHandsTo(const NodeContainer& nodes);

    /**
     * Make a kind of device known.
     * \return its profile, for AddWorkers
     */
    uint16_t AddProfile(const ComputeTrace& trace);

    /// The same of a trace that several simulations share.
    uint16_t AddProfile(std::shared_ptr<const ComputeTrace> trace);

    /**
     * Give a node a ComputeDevice of a kind, and a name for people and for FixedPartitioner. Where
     * the kind's busy power is known, also a BasicEnergySource, which never gets empty in practice,
     * with a ComputeEnergyModel.
     */
    void AddWorker(Ptr<Node> node, uint16_t profile, const std::string& name);

    /// The same for several, without names.
    void AddWorkers(const NodeContainer& nodes, uint16_t profile);

    /// The same for a kind of its own.
    void AddWorkers(const NodeContainer& nodes, const ComputeTrace& trace);

    /**
     * \param node one of the workers' nodes
     * \param model index of its model in the engine
     * \param options the rest
     * \return the source's index
     * \throws std::invalid_argument one line, if a device has no service time for a layer of the
     * model
     */
    uint32_t AddSource(Ptr<Node> node, uint32_t model, const SourceOptions& options);

    /// Who takes the staging of tensors and results that the compute traces say (StagingCost).
    void SetStaging(Deployment::Staging staging);

    /// Nominal figures of the way between two nodes.
    using PathFunction = std::function<PathInfo(uint32_t from, uint32_t to)>;

    /**
     * Make plans, and install workers and sources. Once. Each node must have a Transport. A device
     * holds the weights of the units that the plan puts on it; where a router decides, of all.
     * \param system the strategies
     * \param path is called during the simulation, too
     * \throws MemoryShortage one line, if the weights do not fit into a device's memory
     * \throws std::invalid_argument one line, if the strategies do not suit each other, or the
     *         partitioner finds no plan
     */
    void Install(const SystemSpec& system, PathFunction path);

    /// The same on a network that was installed before and outlives the simulation.
    void Install(const SystemSpec& system, const NetworkHelper& network);

    /**
     * Fix the random streams of devices, sources and workers. Arrivals and service times get the
     * same streams whatever the system: systems are compared on common random numbers.
     * \return number of streams used
     */
    int64_t AssignStreams(int64_t stream);

    Ptr<const Deployment> GetDeployment() const;        //!< what every node is given
    const std::vector<Ptr<Worker>>& GetWorkers() const; //!< in the order of AddWorkers
    const std::vector<Ptr<Source>>& GetSources() const; //!< in the order of AddSource
    Ptr<Worker> GetWorker(Ptr<Node> node) const;        //!< that of a node

  private:
    void AddEnergyModel(Ptr<Node> node, const PowerFigures& power);

    Ptr<TensorEngine> m_engine;
    Ptr<Deployment> m_deployment;
    ObjectFactory m_deviceFactory;
    std::vector<uint32_t> m_handsTo;
    NodeContainer m_nodes;
    std::vector<SourceOptions> m_options;
    std::vector<Ptr<Worker>> m_workers;
    std::vector<Ptr<Source>> m_sources;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_HELPER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_DEPLOYMENT_H
#define MDI_DEPLOYMENT_H

#include "mdi-codec.h"
#include "mdi-compute-trace.h"
#include "mdi-generation.h"
#include "mdi-message.h"
#include "mdi-plan.h"
#include "mdi-row-costs.h"
#include "mdi-tensor-engine.h"

#include "ns3/data-rate.h"
#include "ns3/nstime.h"
#include "ns3/ptr.h"
#include "ns3/simple-ref-count.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Nominal figures of the way between two nodes, computed or configured when the network is set up.
struct PathInfo
{
    DataRate goodput;  //!< R_nj: what one bulk transfer gets on the idle path
    Time delay;        //!< l_nj: one-way latency
    uint32_t hops = 1; //!< links on the way
};

/**
 * What every node was given when the system was deployed: models, profiles of the device kinds,
 * the list of workers and sources, the first plans, nominal link figures. It never changes during a
 * run; everything that does change travels in messages.
 */
class Deployment : public SimpleRefCount<Deployment>
{
  public:
    /// A node that computes.
    struct Worker
    {
        uint32_t node = 0;                  //!< ns-3 node id
        uint16_t profile = 0;               //!< index of its compute trace
        std::string name = {};              //!< for people and FixedPartitioner
        std::vector<uint32_t> handsTo = {}; //!< the workers that it may hand tasks to; empty: all
    };

    /// A node that owns data; m of papers.md. Its model, data and priority go with it.
    struct Source
    {
        std::string name;         //!< for people
        uint32_t node = 0;        //!< ns-3 node id; the node is a worker, too
        uint32_t model = 0;       //!< index in the engine
        float priority = 1;       //!< gamma_m > 0, larger is more important
        double accuracy = 1;      //!< alpha_m in (0, 1]
        uint32_t items = 0;       //!< data that it admits
        uint32_t inputOffset = 0; //!< its item i is input inputOffset + i of the input set ...
        std::vector<uint32_t> inputs = {};         //!< ... unless they stand here, by item
        std::optional<Generation> generation = {}; //!< of items that take several passes

        /// Which input of the input set an item is.
        uint32_t InputNumber(uint32_t item) const
        {
            return inputs.empty() ? inputOffset + item : inputs.at(item);
        }

        /// How many passes an item takes.
        uint16_t Passes() const
        {
            return generation ? static_cast<uint16_t>(generation->newTokens) : 1;
        }

        /// Whether workers keep keys and values of its items.
        bool Caches() const
        {
            return generation && generation->cache;
        }
    };

    explicit Deployment(Ptr<TensorEngine> engine); //!< that has the models

    /// \return the profile's index
    uint16_t AddProfile(const ComputeTrace& trace);

    /// The same of a trace that several simulations share.
    uint16_t AddProfile(std::shared_ptr<const ComputeTrace> trace);
    void AddWorker(const Worker& worker); //!< before the start

    /**
     * \return the source's index
     * \throws std::invalid_argument one line, if a profile has no service time for a layer of the
     *         source's model, or for a pass of its generation
     */
    uint32_t AddSource(const Source& source);

    /// \throws std::invalid_argument if a unit that is no slice has no node
    void SetPlan(uint32_t source, const Plan& plan);

    /**
     * Exits are never taken: the layers that only make their answers take no time, and do not count
     * in F_n. (In a device's memory, and in the FLOP by which partitioners cut, they stay.) After
     * the sources.
     */
    void DisableExits();

    /// How tensors look on the wire; after the plans. Without it they go as they are.
    void SetCodec(Ptr<const Codec> codec);
    void SetPathFunction(
        std::function<PathInfo(uint32_t from, uint32_t to)> path); //!< what Path asks

    /// Who takes the time that a tensor or result needs before it can be sent (StagingCost).
    enum class Staging
    {
        NONE,      //!< nobody: it needs none
        PROCESSOR, //!< the sender's processor, which computes nothing meanwhile
        BESIDE,    //!< another thread of the sender, one message after the other
    };

    void SetStaging(Staging staging); //!< before the start
    Staging GetStaging() const;       //!< NONE if not set

    const std::vector<Worker>& Workers() const;          //!< in the order of AddWorker
    const std::vector<Source>& Sources() const;          //!< in the order of AddSource
    const Plan& GetPlan(uint32_t source) const;          //!< the first plan of a source
    const ComputeTrace& Profile(uint16_t profile) const; //!< by index of the compute trace
    uint16_t ProfileOf(uint32_t node) const;             //!< index of a worker's compute trace
    Ptr<TensorEngine> Engine() const;                    //!< that has the models

    /// The layers of a source's model.
    const LayerGraph& GraphOf(uint32_t source) const;

    /// Whether the first may hand tasks to the second; everybody may to itself.
    bool MayHandOver(uint32_t from, uint32_t to) const;

    /// Mean service time of a unit of the plans on a kind of device.
    Time MeanUnitTime(uint16_t profile) const;

    /// Service times of a source's model on a kind of device.
    const ServiceTable& Table(uint16_t profile, uint32_t source) const;

    /**
     * F_n: effective speed of a kind of device over the deployed models, one pass of each [FLOP/s].
     * It turns seconds into FLOP and back in reports.
     */
    double SpeedFlopPerS(uint16_t profile) const;

    /**
     * t_{n,m,k}: mean service time of an operator on a kind of device, its call overhead included.
     * A strip takes RowTime::At of its rows.
     * \param pass number of the pass, of a generation
     */
    Time UnitTime(uint16_t profile, uint32_t source, const Operator& op, uint16_t pass = 0) const;

    /// What a unit will take of a worker once it is placed there: with a key/value cache, of all
    /// passes from this one on.
    Time BookedTime(uint16_t profile, uint32_t source, const Operator& op, uint16_t pass) const;

    /// Time of strips of layers that run together, on a kind of device.
    RowTime StripTime(uint16_t profile,
                      uint32_t source,
                      const std::vector<uint32_t>& members,
                      uint16_t pass = 0) const;

    /// What a pass of a source's items works on; nothing in particular, if they do not generate.
    Pass PassAt(uint32_t source, uint16_t number) const;

    /// What the units of a pass exchange: the tensors of a cut, at its length.
    TensorSpecs CutTensors(const TaskId& reader, uint32_t boundary) const;

    /// The same of rows.
    std::vector<TensorSpec> TensorsOf(const TaskId& reader, std::vector<TensorSpec> specs) const;

    /// Bytes that cross a cut in the first pass; behind the last layer, of what returns.
    uint64_t CutBytes(uint32_t source, uint32_t boundary) const;

    /// What returns to the source when the layers before a cut have run: the result, or of items
    /// that generate a token.
    TensorSpecs ResultTensors(uint32_t source, uint32_t boundary) const;

    /// Whether a unit must run where it ran in the pass before: its keys and values are there.
    bool IsBound(const TaskId& task) const;

    /// Keys and values that a worker keeps of an item for a unit until its last pass [bytes].
    uint64_t CacheBytes(uint32_t source, const Operator& op) const;

    /// Bytes of the weights that a node holds by the plans so far: of the units that these put on
    /// it; where a router decides, of all; codecs included.
    /// \param whole sources whose models it holds whole besides
    uint64_t WeightBytesOn(uint32_t node, const std::set<uint32_t>& whole = {}) const;

    /// Whether the codec changes anything that the plans may send.
    bool IsCoding() const;

    /// What the codec makes of a cut of a source's model; none if it goes as it is.
    std::optional<CodedCut> Coded(uint32_t source, uint32_t boundary) const;

    /// What the codec makes (or has made) of the tensors of a message; none if they go as they are.
    std::optional<CodedCut> Coded(const Message& message) const;

    /// Time that work beside the layers takes on a kind of device: FLOP / F_n.
    Time WorkTime(uint16_t profile, uint32_t source, double flop) const;

    /// Nominal figures between two nodes.
    PathInfo Path(uint32_t from, uint32_t to) const;

    /// The same for a tensor from worker to worker: staging included.
    PathInfo TensorPath(uint32_t from, uint32_t to) const;

    /// Time that a worker's processor needs before a tensor or result can be sent: for encoding,
    /// and for staging if that takes the processor.
    Time PackingTime(uint16_t profile, const Message& message) const;

    /// Time that a worker of a kind needs to send so many bytes, beside the link.
    Time StagingTime(uint16_t profile, uint64_t bytes) const;

  private:
    void MakeTables();
    uint64_t CodecBytesOn(uint32_t node) const;
    const TensorSpecs& Cut(uint32_t model, uint32_t boundary) const;

    Ptr<TensorEngine> m_engine;
    std::vector<std::shared_ptr<const ComputeTrace>> m_profiles;
    std::vector<Worker> m_workers;
    std::unordered_map<uint32_t, uint32_t> m_workerOf; //!< by node, index in m_workers
    std::vector<Source> m_sources;
    std::vector<Plan> m_plans;
    std::map<std::pair<uint16_t, uint32_t>, ServiceTable> m_tables; //!< by profile and model
    std::vector<std::vector<const ServiceTable*>> m_tableOf;        //!< by profile and source
    std::vector<double> m_speeds;                                   //!< F_n by profile
    Ptr<const Codec> m_codec;
    std::map<std::pair<uint32_t, uint32_t>, CodedCut> m_coded; //!< by model and boundary
    std::function<PathInfo(uint32_t, uint32_t)> m_path;
    mutable std::unordered_map<uint64_t, PathInfo> m_paths; //!< by both nodes, once asked for
    mutable std::vector<std::vector<TensorSpecs>> m_cuts;   //!< by model and boundary, the same
    bool m_exits = true;
    Staging m_staging = Staging::NONE;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_DEPLOYMENT_H

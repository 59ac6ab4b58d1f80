// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_COMPUTE_TRACE_H
#define MDI_COMPUTE_TRACE_H

#include "mdi-generation.h"
#include "mdi-layer-graph.h"
#include "mdi-pass-times.h"

#include "ns3/nstime.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Where a block of numbers comes from. A number without provenance is rejected by the reader.
struct Provenance
{
    std::string kind;      //!< "measured", "published" or "calibrated"
    std::string source;    //!< citation or measuring command
    std::string framework; //!< such as "PyTorch eager"
    std::string precision; //!< such as "fp32"
    uint32_t batch = 1;    //!< items per call
    /// Half-width of the error band relative to the value, such as 0.35; 1.0 reads "a factor 2".
    /// Always present for "calibrated".
    std::optional<double> errorBand;
    std::string note; //!< how it was derived, for people
};

/// Service time of one layer on one device in one power mode.
struct LayerTime
{
    Time mean;         //!< mean service time
    double spread = 0; //!< standard deviation relative to the mean
    Time cached;       //!< of a pass over one token at PassTimes::cached's factor 1; 0: not known
};

/// Service times of one model on one device in one power mode.
struct ModelProfile
{
    Provenance provenance; //!< of the service times
    std::string inputs;    //!< what the times are for, such as "1x3x32x32 float32"; empty: not said
    double spread = 0;     //!< of a whole call: standard deviation over mean
    /// The part of each layer's mean that is there for any number of rows, such as the launch of
    /// the operation by the host; of a layer whose mean is less, all of it. 0: not known.
    Time dispatch;
    /// What the host needs to launch a layer, which a GPU hides while it is the slower of the two:
    /// layers that run together on a few rows take no less than that for each. 0: not known.
    Time least;
    std::map<std::string, LayerTime> layers; //!< by layer name
    std::optional<PassTimes> passes;         //!< of a language model that generates
    Provenance passesProvenance;             //!< of these, and of the layers' cached times
};

/**
 * How long a layer takes on a device that was not measured: the largest of three times
 * (EstimateLayer). Fitted to what is known of the device; rough.
 */
struct ComputeLaw
{
    Provenance provenance; //!< always with an error band
    Time perOperation;     //!< what the host needs for an operation
    double flopPerS = 1;   //!< rate of work [FLOP/s], > 0
    double bytesPerS = 1;  //!< rate of weights, inputs and outputs [bytes/s], > 0
};

/// What it costs a device's software to send one message, beside the link (papers charge nothing).
struct StagingCost
{
    Provenance provenance; //!< of both figures
    Time perMessage;       //!< fixed cost of one message
    double perByteS = 0;   //!< cost of one byte [s/byte]
};

/// What a device draws; each figure may be missing, not both.
struct PowerFigures
{
    Provenance provenance;       //!< of the figures
    std::optional<double> idleW; //!< nothing computed
    std::optional<double> busyW; //!< all slots computing; not less than idleW
};

/**
 * What is known of one kind of device in one power mode: `traces/compute/DEVICE.json` (design.md
 * section 5), read by ReadComputeTrace (helper room).
 */
struct ComputeTrace
{
    std::string device;                         //!< such as "agx-xavier"
    std::string mode;                           //!< such as "MAXN"
    uint64_t memoryBytes = 0;                   //!< memory shared by weights and tensors
    std::optional<double> peakFlopPerS;         //!< vendor peak, fp32
    Time callOverhead;                          //!< o_n: fixed cost of one task call
    std::map<std::string, ModelProfile> models; //!< by model name
    std::string title;                          //!< for people, such as "NVIDIA Jetson Nano"
    std::optional<StagingCost> staging;         //!< unknown for most devices
    std::optional<ComputeLaw> law;              //!< for what `models` does not have
    std::optional<PowerFigures> power;          //!< unknown for most devices
};

/**
 * Service times of one model on one device, resolved for every slice.
 *
 * Times are rounded to nanoseconds per layer, so that the times of slices add up exactly to the
 * time of the whole model, wherever it is cut (beside the call overhead). Layers that the trace
 * does not know are estimated by its law, if it has one (CompleteProfile).
 */
class ServiceTable
{
  public:
    ServiceTable() = default;

    /**
     * \param trace the device
     * \param graph the model
     * \param exits whether early exits are taken; else the layers that only make their answers are
     *        not run, and take no time
     * \throws std::invalid_argument one line: the device, the model, the layer without a time or a
     *         law, or the inputs (where the trace does not say them: the batch) that the times are
     *         not for
     */
    ServiceTable(const ComputeTrace& trace, const LayerGraph& graph, bool exits = true);

    /**
     * Mean service time t_{n,m,k} of a slice: call overhead + its layers; 0 for an empty slice.
     * \param pass what of a sequence it works on; by default the model's own input
     */
    Time Mean(uint32_t begin, uint32_t end, const Pass& pass = {}) const;

    /**
     * Throws where Mean would for a pass of a generation.
     * \throws std::invalid_argument one line: what is not known
     */
    void CheckPasses(const Generation& generation) const;

    /// What layers take that run together on some of their rows.
    struct Split
    {
        Time fixed; //!< for any number of rows: call overhead, and dispatch of every layer
        Time rows;  //!< for all rows, beside that
        Time least; //!< however few rows they are
    };

    /// Mean service time of layers, in its parts.
    Split SplitTime(const std::vector<uint32_t>& layers, const Pass& pass = {}) const;

    /// Relative standard deviation of a call.
    double Spread() const;

    /// Work of the whole model [FLOP].
    double Flop() const;

    /// Effective speed on the whole model, F_n [FLOP/s]; 0 if the model takes no time.
    double SpeedFlopPerS() const;

  private:
    double Factor(const Pass& pass) const;

    std::string m_name;                    //!< of device and model, for messages
    std::vector<int64_t> m_nsBefore;       //!< prefix sums, L + 1 entries
    std::vector<int64_t> m_cachedNsBefore; //!< the same of passes with a cache
    std::optional<PassTimes> m_passes;
    double m_baseFactor = 1; //!< of the model's own input, if the trace is for another length
    Time m_callOverhead;
    Time m_dispatch;
    Time m_least;
    double m_spread = 0;
    double m_flop = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_COMPUTE_TRACE_H

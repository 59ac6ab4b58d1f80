// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MODEL_SPEC_H
#define MDI_MODEL_SPEC_H

#include "mdi-layer-graph.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/// One tensor that forward() takes.
struct ModelInput
{
    TensorSpec spec;     //!< shape and type
    int64_t range = 100; //!< random integers are drawn from [0, range): the vocabulary, say

    bool operator==(const ModelInput& other) const
    {
        return spec == other.spec && range == other.range;
    }
};

/// How a picture becomes the tensor that a model expects: scaled, cropped, then (x / 255 - mean) /
/// std in each channel.
struct Preprocess
{
    uint32_t resize = 0;      //!< length of the shorter side [pixels]; 0: the crop's larger side
    uint32_t crop = 0;        //!< side of the square cut from the middle; 0: the model's own size
    std::vector<double> mean; //!< by channel; empty: 0
    std::vector<double> std;  //!< by channel; empty: 1

    bool operator==(const Preprocess& other) const
    {
        return resize == other.resize && crop == other.crop && mean == other.mean &&
               std == other.std;
    }
};

/// Two models that shrink the tensors at one cut and restore them (MDI-Exit, papers.md 6.3).
struct AutoencoderSpec
{
    std::string after;   //!< the layer before the cut
    std::string encoder; //!< path of its TorchScript file
    std::string decoder; //!< path of its TorchScript file

    bool operator==(const AutoencoderSpec& other) const
    {
        return after == other.after && encoder == other.encoder && decoder == other.decoder;
    }
};

/**
 * All that a TorchScript file does not say of itself: the `mdi-model` description beside it
 * (traces/schema/model.schema.json), read by ReadModel.
 */
struct ModelSpec
{
    std::string name;               //!< in traces and results
    std::string file;               //!< TorchScript (.pt), or a layer-graph description (.json)
    std::vector<ModelInput> inputs; //!< what forward() takes, in order
    /// Of items that generate, the most tokens that a pass has: the last dimension of each input
    /// counts tokens, and varies. 0: it does not.
    uint32_t longest = 0;
    std::vector<uint32_t> exits; //!< which tensors of forward()'s result are early exits, by depth
    Preprocess preprocess;       //!< of pictures
    std::string inputSet;        //!< a folder of pictures or a tensor file; empty: random inputs
    std::optional<AutoencoderSpec> autoencoder; //!< if there is one

    bool operator==(const ModelSpec& other) const
    {
        return name == other.name && file == other.file && inputs == other.inputs &&
               longest == other.longest && exits == other.exits && preprocess == other.preprocess &&
               inputSet == other.inputSet && autoencoder == other.autoencoder;
    }
};

/// Shapes and types of the inputs alone.
inline std::vector<TensorSpec>
InputSpecs(const ModelSpec& model)
{
    std::vector<TensorSpec> specs;
    for (const ModelInput& input : model.inputs)
    {
        specs.push_back(input.spec);
    }
    return specs;
}

} // namespace mdi
} // namespace ns3

#endif // MDI_MODEL_SPEC_H

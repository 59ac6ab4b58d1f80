// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_MAKER_H
#define MDI_TORCH_MAKER_H

#include "mdi-tensor-codec.h"
#include "mdi-torch-inputs.h"
#include "mdi-torch-slicer.h"
#include "mdi-torch-store.h"
#include "mdi-torch-strips.h"

#include <map>
#include <memory>
#include <tuple>
#include <vector>

namespace ns3
{
namespace mdi
{

/// A model that can be run.
struct TorchModel
{
    /// \throws std::runtime_error one line: the file, what is wrong, what would be right
    TorchModel(const ModelSpec& model, uint64_t inputSeed);

    std::unique_ptr<TorchSlicer> slicer;
    std::unique_ptr<TorchStrips> strips;
    TorchInputs inputs;
};

/**
 * The models, their inputs, and how each tensor is made. `limit` is the number of bytes that the
 * store may hold: what left it is made again when it is needed.
 */
class TorchMaker
{
  public:
    using Bundle = TorchStore::Bundle;

    /// \return null if the model is known by its sizes only
    TorchModel* Find(uint32_t model);

    void Add(uint32_t index, TorchModel model);

    /// Whether the tensors of an id are in the store.
    bool Holds(const TensorId& id) const;

    /// The input that is a sequence with one token more; numbered from FIRST_SEQUENCE.
    uint32_t Extend(uint32_t model, uint32_t input, int64_t token);

    /// The tensors of an input of a model.
    Bundle Input(uint32_t model, uint32_t input) const;

    /// No item of an input set has such a number.
    static constexpr uint32_t FIRST_SEQUENCE = 1U << 31;

    /// Remember how a lineage goes on from another.
    void AddLineage(uint64_t lineage, const TensorId& from, const TensorCodec& codec);

    /// Remember what a strip is computed from: the same for every input of the model.
    void AddStrip(const TensorId& id, const RowStrip& strip, const std::vector<StripPart>& parts);

    /// The tensors of an id, made again from what is stored if they are not.
    Bundle Obtain(const TensorId& id, uint64_t limit);

    /// Run layers now, whatever is stored, and keep what they make.
    Bundle RunSlice(const TensorId& from, uint32_t end, uint64_t limit);

    /// Compute a strip now, whatever is stored, and keep it. It must have been added.
    Bundle RunStrip(const TensorId& id, uint64_t limit);

    /// What the whole model returns.
    Bundle ObtainWhole(uint32_t model, uint32_t input, uint64_t limit);

    /// Slices and strips so far.
    uint64_t SlicesRun() const;

  private:
    /// Where the values of a lineage come from.
    struct Lineage
    {
        uint64_t before;   //!< their lineage until then
        uint32_t boundary; //!< the cut
        TensorCodec codec;
    };

    /// How a strip is made, of input 0.
    struct Recipe
    {
        RowStrip strip;
        std::vector<StripPart> parts;
    };

    /**
     * What has been made for one answer. A strip is read by several others: without this, a store
     * that is too small would make it again for each of them, and theirs again for each of theirs.
     */
    using Made = std::map<TensorId, Bundle>;

    Bundle Make(const TensorId& id, uint64_t limit, Made& made);
    Bundle MakeStrip(const TensorId& id, const Recipe& recipe, uint64_t limit, Made& made);
    Bundle Code(const Bundle& bundle, const Lineage& lineage);

    /// \return null if the id is no strip
    const Recipe* FindRecipe(const TensorId& id) const;

    /// A sequence that was made from a shorter one.
    struct Sequence
    {
        uint32_t before; //!< the input without the token
        int64_t token;
    };

    std::map<uint32_t, TorchModel> m_models;
    std::vector<Sequence> m_sequences;
    std::map<std::tuple<uint32_t, uint32_t, int64_t>, uint32_t> m_extended; //!< by model, input
    std::map<uint64_t, Lineage> m_lineages;
    std::map<TensorId, Recipe> m_recipes; //!< by strip of input 0
    TorchStore m_store;
    uint64_t m_slicesRun = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_MAKER_H

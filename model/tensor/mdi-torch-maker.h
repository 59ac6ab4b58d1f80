// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_MAKER_H
#define MDI_TORCH_MAKER_H

#include "mdi-tensor-codec.h"
#include "mdi-torch-inputs.h"
#include "mdi-torch-slicer.h"
#include "mdi-torch-store.h"
#include "mdi-torch-strips.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
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
    std::string identity; //!< see ModelIdentity
};

/**
 * The models, their inputs, how each tensor is made, and those made last. `limit` is the number of
 * bytes that the store may hold, and a quarter of it for results of whole models: what left it is
 * made again when it is needed.
 *
 * How a tensor is made is noted once for all inputs of the model, so notes do not grow with the
 * number of items. Any thread may call what is not marked otherwise. Two threads never make the
 * same tensor: one waits for the other. It cannot be that each waits for the other, as a tensor is
 * made only of such that come before it: at an earlier boundary, or before a codec.
 */
class TorchMaker
{
  public:
    using Bundle = TorchStore::Bundle;

    /// What has been made for one answer. A strip is read by several others: without this, a store
    /// that is too small would make it again for each of them, and theirs again for each of theirs.
    using Made = std::map<TensorId, Bundle>;

    /// \return null if the model is known by its sizes only
    TorchModel* Find(uint32_t model);

    /// Only while nobody makes tensors.
    void Add(uint32_t index, TorchModel model);

    /// The input that is a sequence with one token more; numbered from FIRST_SEQUENCE.
    uint32_t Extend(uint32_t model, uint32_t input, int64_t token);

    /// Forget all sequences, and the tensors of them: nobody may use their numbers any more. Only
    /// while nobody makes tensors.
    void ForgetSequences();

    /// No item of an input set has such a number.
    static constexpr uint32_t FIRST_SEQUENCE = 1U << 31;

    /**
     * Note that layers [in.boundary, end) are a slice. Of several that end there the first counts
     * that does not begin at the input, if any does.
     */
    void NoteSlice(const TensorId& in, uint32_t end);

    /// Note how a lineage goes on from another.
    void NoteCodec(uint64_t lineage, const TensorId& from, const TensorCodec& codec);

    /// Note what a strip is computed from.
    void NoteStrip(const TensorId& id, const RowStrip& strip, const std::vector<StripPart>& parts);

    /// That a tensor is being made: whoever needs it waits. Ends with the object.
    class Claim
    {
      public:
        Claim(TorchMaker& maker, const TensorId& id);
        /// For who holds the maker's mutex.
        Claim(TorchMaker& maker, const TensorId& id, const std::unique_lock<std::mutex>& held);
        ~Claim();
        Claim(const Claim&) = delete;
        Claim& operator=(const Claim&) = delete;

      private:
        friend class TorchMaker;
        TorchMaker& m_maker;
        std::multiset<TensorId>::iterator m_place;
    };

    /**
     * The tensors of an id. What is not stored is made from the nearest that is, by the slices that
     * were noted; early exits end slices as well, so that what is made tells their answers, too.
     * \param made receives all tensors that were used
     */
    Bundle Obtain(const TensorId& id, uint64_t limit, Made& made);

    /// Run layers now, whatever is stored, and keep what they make. Their output must be claimed.
    void RunSlice(const TensorId& from, uint32_t end, uint64_t limit);

    /// Compute a strip now, whatever is stored, and keep it. It must have been noted, and claimed.
    void RunStrip(const TensorId& id, uint64_t limit);

    /// What the whole model returned, if that is still here.
    std::optional<Bundle> FindWhole(uint32_t model, uint32_t input);

    /// Keep what the whole model returned.
    void KeepWhole(uint32_t model, uint32_t input, const Bundle& whole, uint64_t limit);

    /// What the whole model returns.
    Bundle ObtainWhole(uint32_t model, uint32_t input, uint64_t limit);

    /// Whether slices, and not the input or a codec, made the tensors of an id.
    bool IsOutput(const TensorId& id);

    /// A name of an input of a model that is the same in any process.
    std::string InputKey(uint32_t model, uint32_t input);

    /// A name of a tensor that is the same in any process.
    std::string Key(const TensorId& id);

    /// How often each kind of work was done so far.
    struct Counts
    {
        std::atomic<uint64_t> slices{0};
        std::atomic<uint64_t> strips{0};
        std::atomic<uint64_t> wholes{0};
    };

    const Counts& Work() const;

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

    /// A sequence that was made from a shorter one.
    struct Sequence
    {
        uint32_t before; //!< the input without the token
        int64_t token;
        uint64_t digest; //!< of all tokens that were added
    };

    /// How to make a tensor: the first of these that there is.
    struct Step
    {
        const Recipe* recipe;       //!< a strip
        std::optional<TensorId> in; //!< run layers from there
        const Lineage* lineage;     //!< a codec; nothing of all that: it is an input
    };

    Bundle Make(const TensorId& id, uint64_t limit, Made& made);
    Bundle MakeStrip(const TensorId& id, const Recipe& recipe, uint64_t limit, Made& made);
    Bundle Code(const Bundle& bundle, const Lineage& lineage);
    Bundle Input(uint32_t model, uint32_t input);

    /// The following expect that m_mutex is held.
    Step StepTo(const TensorId& id) const;
    uint32_t Origin(const TensorId& id) const;
    std::string KeyOfInput(uint32_t model, uint32_t input) const;
    void AddModels(uint64_t lineage, uint64_t before, uint64_t more);

    /// \return null if the id is no strip
    const Recipe* FindRecipe(const TensorId& id) const;

    std::map<uint32_t, TorchModel> m_models;
    Counts m_work;

    std::mutex m_mutex; //!< guards all of the following
    std::condition_variable m_finished;
    std::multiset<TensorId> m_making; //!< claimed
    std::vector<Sequence> m_sequences;
    std::map<std::tuple<uint32_t, uint32_t, int64_t>, uint32_t> m_extended; //!< by model, input
    std::map<std::tuple<uint32_t, uint64_t, uint32_t>, uint32_t>
        m_slices; //!< their begin, by model, lineage and end
    std::map<uint64_t, Lineage> m_lineages;
    std::map<uint64_t, uint64_t> m_lineageModels; //!< what autoencoders took part, as a hash
    std::map<TensorId, Recipe> m_recipes;         //!< by strip of input 0
    TorchStore m_store;
    TorchStore m_wholes; //!< results of whole models
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_MAKER_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-maker.h"

#include "mdi-torch-codec.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <limits>

namespace ns3
{
namespace mdi
{

namespace
{

/// A boundary that no model has: under it the store keeps what the whole model returned.
constexpr uint32_t WHOLE = std::numeric_limits<uint32_t>::max();

/// The same tensor of another input of the model.
TensorId
WithInput(TensorId id, uint32_t input)
{
    id.input = input;
    return id;
}

} // namespace

TorchModel::TorchModel(const ModelSpec& model, uint64_t inputSeed)
    : slicer(std::make_unique<TorchSlicer>(model)),
      strips(std::make_unique<TorchStrips>(*slicer)),
      inputs(model, inputSeed)
{
}

TorchModel*
TorchMaker::Find(uint32_t model)
{
    const auto found = m_models.find(model);
    return found == m_models.end() ? nullptr : &found->second;
}

void
TorchMaker::Add(uint32_t index, TorchModel model)
{
    m_models.emplace(index, std::move(model));
}

bool
TorchMaker::Holds(const TensorId& id) const
{
    return m_store.Holds(id);
}

void
TorchMaker::AddLineage(uint64_t lineage, const TensorId& from, const TensorCodec& codec)
{
    m_lineages.emplace(lineage, Lineage{from.lineage, from.boundary, codec});
}

uint32_t
TorchMaker::Extend(uint32_t model, uint32_t input, int64_t token)
{
    const auto next = static_cast<uint32_t>(FIRST_SEQUENCE + m_sequences.size());
    const auto [known, isNew] = m_extended.emplace(std::make_tuple(model, input, token), next);
    if (isNew)
    {
        m_sequences.push_back({input, token});
    }
    return known->second;
}

TorchMaker::Bundle
TorchMaker::Input(uint32_t model, uint32_t input) const
{
    std::vector<int64_t> tokens;
    while (input >= FIRST_SEQUENCE)
    {
        const Sequence& sequence = m_sequences.at(input - FIRST_SEQUENCE);
        tokens.push_back(sequence.token);
        input = sequence.before;
    }
    Bundle bundle = m_models.at(model).inputs.Get(input);
    if (!tokens.empty())
    {
        std::reverse(tokens.begin(), tokens.end());
        const at::NoGradGuard noGrad;
        const at::Tensor& prompt = bundle.front();
        const at::Tensor more = at::tensor(tokens, at::kLong).to(prompt.scalar_type());
        bundle.front() = at::cat({prompt, more.unsqueeze(0)}, 1);
    }
    return bundle;
}

void
TorchMaker::AddStrip(const TensorId& id, const RowStrip& strip, const std::vector<StripPart>& parts)
{
    const auto [recipe, isNew] = m_recipes.emplace(WithInput(id, 0), Recipe{strip, parts});
    if (isNew)
    {
        recipe->second.strip.input = 0;
        for (StripPart& part : recipe->second.parts)
        {
            part.from.input = 0;
        }
    }
}

const TorchMaker::Recipe*
TorchMaker::FindRecipe(const TensorId& id) const
{
    const auto found = m_recipes.find(WithInput(id, 0));
    return found == m_recipes.end() ? nullptr : &found->second;
}

TorchMaker::Bundle
TorchMaker::Obtain(const TensorId& id, uint64_t limit)
{
    Made made;
    return Make(id, limit, made);
}

TorchMaker::Bundle
TorchMaker::Make(const TensorId& id, uint64_t limit, Made& made)
{
    const auto known = made.find(id);
    if (known != made.end())
    {
        return known->second;
    }
    if (const Bundle* stored = m_store.Find(id))
    {
        return made[id] = *stored;
    }
    const Recipe* recipe = FindRecipe(id);
    const Lineage* lineage = recipe || id.lineage == 0 ? nullptr : &m_lineages.at(id.lineage);
    TensorId origin{id.model, id.input, lineage ? lineage->boundary : 0, id.lineage, id.rows};
    Bundle bundle;
    if (recipe)
    {
        bundle = MakeStrip(id, *recipe, limit, made);
    }
    else if (!(id == origin))
    {
        const TensorId* nearest = m_store.Nearest(id);
        bundle = RunSlice(nearest ? *nearest : origin, id.boundary, limit);
    }
    else if (lineage)
    {
        origin.lineage = lineage->before;
        bundle = Code(Make(origin, limit, made), *lineage);
    }
    else
    {
        bundle = Input(id.model, id.input);
    }
    m_store.Put(id, bundle, limit);
    return made[id] = bundle;
}

TorchMaker::Bundle
TorchMaker::RunSlice(const TensorId& from, uint32_t end, uint64_t limit)
{
    const Bundle bundle = Obtain(from, limit);
    ++m_slicesRun;
    const Bundle made = m_models.at(from.model).slicer->Run(from.boundary, end, bundle);
    m_store.Put({from.model, from.input, end, from.lineage}, made, limit);
    return made;
}

TorchMaker::Bundle
TorchMaker::RunStrip(const TensorId& id, uint64_t limit)
{
    Made made;
    const Bundle bundle = MakeStrip(id, *FindRecipe(id), limit, made);
    m_store.Put(id, bundle, limit);
    return bundle;
}

TorchMaker::Bundle
TorchMaker::MakeStrip(const TensorId& id, const Recipe& recipe, uint64_t limit, Made& made)
{
    std::vector<StripPiece> pieces;
    for (const StripPart& part : recipe.parts)
    {
        const Bundle bundle = Make(WithInput(part.from, id.input), limit, made);
        if (part.layer < 0)
        {
            pieces.push_back({part.layer,
                              {0, RowsOf(m_models.at(id.model).slicer->Graph(), part.layer)},
                              {bundle.at(-1 - part.layer)}});
        }
        else
        {
            pieces.push_back({part.layer, part.from.rows, bundle});
        }
    }
    ++m_slicesRun;
    return m_models.at(id.model).strips->Run(recipe.strip, std::move(pieces));
}

TorchMaker::Bundle
TorchMaker::ObtainWhole(uint32_t model, uint32_t input, uint64_t limit)
{
    const TensorId id{model, input, WHOLE};
    if (const Bundle* stored = m_store.Find(id))
    {
        return *stored;
    }
    const Bundle whole = m_models.at(model).slicer->RunWhole(Obtain({model, input}, limit));
    m_store.Put(id, whole, limit);
    return whole;
}

uint64_t
TorchMaker::SlicesRun() const
{
    return m_slicesRun;
}

TorchMaker::Bundle
TorchMaker::Code(const Bundle& bundle, const Lineage& lineage)
{
    if (lineage.codec.kind == TensorCodec::AUTOENCODER)
    {
        TorchSlicer& encoder = *m_models.at(lineage.codec.encoder).slicer;
        TorchSlicer& decoder = *m_models.at(lineage.codec.decoder).slicer;
        return decoder.Run(
            0, decoder.Graph().Size(), encoder.Run(0, encoder.Graph().Size(), bundle));
    }
    Bundle arrived;
    for (const at::Tensor& tensor : bundle)
    {
        arrived.push_back(RoundTripTensor(tensor, lineage.codec.kind));
    }
    return arrived;
}

} // namespace mdi
} // namespace ns3

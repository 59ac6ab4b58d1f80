// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-maker.h"

#include "mdi-fnv.h"
#include "mdi-model-identity.h"
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

/// A boundary that no model has: under it there is what the whole model returned.
constexpr uint32_t WHOLE = std::numeric_limits<uint32_t>::max();

/// Of the store's limit, what results of whole models may take beside it.
constexpr uint64_t WHOLES_SHARE = 4;

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
      inputs(model, inputSeed),
      identity(ModelIdentity(model, slicer->Graph(), inputSeed))
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

uint32_t
TorchMaker::Extend(uint32_t model, uint32_t input, int64_t token)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    const auto next = static_cast<uint32_t>(FIRST_SEQUENCE + m_sequences.size());
    const auto [known, isNew] = m_extended.emplace(std::make_tuple(model, input, token), next);
    if (isNew)
    {
        Fnv digest;
        digest.Add(input < FIRST_SEQUENCE ? 0 : m_sequences[input - FIRST_SEQUENCE].digest);
        digest.Add(static_cast<uint64_t>(token));
        m_sequences.push_back({input, token, digest.Value()});
    }
    return known->second;
}

void
TorchMaker::ForgetSequences()
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    m_sequences.clear();
    m_extended.clear();
    // Their numbers will be those of other sequences.
    m_store.DropInputs(FIRST_SEQUENCE);
    m_wholes.DropInputs(FIRST_SEQUENCE);
}

TorchMaker::Bundle
TorchMaker::Input(uint32_t model, uint32_t input)
{
    std::vector<int64_t> tokens;
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        while (input >= FIRST_SEQUENCE)
        {
            const Sequence& sequence = m_sequences.at(input - FIRST_SEQUENCE);
            tokens.push_back(sequence.token);
            input = sequence.before;
        }
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
TorchMaker::NoteSlice(const TensorId& in, uint32_t end)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    const auto [begin, isNew] =
        m_slices.emplace(std::make_tuple(in.model, in.lineage, end), in.boundary);
    if (!isNew && begin->second == 0)
    {
        begin->second = in.boundary;
    }
}

void
TorchMaker::NoteCodec(uint64_t lineage, const TensorId& from, const TensorCodec& codec)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    m_lineages.emplace(lineage, Lineage{from.lineage, from.boundary, codec});
    Fnv models;
    if (codec.kind == TensorCodec::AUTOENCODER)
    {
        for (const uint32_t model : {codec.encoder, codec.decoder})
        {
            const auto found = m_models.find(model);
            models.Add(found == m_models.end() ? "" : found->second.identity);
        }
    }
    AddModels(lineage, from.lineage, codec.kind == TensorCodec::AUTOENCODER ? models.Value() : 0);
}

void
TorchMaker::NoteStrip(const TensorId& id,
                      const RowStrip& strip,
                      const std::vector<StripPart>& parts)
{
    m_models.at(id.model).slicer->CheckOnTheirOwn();
    const std::lock_guard<std::mutex> lock(m_mutex);
    if (FindRecipe(id))
    {
        return;
    }
    Recipe& recipe = m_recipes[WithInput(id, 0)];
    recipe = {strip, parts};
    recipe.strip.input = 0;
    for (StripPart& part : recipe.parts)
    {
        part.from.input = 0;
        AddModels(id.lineage, part.from.lineage, 0);
    }
}

void
TorchMaker::AddModels(uint64_t lineage, uint64_t before, uint64_t more)
{
    const auto earlier = m_lineageModels.find(before);
    const uint64_t known = earlier == m_lineageModels.end() ? 0 : earlier->second;
    if ((known != 0 || more != 0) && m_lineageModels.count(lineage) == 0)
    {
        Fnv hash;
        hash.Add(known);
        hash.Add(more);
        m_lineageModels[lineage] = hash.Value();
    }
}

const TorchMaker::Recipe*
TorchMaker::FindRecipe(const TensorId& id) const
{
    const auto found = m_recipes.find(WithInput(id, 0));
    return found == m_recipes.end() ? nullptr : &found->second;
}

TorchMaker::Claim::Claim(TorchMaker& maker, const TensorId& id)
    : m_maker(maker)
{
    const std::lock_guard<std::mutex> lock(m_maker.m_mutex);
    m_place = m_maker.m_making.insert(id);
}

TorchMaker::Claim::Claim(TorchMaker& maker,
                         const TensorId& id,
                         const std::unique_lock<std::mutex>& held)
    : m_maker(maker),
      m_place(maker.m_making.insert(id))
{
}

TorchMaker::Claim::~Claim()
{
    const std::lock_guard<std::mutex> lock(m_maker.m_mutex);
    m_maker.m_making.erase(m_place);
    m_maker.m_finished.notify_all();
}

uint32_t
TorchMaker::Origin(const TensorId& id) const
{
    const auto lineage = m_lineages.find(id.lineage);
    return lineage == m_lineages.end() ? 0 : lineage->second.boundary;
}

bool
TorchMaker::IsOutput(const TensorId& id)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    return id.rows == RowRange{} && id.boundary > Origin(id);
}

TorchMaker::Step
TorchMaker::StepTo(const TensorId& id) const
{
    if (const Recipe* recipe = FindRecipe(id))
    {
        return {recipe, std::nullopt, nullptr};
    }
    const Lineage* lineage = id.lineage == 0 ? nullptr : &m_lineages.at(id.lineage);
    const TensorId origin{id.model, id.input, Origin(id), id.lineage, id.rows};
    if (id == origin)
    {
        return {nullptr, std::nullopt, lineage};
    }
    TensorId in = origin;
    const auto noted = m_slices.find(std::make_tuple(id.model, id.lineage, id.boundary));
    if (noted != m_slices.end())
    {
        in.boundary = std::max(in.boundary, noted->second);
    }
    for (const Exit& exit : m_models.at(id.model).slicer->Graph().Exits())
    {
        if (exit.boundary < id.boundary)
        {
            in.boundary = std::max(in.boundary, exit.boundary);
        }
    }
    const TensorId* nearest = m_store.Nearest(id);
    if (nearest && nearest->boundary > in.boundary)
    {
        in = *nearest;
    }
    return {nullptr, in, nullptr};
}

TorchMaker::Bundle
TorchMaker::Obtain(const TensorId& id, uint64_t limit, Made& made)
{
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
    std::optional<Claim> claim;
    Step step{};
    {
        std::unique_lock<std::mutex> lock(m_mutex);
        const Bundle* stored = nullptr;
        m_finished.wait(lock, [&] {
            stored = m_store.Find(id);
            return stored || m_making.count(id) == 0;
        });
        if (stored)
        {
            return made[id] = *stored;
        }
        step = StepTo(id);
        claim.emplace(*this, id, lock);
    }
    Bundle bundle;
    if (step.recipe)
    {
        bundle = MakeStrip(id, *step.recipe, limit, made);
    }
    else if (step.in)
    {
        const Bundle in = Make(*step.in, limit, made);
        ++m_work.slices;
        bundle = m_models.at(id.model).slicer->Run(step.in->boundary, id.boundary, in);
    }
    else if (step.lineage)
    {
        TensorId before = id;
        before.lineage = step.lineage->before;
        bundle = Code(Make(before, limit, made), *step.lineage);
    }
    else
    {
        bundle = Input(id.model, id.input);
    }
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        m_store.Put(id, bundle, limit);
    }
    return made[id] = bundle;
}

void
TorchMaker::RunSlice(const TensorId& from, uint32_t end, uint64_t limit)
{
    Made made;
    const Bundle in = Make(from, limit, made);
    ++m_work.slices;
    const Bundle out = m_models.at(from.model).slicer->Run(from.boundary, end, in);
    const std::lock_guard<std::mutex> lock(m_mutex);
    m_store.Put({from.model, from.input, end, from.lineage}, out, limit);
}

void
TorchMaker::RunStrip(const TensorId& id, uint64_t limit)
{
    const Recipe* recipe = nullptr;
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        recipe = FindRecipe(id);
    }
    Made made;
    const Bundle bundle = MakeStrip(id, *recipe, limit, made);
    const std::lock_guard<std::mutex> lock(m_mutex);
    m_store.Put(id, bundle, limit);
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
    ++m_work.strips;
    return m_models.at(id.model).strips->Run(recipe.strip, std::move(pieces));
}

std::optional<TorchMaker::Bundle>
TorchMaker::FindWhole(uint32_t model, uint32_t input)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    const Bundle* stored = m_wholes.Find({model, input, WHOLE});
    return stored ? std::make_optional(*stored) : std::nullopt;
}

void
TorchMaker::KeepWhole(uint32_t model, uint32_t input, const Bundle& whole, uint64_t limit)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    m_wholes.Put({model, input, WHOLE}, whole, limit / WHOLES_SHARE);
}

TorchMaker::Bundle
TorchMaker::ObtainWhole(uint32_t model, uint32_t input, uint64_t limit)
{
    const TensorId id{model, input, WHOLE};
    std::optional<Claim> claim;
    {
        std::unique_lock<std::mutex> lock(m_mutex);
        const Bundle* stored = nullptr;
        m_finished.wait(lock, [&] {
            stored = m_wholes.Find(id);
            return stored || m_making.count(id) == 0;
        });
        if (stored)
        {
            return *stored;
        }
        claim.emplace(*this, id, lock);
    }
    Made made;
    const Bundle in = Make({model, input}, limit, made);
    ++m_work.wholes;
    const Bundle whole = m_models.at(model).slicer->RunWhole(in);
    KeepWhole(model, input, whole, limit);
    return whole;
}

std::string
TorchMaker::KeyOfInput(uint32_t model, uint32_t input) const
{
    uint64_t tokens = 0;
    uint64_t digest = 0;
    while (input >= FIRST_SEQUENCE)
    {
        const Sequence& sequence = m_sequences.at(input - FIRST_SEQUENCE);
        digest = tokens++ == 0 ? sequence.digest : digest;
        input = sequence.before;
    }
    std::string key = m_models.at(model).identity + "/" + std::to_string(input);
    if (tokens > 0)
    {
        key += "+" + std::to_string(tokens) + "." + HexDigits(digest);
    }
    return key;
}

std::string
TorchMaker::InputKey(uint32_t model, uint32_t input)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    return KeyOfInput(model, input);
}

std::string
TorchMaker::Key(const TensorId& id)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    std::string key = KeyOfInput(id.model, id.input) + "/" + std::to_string(id.boundary);
    if (id.lineage != 0)
    {
        key += "/" + HexDigits(id.lineage);
        const auto models = m_lineageModels.find(id.lineage);
        key += models == m_lineageModels.end() ? "" : "." + HexDigits(models->second);
    }
    if (!(id.rows == RowRange{}))
    {
        key += "/" + std::to_string(id.rows.begin) + "-" + std::to_string(id.rows.end);
    }
    return key;
}

const TorchMaker::Counts&
TorchMaker::Work() const
{
    return m_work;
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

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MODEL_READER_H
#define MDI_MODEL_READER_H

#include "mdi-json-reader.h"
#include "mdi-model-spec.h"
#include "mdi-tensor-engine.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * What is known of a model file: a `.pt` and the description beside it (`x.json` for `x.pt`, as the
 * command ./mdi export writes it; schema: traces/schema/model.schema.json), or a layer graph.
 * The model's name is the description's, else that of the file. Paths in a description are
 * relative to it.
 *
 * \param file path of the model
 * \param changes fields that replace the description's: `inputs`, `exits`, `preprocess`,
 *        `input_set`, `autoencoder` (of a scenario's model); null for none
 * \param folder what paths in `changes` are relative to
 * \throws BadInput one line: the file, what is wrong, what would be right; a `.pt` without input
 *         shapes, too
 */
ModelSpec ReadModel(const std::string& file,
                    const JsonReader* changes = nullptr,
                    const std::string& folder = "");

/**
 * The same with the shapes of a flag, such as "1,3,224,224" or, of two inputs,
 * "1,3,224,224:float32;1:int64" (without a type: the description's, else float32).
 * \param shapes empty: the description's
 */
ModelSpec ReadModelWithShapes(const std::string& file, const std::string& shapes);

/// Models that an engine has, and their numbers there.
using LoadedModels = std::vector<std::pair<ModelSpec, uint32_t>>;

/**
 * Load models with their autoencoders, each once.
 * \param models what to load
 * \param engine where to
 * \param loaded what the engine has by this function; receives the others
 * \return the numbers of the models there
 * \throws BadInput one line
 */
std::vector<uint32_t> LoadModels(const std::vector<ModelSpec>& models,
                                 TensorEngine& engine,
                                 LoadedModels& loaded);

/// The same for an engine that has no models yet: they get the numbers from 0 on.
void LoadModels(const std::vector<ModelSpec>& models, TensorEngine& engine);

} // namespace mdi
} // namespace ns3

#endif // MDI_MODEL_READER_H

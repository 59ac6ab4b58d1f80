// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MODEL_READER_H
#define MDI_MODEL_READER_H

#include "mdi-json-reader.h"
#include "mdi-model-spec.h"
#include "mdi-tensor-engine.h"

#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * What is known of a model file: a `.pt` and the description beside it (`x.json` for `x.pt`, as
 * ./mdi export writes it; schema: traces/schema/model.schema.json), or a layer graph (`.json`).
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

/**
 * Load models, in their order, and then their autoencoders.
 * \throws BadInput one line
 */
void LoadModels(const std::vector<ModelSpec>& models, TensorEngine& engine);

} // namespace mdi
} // namespace ns3

#endif // MDI_MODEL_READER_H

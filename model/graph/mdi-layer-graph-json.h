// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_LAYER_GRAPH_JSON_H
#define MDI_LAYER_GRAPH_JSON_H

#include "mdi-layer-graph.h"

#include <string>

namespace ns3
{
namespace mdi
{

/**
 * The description of a model as text, the format of ./mdi inspect --json:
 *
 * \code{.json}
 * {"format": "mdi-layer-graph", "version": 1, "name": "tiny",
 *  "inputs": [{"shape": [1, 4], "dtype": "float32"}],
 *  "layers": [{"name": "fc/linear", "op": "aten::linear", "block": "fc", "inputs": [-1],
 *              "outputs": [{"shape": [1, 2], "dtype": "float32"}],
 *              "flop": 16, "weight_bytes": 40}],
 *  "outputs": [0],
 *  "forbidden_cuts": [],
 *  "exits": []}
 * \endcode
 *
 * An input of a layer is the index of an earlier layer, or -1-i for input i of the model.
 * `shared_weights` lists {"id": 0, "bytes": 8} for weights that layers with the same id share.
 * `rows` lists a RowRule per input, for layers that can be split: {"kind": "whole" or "same"},
 * {"kind": "window" or "transposed", "kernel": 3, "stride": 1, "padding": 1, "dilation": 1},
 * {"kind": "nearest", "bilinear" or "space_to_depth", "factor": 2}, or {"kind": "concat_rows",
 * "offset": 8}. `op`, `block`, `flop`, `weight_bytes`, `shared_weights`, `rows`, `outputs` of the
 * model (default: the last layer), `forbidden_cuts` (boundaries) and `exits` (layers) may be left
 * out.
 *
 * A model of sequences says `"tokens": 44`, the number for which shapes and `flop` hold, and writes
 * "tokens" for a size that is this number: {"shape": [1, "tokens", 768], ...}. `cache_bytes` of a
 * layer are the keys and values that it keeps of each token where there is a KV cache.
 */
std::string LayerGraphToJson(const LayerGraph& graph);

/**
 * The reverse of LayerGraphToJson.
 * \param text the description
 * \param file its path, for messages only
 * \param name the model's name; if empty, the one in the description
 * \throws std::runtime_error one line: file, JSON path, what is wrong, what would be right
 */
LayerGraph LayerGraphFromJson(const std::string& text,
                              const std::string& file,
                              const std::string& name = "");

/// Read a description from a file; see LayerGraphFromJson.
LayerGraph ReadLayerGraph(const std::string& file, const std::string& name = "");

} // namespace mdi
} // namespace ns3

#endif // MDI_LAYER_GRAPH_JSON_H

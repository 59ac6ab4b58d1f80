// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-provenance-reader.h"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace ns3
{
namespace mdi
{

namespace fs = std::filesystem;

Provenance
ReadProvenance(const JsonReader& block, const std::vector<std::string>& kinds)
{
    block.AllowOnly({"kind", "source", "framework", "precision", "batch", "error_band", "note"});
    Provenance provenance;
    provenance.kind = block["kind"].OneOf(kinds);
    const auto text = [&block](const char* key) {
        const std::string value = block[key].String();
        if (value.empty())
        {
            block[key].Fail("the text is empty", "say it in words");
        }
        return value;
    };
    provenance.source = text("source");
    provenance.framework = block.Has("framework") ? text("framework") : "";
    provenance.precision = block.Has("precision") ? text("precision") : "";
    provenance.note = block.Has("note") ? text("note") : "";
    if (const auto batch = block.Find("batch"))
    {
        provenance.batch = batch->PositiveInt(1000000);
    }
    if (const auto band = block.Find("error_band"))
    {
        provenance.errorBand = band->NonNegative(1000);
    }
    else if (provenance.kind == "calibrated")
    {
        block.Fail("the key 'error_band' is missing",
                   "calibrated numbers need their relative error, such as 0.35");
    }
    return provenance;
}

std::string
ProvenanceFile(const std::string& csv)
{
    return fs::path(csv).replace_extension(".provenance.json").string();
}

std::optional<FileProvenance>
ReadFileProvenance(const std::string& csv)
{
    const std::string file = ProvenanceFile(csv);
    if (!fs::exists(file))
    {
        return std::nullopt;
    }
    const JsonReader document = JsonReader::FromFile(file);
    document.CheckFormat("mdi-provenance", 1);
    FileProvenance provenance;
    provenance.licence = document["licence"].Name();
    // The rest is a block as in compute traces.
    nlohmann::json block = document.Json();
    for (const char* key : {"format", "version", "licence"})
    {
        block.erase(key);
    }
    provenance.from = ReadProvenance(JsonReader::FromJson(block, file),
                                     {"measured", "published", "calibrated", "synthetic"});
    return provenance;
}

} // namespace mdi
} // namespace ns3

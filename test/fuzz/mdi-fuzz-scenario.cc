// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Scenarios: any text, as if it lay beside those of the repository.

#include "mdi-fuzz.h"

#include "ns3/mdi-scenario.h"

#include <nlohmann/json.hpp>

using namespace ns3::mdi;

/// ns-3 forgets the object whose attributes it was setting when one of them is refused.
extern "C" const char*
__lsan_default_suppressions()
{
    return "leak:ns3::ObjectFactory::Create\n";
}

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static ComputeTraces traces; // each is read once
    const std::string file = MDI_SOURCE_DIR "/traces/scenarios/fuzz.json";
    const std::string text(reinterpret_cast<const char*>(data), size);
    mdi_fuzz::ReadsOrSaysWhy(
        [&] { ReadScenario(JsonReader::FromText(text, file).Json(), file, "", traces); });
    return 0;
}

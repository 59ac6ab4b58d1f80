// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-fuzz.h"

#include "ns3/mdi-compute-trace-reader.h"

using namespace ns3::mdi;

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::string text(reinterpret_cast<const char*>(data), size);
    mdi_fuzz::ReadsOrSaysWhy([&] { ReadComputeTrace(JsonReader::FromText(text, "fuzz.json")); });
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Arrivals: plain files (time_s,source[,item]) and recorded items.csv.

#include "mdi-fuzz.h"

#include "ns3/mdi-arrival-reader.h"

using namespace ns3;
using namespace ns3::mdi;

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const mdi_fuzz::InputFile file(data, size);
    for (const char* admission : {R"({"type": "trace", "file": "x"})",
                                  R"({"type": "trace", "file": "x", "system": "a", "run": 0})"})
    {
        mdi_fuzz::ReadsOrSaysWhy([&] {
            ArrivalReader reader;
            reader.Read(JsonReader::FromText(admission, "fuzz.json"), file.Path(), "s", Seconds(0));
        });
    }
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-fuzz.h"

#include "ns3/mdi-link-trace-reader.h"

using namespace ns3::mdi;

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const mdi_fuzz::InputFile file(data, size);
    mdi_fuzz::ReadsOrSaysWhy([&] { ReadLinkTrace(file.Path()); });
    return 0;
}

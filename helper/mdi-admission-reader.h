// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ADMISSION_READER_H
#define MDI_ADMISSION_READER_H

#include "mdi-json-reader.h"

#include "ns3/nstime.h"
#include "ns3/object-factory.h"

#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * When a source releases items, as a scenario says it: {"type": "poisson", "rate_hz": 20},
 * {"type": "periodic", "rate_hz": 20} or with "interval_s", {"type": "closed-loop", "window": 4},
 * {"type": "times", "times_s": [...]}, {"type": "trace", "file": ...}, {"type": "adaptive-rate",
 * attributes of RateAdaptation}, or the TypeId of an Admission with its attributes.
 * \param json the object
 * \param times takes the times of "times" (of "trace", an ArrivalReader reads them); null where
 *        neither has a place
 * \throws BadInput one line
 */
ObjectFactory ReadAdmission(const JsonReader& json, std::vector<Time>* times);

} // namespace mdi
} // namespace ns3

#endif // MDI_ADMISSION_READER_H

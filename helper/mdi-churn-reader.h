// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_CHURN_READER_H
#define MDI_CHURN_READER_H

#include "mdi-churn.h"
#include "mdi-json-reader.h"
#include "mdi-scenario.h"

namespace ns3
{
namespace mdi
{

/**
 * Read the member "churn" of a scenario.
 * \param json the member
 * \param scenario has its devices, networks and time limit already
 * \throws BadInput one line
 */
Churn ReadChurn(const JsonReader& json, const Scenario& scenario);

} // namespace mdi
} // namespace ns3

#endif // MDI_CHURN_READER_H

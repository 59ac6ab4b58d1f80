// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_FACTORY_READER_H
#define MDI_FACTORY_READER_H

#include "mdi-json-reader.h"

#include "ns3/object-factory.h"
#include "ns3/type-id.h"

namespace ns3
{
namespace mdi
{

/**
 * Change an object factory as a JSON object says: its member "type" is a TypeId, the others are
 * attributes of that class, such as {"type": "ns3::mdi::FixedExit", "Threshold": 0.8}. Without
 * "type" the factory keeps its class and the attributes that it had.
 * \param json the object
 * \param factory with a TypeId
 * \param base the class that it must have
 * \throws BadInput one line, if there is no such class, attribute or value
 */
void ReadFactory(const JsonReader& json, ObjectFactory& factory, const TypeId& base);

/// The same for the attributes alone: "type" means something else there.
void ReadAttributes(const JsonReader& json, ObjectFactory& factory);

} // namespace mdi
} // namespace ns3

#endif // MDI_FACTORY_READER_H

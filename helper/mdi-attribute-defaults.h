// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ATTRIBUTE_DEFAULTS_H
#define MDI_ATTRIBUTE_DEFAULTS_H

#include <string>

namespace ns3
{
namespace mdi
{

/**
 * Check what changes defaults of attributes: flags --ns3::Class::Attribute=VALUE, and the
 * environment's NS_ATTRIBUTE_DEFAULT. ns-3 itself prints its whole help, ends the program, or says
 * nothing. Call it when all classes are there, those of --load, too.
 * \throws BadInput one line: the flag, what is wrong, what would be right. Where ns-3 ends the
 *         program, that line is printed and the exit status is BAD_INPUT
 */
void CheckAttributeDefaults(int argc, char* argv[]);

/**
 * The defaults that results may depend on and that are not those that the classes came with:
 * `Class::Attribute=VALUE`, a line for each; and the environment's global values. The same text
 * whether a flag, the environment or a program has changed them, and in each process.
 */
std::string ChangedAttributeDefaults();

} // namespace mdi
} // namespace ns3

#endif // MDI_ATTRIBUTE_DEFAULTS_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_PLUGIN_H
#define MDI_PLUGIN_H

#include <string>
#include <vector>

namespace ns3
{

class CommandLine;

namespace mdi
{

/**
 * Load a shared library for good, so that scenarios may name the classes that it registers
 * (NS_OBJECT_ENSURE_REGISTERED) by their TypeIds. Loading it again changes nothing.
 *
 * \param file its path; a name without a slash is a file of the working folder, too
 * \throws BadInput one line: no file, no shared library, a symbol that nobody defines, or a class
 *         with the TypeId of another one. Where ns-3 itself ends the program (a second log
 * component of a name), that line is printed and the exit status is BAD_INPUT
 */
void LoadPlugin(const std::string& file);

/// The files of the libraries that were loaded, in this order.
const std::vector<std::string>& LoadedPlugins();

/**
 * The flag --load=FILE, which may be repeated. The libraries are loaded at once, not when `cmd`
 * parses: other flags may name their classes.
 * \throws BadInput as LoadPlugin
 */
void AddLoadFlag(CommandLine& cmd, int argc, char* argv[]);

} // namespace mdi
} // namespace ns3

#endif // MDI_PLUGIN_H

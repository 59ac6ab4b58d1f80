// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers
//
// Prints doc/attributes.rst: the classes of the module with their attributes and trace sources, as
// they are registered.
//
//   build/mdi-attributes > doc/attributes.rst

#include "ns3/mdi-torch-engine.h"

#include "ns3/attribute.h"
#include "ns3/type-id.h"

#include <iostream>
#include <map>
#include <string>

using namespace ns3;

namespace
{

/// A help text for reStructuredText: nothing in it is markup, and it ends with a full stop.
std::string
Plain(const std::string& text)
{
    std::string plain;
    for (const char c : text)
    {
        plain += std::string("*`_|\\").find(c) == std::string::npos ? "" : "\\";
        plain += c;
    }
    return plain + (text.empty() || text.back() == '.' ? "" : ".");
}

void
PrintClass(const TypeId& tid)
{
    const std::string title = "``" + tid.GetName() + "``";
    std::cout << "\n"
              << title << "\n"
              << std::string(title.size(), '-') << "\n\n"
              << "A ``" << tid.GetParent().GetName() << "``"
              << (tid.HasConstructor() ? ""
                                       : ", which has no constructor: name one that is derived")
              << ".\n";
    for (std::size_t i = 0; i < tid.GetAttributeN(); ++i)
    {
        const TypeId::AttributeInformation a = tid.GetAttribute(i);
        const std::string initial = a.originalInitialValue->SerializeToString(a.checker);
        const std::string type = a.checker->GetUnderlyingTypeInformation();
        std::cout << "\n``" << a.name << "``\n  " << Plain(a.help) << " ``" << type
                  << "``, default " << (initial.empty() ? "empty" : "``" + initial + "``") << "\n";
    }
    for (std::size_t i = 0; i < tid.GetTraceSourceN(); ++i)
    {
        const TypeId::TraceSourceInformation t = tid.GetTraceSource(i);
        std::cout << "\n``" << t.name << "``\n  Trace source. " << Plain(t.help) << " ``"
                  << t.callback << "``\n";
    }
}

} // namespace

int
main()
{
    // Names the library, so that its classes are there, too.
    std::map<std::string, TypeId> classes{
        {mdi::TorchEngine::GetTypeId().GetName(), mdi::TorchEngine::GetTypeId()}};
    for (uint16_t i = 0; i < TypeId::GetRegisteredN(); ++i)
    {
        const TypeId tid = TypeId::GetRegistered(i);
        if (tid.GetName().rfind("ns3::mdi::", 0) == 0)
        {
            classes[tid.GetName()] = tid;
        }
    }
    std::cout << ".. SPDX-License-Identifier: GPL-2.0-only\n"
                 ".. Made by build/mdi-attributes > doc/attributes.rst; do not edit.\n\n"
                 "Attributes and trace sources\n"
                 "============================\n\n"
                 "Every class of the module that ns-3 knows by name, with its attributes (type and "
                 "default) and trace sources\n"
                 "(signature). How to set and to connect them: :doc:`mdi`, \"Usage\".\n";
    for (const auto& [name, tid] : classes)
    {
        PrintClass(tid);
    }
    return 0;
}

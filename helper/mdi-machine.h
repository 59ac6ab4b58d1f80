// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MACHINE_H
#define MDI_MACHINE_H

#include <cstdint>
#include <string>

namespace ns3
{
namespace mdi
{

/// A computer, as its kernel describes it.
struct Machine
{
    std::string host;         //!< its name in the network, without the domain; or "unknown"
    std::string processor;    //!< such as "AMD EPYC"; a board, if it says so; or "unknown"
    uint32_t processors = 1;  //!< that this process may use
    uint64_t memoryBytes = 0; //!< 0 if unknown
};

/**
 * What Linux says of this computer.
 * \param root the folder in which `proc` lies: for tests
 */
Machine ThisMachine(const std::string& root = "/");

} // namespace mdi
} // namespace ns3

#endif // MDI_MACHINE_H

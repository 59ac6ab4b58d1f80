// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The profiler of a build without LibTorch.

#include "mdi-torch-profiler.h"

#include <stdexcept>

namespace ns3
{
namespace mdi
{

std::string
ProfilerMissing(const ProfileOptions& options)
{
    return "this build has no LibTorch; install Debian's libtorch-dev and build again";
}

ModelTiming
ProfileModel(const ModelSpec& model,
             const ProfileOptions& options,
             const std::function<void(uint64_t)>& progress)
{
    throw std::runtime_error(model.file + ": " + ProfilerMissing(options));
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The part behind MDI_TORCH_CUDA (defined by CMake where LibTorch was built with CUDA) has not been
// run by us, for want of such a machine: so it is as small as it can be.

#include "mdi-torch-clock.h"

#include <chrono>

#ifdef MDI_TORCH_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#endif

namespace ns3
{
namespace mdi
{

class TorchClock::Impl
{
  public:
    bool cuda = false;
    std::vector<std::chrono::steady_clock::time_point> times;
#ifdef MDI_TORCH_CUDA
    std::vector<at::cuda::CUDAEvent> events; //!< made once, used again
    size_t used = 0;
#endif
};

TorchClock::TorchClock(bool cuda)
    : m_impl(std::make_unique<Impl>())
{
    m_impl->cuda = cuda;
}

TorchClock::~TorchClock() = default;

std::string
TorchClock::CudaMissing()
{
#ifdef MDI_TORCH_CUDA
    return at::cuda::is_available() ? "" : "LibTorch finds no CUDA device";
#else
    return "this build's LibTorch has no CUDA";
#endif
}

std::string
TorchClock::CudaDevice()
{
#ifdef MDI_TORCH_CUDA
    return at::cuda::getCurrentDeviceProperties()->name;
#else
    return "";
#endif
}

void
TorchClock::Stamp()
{
#ifdef MDI_TORCH_CUDA
    if (m_impl->cuda)
    {
        if (m_impl->used == m_impl->events.size())
        {
            m_impl->events.emplace_back(cudaEventDefault); // such an event keeps its time
        }
        m_impl->events[m_impl->used++].record();
        return;
    }
#endif
    m_impl->times.push_back(std::chrono::steady_clock::now());
}

std::vector<double>
TorchClock::Take()
{
    std::vector<double> seconds;
#ifdef MDI_TORCH_CUDA
    if (m_impl->used > 0)
    {
        m_impl->events[m_impl->used - 1].synchronize();
    }
    for (size_t i = 1; i < m_impl->used; ++i)
    {
        constexpr double MS = 1e-3;
        seconds.push_back(MS * m_impl->events[i - 1].elapsed_time(m_impl->events[i]));
    }
    m_impl->used = 0;
#endif
    for (size_t i = 1; i < m_impl->times.size(); ++i)
    {
        seconds.push_back(
            std::chrono::duration<double>(m_impl->times[i] - m_impl->times[i - 1]).count());
    }
    m_impl->times.clear();
    return seconds;
}

} // namespace mdi
} // namespace ns3

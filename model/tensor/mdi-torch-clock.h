// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_CLOCK_H
#define MDI_TORCH_CLOCK_H

#include <memory>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Takes time stamps between operators: of the steady clock, or of events in the current CUDA
 * stream, which the GPU stamps when the operators before them are done.
 */
class TorchClock
{
  public:
    /// \param cuda whether to stamp in the CUDA stream; only where CudaMissing is empty
    explicit TorchClock(bool cuda);
    ~TorchClock();

    /// Why this program cannot time CUDA here; empty if it can.
    static std::string CudaMissing();

    /// The name of the CUDA device, such as "Orin".
    static std::string CudaDevice();

    /// Take the next stamp.
    void Stamp();

    /// Wait for the last stamp and forget them all. \return seconds from each stamp to the next
    std::vector<double> Take();

  private:
    class Impl; //!< the stamps
    std::unique_ptr<Impl> m_impl;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_CLOCK_H

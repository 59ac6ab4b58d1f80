// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_THREADS_H
#define MDI_TORCH_THREADS_H

#include <cstdint>

namespace ns3
{
namespace mdi
{

/**
 * Let LibTorch, and OpenBLAS under it, run each operator in so many threads, for the whole process.
 * Operators run one after another.
 */
void SetTorchThreads(uint32_t threads);

/**
 * Let all threads to come take memory where this one does. A heap of its own returns its end to
 * the system after each operator and asks for it again: MobileNetV2 then took half as long again.
 */
void UseOneHeap();

/// Let LibTorch run each operator of the calling thread in that thread alone.
void LimitThisThread();

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_THREADS_H

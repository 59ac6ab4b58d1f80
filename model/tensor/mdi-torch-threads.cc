// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-threads.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <cstdlib>
#include <dlfcn.h>
#include <mutex>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ns3
{
namespace mdi
{

void
SetTorchThreads(uint32_t threads)
{
    at::set_num_threads(static_cast<int>(threads));
    // OpenBLAS counts its threads by itself; two of them yield to each other on small layers.
    using SetThreads = void (*)(int);
    if (const auto set =
            reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    {
        set(static_cast<int>(threads));
    }
    try
    {
        at::set_num_interop_threads(1);
    }
    catch (const c10::Error&)
    {
        // The program used LibTorch before and chose; slices run in this thread anyway.
    }
}

void
UseOneHeap()
{
#ifdef M_ARENA_MAX // glibc
    mallopt(M_ARENA_MAX, 1);
    // What a layer frees the next one takes: not from the system, page by page, each time.
    constexpr int KEPT = 128 << 20; // bytes that are free at the heap's end
    constexpr int LARGE = 32 << 20; // bytes of a tensor that is given back at once; the most
    mallopt(M_TRIM_THRESHOLD, KEPT);
    mallopt(M_MMAP_THRESHOLD, LARGE);
#endif
}

void
LimitThisThread()
{
    // In a forked process the first call makes LibTorch's pool anew, and does so without a lock:
    // a second one finds none ("Invalid thread pool!", LibTorch 1.13).
    static std::mutex mutex;
    const std::lock_guard<std::mutex> lock(mutex);
    at::set_num_threads(1); // OpenMP counts for each thread that it did not start itself
}

} // namespace mdi
} // namespace ns3

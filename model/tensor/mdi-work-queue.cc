// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-work-queue.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace ns3
{
namespace mdi
{

WorkQueue::WorkQueue(std::function<void()> onStart, size_t most)
    : m_onStart(std::move(onStart)),
      m_most(most)
{
}

WorkQueue::~WorkQueue()
{
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        m_waiting.clear();
    }
    EndThreads();
}

uint64_t
WorkQueue::Post(uint32_t threads, Job job, bool urgent)
{
    std::unique_lock<std::mutex> lock(m_mutex);
    StartThreads(threads); // before the job waits for one of them
    m_changed.wait(lock, [this, urgent] { return urgent || m_waiting.size() < m_most; });
    const uint64_t ticket = m_posted++;
    m_waiting.insert(urgent ? m_waiting.begin() : m_waiting.end(), Waiting{ticket, std::move(job)});
    m_changed.notify_all();
    return ticket;
}

void
WorkQueue::StartThreads(uint32_t threads)
{
    while (m_threads.size() < threads)
    {
        try
        {
            m_threads.emplace_back([this] { Serve(); });
        }
        catch (const std::system_error&)
        {
            if (m_threads.empty())
            {
                throw;
            }
            return; // the system has no more; fewer do the same work
        }
    }
}

void
WorkQueue::Hurry(uint64_t ticket)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    const auto found =
        std::find_if(m_waiting.begin(), m_waiting.end(), [ticket](const Waiting& waiting) {
            return waiting.ticket == ticket;
        });
    if (found != m_waiting.end())
    {
        std::rotate(m_waiting.begin(), found, found + 1);
    }
}

bool
WorkQueue::PostBehind(Job job)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    if (m_waiting.empty())
    {
        return false;
    }
    // Room is not asked for: the job that posts this one has just left some.
    m_waiting.push_back({m_running.at(std::this_thread::get_id()), std::move(job)});
    m_changed.notify_all();
    return true;
}

void
WorkQueue::Drain()
{
    {
        std::unique_lock<std::mutex> lock(m_mutex);
        m_changed.wait(lock, [this] { return m_waiting.empty() && m_running.empty(); });
    }
    EndThreads();
    Rethrow();
}

void
WorkQueue::Rethrow()
{
    std::exception_ptr error;
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        std::swap(error, m_error);
    }
    if (error)
    {
        std::rethrow_exception(error);
    }
}

void
WorkQueue::EndThreads()
{
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        m_ending = true;
        m_changed.notify_all();
    }
    for (std::thread& thread : m_threads)
    {
        thread.join();
    }
    m_threads.clear();
    m_ending = false;
}

void
WorkQueue::Serve()
{
    std::exception_ptr error;
    try
    {
        m_onStart();
    }
    catch (...)
    {
        error = std::current_exception();
    }
    std::unique_lock<std::mutex> lock(m_mutex);
    m_error = m_error ? m_error : error;
    while (true)
    {
        m_changed.wait(lock, [this] { return m_ending || !m_waiting.empty(); });
        if (m_waiting.empty())
        {
            return;
        }
        m_running[std::this_thread::get_id()] = m_waiting.front().ticket;
        Job job = std::move(m_waiting.front().job);
        m_waiting.pop_front();
        m_changed.notify_all(); // there is room for who posts
        error = nullptr;
        try
        {
            if (job.begin)
            {
                job.begin();
            }
            lock.unlock();
            job.work();
        }
        catch (...)
        {
            error = std::current_exception();
        }
        job = {}; // what it holds goes before others are told that it is done
        if (!lock.owns_lock())
        {
            lock.lock();
        }
        m_running.erase(std::this_thread::get_id());
        m_error = m_error ? m_error : error;
        m_changed.notify_all();
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-work-queue.h"

#include <atomic>
#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace ns3::mdi;

namespace
{

constexpr size_t MUCH = 1000;

void
Nothing()
{
}

} // namespace

TEST(WorkQueue, JobsBeginInTheirOrderOnAnyNumberOfThreads)
{
    for (const uint32_t threads : {1u, 2u, 4u})
    {
        WorkQueue queue(Nothing, MUCH);
        std::vector<int> begun;
        std::atomic<int> done{0};
        for (int i = 0; i < 200; ++i)
        {
            queue.Post(threads, {[&begun, i] { begun.push_back(i); }, [&done] { ++done; }});
        }
        queue.Drain();
        EXPECT_EQ(done, 200);
        ASSERT_EQ(begun.size(), 200u);
        for (int i = 0; i < 200; ++i)
        {
            EXPECT_EQ(begun[i], i);
        }
    }
}

TEST(WorkQueue, SeveralThreadsWorkAtATimeAndEachStartsOnce)
{
    std::mutex mutex;
    std::set<std::thread::id> started; // the system gives numbers of ended threads again
    int starts = 0;
    WorkQueue queue(
        [&] {
            const std::lock_guard<std::mutex> lock(mutex);
            started.insert(std::this_thread::get_id());
            ++starts;
        },
        MUCH);
    std::promise<void> one;
    std::promise<void> two;
    // Each waits for the other: in one thread that would never end.
    queue.Post(2, {nullptr, [&] {
                       one.set_value();
                       two.get_future().wait();
                   }});
    queue.Post(2, {nullptr, [&] {
                       two.set_value();
                       one.get_future().wait();
                   }});
    queue.Drain();
    EXPECT_EQ(started.size(), 2u);
    EXPECT_EQ(starts, 2);
    EXPECT_EQ(started.count(std::this_thread::get_id()), 0u);
    started.clear(); // names of threads that ended may come again
    int again = 0;
    queue.Post(1, {nullptr, [&] { ++again; }}); // threads begin anew
    queue.Drain();
    EXPECT_EQ(again, 1);
}

TEST(WorkQueue, WhoPostsTooMuchWaits)
{
    WorkQueue queue(Nothing, 2);
    std::atomic<int> done{0};
    std::atomic<int> most{0};
    for (int i = 0; i < 50; ++i)
    {
        queue.Post(1, {nullptr, [&] { ++done; }});
        most = std::max<int>(most, i + 1 - done);
    }
    queue.Drain();
    EXPECT_LE(most, 4); // two that wait, one at work, and one between the two counts
    EXPECT_EQ(done, 50);
}

TEST(WorkQueue, HurriedAndFirstJobsOvertake)
{
    WorkQueue queue(Nothing, MUCH);
    std::promise<void> go;
    std::shared_future<void> going(go.get_future());
    std::promise<void> busy;
    std::vector<int> order;
    queue.Post(1, {nullptr, [&busy, going] {
                       busy.set_value();
                       going.wait();
                   }});
    busy.get_future().wait();
    const auto add = [&order](int i) { return [&order, i] { order.push_back(i); }; };
    queue.Post(1, {nullptr, add(1)});
    queue.Post(1, {nullptr, add(2)});
    const uint64_t late = queue.Post(1, {nullptr, add(3)});
    queue.Post(1, {nullptr, add(4)}, true);
    queue.Hurry(late);
    queue.Hurry(late + 100); // no such job
    go.set_value();
    queue.Drain();
    EXPECT_EQ(order, (std::vector<int>{3, 4, 1, 2}));
}

TEST(WorkQueue, AJobPutsAnotherOneBehindAllUnlessThereAreNone)
{
    WorkQueue queue(Nothing, MUCH);
    std::promise<void> go;
    std::shared_future<void> going(go.get_future());
    std::vector<int> order;
    bool behind = false;
    bool alone = true;
    queue.Post(1, {nullptr, [&, going] {
                       going.wait();
                       behind = queue.PostBehind({nullptr, [&] {
                                                      order.push_back(1);
                                                      alone = queue.PostBehind({nullptr, Nothing});
                                                  }});
                   }});
    queue.Post(1, {nullptr, [&] { order.push_back(2); }});
    go.set_value();
    queue.Drain();
    EXPECT_TRUE(behind);
    EXPECT_FALSE(alone);
    EXPECT_EQ(order, (std::vector<int>{2, 1}));
}

TEST(WorkQueue, WhatAJobThrowsIsThrownOnceAndTheOthersRun)
{
    WorkQueue queue(Nothing, MUCH);
    int done = 0;
    queue.Post(1, {[] { throw std::runtime_error("first"); }, [&] { done += 100; }});
    queue.Post(1, {nullptr, [] { throw std::logic_error("second"); }});
    queue.Post(1, {nullptr, [&] { ++done; }});
    EXPECT_THROW(queue.Drain(), std::runtime_error);
    EXPECT_EQ(done, 1);
    EXPECT_NO_THROW(queue.Drain());
}

TEST(WorkQueue, TheEndOfTheQueueDropsWhatHasNotBegun)
{
    std::atomic<int> done{0};
    {
        WorkQueue queue(Nothing, MUCH);
        std::promise<void> busy;
        queue.Post(1, {nullptr, [&] {
                           busy.set_value();
                           std::this_thread::sleep_for(std::chrono::milliseconds(20));
                           ++done;
                       }});
        busy.get_future().wait();
        for (int i = 0; i < 100; ++i)
        {
            queue.Post(1, {nullptr, [&] { done += 100; }});
        }
    }
    EXPECT_EQ(done, 1);
}

TEST(WorkQueue, AJobPutBehindKeepsItsTicket)
{
    WorkQueue queue(Nothing, MUCH);
    std::promise<void> put;
    std::promise<void> go;
    std::shared_future<void> going(go.get_future());
    std::promise<void> filled;
    std::shared_future<void> full(filled.get_future());
    std::vector<int> order;
    const uint64_t ticket =
        queue.Post(1, {nullptr, [&, full] {
                           full.wait();
                           queue.PostBehind({nullptr, [&] { order.push_back(1); }});
                       }});
    queue.Post(1, {nullptr, [&, going] {
                       put.set_value();
                       going.wait();
                   }});
    queue.Post(1, {nullptr, [&] { order.push_back(2); }});
    queue.Post(1, {nullptr, [&] { order.push_back(3); }});
    filled.set_value();
    put.get_future().wait(); // the first one is behind all others now
    queue.Hurry(ticket);
    go.set_value();
    queue.Drain();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(WorkQueue, WhatTheStartOfAThreadThrowsIsThrownByDrain)
{
    WorkQueue queue([] { throw std::runtime_error("no room"); }, MUCH);
    queue.Post(1, {nullptr, Nothing});
    EXPECT_THROW(queue.Drain(), std::runtime_error);
}

TEST(WorkQueue, WhoPostsGoesOnAsSoonAsThereIsRoom)
{
    std::promise<void> start;
    std::shared_future<void> starting(start.get_future());
    std::promise<void> go;
    std::shared_future<void> going(go.get_future());
    WorkQueue queue([starting] { starting.wait(); }, 1);
    queue.Post(1, {nullptr, [going] { going.wait(); }});
    auto posting = std::async(std::launch::async, [&] { queue.Post(1, {nullptr, Nothing}); });
    EXPECT_EQ(posting.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    start.set_value(); // the first job begins, and does not end
    EXPECT_EQ(posting.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    go.set_value();
    posting.wait();
    queue.Drain();
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-answer-file.h"
#include "ns3/mdi-answer-index.h"
#include "ns3/mdi-answer-store.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace ns3::mdi;

namespace
{

namespace fs = std::filesystem;

/// A process of its own. \return its status, as waitpid gives it
int
InAnotherProcess(const std::function<void()>& work)
{
    const pid_t child = fork();
    if (child == 0)
    {
        work();
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

class AnswerFileTest : public testing::Test
{
  protected:
    AnswerFileTest()
    {
        std::string pattern = (fs::temp_directory_path() / "mdi-answers-test-XXXXXX").string();
        m_folder = mkdtemp(pattern.data());
        m_name = (m_folder / "answers").string();
    }

    ~AnswerFileTest() override
    {
        fs::remove_all(m_folder);
    }

    std::string Content() const
    {
        std::ifstream stream(m_name, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    }

    void Write(const std::string& content) const
    {
        std::ofstream(m_name, std::ios::binary) << content;
    }

    static std::map<std::string, std::string> New(AnswerFile& file)
    {
        std::map<std::string, std::string> found;
        file.ReadNew([&](const std::string& key, uint64_t place) {
            found[key] = file.Read(place, key).value_or("nothing");
        });
        return found;
    }

    using Entries = std::map<std::string, std::string>;

    fs::path m_folder;
    std::string m_name;
};

} // namespace

TEST_F(AnswerFileTest, WhatOneWritesAnotherReads)
{
    AnswerFile one(m_name, "1");
    AnswerFile two(m_name, "1");
    one.Append("a", "1");
    two.Append("b", std::string(3000000, 'x'));
    EXPECT_EQ(New(one), (Entries{{"a", "1"}, {"b", std::string(3000000, 'x')}}));
    one.Append("c", "3");
    EXPECT_EQ(New(one), (Entries{{"c", "3"}})); // once each
    EXPECT_EQ(New(two).size(), 3u);
    AnswerFile later(m_name, "1");
    EXPECT_EQ(New(later).size(), 3u);
}

TEST_F(AnswerFileTest, LinesOfAnotherVersionAreNotOurs)
{
    AnswerFile old(m_name, "1");
    old.Append("a", "1");
    AnswerFile now(m_name, "2");
    EXPECT_EQ(New(now), Entries{});
    now.Append("a", "2");
    EXPECT_EQ(New(now), (Entries{{"a", "2"}}));
    EXPECT_EQ(New(old), (Entries{{"a", "1"}}));
}

TEST_F(AnswerFileTest, ALineCutAnywhereIsPassedOverAndTheNextOneIsWhole)
{
    {
        AnswerFile file(m_name, "1");
        file.Append("first", "0x1.8p-1");
        file.Append("second", "0x1.9p-1");
    }
    const std::string whole = Content();
    const size_t end = whole.rfind('\n', whole.size() - 2) + 1; // of the first
    for (size_t size = 0; size < whole.size(); ++size)
    {
        Write(whole.substr(0, size));
        AnswerFile file(m_name, "1");
        Entries known = New(file);
        EXPECT_EQ(known.count("first"), size >= end ? 1u : 0u) << size;
        EXPECT_EQ(known.count("second"), 0u) << size;
        file.Append("third", "3");
        EXPECT_EQ(New(file).count("third"), 1u) << size;
        AnswerFile other(m_name, "1");
        known = New(other);
        EXPECT_EQ(known.size(), size + 1 >= whole.size() ? 3u : size + 1 >= end ? 2u : 1u) << size;
    }
}

TEST_F(AnswerFileTest, AChangedLineIsPassedOver)
{
    {
        AnswerFile file(m_name, "1");
        file.Append("a", "123456");
    }
    const std::string whole = Content();
    for (size_t i = std::string("mdi-answers\n").size(); i + 1 < whole.size(); ++i)
    {
        std::string changed = whole;
        changed[i] = changed[i] == '7' ? '8' : '7';
        Write(changed);
        AnswerFile file(m_name, "1");
        EXPECT_EQ(New(file), Entries{}) << i;
    }
}

TEST_F(AnswerFileTest, OtherFilesAreRefusedAndLeftAlone)
{
    Write("My thesis.\n");
    try
    {
        AnswerFile file(m_name, "1");
        FAIL() << "accepted";
    }
    catch (const std::runtime_error& error)
    {
        EXPECT_EQ(std::string(error.what()).find(m_name + ": this is no file of answers"), 0u)
            << error.what();
    }
    EXPECT_EQ(Content(), "My thesis.\n");
    EXPECT_THROW(AnswerFile((m_folder / "none" / "x").string(), "1"), std::runtime_error);
    EXPECT_THROW(AnswerFile(m_folder.string(), "1"), std::runtime_error);
}

TEST_F(AnswerFileTest, AFileWithoutANameIsSharedWithForkedProcesses)
{
    AnswerFile file("", "1");
    file.Append("parent", "1");
    const auto child = [&] {
        Entries known = New(file);
        file.Append("child", known["parent"] + "2");
    };
    EXPECT_EQ(InAnotherProcess(child), 0);
    EXPECT_EQ(New(file), (Entries{{"parent", "1"}, {"child", "12"}}));
}

TEST_F(AnswerFileTest, ProcessesThatWriteAtTheSameTimeLoseNothing)
{
    AnswerFile file(m_name, "1");
    constexpr int PROCESSES = 4;
    constexpr int LINES = 300;
    std::vector<pid_t> children;
    for (int process = 0; process < PROCESSES; ++process)
    {
        children.push_back(fork());
        if (children.back() == 0)
        {
            for (int i = 0; i < LINES; ++i)
            {
                file.Append(std::to_string(process) + "." + std::to_string(i),
                            std::string(1 + i % 100, 'v'));
            }
            _exit(0);
        }
    }
    for (const pid_t child : children)
    {
        waitpid(child, nullptr, 0);
    }
    EXPECT_EQ(New(file).size(), size_t(PROCESSES * LINES));
}

TEST_F(AnswerFileTest, AKilledWriterLeavesAtMostItsLastLineDamaged)
{
    AnswerFile file(m_name, "1");
    for (int round = 0; round < 5; ++round)
    {
        const pid_t child = fork();
        if (child == 0)
        {
            for (int i = 0;; ++i)
            {
                file.Append(std::to_string(round) + "." + std::to_string(i),
                            std::string(5000, 'v'));
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        const Entries known = New(file);
        EXPECT_GT(known.size(), 0u);
        // Those that it wrote are there without a gap.
        EXPECT_EQ(known.count(std::to_string(round) + "." + std::to_string(known.size() - 1)), 1u);
    }
}

TEST_F(AnswerFileTest, WhatOneProcessWorksOnOthersLeaveToItUntilItEnds)
{
    AnswerFile file(m_name, "1");
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0)
    {
        const bool held = file.Claim(5, true) && file.Claim(5, false); // two of its threads
        file.Release(5);
        const char byte = held ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
        {
            pause();
        }
        _exit(1);
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'y');
    EXPECT_FALSE(file.Claim(5, false));
    EXPECT_TRUE(file.Claim(77, false));
    file.Release(77);
    std::thread killer([child] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        kill(child, SIGKILL);
    });
    EXPECT_TRUE(file.Claim(5, true)); // its end frees what it held
    killer.join();
    waitpid(child, nullptr, 0);
    file.Release(5);
    EXPECT_TRUE(file.Claim(5, false));
    file.Release(5);
    close(ready[0]);
    close(ready[1]);
}

TEST_F(AnswerFileTest, AStoreForgetsWhatWasUsedLeastRecently)
{
    AnswerStore store(1000);
    store.Put("a", "1", true);
    store.Put("b", "2", true);
    store.Put("long", std::string(5000, 'x'), true); // not without a file
    EXPECT_FALSE(store.Find("long", true));
    EXPECT_EQ(store.Find("a", true), "1");
    store.Put("c", std::string(400, 'c'), true);
    EXPECT_FALSE(store.Find("b", true)); // "a" was asked for after it
    EXPECT_EQ(store.Find("c", true), std::string(400, 'c'));
    store.Forget("c");
    EXPECT_FALSE(store.Find("c", true));
}

TEST_F(AnswerFileTest, AStoreFindsWhatOthersFound)
{
    AnswerStore store(100000);
    AnswerStore other(100000);
    store.Open(m_name, "1");
    other.Open(m_name, "1");
    store.Put("long", std::string(5000, 'x'), true);
    store.Put("short", "s", true);
    store.Put("own", "o", false);
    EXPECT_FALSE(other.Find("short", false));
    EXPECT_EQ(other.Find("short", true), "s");
    EXPECT_EQ(other.Find("short", false), "s");
    EXPECT_EQ(other.Find("long", true), std::string(5000, 'x'));
    EXPECT_FALSE(other.Find("long", false)); // stays in the file
    EXPECT_FALSE(other.Find("own", true));
    EXPECT_EQ(store.Find("long", true), std::string(5000, 'x'));
    EXPECT_EQ(store.Find("own", true), "o");
}

TEST_F(AnswerFileTest, AStoreFindsInItsFileWhatLeftItsMemory)
{
    AnswerStore store(1000); // three entries or so
    store.Open(m_name, "1");
    const auto key = [](int i) { return "key-" + std::to_string(i); };
    for (int i = 0; i < 200; ++i)
    {
        ASSERT_FALSE(store.Find(key(i), true));
        store.Put(key(i), std::to_string(i), true);
    }
    const auto all = [&](AnswerStore& reader) {
        for (const int step : {1, -1})
        {
            for (int i = step > 0 ? 0 : 199; i >= 0 && i < 200; i += step)
            {
                EXPECT_EQ(reader.Find(key(i), true), std::to_string(i));
            }
        }
    };
    all(store);
    AnswerStore later(1000);
    later.Open(m_name, "1");
    all(later);
    EXPECT_FALSE(later.Find("key-200", true));
    later.Put("key-200", "200", true);
    EXPECT_EQ(store.Find("key-200", true), "200");
}

TEST_F(AnswerFileTest, WhatIsReadBackIsThatOfTheKey)
{
    AnswerFile file(m_name, "1");
    file.Append("a", std::string(3000, '1'));
    file.Append("b", "2");
    std::map<std::string, uint64_t> places;
    file.ReadNew([&](const std::string& key, uint64_t place) { places[key] = place; });
    EXPECT_EQ(file.Read(places["a"], "a"), std::string(3000, '1'));
    EXPECT_EQ(file.Read(places["b"], "b"), "2");
    EXPECT_FALSE(file.Read(places["a"], "b")); // the hash of another key may be the same
    EXPECT_FALSE(file.Read(places["b"] + 1, "b"));
    EXPECT_FALSE(file.Read(1000000, "b"));
    fs::resize_file(m_name, fs::file_size(m_name) - 3);
    EXPECT_FALSE(file.Read(places["b"], "b"));
}

TEST_F(AnswerFileTest, AnIndexKnowsManyPlacesInLittleMemory)
{
    AnswerIndex index;
    EXPECT_FALSE(index.Find("0"));
    constexpr uint64_t MANY = 100000;
    for (uint64_t i = 0; i < MANY; ++i)
    {
        index.Put(std::to_string(i), 3 * i);
        if (i > 1000)
        {
            ASSERT_LE(index.Bytes(), 38 * i);
        }
    }
    EXPECT_EQ(index.Size(), MANY);
    for (uint64_t i = 0; i < MANY; ++i)
    {
        ASSERT_EQ(index.Find(std::to_string(i)), 3 * i);
    }
    EXPECT_FALSE(index.Find("x"));
    index.Put("7", 5); // the last counts
    EXPECT_EQ(index.Find("7"), 5u);
    EXPECT_EQ(index.Size(), MANY);
}

TEST_F(AnswerFileTest, AForkedProcessKnowsWhatItsParentRead)
{
    const auto bytesRead = [] { // by this process so far
        std::ifstream stream("/proc/self/io");
        std::string name;
        uint64_t bytes = 0;
        stream >> name >> bytes;
        return bytes;
    };
    if (bytesRead() == 0)
    {
        GTEST_SKIP() << "the system does not count";
    }
    {
        AnswerFile file(m_name, "1");
        for (int i = 0; i < 20000; ++i)
        {
            file.Append("key-" + std::to_string(i), std::string(50, 'v'));
        }
    }
    AnswerStore store(100000);
    store.Open(m_name, "1");
    const auto child = [&] {
        const uint64_t before = bytesRead();
        const bool found = store.Find("key-10000", true) == std::string(50, 'v');
        const uint64_t after = bytesRead();
        _exit(!found ? 1 : after - before < fs::file_size(m_name) / 10 ? 0 : 2);
    };
    EXPECT_EQ(InAnotherProcess(child), 0);
}

TEST_F(AnswerFileTest, AForkedProcessKeepsAFileWhoseNameIsGone)
{
    AnswerFile file(m_name, "1");
    file.Append("parent", "1");
    fs::remove_all(m_folder);
    const auto child = [&] {
        for (int again = 0; again < 2; ++again)
        {
            const bool held = file.Claim(5, true);
            file.Release(5);
            file.Append(held ? "child" : "nobody", std::to_string(again));
        }
    };
    EXPECT_EQ(InAnotherProcess(child), 0);
    EXPECT_EQ(New(file), (Entries{{"parent", "1"}, {"child", "1"}}));
}

TEST_F(AnswerFileTest, AThreadThatLetsGoLeavesWhatAnotherOneHolds)
{
    AnswerFile file(m_name, "1");
    AnswerFile other(m_name, "1"); // as another process has it
    std::atomic<int> lost{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 3; ++thread)
    {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 20000; ++i)
            {
                const uint64_t what = 4 + (thread + i) % 2; // of one lock
                file.Claim(what, true);
                if (other.Claim(4, false))
                {
                    ++lost;
                    other.Release(4);
                }
                file.Release(what);
            }
        });
    }
    for (std::thread& thread : threads)
    {
        thread.join();
    }
    EXPECT_EQ(lost, 0);
    EXPECT_TRUE(other.Claim(4, false));
    EXPECT_FALSE(file.Claim(4, false)); // is not counted
    other.Release(4);
    EXPECT_TRUE(file.Claim(4, false));
    EXPECT_FALSE(other.Claim(4, false));
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-answer-file.h"
#include "ns3/mdi-answer-store.h"

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
        file.ReadNew([&](const std::string& key, std::string value, AnswerFile::Place place) {
            EXPECT_EQ(file.Read(place), value) << key;
            found[key] = value;
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
    EXPECT_EQ(other.Find("long", false), std::string(5000, 'x'));
    EXPECT_FALSE(other.Find("own", true));
    EXPECT_EQ(store.Find("long", true), std::string(5000, 'x'));
    EXPECT_EQ(store.Find("own", true), "o");
}

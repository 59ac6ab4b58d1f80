// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-message-of.h"
#include "mdi-output-file.h"
#include "mdi-results-folder.h"
#include "mdi-working-folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_files_test;

TEST(ResultsFolder, AppearsOnlyOnCommit)
{
    const WorkingFolder here;
    ResultsFolder folder("out", "x", false);
    Write(folder.File("summary.csv"), "text");
    EXPECT_FALSE(fs::exists("out"));
    EXPECT_EQ(folder.Commit(), "out");
    EXPECT_EQ(here.Content(), (std::vector<std::string>{"out", "out/summary.csv"}));
    EXPECT_EQ(Read("out/summary.csv"), "text");
    const auto permissions = fs::status("out").permissions();
    EXPECT_NE(permissions & fs::perms::others_read, fs::perms::none);
}

TEST(ResultsFolder, LeavesNothingWithoutCommit)
{
    const WorkingFolder here;
    for (const char* out : {"", "out"})
    {
        const ResultsFolder folder(out, "x", false);
        Write(folder.File("summary.csv"), "text");
        EXPECT_FALSE(here.Content().empty());
    }
    EXPECT_EQ(here.Content(), std::vector<std::string>());
}

TEST(ResultsFolder, NumbersItsDefaultNames)
{
    const WorkingFolder here;
    for (int i = 1; i <= 3; ++i)
    {
        ResultsFolder folder("", "x", false);
        Write(folder.File("manifest.json"), std::to_string(i));
        EXPECT_EQ(folder.Commit(), "mdi-results/x-" + std::to_string(i));
    }
    EXPECT_EQ(Read("mdi-results/x-1/manifest.json"), "1");
    {
        ResultsFolder folder("", "x", false);
    }
    EXPECT_EQ(here.Content().size(), 7u); // others' results stay
}

TEST(ResultsFolder, NeverOverwritesUnlessTold)
{
    const WorkingFolder here;
    fs::create_directory("empty");
    {
        ResultsFolder folder("empty/", "x", false); // an empty folder holds nothing to lose
        Write(folder.File("manifest.json"), "first");
        EXPECT_EQ(folder.Commit(), "empty");
    }
    fs::create_directory("other");
    Write("other/thesis.tex", "years of work");
    Write("file", "text");
    for (const char* out : {"empty", "empty/", "other"})
    {
        const std::string message = MessageOf([&] { ResultsFolder(out, "x", false); });
        EXPECT_NE(message.find(std::string("--out=") + out + ": "), std::string::npos) << message;
        EXPECT_NE(message.find("--overwrite"), std::string::npos) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
    // --overwrite replaces results only.
    const std::string other = MessageOf([&] { ResultsFolder("other", "x", true); });
    EXPECT_NE(other.find("no results folder"), std::string::npos) << other;
    for (const bool overwrite : {false, true})
    {
        const std::string file = MessageOf([&] { ResultsFolder("file", "x", overwrite); });
        EXPECT_NE(file.find("--out=file: not a folder"), std::string::npos) << file;
    }
    {
        ResultsFolder folder("empty", "x", true);
        Write(folder.File("summary.csv"), "second");
        EXPECT_EQ(Read("empty/manifest.json"), "first"); // until Commit
        folder.Commit();
    }
    EXPECT_EQ(here.Content(),
              (std::vector<std::string>{
                  "empty", "empty/summary.csv", "file", "other", "other/thesis.tex"}));
}

TEST(ResultsFolder, TakesTheNextNumberIfAnotherRunWasFaster)
{
    const WorkingFolder here;
    ResultsFolder first("", "x", false);
    ResultsFolder second("", "x", false);
    Write(first.File("manifest.json"), "first");
    Write(second.File("manifest.json"), "second");
    EXPECT_EQ(second.Commit(), "mdi-results/x-1");
    EXPECT_EQ(first.Commit(), "mdi-results/x-2");
    EXPECT_EQ(Read("mdi-results/x-1/manifest.json"), "second");
    EXPECT_EQ(Read("mdi-results/x-2/manifest.json"), "first");
    EXPECT_EQ(here.Content().size(), 5u);
}

TEST(ResultsFolder, ReplacesNothingThatCameMeanwhileAndKeepsTheResults)
{
    for (const bool overwrite : {false, true})
    {
        const WorkingFolder here;
        std::string file;
        std::string said;
        {
            ResultsFolder folder("out", "x", overwrite);
            file = folder.File("summary.csv");
            Write(file, "of this run");
            fs::create_directory("out");
            Write("out/summary.csv", "of another run");
            try
            {
                folder.Commit();
            }
            catch (const std::runtime_error& error)
            {
                said = error.what();
            }
        }
        EXPECT_NE(said.find("folder out ("), std::string::npos) << said;
        EXPECT_NE(said.find(fs::path(file).parent_path().string()), std::string::npos) << said;
        EXPECT_EQ(said.find('\n'), std::string::npos) << said;
        EXPECT_EQ(Read("out/summary.csv"), "of another run");
        EXPECT_EQ(Read(file), "of this run");
        EXPECT_EQ(here.Content().size(), 4u);
    }
}

TEST(ResultsFolder, OldResultsStayIfTheNewOnesCannotTakeTheirPlace)
{
    const WorkingFolder here;
    fs::create_directory("out");
    Write("out/manifest.json", "old");
    ResultsFolder folder("out", "x", true);
    fs::remove_all(fs::path(folder.File("x")).parent_path());
    EXPECT_THROW(folder.Commit(), std::runtime_error);
    EXPECT_EQ(here.Content(), (std::vector<std::string>{"out", "out/manifest.json"}));
    EXPECT_EQ(Read("out/manifest.json"), "old");
}

TEST(ResultsFolder, ReplacesALinkAndNotWhatItNames)
{
    const WorkingFolder here;
    fs::create_directory("old");
    Write("old/manifest.json", "old");
    fs::create_directory_symlink("old", "out");
    ResultsFolder folder("out", "x", true);
    Write(folder.File("manifest.json"), "new");
    EXPECT_EQ(folder.Commit(), "out");
    EXPECT_EQ(Read("out/manifest.json"), "new");
    EXPECT_EQ(Read("old/manifest.json"), "old");
    EXPECT_EQ(here.Content().size(), 4u);
}

TEST(OutputFile, TakesWholeFilesOnly)
{
    const WorkingFolder here;
    OutputFile file("all");
    file.Stream() << "a\n";
    for (const auto& part : {std::string(), std::string("b\n"), std::string(100000, 'c')})
    {
        Write("part", part);
        file.Take("part");
        EXPECT_FALSE(fs::exists("part"));
    }
    fs::create_directory("folder");
    // The last one gives more than the size that it claims.
    for (const char* part : {"missing", "folder", "/proc/self/status"})
    {
        try
        {
            file.Take(part);
            ADD_FAILURE() << part;
        }
        catch (const std::runtime_error& error)
        {
            EXPECT_EQ(std::string(error.what()).find(part), 0u) << error.what();
        }
    }
    EXPECT_TRUE(fs::exists("folder"));
    EXPECT_EQ(Read("all").substr(0, 100004), "a\nb\n" + std::string(100000, 'c'));
}

TEST(ResultsFolder, NeedsAPlaceToWrite)
{
    const WorkingFolder here;
    Write("file", "text");
    std::vector<std::string> places{"file/out", "/proc/out", "/proc/no/such/out"};
    if (geteuid() != 0)
    {
        fs::create_directory("locked");
        fs::permissions("locked", fs::perms::owner_read | fs::perms::owner_exec);
        places.emplace_back("locked/out");
    }
    for (const auto& out : places)
    {
        const std::string message = MessageOf([&] { ResultsFolder(out, "x", false); });
        EXPECT_NE(message.find(out), std::string::npos) << message;
        EXPECT_NE(message.find("where you may write"), std::string::npos) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
    EXPECT_EQ(Read("file"), "text");
}

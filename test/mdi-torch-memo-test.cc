// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// What runs and what does not, in which thread and in which process: the answers are the same.

#include "../model/tensor/mdi-torch-answers.h"
#include "../model/tensor/mdi-torch-threads.h"
#include "mdi-row-runner.h"
#include "mdi-torch-test.h"

#include "ns3/boolean.h"
#include "ns3/mdi-fnv.h"
#include "ns3/mdi-model-identity.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <atomic>
#include <cmath>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace ns3;
using namespace ns3::mdi;
using namespace mdi_row_test;

namespace
{

class TorchMemoTest : public TorchEngineTest
{
  protected:
    /// Another engine for the same test.
    Ptr<TorchEngine> Anew(bool memo, uint32_t threads, const std::string& store = "")
    {
        m_engine->Dispose();
        m_engine = CreateObject<TorchEngine>();
        m_engine->SetAttribute("Memo", BooleanValue(memo));
        m_engine->SetAttribute("Threads", UintegerValue(threads));
        m_engine->SetAttribute("Store", StringValue(store));
        return m_engine;
    }

    static ModelSpec Exits()
    {
        ModelSpec model = Spec("exits", {IMAGE});
        model.exits = {0, 1};
        return model;
    }

    uint64_t Runs()
    {
        m_engine->Finish();
        return m_engine->SlicesRun();
    }

    /// What is said of a result, bit for bit.
    std::string Says(const TensorId& result)
    {
        char text[100];
        std::string all;
        for (const Prediction& prediction : m_engine->Predict(result))
        {
            std::snprintf(
                text, sizeof text, "%d %a ", int(prediction.label), prediction.confidence);
            all += text;
        }
        std::snprintf(text, sizeof text, "%a\n", m_engine->MaxError(result).value());
        return all + text;
    }

    /// Cuts, codecs and exits of several items, of which some are asked for at once, some prepared
    /// and asked for at the end, some never.
    std::string ChainAnswers()
    {
        const uint32_t model = m_engine->LoadModel(Exits());
        const LayerGraph graph = m_engine->Graph(model);
        const std::vector<uint32_t> cuts = graph.LayerBoundaries();
        std::vector<TensorId> results;
        std::string said;
        for (uint32_t item = 0; item < 24; ++item)
        {
            const uint32_t input = item % 7;
            TensorId at = Chain(model, input, {cuts[1 + item % (cuts.size() - 2)]});
            if (item % 3 == 0)
            {
                at = m_engine->Transcode(
                    at, TensorCodec{item % 2 == 0 ? TensorCodec::INT8 : TensorCodec::FLOAT16});
            }
            for (const Exit& exit : graph.Exits())
            {
                if (exit.boundary > at.boundary)
                {
                    at = m_engine->Run(at, exit.boundary);
                    said += item % 4 == 0 ? Says(at) : "";
                }
            }
            at = m_engine->Run(at, graph.Size());
            if (item % 5 != 0)
            {
                m_engine->Prepare(at);
            }
            if (item % 6 != 1)
            {
                results.push_back(at);
            }
        }
        m_engine->Finish();
        for (const TensorId& result : results)
        {
            said += Says(result);
        }
        m_engine->Finish();
        return said;
    }

    /// Results of row strips; their sums of products differ from the whole's in the last bits.
    std::string StripAnswers()
    {
        const uint32_t model = Load("resnet56", {CIFAR});
        const RowModel rows = MakeRowModel(m_engine->Graph(model));
        std::string said;
        std::vector<TensorId> results;
        for (uint32_t item = 0; item < 4; ++item)
        {
            std::mt19937 random(1 + item / 2);
            const auto cuts = RandomCuts(rows, random, 3);
            RowRunner runner(*m_engine, model, rows, random);
            results.push_back(runner.Run(item % 2, cuts));
            m_engine->Prepare(results.back());
        }
        for (const TensorId& result : results)
        {
            said += Says(result);
        }
        m_engine->Finish();
        return said;
    }

    /// What a forked process says, that uses the engine as it is.
    static std::string InAnotherProcess(const std::function<std::string()>& work)
    {
        int ends[2];
        if (pipe(ends) != 0)
        {
            return "no pipe";
        }
        const pid_t child = fork();
        if (child == 0)
        {
            const std::string said = work();
            const bool written = write(ends[1], said.data(), said.size()) == ssize_t(said.size());
            _exit(written ? 0 : 1);
        }
        close(ends[1]);
        std::string said;
        char buffer[1000];
        for (ssize_t got = read(ends[0], buffer, sizeof buffer); got > 0;
             got = read(ends[0], buffer, sizeof buffer))
        {
            said.append(buffer, size_t(got));
        }
        close(ends[0]);
        int status = -1;
        waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        return said;
    }

    std::string NewFile(const std::string& name)
    {
        const fs::path file = TheModels().Folder() / name;
        fs::remove(file);
        return file.string();
    }
};

} // namespace

TEST_F(TorchMemoTest, NothingRunsUntilAnAnswerIsWantedAndThenOnce)
{
    const uint32_t model = Load("residual", {IMAGE});
    const TensorId result = Chain(model, 0, {3, 9});
    EXPECT_EQ(Runs(), 0u);
    EXPECT_EQ(m_engine->MaxError(result), 0.0);
    EXPECT_EQ(Runs(), 2u); // as they were cut
    EXPECT_EQ(m_engine->WholesRun(), 1u);
    m_engine->Predict(result);
    EXPECT_EQ(Runs(), 2u);
    // A second system with the same cuts, and a third one with others: the result is known.
    m_engine->MaxError(Chain(model, 0, {3, 9}));
    m_engine->MaxError(Chain(model, 0, {5, 9}));
    EXPECT_EQ(Runs(), 2u);
    // Of another item it is not.
    m_engine->MaxError(Chain(model, 1, {5, 9}));
    EXPECT_EQ(Runs(), 4u);
    EXPECT_EQ(m_engine->WholesRun(), 2u);
    // A codec at a cut that is stored: what comes after it is new. At another one: that, too.
    const TensorCodec byte{TensorCodec::INT8};
    m_engine->MaxError(m_engine->Run(m_engine->Transcode(Chain(model, 0, {3}), byte), 9));
    EXPECT_EQ(Runs(), 5u);
    m_engine->MaxError(m_engine->Run(m_engine->Transcode(Chain(model, 0, {5}), byte), 9));
    EXPECT_EQ(Runs(), 7u);
    EXPECT_EQ(m_engine->WholesRun(), 2u);
}

TEST_F(TorchMemoTest, ACutCountsMoreThanNone)
{
    const uint32_t model = Load("residual", {IMAGE});
    Chain(model, 0, {9});
    Chain(model, 0, {3, 5, 9});
    EXPECT_EQ(m_engine->MaxError({model, 0, 9}), 0.0);
    EXPECT_EQ(Runs(), 3u);
}

TEST_F(TorchMemoTest, ExitsOnTheWayAreAnsweredWithTheResult)
{
    const uint32_t model = m_engine->LoadModel(Exits());
    const LayerGraph& graph = m_engine->Graph(model);
    m_engine->MaxError({model, 0, graph.Size()});
    const uint64_t runs = Runs();
    EXPECT_EQ(runs, 3u);
    for (const Exit& exit : graph.Exits())
    {
        EXPECT_EQ(m_engine->MaxError({model, 0, exit.boundary}), 0.0);
        EXPECT_EQ(m_engine->Predict({model, 0, exit.boundary}).size(), 1u);
    }
    EXPECT_EQ(Runs(), runs);
    EXPECT_EQ(m_engine->WholesRun(), 1u);
    // The first exit alone: no more than the layers before it.
    m_engine->Predict({model, 1, graph.Exits()[0].boundary});
    EXPECT_EQ(Runs(), runs + 1);
    EXPECT_EQ(m_engine->WholesRun(), 1u);
}

TEST_F(TorchMemoTest, ExecuteRunsEverySliceOnAnyNumberOfThreads)
{
    for (const uint32_t threads : {0u, 1u, 2u, 3u})
    {
        Anew(false, threads);
        const uint32_t model = Load("residual", {IMAGE});
        for (uint32_t item = 0; item < 100; ++item)
        {
            const TensorId result = Chain(model, item % 2, {3, 5, 9});
            m_engine->Prepare(result);
            if (item % 10 == 0)
            {
                EXPECT_EQ(m_engine->MaxError(result), 0.0);
            }
        }
        EXPECT_EQ(Runs(), 300u) << threads;
    }
}

TEST_F(TorchMemoTest, EveryModeAndNumberOfThreadsSaysTheSame)
{
    Anew(true, 0);
    const std::string expected = ChainAnswers();
    EXPECT_GT(expected.size(), 500u);
    for (const uint32_t threads : {0u, 1u, 2u, 4u})
    {
        for (const bool memo : {true, false})
        {
            for (const uint64_t bytes : {uint64_t(1), uint64_t(512) << 20})
            {
                Anew(memo, threads)->SetAttribute("StoreBytes", UintegerValue(bytes));
                EXPECT_EQ(ChainAnswers(), expected) << threads << memo << bytes;
            }
        }
    }
}

TEST_F(TorchMemoTest, StripsSayTheSameInEveryModeAndNumberOfThreads)
{
    Anew(true, 0);
    const std::string expected = StripAnswers();
    EXPECT_EQ(expected.find(" 0x0p+0\n"), std::string::npos) << expected; // errors of their own
    for (const uint32_t threads : {0u, 1u, 2u})
    {
        for (const bool memo : {true, false})
        {
            Anew(memo, threads);
            EXPECT_EQ(StripAnswers(), expected) << threads << memo;
        }
    }
}

TEST_F(TorchMemoTest, AStoreAnswersWithoutRunning)
{
    const std::string store = NewFile("store");
    Anew(true, 1, store);
    const std::string expected = ChainAnswers();
    EXPECT_GT(m_engine->SlicesRun(), 0u);
    for (const uint32_t threads : {0u, 2u})
    {
        Anew(true, threads, store);
        EXPECT_EQ(ChainAnswers(), expected);
        EXPECT_EQ(m_engine->SlicesRun() + m_engine->WholesRun(), 0u);
    }
    // Without the memo it is neither read nor written.
    const auto size = fs::file_size(store);
    Anew(false, 1, store);
    EXPECT_EQ(ChainAnswers(), expected);
    EXPECT_GT(m_engine->SlicesRun(), 50u);
    EXPECT_EQ(fs::file_size(store), size);
    // Half of it: what is there is not run again, and what a whole model says is there for codecs.
    fs::resize_file(store, size / 2);
    Anew(true, 1, store);
    EXPECT_EQ(ChainAnswers(), expected);
    EXPECT_GT(m_engine->SlicesRun(), 0u);
    EXPECT_LT(m_engine->WholesRun(), 7u);
}

TEST_F(TorchMemoTest, AStoreTellsModelsAndInputsApart)
{
    const std::string store = NewFile("store-of-many");
    const auto says = [&](uint64_t seed, const std::string& name, const std::string& file) {
        Anew(true, 1, store)->SetAttribute("InputSeed", UintegerValue(seed));
        ModelSpec spec = Spec(file, {IMAGE});
        spec.name = name;
        const uint32_t model = m_engine->LoadModel(spec);
        return Says(Chain(model, 0, {m_engine->Graph(model).Size()}));
    };
    const std::string first = says(1, "a", "exits");
    EXPECT_NE(says(2, "a", "exits"), first);
    EXPECT_GT(m_engine->SlicesRun(), 0u);
    says(1, "b", "exits"); // its random inputs are others
    EXPECT_GT(m_engine->SlicesRun(), 0u);
    says(1, "a", "cascade");
    EXPECT_GT(m_engine->SlicesRun(), 0u);
    EXPECT_EQ(says(1, "a", "exits"), first);
    EXPECT_EQ(m_engine->SlicesRun(), 0u);
}

TEST_F(TorchMemoTest, AnAutoencoderIsPartOfWhatMadeATensor)
{
    const std::string store = NewFile("store-of-autoencoders");
    const auto says = [&](uint64_t change) {
        Anew(true, 1, store);
        const uint32_t model = Load("exits", {IMAGE});
        ModelSpec spec = Spec("encoder", {TensorSpec{{1, 4, 8, 8}}});
        const fs::path copy = TheModels().Folder() / "other-encoder.pt";
        fs::copy_file(spec.file, copy, fs::copy_options::overwrite_existing);
        spec.file = copy.string();
        std::ofstream(copy, std::ios::app | std::ios::binary) << std::string(change, '\0');
        TensorCodec codec{TensorCodec::AUTOENCODER};
        codec.encoder = m_engine->LoadModel(spec);
        codec.decoder = Load("decoder", {TensorSpec{{1, 4, 4, 4}}});
        const TensorId arrived = m_engine->Transcode(Chain(model, 0, {2}), codec);
        return Says(m_engine->Run(arrived, m_engine->Graph(model).Size()));
    };
    const std::string one = says(0);
    EXPECT_GT(m_engine->SlicesRun(), 0u);
    EXPECT_EQ(says(0), one);
    EXPECT_EQ(m_engine->SlicesRun(), 0u);
    says(8); // another file: its values might be others
    EXPECT_GT(m_engine->SlicesRun(), 0u);
}

TEST_F(TorchMemoTest, AForeignFileIsNoStore)
{
    const std::string store = NewFile("thesis");
    std::ofstream(store) << "Chapter 1\n";
    Anew(true, 1, store);
    try
    {
        Load("residual", {IMAGE});
        FAIL() << "accepted";
    }
    catch (const std::runtime_error& error)
    {
        EXPECT_EQ(std::string(error.what()).find(store + ": "), 0u) << error.what();
    }
}

TEST_F(TorchMemoTest, ForkedProcessesShareAnswers)
{
    for (const uint32_t threads : {0u, 1u, 2u})
    {
        Anew(true, threads);
        const uint32_t model = Load("residual", {IMAGE});
        const auto said = [&] {
            std::string all;
            for (uint32_t input = 0; input < 8; ++input)
            {
                m_engine->Prepare(Chain(model, input, {3, 9}));
            }
            for (uint32_t input = 0; input < 8; ++input)
            {
                all += Says({model, input, 9});
            }
            m_engine->Finish();
            return all;
        };
        Says(Chain(model, 7, {3, 9}));
        m_engine->Finish(); // no thread of this process is at work
        const uint64_t runs = m_engine->SlicesRun();
        const std::string child = InAnotherProcess(said);
        EXPECT_EQ(said(), child);
        EXPECT_EQ(m_engine->SlicesRun(), runs) << "run again, not taken from the child";
        EXPECT_EQ(m_engine->WholesRun(), 1u);
    }
}

TEST_F(TorchMemoTest, ThreadsOfAForkedProcessBeginAtOnce)
{
    // LibTorch remakes its pool at the first call in a forked process, without a lock.
    SetTorchThreads(1);
    for (int process = 0; process < 25; ++process)
    {
        const pid_t child = fork();
        ASSERT_NE(child, -1);
        if (child == 0)
        {
            std::atomic<int> begun{0};
            std::vector<std::thread> threads;
            for (int i = 0; i < 2; ++i)
            {
                threads.emplace_back([&begun] {
                    for (++begun; begun < 2;)
                    {
                    }
                    LimitThisThread();
                });
            }
            for (std::thread& thread : threads)
            {
                thread.join();
            }
            _exit(0);
        }
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_EQ(status, 0) << "process " << process;
    }
}

TEST_F(TorchMemoTest, WhatGoesWrongInAThreadIsThrownWhereItIsNeeded)
{
    const fs::path folder = TheModels().Folder() / "vanishing";
    for (const uint32_t threads : {0u, 1u, 2u})
    {
        for (const bool memo : {true, false})
        {
            fs::create_directories(folder);
            std::ofstream(folder / "a.ppm", std::ios::binary) << "P6\n8 8\n255\n"
                                                              << std::string(3 * 64, 'x');
            Anew(memo, threads);
            ModelSpec spec = Spec("shown", {IMAGE});
            spec.inputSet = folder;
            const uint32_t model = m_engine->LoadModel(spec);
            const TensorId result{model, 0, m_engine->Graph(model).Size()};
            fs::remove_all(folder);
            m_engine->Prepare(result);
            for (int again = 0; again < 2; ++again)
            {
                try
                {
                    m_engine->MaxError(result);
                    ADD_FAILURE() << "no error";
                }
                catch (const std::runtime_error& error)
                {
                    EXPECT_NE(std::string(error.what()).find("a.ppm: cannot be read"),
                              std::string::npos);
                }
            }
            const auto run = [&] {
                m_engine->Run({model, 0, 0}, result.boundary);
                m_engine->Finish();
            };
            if (memo)
            {
                EXPECT_NO_THROW(run()); // nobody asked
            }
            else
            {
                EXPECT_THROW(run(), std::runtime_error);
            }
        }
    }
}

TEST_F(TorchMemoTest, AForkedProcessAnswersWithoutTheNameOfItsStore)
{
    const fs::path folder = TheModels().Folder() / "gone";
    for (const uint32_t threads : {0u, 1u, 2u})
    {
        fs::create_directories(folder);
        Anew(true, threads, (folder / "store").string());
        const uint32_t model = Load("residual", {IMAGE});
        fs::remove_all(folder);
        const auto said = [&] {
            alarm(60); // instead of waiting for ever
            std::string all = Says(Chain(model, 0, {3, 9}));
            m_engine->Finish();
            return all;
        };
        const std::string child = InAnotherProcess(said);
        EXPECT_FALSE(child.empty());
        EXPECT_EQ(Says(Chain(model, 0, {3, 9})), child);
    }
}

TEST_F(TorchMemoTest, AStoreOfAnotherVersionOfThisModuleIsNotRead)
{
    const std::string version = TorchAnswers::Version();
    EXPECT_EQ(version.rfind("mdi " + ModuleVersion() + " ", 0), 0u) << version;
    EXPECT_NE(version.find("LibTorch"), std::string::npos);
    EXPECT_NE(version.find(ProcessorName()), std::string::npos);
    const std::string store = NewFile("store-of-a-version");
    Anew(true, 1, store);
    const std::string said = Says(Chain(Load("residual", {IMAGE}), 0, {9}));
    Fnv hash;
    hash.Add(version);
    std::ifstream stream(store);
    std::string line;
    std::getline(stream, line); // the kind of the file
    int lines = 0;
    for (; std::getline(stream, line); ++lines)
    {
        EXPECT_EQ(line.substr(0, 16), HexDigits(hash.Value()));
    }
    EXPECT_GT(lines, 0);
}

TEST_F(TorchMemoTest, SequencesEndWithTheRun)
{
    for (const bool memo : {true, false})
    {
        Anew(memo, 1);
        const uint32_t model = m_engine->LoadModel(Exits());
        const uint32_t size = m_engine->Graph(model).Size();
        const auto extend = [&](uint32_t input) {
            return m_engine->Extend(Chain(model, input, {size})).input;
        };
        const uint32_t first = extend(0);
        EXPECT_GT(first, 1000u); // no item
        EXPECT_EQ(extend(1), first + 1);
        EXPECT_EQ(extend(0), first);
        m_engine->Finish();
        EXPECT_EQ(extend(1), first); // the numbers of the run before are free
    }
}

TEST_F(TorchMemoTest, ARunThatFailedLeavesNothingToTheNext)
{
    const fs::path folder = TheModels().Folder() / "vanishing-once";
    for (const uint32_t threads : {0u, 1u, 2u})
    {
        const auto write = [&] {
            fs::create_directories(folder);
            std::ofstream(folder / "a.ppm", std::ios::binary) << "P6\n8 8\n255\n"
                                                              << std::string(3 * 64, 'x');
        };
        write();
        Anew(false, threads);
        ModelSpec spec = Spec("shown", {IMAGE});
        spec.inputSet = folder;
        const uint32_t model = m_engine->LoadModel(spec);
        const uint32_t size = m_engine->Graph(model).Size();
        fs::remove_all(folder);
        EXPECT_THROW(
            {
                m_engine->Run({model, 0, 0}, size);
                m_engine->Finish();
            },
            std::runtime_error);
        write();
        EXPECT_EQ(m_engine->MaxError(m_engine->Run({model, 0, 0}, size)), 0.0);
        EXPECT_NO_THROW(m_engine->Finish());
    }
}

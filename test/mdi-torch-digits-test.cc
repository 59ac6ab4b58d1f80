// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The trained network of the repository, run slice by slice, says what its description says that it
// says: accuracy of each exit, with and without codecs at the first one.

#include "ns3/mdi-json-reader.h"
#include "ns3/mdi-model-reader.h"
#include "ns3/mdi-scenario.h"
#include "ns3/mdi-simulation.h"
#include "ns3/mdi-torch-engine.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

class Digits : public testing::Test
{
  protected:
    Digits()
        : m_engine(CreateObject<TorchEngine>()),
          m_folder(std::string(MDI_SOURCE_DIR) + "/traces/models/"),
          m_description(JsonReader::FromFile(m_folder + "resnet56-digits.json"))
    {
        m_engine->SetAttribute("StoreBytes", UintegerValue(512 << 20));
        LoadModels({ReadModel(m_folder + "resnet56-digits.pt")}, *m_engine);
        m_images = static_cast<uint32_t>(m_description["accuracy"]["images"].PositiveInt());
        for (const Exit& exit : m_engine->Graph(0).Exits())
        {
            m_ends.push_back(exit.boundary);
        }
        m_ends.push_back(m_engine->Graph(0).Size());
    }

    ~Digits() override
    {
        m_engine->Dispose();
    }

    /// Per cent of right answers at each exit and the end; values may pass a codec at exit 1.
    std::vector<double> Accuracies(uint32_t images, const TensorCodec* codec = nullptr)
    {
        std::vector<double> right(m_ends.size(), 0);
        for (uint32_t image = 0; image < images; ++image)
        {
            const int64_t label = m_engine->Labels(0, image).at(0);
            TensorId at{0, image, 0};
            for (size_t i = 0; i < m_ends.size(); ++i)
            {
                at = m_engine->Run(at, m_ends[i]);
                right[i] += m_engine->Predict(at).at(0).label == label ? 1 : 0;
                at = codec && i == 0 ? m_engine->Transcode(at, *codec) : at;
            }
        }
        for (double& count : right)
        {
            count *= 100.0 / images;
        }
        return right;
    }

    /// One run over all pictures of a system, given as JSON, on two Jetson Nano.
    std::vector<ItemRecord> Items(const std::string& system)
    {
        ScenarioChanges changes;
        changes.runs = 1;
        changes.sets = {"systems=[" + system + "]",
                        "sources.0.items=" + std::to_string(m_images)};
        const Scenario scenario = ReadScenario(
            std::string(MDI_SOURCE_DIR) + "/traces/scenarios/mdi-exit-2-node.json", changes);
        return Simulate(scenario, scenario.systems.at(0), 0, m_engine, false).items.at(0);
    }

    /// Items whose prediction is right.
    static uint32_t Right(const std::vector<ItemRecord>& items)
    {
        return static_cast<uint32_t>(
            std::count_if(items.begin(), items.end(), [](const ItemRecord& item) {
                return item.predictions == item.labels && !item.labels.empty();
            }));
    }

    /// Figures in the description have two decimals.
    static constexpr double ROUNDING = 0.00501;

    Ptr<TorchEngine> m_engine;
    std::string m_folder;
    JsonReader m_description;
    uint32_t m_images;
    std::vector<uint32_t> m_ends;
};

} // namespace

TEST_F(Digits, ExitsAreAsGoodAsTheDescriptionSays)
{
    const auto accuracy = m_description["accuracy"];
    const auto measured = Accuracies(m_images);
    ASSERT_EQ(measured.size(), 4u);
    for (size_t exit = 0; exit < 3; ++exit)
    {
        EXPECT_NEAR(measured[exit], accuracy["exits"][exit].Number(), ROUNDING);
        EXPECT_GT(measured[exit + 1], measured[exit] + 1); // the task is hard enough
    }
    EXPECT_NEAR(measured[3], accuracy["final"].Number(), ROUNDING);
    EXPECT_EQ(m_engine->InputOf(0, m_images), 0u); // the set repeats
}

TEST_F(Digits, TheAutoencoderCostsWhatTheDescriptionSays)
{
    const auto accuracy = m_description["accuracy"];
    const auto autoencoder = m_engine->AutoencoderOf(0).value();
    EXPECT_EQ(autoencoder.boundary, m_ends[0]);
    const LayerGraph& encoder = m_engine->Graph(autoencoder.encoder);
    EXPECT_GE(m_engine->Graph(0).CutBytes(m_ends[0]), 16 * encoder.CutBytes(encoder.Size()));
    const TensorCodec codec{TensorCodec::AUTOENCODER, autoencoder.encoder, autoencoder.decoder};
    const auto measured = Accuracies(m_images, &codec);
    for (size_t exit = 1; exit < 3; ++exit)
    {
        EXPECT_NEAR(measured[exit],
                    accuracy["exits_with_autoencoder"][exit - 1].Number(),
                    ROUNDING);
    }
    EXPECT_NEAR(measured[3], accuracy["final_with_autoencoder"].Number(), ROUNDING);
}

TEST_F(Digits, RoundingOnTheWireCostsNextToNothing)
{
    const uint32_t images = 150;
    const auto plain = Accuracies(images);
    for (const auto kind : {TensorCodec::FLOAT16, TensorCodec::INT8})
    {
        const TensorCodec codec{kind};
        const auto coded = Accuracies(images, &codec);
        for (size_t exit = 0; exit < plain.size(); ++exit)
        {
            EXPECT_NEAR(coded[exit], plain[exit], 1.5) << codec.Name(); // two pictures
        }
        const TensorId cut{0, 0, m_ends[0]};
        const TensorId end = m_engine->Run(m_engine->Transcode(cut, codec), m_ends.back());
        EXPECT_GT(m_engine->MaxError(end).value(), 0); // it did change something
    }
}

TEST_F(Digits, SystemsWithoutExitsAreAsGoodAsTheWholeNetworkAndAtOnceAsTheFirstExit)
{
    const auto accuracies = Accuracies(m_images);
    const auto first = static_cast<uint32_t>(std::lround(accuracies.front() * m_images / 100));
    const auto whole = static_cast<uint32_t>(std::lround(accuracies.back() * m_images / 100));
    for (const std::string preset : {"local", "ddi", "ms-mdi", "pa-mdi", "mdi-exit"})
    {
        const std::string start = R"({"name": "x", "codec": "none", "preset": ")" + preset;
        EXPECT_EQ(Right(Items(start + R"(", "exit": false})")), whole) << preset;
        // ten classes: the largest soft-max probability is at least 0.1
        const std::string atOnce = R"(", "exit": {"type": "ns3::mdi::FixedExit", "Threshold": 0.1}})";
        EXPECT_EQ(Right(Items(start + atOnce)), first) << preset;
    }
}

TEST_F(Digits, ItemsLeaveAtTheFirstExitThatIsSureEnough)
{
    const auto items = Items(
        R"({"name": "x", "preset": "pa-mdi", "exit": {"type": "ns3::mdi::FixedExit", "Threshold": 0.9}})");
    std::vector<uint32_t> left(m_ends.size(), 0);
    for (const auto& item : items)
    {
        TensorId at{0, item.id.item, 0};
        auto expected = static_cast<uint32_t>(m_ends.size());
        for (uint32_t exit = 1; exit < m_ends.size(); ++exit)
        {
            at = m_engine->Run(at, m_ends[exit - 1]);
            if (m_engine->Predict(at).at(0).confidence >= 0.9)
            {
                expected = exit;
                break;
            }
        }
        ASSERT_EQ(item.exit, expected) << item.id.item;
        EXPECT_EQ(item.outputError, 0.0) << item.id.item;
        left[expected - 1]++;
    }
    for (const uint32_t count : left)
    {
        EXPECT_GT(count, 20u); // all exits are taken
    }
}

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "ns3/mdi-model-identity.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

using namespace ns3::mdi;

namespace
{

namespace fs = std::filesystem;

class ModelIdentityTest : public testing::Test
{
  protected:
    ModelIdentityTest()
    {
        std::string pattern = (fs::temp_directory_path() / "mdi-identity-test-XXXXXX").string();
        m_folder = mkdtemp(pattern.data());
        Write("model.pt", "weights");
        Write("one/cat/a.png", "picture of a cat");
        Write("one/dog/b.png", "picture of a dog");
    }

    ~ModelIdentityTest() override
    {
        fs::remove_all(m_folder);
    }

    void Write(const std::string& name, const std::string& text) const
    {
        fs::create_directories((m_folder / name).parent_path());
        std::ofstream(m_folder / name, std::ios::binary) << text;
    }

    std::string Of(const std::string& inputSet) const
    {
        ModelSpec model;
        model.name = "m";
        model.file = (m_folder / "model.pt").string();
        model.inputSet = (m_folder / inputSet).string();
        Layer layer;
        layer.name = "l";
        layer.inputs = {-1};
        layer.outputs = {TensorSpec{{1, 2}}};
        return ModelIdentity(model, LayerGraph("m", {TensorSpec{{1, 3}}}, {layer}), 1);
    }

    std::string Processor(const std::string& info) const
    {
        Write("cpuinfo", info);
        return ProcessorName((m_folder / "cpuinfo").string());
    }

    fs::path m_folder;
};

} // namespace

TEST_F(ModelIdentityTest, ACloneOfAFolderOfPicturesIsTheSame)
{
    fs::copy(m_folder / "one", m_folder / "two", fs::copy_options::recursive);
    const auto later = fs::file_time_type::clock::now() + std::chrono::hours(1);
    fs::last_write_time(m_folder / "two/cat/a.png", later);
    Write("two/.hidden", "of no picture");
    EXPECT_EQ(Of("one"), Of("two"));
}

TEST_F(ModelIdentityTest, EveryByteOfAPictureCountsWhateverItsTime)
{
    const std::string before = Of("one");
    const auto time = fs::last_write_time(m_folder / "one/cat/a.png");
    Write("one/cat/a.png", "picture of a cow");
    fs::last_write_time(m_folder / "one/cat/a.png", time);
    EXPECT_NE(Of("one"), before);
    Write("one/cat/a.png", "picture of a cat");
    EXPECT_EQ(Of("one"), before);
    fs::rename(m_folder / "one/cat/a.png", m_folder / "one/dog/a.png"); // another class
    EXPECT_NE(Of("one"), before);
}

TEST_F(ModelIdentityTest, PicturesOfALinkedClassCount)
{
    fs::create_directories(m_folder / "linked");
    fs::create_directory_symlink(m_folder / "one/cat", m_folder / "linked/cat");
    const std::string before = Of("linked");
    Write("one/cat/a.png", "picture of a cow");
    EXPECT_NE(Of("linked"), before);
}

TEST_F(ModelIdentityTest, AnArmProcessorIsNamedByItsParts)
{
    const std::string text = "processor\t: 0\nBogoMIPS\t: 62.50\nCPU implementer\t: 0x4e\n"
                             "CPU architecture: 8\nCPU part\t: 0x004\n\n";
    const std::string carmel = Processor(text + text);
    EXPECT_EQ(carmel, "CPU implementer\t: 0x4e, CPU part\t: 0x004");
    EXPECT_NE(Processor("CPU implementer\t: 0x41\nCPU part\t: 0xd42\n"), carmel);
    // Cores of two kinds.
    EXPECT_EQ(Processor(text + "CPU implementer\t: 0x41\nCPU part\t: 0xd07\n"),
              carmel + ", CPU implementer\t: 0x41, CPU part\t: 0xd07");
    EXPECT_EQ(
        Processor("model\t\t: 1\nmodel name\t: A CPU @ 2: GHz\nmodel name\t: A CPU @ 2: GHz\n"),
        "model name\t: A CPU @ 2: GHz");
    EXPECT_EQ(Processor("no colon\n"), "unknown");
    EXPECT_EQ(Processor(""), "unknown");
}

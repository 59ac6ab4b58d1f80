// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_TEST_H
#define MDI_TORCH_TEST_H

// What the tests of the engine that runs layers share: small models, made by Python.

#include "ns3/mdi-torch-engine.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

namespace fs = std::filesystem;

const TensorSpec IMAGE{{1, 3, 8, 8}, Dtype::FLOAT32};
const TensorSpec LABEL{{1}, Dtype::INT64};
const TensorSpec SEQUENCE{{1, 5, 8}, Dtype::FLOAT32};
const TensorSpec CIFAR{{1, 3, 32, 32}, Dtype::FLOAT32};

/// A folder with the models, made once and removed at the end.
class Models
{
  public:
    Models()
    {
        std::string pattern = (fs::temp_directory_path() / "mdi-torch-test-XXXXXX").string();
        m_folder = mkdtemp(pattern.data());
        const std::string source = MDI_SOURCE_DIR;
        const std::string python = "/usr/bin/python3 '" + source;
        m_made =
            Call(python + "/test/make_test_models.py' '" + m_folder.string() + "'") &&
            Call(python + "/traces/models/export.py' resnet56 --out '" + File("resnet56") + "'");
    }

    ~Models()
    {
        fs::remove_all(m_folder);
    }

    bool Made() const
    {
        return m_made;
    }

    std::string File(const std::string& name) const
    {
        return (m_folder / (name + ".pt")).string();
    }

    fs::path Folder() const
    {
        return m_folder;
    }

  private:
    static bool Call(const std::string& command)
    {
        return std::system(command.c_str()) == 0;
    }

    fs::path m_folder;
    bool m_made;
};

inline Models&
TheModels()
{
    static Models models;
    return models;
}

class TorchEngineTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_TRUE(TheModels().Made());
        m_engine = CreateObject<TorchEngine>();
    }

    void TearDown() override
    {
        if (m_engine)
        {
            m_engine->Dispose();
        }
    }

    static ModelSpec Spec(const std::string& name, const std::vector<TensorSpec>& inputs)
    {
        ModelSpec model;
        model.name = name;
        model.file = TheModels().File(name);
        for (const TensorSpec& input : inputs)
        {
            model.inputs.push_back({input});
        }
        return model;
    }

    uint32_t Load(const std::string& name, const std::vector<TensorSpec>& inputs)
    {
        return m_engine->LoadModel(Spec(name, inputs));
    }

    /// Run through all of the boundaries (0 left out). \return the last
    TensorId Chain(uint32_t model, uint32_t input, const std::vector<uint32_t>& boundaries)
    {
        TensorId id{model, input, 0};
        for (const uint32_t b : boundaries)
        {
            if (b > 0)
            {
                id = m_engine->Run(id, b);
            }
        }
        return id;
    }

    std::string LoadError(const ModelSpec& model)
    {
        const std::string& file = model.inputSet.empty() ? model.file : model.inputSet;
        try
        {
            m_engine->LoadModel(model);
        }
        catch (const std::runtime_error& error)
        {
            const std::string what = error.what();
            EXPECT_EQ(what.find(file), 0u) << what;
            EXPECT_EQ(what.find('\n'), std::string::npos) << what;
            return what;
        }
        ADD_FAILURE() << file << " was accepted";
        return "";
    }

    Ptr<TorchEngine> m_engine;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_TEST_H

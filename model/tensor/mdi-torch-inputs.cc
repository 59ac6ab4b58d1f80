// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-inputs.h"

#include "mdi-fnv.h"
#include "mdi-torch-values.h"
#include "mdi-visible-entries.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <numeric>
#include <set>
#include <stb/stb_image.h>
#include <stdexcept>
#include <torch/csrc/jit/serialization/pickle.h>

namespace ns3
{
namespace mdi
{

namespace
{

namespace fs = std::filesystem;

constexpr int64_t NO_LABEL = -1;

[[noreturn]] void
Fail(const std::string& file, const std::string& what)
{
    throw std::runtime_error(file + ": " + what);
}

bool
IsPicture(const fs::path& file)
{
    static const std::set<std::string> extensions = {
        ".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".gif", ".tga"};
    std::string extension = file.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(), ::tolower);
    return extensions.count(extension) > 0;
}

/// Unsigned bytes, channels x height x width.
at::Tensor
Decode(const std::string& file, int channels)
{
    int width = 0;
    int height = 0;
    int found = 0;
    const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
        stbi_load(file.c_str(), &width, &height, &found, channels), stbi_image_free);
    if (!pixels)
    {
        Fail(file, std::string("cannot be read as a picture: ") + stbi_failure_reason());
    }
    return at::from_blob(pixels.get(), {height, width, channels}, at::kByte)
        .permute({2, 0, 1})
        .contiguous();
}

c10::IValue
Unpickle(const std::string& file)
{
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
    {
        Fail(file, std::string("cannot be read: ") + std::strerror(errno));
    }
    const std::vector<char> data{std::istreambuf_iterator<char>(stream),
                                 std::istreambuf_iterator<char>()};
    try
    {
        return torch::jit::pickle_load(data);
    }
    catch (const std::exception& error)
    {
        Fail(file,
             "this is no tensor file; expected one of torch.save(tensor, file) or "
             "torch.save({\"inputs\": tensor, \"labels\": tensor}, file)");
    }
}

} // namespace

TorchInputs::TorchInputs(const ModelSpec& model, uint64_t seed)
    : m_model(model),
      m_seed(seed)
{
    if (model.inputSet.empty())
    {
        return;
    }
    const auto& shape = model.inputs.at(0).spec.shape;
    for (const auto* values : {&model.preprocess.mean, &model.preprocess.std})
    {
        if (values->size() > 1 && shape.size() == 4 && values->size() != size_t(shape[1]))
        {
            Fail(model.file,
                 "preprocess: mean and std have one value or one per channel, " +
                     std::to_string(shape[1]) + " here, not " + std::to_string(values->size()));
        }
    }
    std::error_code error;
    if (fs::is_directory(model.inputSet, error))
    {
        ReadFolder();
    }
    else
    {
        ReadTensorFile();
    }
}

void
TorchInputs::ReadFolder()
{
    const std::string& folder = m_model.inputSet;
    const auto& inputs = m_model.inputs;
    const bool pictures = inputs.size() == 1 && inputs[0].spec.shape.size() == 4 &&
                          inputs[0].spec.dtype == Dtype::FLOAT32;
    const int64_t channels = pictures ? inputs[0].spec.shape[1] : 0;
    if (channels != 1 && channels != 3)
    {
        Fail(folder,
             "pictures are for models with one float32 input of N x 3 x H x W or "
             "N x 1 x H x W, not " +
                 SpecsText(InputSpecs(m_model)));
    }
    std::vector<std::string> loose;
    int64_t label = 0;
    for (const fs::path& entry : VisibleEntries(folder))
    {
        if (!fs::is_directory(entry))
        {
            if (IsPicture(entry))
            {
                loose.push_back(entry.string());
            }
            continue;
        }
        for (const fs::path& file : VisibleEntries(entry))
        {
            if (IsPicture(file))
            {
                m_files.push_back(file.string());
                m_labels.push_back(label);
            }
        }
        ++label;
    }
    m_files.insert(m_files.end(), loose.begin(), loose.end());
    m_labels.resize(m_files.size(), NO_LABEL);
    m_size = m_files.size();
    if (m_size == 0)
    {
        Fail(folder, "there is no picture in it; expected FOLDER/CLASS/PICTURE.png, .jpg or .bmp");
    }
}

void
TorchInputs::ReadTensorFile()
{
    const std::string& file = m_model.inputSet;
    c10::IValue content = Unpickle(file);
    c10::IValue labels;
    if (content.isGenericDict())
    {
        const auto members = content.toGenericDict();
        if (!members.contains("inputs"))
        {
            Fail(file,
                 "the dictionary has no \"inputs\"; expected {\"inputs\": tensor, "
                 "\"labels\": int64 tensor}");
        }
        for (const auto& member : members)
        {
            const std::string key =
                member.key().isString() ? member.key().toStringRef() : "a key that is no text";
            if (key != "inputs" && key != "labels")
            {
                Fail(file,
                     "the dictionary has '" + key +
                         "'; expected {\"inputs\": tensor, \"labels\": int64 tensor}");
            }
        }
        labels = members.contains("labels") ? members.at("labels") : c10::IValue();
        content = members.at("inputs");
    }
    m_tensors = FlattenTensors(content);
    const auto& inputs = m_model.inputs;
    if (m_tensors.size() != inputs.size())
    {
        Fail(file,
             "holds " + std::to_string(m_tensors.size()) + " tensors, but the model takes " +
                 std::to_string(inputs.size()));
    }
    for (size_t i = 0; i < inputs.size(); ++i)
    {
        const at::Tensor& tensor = m_tensors[i];
        const auto& shape = inputs[i].spec.shape;
        const bool picture =
            tensor.scalar_type() == at::kByte && inputs[i].spec.dtype != Dtype::UINT8;
        // A sample has the model's sizes without the batch; a picture is brought to them.
        bool fits = tensor.dim() == static_cast<int64_t>(shape.size()) && !shape.empty() &&
                    tensor.size(0) > 0 && tensor.size(0) == m_tensors[0].size(0);
        for (size_t d = 1; fits && d < (picture && shape.size() == 4 ? 2 : shape.size()); ++d)
        {
            fits = tensor.size(static_cast<int64_t>(d)) == shape[d];
        }
        if (!fits)
        {
            std::string sizes;
            for (const int64_t size : tensor.sizes())
            {
                sizes += (sizes.empty() ? "" : "x") + std::to_string(size);
            }
            Fail(file,
                 "tensor " + std::to_string(i) + " is " + sizes + ", but samples for an input of " +
                     SpecsText({inputs[i].spec}) + " are needed, stacked in dimension 0");
        }
    }
    m_size = static_cast<size_t>(m_tensors[0].size(0));
    m_labels.assign(m_size, NO_LABEL);
    if (!labels.isNone())
    {
        if (!labels.isTensor() || !at::isIntegralType(labels.toTensor().scalar_type(), false))
        {
            Fail(file, "\"labels\" must be an int64 tensor with one number per sample");
        }
        const at::Tensor numbers = labels.toTensor().to(at::kLong).contiguous();
        if (numbers.dim() != 1 || numbers.numel() != static_cast<int64_t>(m_size))
        {
            Fail(file,
                 "\"labels\" must hold one number for each of the " + std::to_string(m_size) +
                     " samples");
        }
        std::copy_n(numbers.data_ptr<int64_t>(), m_size, m_labels.begin());
    }
}

int64_t
TorchInputs::Batch() const
{
    const auto& shape = m_model.inputs.at(0).spec.shape;
    return shape.empty() ? 1 : shape[0];
}

std::vector<at::Tensor>
TorchInputs::Get(uint32_t input) const
{
    if (m_size == 0)
    {
        Fnv seed;
        seed.Add(m_seed);
        seed.Add(m_model.name);
        seed.Add(uint64_t(input));
        return RandomInputs(m_model.inputs, seed.Value());
    }
    const at::NoGradGuard noGrad;
    const uint64_t first = uint64_t(input) * static_cast<uint64_t>(Batch());
    std::vector<at::Tensor> tensors;
    for (size_t i = 0; i < m_model.inputs.size(); ++i)
    {
        const TensorSpec& spec = m_model.inputs[i].spec;
        std::vector<at::Tensor> samples;
        for (uint64_t k = 0; k < static_cast<uint64_t>(Batch()); ++k)
        {
            const auto sample = static_cast<size_t>((first + k) % m_size);
            samples.push_back(m_files.empty()
                                  ? m_tensors[i][static_cast<int64_t>(sample)]
                                  : Decode(m_files[sample], static_cast<int>(spec.shape[1])));
            at::Tensor& one = samples.back();
            if (one.scalar_type() == at::kByte && one.dim() == 3 && spec.dtype != Dtype::UINT8)
            {
                one = PreparePicture(one, m_model.preprocess, spec.shape[2], spec.shape[3]);
            }
        }
        tensors.push_back(at::stack(samples).to(ToScalarType(spec.dtype)).contiguous());
    }
    return tensors;
}

std::vector<int64_t>
TorchInputs::Labels(uint32_t input) const
{
    std::vector<int64_t> labels;
    const uint64_t first = uint64_t(input) * static_cast<uint64_t>(Batch());
    for (uint64_t k = 0; m_size > 0 && k < static_cast<uint64_t>(Batch()); ++k)
    {
        labels.push_back(m_labels[static_cast<size_t>((first + k) % m_size)]);
        if (labels.back() == NO_LABEL)
        {
            return {};
        }
    }
    return labels;
}

uint64_t
TorchInputs::Count() const
{
    return m_size / std::gcd<uint64_t>(m_size, m_size > 0 ? static_cast<uint64_t>(Batch()) : 1);
}

at::Tensor
PreparePicture(const at::Tensor& pixels,
               const Preprocess& preprocess,
               int64_t height,
               int64_t width)
{
    at::Tensor picture = pixels.to(at::kFloat);
    const int64_t cropHeight = preprocess.crop > 0 ? preprocess.crop : height;
    const int64_t cropWidth = preprocess.crop > 0 ? preprocess.crop : width;
    const int64_t shorter = std::min(picture.size(1), picture.size(2));
    const int64_t wanted =
        preprocess.resize > 0 ? preprocess.resize : std::max(cropHeight, cropWidth);
    const auto resize = [&picture](int64_t toHeight, int64_t toWidth) {
        if (picture.size(1) != toHeight || picture.size(2) != toWidth)
        {
            picture = at::_upsample_bilinear2d_aa(
                          picture.unsqueeze(0), at::IntArrayRef({toHeight, toWidth}), false)
                          .squeeze(0)
                          .round()
                          .clamp(0, 255);
        }
    };
    const auto scaled = [&](int64_t side) {
        return std::max<int64_t>(1, wanted * side / shorter); // as torchvision: cut off
    };
    resize(scaled(picture.size(1)), scaled(picture.size(2)));
    const int64_t h = std::min(cropHeight, picture.size(1));
    const int64_t w = std::min(cropWidth, picture.size(2));
    const auto margin = [](int64_t all, int64_t kept) { // as torchvision: rounded half to even
        return std::lrint(double(all - kept) / 2);
    };
    picture =
        picture.narrow(1, margin(picture.size(1), h), h).narrow(2, margin(picture.size(2), w), w);
    resize(height, width);
    picture = picture / 255;
    for (int64_t c = 0; c < picture.size(0); ++c)
    {
        const auto channel = [c](const std::vector<double>& values, double otherwise) {
            return values.empty() ? otherwise : values[values.size() == 1 ? 0 : size_t(c)];
        };
        const double mean = channel(preprocess.mean, 0);
        const double std = channel(preprocess.std, 1);
        picture.select(0, c).sub_(mean).div_(std);
    }
    return picture;
}

} // namespace mdi
} // namespace ns3

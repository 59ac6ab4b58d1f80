// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-judge.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <sstream>

namespace ns3
{
namespace mdi
{

std::vector<Prediction>
PredictionsOf(const at::Tensor& result)
{
    constexpr int64_t MOST_DIMENSIONS = 3;
    if (result.numel() == 0 || result.dim() > MOST_DIMENSIONS)
    {
        return {};
    }
    const at::NoGradGuard noGrad;
    const int64_t batch = result.dim() > 1 ? result.size(0) : 1;
    const int64_t classes = result.dim() > 0 ? result.size(-1) : 1;
    const at::Tensor all = result.to(at::kDouble).reshape({batch, -1, classes});
    // Of a sequence the last position: the next token of a language model.
    const at::Tensor scores = all.select(1, all.size(1) - 1).contiguous();
    std::vector<Prediction> predictions;
    for (int64_t i = 0; i < batch; ++i)
    {
        const double* score = scores[i].data_ptr<double>();
        const double* largest = std::max_element(score, score + classes);
        double sum = 0; // of the soft-max, relative to its largest term
        for (int64_t c = 0; c < classes; ++c)
        {
            sum += std::exp(score[c] - *largest);
        }
        predictions.push_back({largest - score, 1 / sum});
    }
    return predictions;
}

double
LargestDifference(const at::Tensor& a, const at::Tensor& b)
{
    if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type())
    {
        return std::numeric_limits<double>::infinity();
    }
    const at::Tensor x = a.to(at::kDouble).contiguous();
    const at::Tensor y = b.to(at::kDouble).contiguous();
    const double* left = x.data_ptr<double>();
    const double* right = y.data_ptr<double>();
    double largest = 0;
    for (int64_t i = 0; i < x.numel(); ++i)
    {
        const bool same = left[i] == right[i] || (std::isnan(left[i]) && std::isnan(right[i]));
        if (!same)
        {
            const double difference = std::fabs(left[i] - right[i]);
            largest = std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                             : std::max(largest, difference);
        }
    }
    return largest;
}

std::string
NumberText(double number)
{
    constexpr size_t LONGEST = 40;
    char text[LONGEST];
    std::snprintf(text, sizeof text, "%a", number);
    return text;
}

double
NumberFromText(const std::string& text)
{
    return std::strtod(text.c_str(), nullptr);
}

std::string
PredictionsText(const std::vector<Prediction>& predictions)
{
    std::string text = "-"; // none is an answer, too
    for (const Prediction& prediction : predictions)
    {
        text += ',' + std::to_string(prediction.label) + ':' + NumberText(prediction.confidence);
    }
    return text;
}

std::vector<Prediction>
PredictionsFromText(const std::string& text)
{
    std::vector<Prediction> predictions;
    std::istringstream list(text);
    std::string one;
    std::getline(list, one, ',');
    while (std::getline(list, one, ','))
    {
        const size_t colon = one.find(':');
        predictions.push_back({std::strtoll(one.c_str(), nullptr, 10),
                               NumberFromText(one.substr(std::min(colon, one.size() - 1) + 1))});
    }
    return predictions;
}

std::string
TensorsText(const std::vector<at::Tensor>& tensors)
{
    constexpr size_t MOST_BYTES = 16384;
    static const char* const digits = "0123456789abcdef";
    size_t bytes = 0;
    std::string text = "-";
    for (const at::Tensor& tensor : tensors)
    {
        bytes += tensor.nbytes();
        if (bytes > MOST_BYTES)
        {
            return "";
        }
        text += ',' + std::to_string(static_cast<int>(tensor.scalar_type()));
        for (const int64_t size : tensor.sizes())
        {
            text += 'x' + std::to_string(size);
        }
        text += ':';
        const at::Tensor dense = tensor.contiguous();
        const auto* octets = static_cast<const uint8_t*>(dense.data_ptr());
        for (size_t i = 0; i < dense.nbytes(); ++i)
        {
            text += digits[octets[i] >> 4];
            text += digits[octets[i] & 15];
        }
    }
    return text;
}

std::vector<at::Tensor>
TensorsFromText(const std::string& text)
{
    std::vector<at::Tensor> tensors;
    std::istringstream list(text);
    std::string one;
    std::getline(list, one, ',');
    while (std::getline(list, one, ','))
    {
        const size_t colon = one.find(':');
        std::istringstream head(one.substr(0, colon));
        std::string number;
        std::getline(head, number, 'x');
        const auto type = static_cast<at::ScalarType>(std::atoi(number.c_str()));
        std::vector<int64_t> sizes;
        while (std::getline(head, number, 'x'))
        {
            sizes.push_back(std::strtoll(number.c_str(), nullptr, 10));
        }
        at::Tensor tensor = at::empty(sizes, at::TensorOptions().dtype(type));
        auto* octets = static_cast<uint8_t*>(tensor.data_ptr());
        const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
        for (size_t i = 0; i < tensor.nbytes(); ++i)
        {
            octets[i] = static_cast<uint8_t>(value(one.at(colon + 1 + 2 * i)) << 4 |
                                             value(one.at(colon + 2 + 2 * i)));
        }
        tensors.push_back(tensor);
    }
    return tensors;
}

} // namespace mdi
} // namespace ns3

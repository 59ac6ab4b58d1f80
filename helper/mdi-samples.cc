// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-samples.h"

#include "mdi-statistics.h"

#include <algorithm>

namespace ns3
{
namespace mdi
{

namespace
{

/// So many values are sorted in memory (512 KiB).
constexpr uint64_t FEW = 65536;

constexpr uint32_t DIGIT_BITS = 16;

/// Values in [low, low + 2^bits), of which some are wanted. Values are counted from the least one,
/// as unsigned numbers.
struct Range
{
    uint64_t low;
    uint32_t bits;                //!< at most 64
    uint64_t below;               //!< values less than `low`
    uint64_t count;               //!< values in it
    std::vector<size_t> wanted;   //!< indices of ranks
    std::vector<uint64_t> values; //!< all of them, if they are few
    std::vector<uint64_t> digits; //!< else how many have which first digit

    bool Few() const
    {
        return count <= FEW;
    }

    uint32_t Shift() const
    {
        return bits > DIGIT_BITS ? bits - DIGIT_BITS : 0;
    }

    bool Has(uint64_t value) const
    {
        return value >= low && (bits == 64 || (value - low) >> bits == 0);
    }

    void Take(uint64_t value)
    {
        if (Few())
        {
            values.push_back(value);
        }
        else
        {
            digits[(value - low) >> Shift()]++;
        }
    }
};

/// The ranges of the next pass: of each wanted value, the digit that it begins with.
void
Narrow(const Range& range, const std::vector<uint64_t>& ranks, std::vector<Range>& next)
{
    for (const size_t index : range.wanted)
    {
        uint64_t digit = 0;
        uint64_t below = range.below;
        while (below + range.digits[digit] <= ranks[index])
        {
            below += range.digits[digit++];
        }
        const uint64_t low = range.low + (digit << range.Shift());
        const auto same = [low](const Range& other) { return other.low == low; };
        auto found = std::find_if(next.begin(), next.end(), same);
        if (found == next.end())
        {
            found = next.insert(next.end(),
                                {low, range.Shift(), below, range.digits[digit], {}, {}, {}});
        }
        found->wanted.push_back(index);
    }
}

} // namespace

Samples::Samples(Spool& spool)
    : m_spool(&spool)
{
}

void
Samples::Add(int64_t value)
{
    if (m_count++ == 0)
    {
        m_stream = m_spool->Open();
        m_least = value;
        m_largest = value;
    }
    m_least = std::min(m_least, value);
    m_largest = std::max(m_largest, value);
    m_spool->Append(m_stream, &value, sizeof(value));
}

uint64_t
Samples::Count() const
{
    return m_count;
}

int64_t
Samples::Least() const
{
    return m_least;
}

int64_t
Samples::Largest() const
{
    return m_largest;
}

void
Samples::Read(const Reader& reader) const
{
    if (m_count == 0)
    {
        return;
    }
    static_assert(Spool::BLOCK_BYTES % sizeof(int64_t) == 0);
    m_spool->Read(m_stream, [&reader](const char* data, size_t bytes) {
        reader(reinterpret_cast<const int64_t*>(data), bytes / sizeof(int64_t));
    });
}

std::vector<int64_t>
OrderStatistics(const std::vector<const Samples*>& parts, const std::vector<uint64_t>& ranks)
{
    int64_t least = std::numeric_limits<int64_t>::max();
    int64_t largest = std::numeric_limits<int64_t>::min();
    Range all{0, 0, 0, 0, {}, {}, {}};
    for (const Samples* part : parts)
    {
        if (part->Count() > 0)
        {
            all.count += part->Count();
            least = std::min(least, part->Least());
            largest = std::max(largest, part->Largest());
        }
    }
    const uint64_t width =
        all.count > 0 ? static_cast<uint64_t>(largest) - static_cast<uint64_t>(least) : 0;
    while (all.bits < 64 && width >> all.bits > 0)
    {
        ++all.bits;
    }
    for (size_t i = 0; i < ranks.size(); ++i)
    {
        all.wanted.push_back(i);
    }

    std::vector<int64_t> found(ranks.size());
    std::vector<Range> ranges{all};
    while (!ranges.empty())
    {
        for (auto& range : ranges)
        {
            range.digits.assign(range.Few() ? 0 : uint64_t(1) << std::min(range.bits, DIGIT_BITS),
                                0);
        }
        for (const Samples* part : parts)
        {
            part->Read([&](const int64_t* values, size_t count) {
                for (size_t i = 0; i < count; ++i)
                {
                    const uint64_t value =
                        static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(least);
                    for (auto& range : ranges)
                    {
                        if (range.Has(value))
                        {
                            range.Take(value);
                            break;
                        }
                    }
                }
            });
        }
        std::vector<Range> next;
        for (auto& range : ranges)
        {
            std::sort(range.values.begin(), range.values.end());
            for (const size_t index : range.wanted)
            {
                if (range.Few() || range.bits == 0) // all the same
                {
                    const uint64_t value =
                        range.Few() ? range.values[ranks[index] - range.below] : range.low;
                    found[index] = static_cast<int64_t>(value + static_cast<uint64_t>(least));
                }
            }
            if (!range.Few() && range.bits > 0)
            {
                Narrow(range, ranks, next);
            }
        }
        ranges = std::move(next);
    }
    return found;
}

std::vector<double>
Quantiles(const std::vector<const Samples*>& parts,
          const std::function<double(int64_t)>& convert,
          const std::vector<double>& levels)
{
    uint64_t count = 0;
    for (const Samples* part : parts)
    {
        count += part->Count();
    }
    std::vector<uint64_t> ranks;
    for (const double level : levels)
    {
        const QuantilePlace place(count, level);
        ranks.push_back(place.below);
        ranks.push_back(place.above);
    }
    const auto values = OrderStatistics(parts, ranks);
    std::vector<double> quantiles;
    for (size_t i = 0; i < levels.size(); ++i)
    {
        quantiles.push_back(QuantilePlace(count, levels[i])
                                .Between(convert(values[2 * i]), convert(values[2 * i + 1])));
    }
    return quantiles;
}

} // namespace mdi
} // namespace ns3

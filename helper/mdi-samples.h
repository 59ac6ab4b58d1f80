// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SAMPLES_H
#define MDI_SAMPLES_H

#include "mdi-spool.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Integers in a stream of a spool, in their order.
class Samples
{
  public:
    using Reader = std::function<void(const int64_t* values, size_t count)>; //!< takes some of them

    /// \param spool where to; must outlive this object. The stream is opened with the first value
    explicit Samples(Spool& spool);

    /// \throws std::runtime_error one line, if the spool cannot be written
    void Add(int64_t value);

    uint64_t Count() const;  //!< values so far
    int64_t Least() const;   //!< if there is one
    int64_t Largest() const; //!< if there is one

    /// Every value, in the order of Add.
    void Read(const Reader& reader) const;

  private:
    static constexpr Spool::Stream NONE = std::numeric_limits<Spool::Stream>::max();

    Spool* m_spool;
    Spool::Stream m_stream = NONE;
    uint64_t m_count = 0;
    int64_t m_least = 0;
    int64_t m_largest = 0;
};

/**
 * Order statistics of values on disk, in memory that does not depend on how many there are: radix
 * selection. Each pass over the values narrows the range of every wanted one by 16 bits, until few
 * enough are left in it to be sorted.
 *
 * \param parts the values of all of these together
 * \param ranks which ones: 0 is the least; less than their number
 * \return by rank
 */
std::vector<int64_t> OrderStatistics(const std::vector<const Samples*>& parts,
                                     const std::vector<uint64_t>& ranks);

/**
 * Quantiles of them with linear interpolation between order statistics, as Quantile of
 * mdi-statistics.h: the same number, digit for digit, as Quantile of the converted values.
 *
 * \param parts at least one value in all
 * \param convert from an integer to what is wanted; grows with the integer
 * \param levels of the quantiles, each in [0, 1]
 */
std::vector<double> Quantiles(const std::vector<const Samples*>& parts,
                              const std::function<double(int64_t)>& convert,
                              const std::vector<double>& levels);

} // namespace mdi
} // namespace ns3

#endif // MDI_SAMPLES_H

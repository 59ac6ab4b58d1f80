// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_WINDOW_H
#define MDI_WINDOW_H

#include <cstdint>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Things numbered 0, 1, 2, ... of which only those from the oldest that somebody still needs to the
 * newest are kept: memory is that of the longest window so far, however many there were. Places are
 * used again as they are, so that what they own (vectors, strings) is not allocated anew.
 *
 * \tparam T what is kept; default-constructible
 */
template <typename T>
class Window
{
  public:
    /// Number of the oldest that is kept; End() if there is none.
    uint64_t Begin() const
    {
        return m_begin;
    }

    /// Number that the next one gets: how many there were.
    uint64_t End() const
    {
        return m_end;
    }

    /// Whether nothing is kept.
    bool Empty() const
    {
        return m_begin == m_end;
    }

    /// Whether a number is between Begin and End.
    bool Holds(uint64_t number) const
    {
        return number >= m_begin && number < m_end;
    }

    /// One that the window holds.
    T& operator[](uint64_t number)
    {
        return m_places[number & (m_places.size() - 1)];
    }

    /// One that the window holds.
    const T& operator[](uint64_t number) const
    {
        return m_places[number & (m_places.size() - 1)];
    }

    /// The oldest; the window must not be empty.
    T& Front()
    {
        return (*this)[m_begin];
    }

    /// Make place for the next one. \return it, as an earlier user left it
    T& Push()
    {
        if (m_end - m_begin == m_places.size())
        {
            Grow();
        }
        return (*this)[m_end++];
    }

    /// Forget the oldest.
    void Pop()
    {
        ++m_begin;
    }

  private:
    void Grow()
    {
        constexpr uint64_t LEAST = 16;
        std::vector<T> places(m_places.empty() ? LEAST : 2 * m_places.size());
        for (uint64_t number = m_begin; number < m_end; ++number)
        {
            places[number & (places.size() - 1)] = std::move((*this)[number]);
        }
        m_places = std::move(places);
    }

    std::vector<T> m_places; //!< a power of two of them; number modulo their count
    uint64_t m_begin = 0;
    uint64_t m_end = 0;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_WINDOW_H

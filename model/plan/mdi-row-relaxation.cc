// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-row-relaxation.h"

#include <algorithm>
#include <cmath>
#include <lpsolve/lp_lib.h>
#include <memory>
#include <tuple>

namespace ns3
{
namespace mdi
{

namespace
{

/// A linear function of the cuts b_0..b_N.
struct Linear
{
    std::vector<double> slopes; //!< per cut
    double constant = 0;

    /// Add `factor` times another one.
    Linear& Add(const Linear& other, double factor)
    {
        for (size_t k = 0; k < slopes.size(); ++k)
        {
            slopes[k] += factor * other.slopes[k];
        }
        constant += factor * other.constant;
        return *this;
    }
};

/**
 * Minimise T over the inner cuts b_1..b_{N-1}. Cuts are counted in heights and times in `unit`, so
 * that all numbers are near 1.
 */
class CutProgram
{
  public:
    CutProgram(uint32_t devices, int64_t height, double unit)
        : m_lp(make_lp(0, static_cast<int>(devices)), delete_lp),
          m_devices(devices),
          m_height(static_cast<double>(height)),
          m_unit(unit)
    {
        set_verbose(m_lp.get(), NEUTRAL); // nothing but what it returns
        double one = 1;
        int time = static_cast<int>(devices); // cut k has column k
        set_obj_fnex(m_lp.get(), 1, &one, &time);
        set_add_rowmode(m_lp.get(), TRUE);
    }

    /// The function is at most the bound (GE: at least; EQ: equal).
    void Bound(const Linear& function, double bound, int type = LE)
    {
        Add(function, bound - function.constant, 0, m_height, type);
    }

    /// The function [ns] is at most T.
    void BoundByTime(const Linear& function)
    {
        Add(function, -function.constant / m_unit, -1, m_height / m_unit, LE);
    }

    /// The inner cuts, not rounded; none if there is no solution.
    std::optional<std::vector<double>> Solve()
    {
        set_add_rowmode(m_lp.get(), FALSE);
        if (solve(m_lp.get()) != OPTIMAL)
        {
            return std::nullopt;
        }
        std::vector<double> values(m_devices);
        get_variables(m_lp.get(), values.data());
        values.pop_back(); // T
        for (double& value : values)
        {
            value *= m_height;
        }
        return values;
    }

  private:
    /// scale * slopes * cuts / height + timeSlope * T against the limit.
    void Add(const Linear& function, double limit, double timeSlope, double scale, int type)
    {
        // b_0 = 0, and b_N, the height, is a constant.
        limit -= function.slopes.back() * scale;
        std::vector<double> row;
        std::vector<int> columns;
        for (uint32_t k = 1; k < m_devices; ++k)
        {
            row.push_back(function.slopes[k] * scale);
            columns.push_back(static_cast<int>(k));
        }
        row.push_back(timeSlope);
        columns.push_back(static_cast<int>(m_devices));
        add_constraintex(
            m_lp.get(), static_cast<int>(row.size()), row.data(), columns.data(), type, limit);
    }

    std::unique_ptr<lprec, void (*)(lprec*)> m_lp;
    uint32_t m_devices;
    double m_height;
    double m_unit;
};

/// First and last needed row of an unclipped strip [a, b), without rounding: slope and constant.
struct RuleLines
{
    double slope;
    double low;  //!< the first needed row is slope * a + low
    double high; //!< one past the last needed one is slope * b + high
};

RuleLines
LinesOf(const RowRule& rule)
{
    const double stride = rule.stride;
    const double padding = rule.padding;
    const double factor = rule.factor;
    const double span = double(rule.dilation) * (double(rule.kernel) - 1) + 1;
    switch (rule.kind)
    {
    case RowKind::WHOLE: // clipped on both sides: never asked for
    case RowKind::SAME:
        break;
    case RowKind::WINDOW:
        return {stride, -padding, span - stride - padding};
    case RowKind::NEAREST:
        return {1 / factor, 0, 0};
    case RowKind::BILINEAR:
        return {1 / factor, 0.5 / factor - 0.5, 1.5 - 0.5 / factor};
    case RowKind::TRANSPOSED:
        return {1 / stride, (padding - span + 1) / stride, (padding - 1) / stride + 1};
    case RowKind::SPACE_TO_DEPTH:
        return {factor, 0, 0};
    case RowKind::CONCAT_ROWS:
        return {1, -double(rule.offset), -double(rule.offset)};
    }
    return {1, 0, 0};
}

/// The linear program of the next layer around reference cuts.
class Relaxation
{
  public:
    Relaxation(const RowSchedule& schedule, const RowCuts& reference)
        : m_schedule(schedule),
          m_reference(reference),
          m_devices(schedule.Costs().Devices())
    {
    }

    /// The best fractional cuts, rounded to rows; none if there are none.
    std::optional<RowCuts> Solve() const
    {
        int64_t unit = 1; // about the makespan
        for (uint32_t k = 0; k < m_devices; ++k)
        {
            unit = std::max(unit, m_schedule.Finish(k, Strip(m_reference, k)));
        }
        const int64_t height = m_schedule.Layer().height;
        CutProgram program(m_devices, height, static_cast<double>(unit));
        for (uint32_t k = 0; k < m_devices; ++k)
        {
            if (Strip(m_reference, k).Empty())
            {
                program.Bound(Rows(k), 0, EQ); // an idle device bounds nothing
                continue;
            }
            program.Bound(Rows(k), 0, GE);
            BoundTime(program, k);
            BoundMemory(program, k);
        }
        const auto inner = program.Solve();
        if (!inner)
        {
            return std::nullopt;
        }
        RowCuts cuts{0};
        for (const double cut : *inner)
        {
            cuts.push_back(std::clamp<int64_t>(std::llround(cut), cuts.back(), height));
        }
        cuts.push_back(height);
        return cuts;
    }

  private:
    Linear Constant(double value) const
    {
        return {std::vector<double>(m_devices + 1, 0), value};
    }

    Linear Cut(uint32_t index, double slope, double constant) const
    {
        Linear cut = Constant(constant);
        cut.slopes[index] = slope;
        return cut;
    }

    /// Rows of the device, b_{k+1} - b_k.
    Linear Rows(uint32_t k) const
    {
        return Cut(k + 1, 1, 0).Add(Cut(k, 1, 0), -1);
    }

    /// Rows of an input that the device needs and that lie in [p, q); what bounds them there
    /// bounds them everywhere.
    Linear NeededRows(uint32_t k, const RowInput& input, int64_t p, int64_t q) const
    {
        const int64_t height = m_schedule.Model().layers[input.layer].height;
        const RowRange strip = Strip(m_reference, k);
        const RowRange needed = RequiredRowsUnclipped(input.rule, strip, height);
        const RuleLines lines = LinesOf(input.rule);
        const bool whole = input.rule.kind == RowKind::WHOLE;
        const bool topMoves = !whole && needed.end <= q;
        const bool bottomMoves = !whole && needed.begin >= p;
        const Linear top = topMoves ? Cut(k + 1, lines.slope, lines.high)
                                    : Constant(static_cast<double>(std::min(q, height)));
        const Linear bottom = bottomMoves ? Cut(k, lines.slope, lines.low)
                                          : Constant(static_cast<double>(std::max<int64_t>(p, 0)));
        return Linear(top).Add(bottom, -1);
    }

    /// Every time that the strip may end at is at most T.
    void BoundTime(CutProgram& program, uint32_t k) const
    {
        const RowTime& time = m_schedule.Costs().compute[m_schedule.Next()][k];
        const auto endAfter = [&](Linear start) {
            Linear least = start;
            least.constant += static_cast<double>(time.least);
            program.BoundByTime(least);
            start.Add(Rows(k), time.PerRow(m_schedule.Layer().height));
            start.constant += static_cast<double>(time.overhead);
            program.BoundByTime(start);
        };
        endAfter(Constant(static_cast<double>(m_schedule.Available(k))));
        std::vector<RowSchedule::Flow> flows = m_schedule.Flows(k, Strip(m_reference, k));
        std::sort(flows.begin(), flows.end(), [](const auto& a, const auto& b) {
            return std::make_tuple(a.ready, a.input, a.from) <
                   std::make_tuple(b.ready, b.input, b.from);
        });
        Linear received = Constant(0); // by a serial receiver, from here to the last flow
        for (size_t i = flows.size(); i-- > 0;)
        {
            const RowSchedule::Flow& flow = flows[i];
            Linear start = Constant(static_cast<double>(flow.ready));
            if (flow.from != k)
            {
                const Linear busy = Transfer(flow, k);
                received.Add(busy, 1);
                start.Add(m_schedule.Costs().serialRx ? received : busy, 1);
            }
            endAfter(start);
        }
    }

    /// Time of the flow on its link [ns].
    Linear Transfer(const RowSchedule::Flow& flow, uint32_t k) const
    {
        const RowInput& input = m_schedule.Layer().inputs[flow.input];
        const RowRange segment = Strip(m_schedule.Cuts(input.layer), flow.from);
        const auto rowBits =
            8 * static_cast<double>(m_schedule.Model().layers[input.layer].rowBytes);
        return Constant(0).Add(NeededRows(k, input, segment.begin, segment.end),
                               1e9 * rowBits / m_schedule.Costs().links[flow.from][k].rate);
    }

    void BoundMemory(CutProgram& program, uint32_t k) const
    {
        if (m_schedule.Costs().memory.empty())
        {
            return;
        }
        // In shares of the room, to be near 1.
        const double room = std::max(1.0, static_cast<double>(m_schedule.RoomForRows(k)));
        Linear bytes =
            Constant(0).Add(Rows(k), static_cast<double>(m_schedule.Layer().rowBytes) / room);
        for (const RowInput& input : m_schedule.Layer().inputs)
        {
            const RowLayer& from = m_schedule.Model().layers[input.layer];
            bytes.Add(NeededRows(k, input, 0, from.height),
                      static_cast<double>(from.rowBytes) / room);
        }
        program.Bound(bytes, 1);
    }

    const RowSchedule& m_schedule;
    const RowCuts& m_reference;
    uint32_t m_devices;
};

} // namespace

std::optional<RowCuts>
SolveRelaxation(const RowSchedule& schedule, const RowCuts& reference)
{
    return Relaxation(schedule, reference).Solve();
}

} // namespace mdi
} // namespace ns3

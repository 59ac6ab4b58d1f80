// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_RUNNER_H
#define MDI_ROW_RUNNER_H

#include "ns3/mdi-row-plan.h"
#include "ns3/mdi-tensor-engine.h"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <vector>

namespace mdi_row_test
{

using namespace ns3::mdi;

/// Random cuts of every layer, with empty strips; what cannot be split goes to one device.
inline std::vector<RowCuts>
RandomCuts(const RowModel& model, std::mt19937& random, uint32_t devices = 0)
{
    devices = devices > 0 ? devices : 2 + random() % 5;
    std::vector<RowCuts> cuts;
    for (const RowLayer& layer : model.layers)
    {
        if (!layer.splittable)
        {
            cuts.push_back(WholeOn(random() % devices, devices, layer.height));
            continue;
        }
        RowCuts strip{0, layer.height};
        while (strip.size() < devices + 1)
        {
            strip.push_back(static_cast<int64_t>(random() % (layer.height + 1)));
        }
        std::sort(strip.begin(), strip.end());
        cuts.push_back(strip);
    }
    return cuts;
}

/**
 * Runs a model in strips, without a network: units fire, in a random order, when their parts are
 * there (EdgeFlow-style, reconstructed: papers.md, section 7.2).
 */
class RowRunner
{
  public:
    RowRunner(TensorEngine& engine, uint32_t model, const RowModel& rows, std::mt19937& random)
        : m_engine(engine),
          m_model(model),
          m_rows(rows),
          m_random(random)
    {
    }

    /// \param cuts per layer of the row model \return the result
    TensorId Run(uint32_t input, const std::vector<RowCuts>& cuts)
    {
        m_input = input;
        m_units.clear();
        m_splitLayers = 0;
        for (uint32_t v = m_rows.inputs; v < m_rows.layers.size(); ++v)
        {
            AddUnits(v, cuts);
        }
        std::vector<size_t> ready;
        for (uint32_t i = 0; i < m_rows.inputs; ++i)
        {
            const RowRange all{0, m_rows.layers[i].height};
            Deliver(i, all, TensorId{m_model, input, 0}, ready);
        }
        for (size_t i = 0; i < m_units.size(); ++i)
        {
            if (m_units[i].missing == 0 && m_units[i].parts.empty())
            {
                ready.push_back(i); // sees nothing but padding
            }
        }
        TensorId made;
        size_t fired = 0;
        for (; !ready.empty(); ++fired)
        {
            std::swap(ready[m_random() % ready.size()], ready.back());
            const Unit unit = m_units[ready.back()];
            ready.pop_back();
            made = Fire(unit);
            Deliver(unit.layer, unit.rows, made, ready);
        }
        if (fired != m_units.size())
        {
            throw std::logic_error("some units never had all of their parts");
        }
        return made; // of the last one: the result reads all that matters
    }

    /// Layers that ran in several strips.
    size_t SplitLayers() const
    {
        return m_splitLayers;
    }

  private:
    struct Unit
    {
        uint32_t layer; //!< of the row model
        RowRange rows;
        int64_t missing; //!< rows, counted by input
        std::vector<StripPart> parts;
    };

    bool IsResult(uint32_t layer) const
    {
        return layer + 1 == m_rows.layers.size();
    }

    RowRange Needs(const Unit& unit, const RowInput& input) const
    {
        return RequiredRows(input.rule, unit.rows, m_rows.layers[input.layer].height);
    }

    void AddUnits(uint32_t layer, const std::vector<RowCuts>& cuts)
    {
        size_t strips = 0;
        for (size_t k = 0; k + 1 < cuts[layer].size(); ++k)
        {
            Unit unit{layer, Strip(cuts[layer], static_cast<uint32_t>(k)), 0, {}};
            if (unit.rows.Empty())
            {
                continue;
            }
            for (const RowInput& input : m_rows.layers[layer].inputs)
            {
                unit.missing += Needs(unit, input).Size();
            }
            m_units.push_back(unit);
            ++strips;
        }
        m_splitLayers += strips > 1 ? 1 : 0;
    }

    void Deliver(uint32_t layer,
                 const RowRange& rows,
                 const TensorId& from,
                 std::vector<size_t>& ready)
    {
        const int32_t name = layer < m_rows.inputs
                                 ? -1 - static_cast<int32_t>(layer)
                                 : static_cast<int32_t>(
                                       IsResult(layer) ? 0 : m_rows.layers[layer].members.back());
        for (size_t i = 0; i < m_units.size(); ++i)
        {
            Unit& unit = m_units[i];
            for (const RowInput& input : m_rows.layers[unit.layer].inputs)
            {
                const RowRange part = Overlap(Needs(unit, input), rows);
                if (input.layer != layer || part.Empty())
                {
                    continue;
                }
                unit.parts.push_back({name, part, from});
                unit.missing -= part.Size();
                if (unit.missing == 0)
                {
                    ready.push_back(i);
                }
            }
        }
    }

    TensorId Fire(const Unit& unit)
    {
        RowStrip strip{m_model, m_input, m_rows.layers[unit.layer].members, unit.rows};
        if (IsResult(unit.layer))
        {
            strip.rows = {};
        }
        return m_engine.RunRows(strip, unit.parts);
    }

    TensorEngine& m_engine;
    uint32_t m_model;
    uint32_t m_input = 0;
    const RowModel& m_rows;
    std::mt19937& m_random;
    std::vector<Unit> m_units;
    size_t m_splitLayers = 0;
};

} // namespace mdi_row_test

#endif // MDI_ROW_RUNNER_H

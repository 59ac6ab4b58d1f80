// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ENERGY_ACCOUNT_H
#define MDI_ENERGY_ACCOUNT_H

#include "mdi-helper.h"

#include "ns3/nstime.h"

#include <optional>
#include <vector>

namespace ns3
{
namespace mdi
{

class ComputeEnergyModel;

/**
 * What the devices of a simulation draw.
 *
 * Of a source: the sum over its finished tasks of service time times the power that an occupied
 * slot adds to its device, (busy - idle) / slots. Where a device's idle power is not known, it
 * counts as 0 there, and the energy includes what the device would have drawn anyway. Codecs run
 * beside tasks and count for no source.
 */
class EnergyAccount
{
  public:
    /// \param mdi installed
    explicit EnergyAccount(const MdiHelper& mdi);
    ~EnergyAccount();

    EnergyAccount(const EnergyAccount&) = delete;
    EnergyAccount& operator=(const EnergyAccount&) = delete;

    /// The first item is admitted: OfAll counts from now on. More calls change nothing.
    void Begin();

    /// A task was served. \param worker index \param source of the task \param took service time
    void AddService(uint32_t worker, uint32_t source, Time took);

    /// By source [J]; none where no task of it ran, or one on a device without busy power.
    std::vector<std::optional<double>> OfSources() const;

    /**
     * All devices [J]. Where every one has idle and busy power: what they drew in total, idle or
     * not, from Begin until now. Where one or more have only busy power: the sum over
     * the sources. None where a device has no busy power.
     */
    std::optional<double> OfAll() const;

  private:
    /// A device's figures.
    struct Meter
    {
        Ptr<ComputeEnergyModel> model; //!< null: no busy power
        bool idleKnown = false;
    };

    double Total() const;

    std::vector<Meter> m_meters; //!< by worker
    std::vector<double> m_energyJ;
    std::vector<bool> m_served;      //!< by source: a task of it ran
    std::vector<bool> m_unknown;     //!< by source: one ran without a figure
    std::optional<double> m_beforeJ; //!< total when the first item was admitted
};

} // namespace mdi
} // namespace ns3

#endif // MDI_ENERGY_ACCOUNT_H

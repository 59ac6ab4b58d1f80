// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_COMPUTE_ENERGY_MODEL_H
#define MDI_COMPUTE_ENERGY_MODEL_H

#include "mdi-compute-device.h"

#include "ns3/device-energy-model.h"
#include "ns3/energy-source.h"
#include "ns3/nstime.h"
#include "ns3/traced-value.h"

namespace ns3
{

namespace energy
{
} // namespace energy

namespace mdi
{

using namespace energy;

/**
 * What a ComputeDevice draws from an energy source of ns-3: between idle and busy power, by the
 * share of its slots that are occupied. It follows the device's trace source BusySlots.
 *
 * The source is told the current, power over its supply voltage. What happens when the source is
 * empty is not modelled: devices stay on.
 */
class ComputeEnergyModel : public DeviceEnergyModel
{
  public:
    static TypeId GetTypeId();

    /// The one of a node's energy sources. \param node any \return null: none
    static Ptr<ComputeEnergyModel> Of(Ptr<Node> node);

    ComputeEnergyModel();
    ~ComputeEnergyModel() override;

    /**
     * Follow a device from now on. Once.
     * \param device whose slots count
     */
    void Follow(Ptr<ComputeDevice> device);

    /// \param source that pays; before Follow
    void SetEnergySource(Ptr<EnergySource> source) override;

    /// Energy drawn so far [J], up to now.
    double GetTotalEnergyConsumption() const override;

    /// What one occupied slot adds to the power of the device [W].
    double GetSlotPowerW() const;

    /// \param newState number of occupied slots
    void ChangeState(int newState) override;

    void HandleEnergyDepletion() override;
    void HandleEnergyRecharged() override;
    void HandleEnergyChanged() override;

  protected:
    void DoDispose() override;

  private:
    double DoGetCurrentA() const override;
    void OnBusySlots(uint32_t before, uint32_t now);

    double m_idlePowerW; //!< attribute IdlePowerW
    double m_busyPowerW; //!< attribute BusyPowerW
    Ptr<ComputeDevice> m_device;
    Ptr<EnergySource> m_source;
    TracedValue<double> m_powerW; //!< trace source Power
    double m_energyJ = 0;         //!< up to m_since
    Time m_since;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_COMPUTE_ENERGY_MODEL_H

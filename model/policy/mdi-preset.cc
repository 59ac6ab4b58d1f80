// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-preset.h"

#include "ns3/boolean.h"

#include <stdexcept>

namespace ns3
{
namespace mdi
{

std::vector<std::string>
PresetNames()
{
    return {"local", "ddi", "ar-mdi", "ms-mdi", "pa-mdi", "mdi-exit", "edgeflow"};
}

SystemSpec
MakePreset(const std::string& name)
{
    SystemSpec spec;
    spec.name = name;
    spec.partitioner.SetTypeId("ns3::mdi::WholePartitioner");
    spec.queue.SetTypeId("ns3::mdi::FifoQueue");
    spec.router.SetTypeId("ns3::mdi::StayRouter");
    spec.worker.SetTypeId("ns3::mdi::Worker");
    if (name == "local")
    {
    }
    else if (name == "ddi")
    {
        spec.router.SetTypeId("ns3::mdi::DdiRouter");
    }
    else if (name == "ar-mdi")
    {
        spec.partitioner.SetTypeId("ns3::mdi::PipelinePartitioner");
        // The plan names the worker of each unit: nothing is left to route.
        spec.pipeline.emplace("ns3::mdi::Pipeline");
    }
    else if (name == "ms-mdi")
    {
        spec.partitioner.SetTypeId("ns3::mdi::EqualWorkPartitioner");
        spec.router.SetTypeId("ns3::mdi::MsMdiRouter");
    }
    else if (name == "pa-mdi")
    {
        spec.partitioner.SetTypeId("ns3::mdi::EqualWorkPartitioner");
        spec.queue.SetTypeId("ns3::mdi::PaMdiQueue");
        spec.router.SetTypeId("ns3::mdi::PaMdiRouter");
        spec.handshake.emplace("ns3::mdi::Handshake");
    }
    else if (name == "mdi-exit")
    {
        spec.partitioner.SetTypeId("ns3::mdi::ExitPartitioner");
        spec.router.SetTypeId("ns3::mdi::MdiExitRouter");
        // The mode that takes arrivals as they come; the other is FixedExit with RateAdaptation.
        spec.exit.emplace("ns3::mdi::AdaptiveExit");
        // Where the model brings one.
        spec.codec.emplace("ns3::mdi::AutoencoderCodec");
        spec.codec->Set("Required", BooleanValue(false));
    }
    else if (name == "edgeflow")
    {
        // The plan names the worker of each unit: nothing is left to route.
        spec.partitioner.SetTypeId("ns3::mdi::RowPartitioner");
    }
    else
    {
        std::string names;
        for (const auto& preset : PresetNames())
        {
            names += (names.empty() ? "" : ", ") + preset;
        }
        throw std::invalid_argument("unknown system '" + name + "'; the systems are " + names);
    }
    return spec;
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// A first network, with nothing but helpers: three Jetson Nano on an Ethernet switch share the
// ResNet-56 of an urgent and a patient source, placed by PA-MDI. Run it from the project's root:
//
//     ./mdi export resnet56 && build/mdi-first

#include "ns3/command-line.h"
#include "ns3/double.h"
#include "ns3/mdi-compute-trace-reader.h"
#include "ns3/mdi-helper.h"
#include "ns3/mdi-model-reader.h"
#include "ns3/mdi-network-helper.h"
#include "ns3/mdi-program.h"
#include "ns3/mdi-recorder.h"
#include "ns3/mdi-summary-account.h"
#include "ns3/mdi-torch-engine.h"
#include "ns3/simulator.h"
#include "ns3/string.h"

#include <iostream>

using namespace ns3;
using namespace ns3::mdi;

int
main(int argc, char* argv[])
{
    std::string model = "traces/models/resnet56.pt";
    CommandLine cmd(__FILE__);
    cmd.AddValue("model", "ResNet-56 as TorchScript", model);
    cmd.Parse(argc, argv);

    return RunProgram("mdi-first", [&] {
        // The network: an ns-3 node per device.
        NodeContainer nodes(3);
        NetworkHelper network;
        network.AddSwitchedEthernet(nodes, DataRate("100Mb/s"), MicroSeconds(50));
        network.Install();

        // The devices, the model, and who has data.
        const auto engine = CreateObject<TorchEngine>();
        const uint32_t resnet56 = engine->LoadModel(ReadModel(ModuleFile(model)));
        MdiHelper mdi(engine);
        mdi.AddWorkers(nodes, ReadComputeTrace(ModuleFile("traces/compute/nano.json"), ""));
        MdiHelper::SourceOptions source;
        source.items = 50;
        source.admission.SetTypeId("ns3::mdi::RandomAdmission");
        source.admission.Set("Gap", StringValue("ns3::ExponentialRandomVariable[Mean=0.03]"));
        source.name = "urgent";
        source.priority = 10;
        mdi.AddSource(nodes.Get(0), resnet56, source);
        source.name = "patient";
        source.priority = 1;
        mdi.AddSource(nodes.Get(1), resnet56, source);

        // The system: a preset, any part of which may be changed.
        SystemSpec system = MakePreset("pa-mdi");
        system.queue.Set("AgeWeight", DoubleValue(1));
        mdi.Install(system, network);
        network.AssignStreams(mdi.AssignStreams(0));

        RunRecord record;
        record.system = system.name;
        Recorder recorder(mdi, record, false);
        Simulator::Run();
        recorder.Finish();
        record.controlBytes = recorder.ControlBytes();
        PrintTable(std::cout, Summarize(record, {"urgent", "patient"}));
        Simulator::Destroy();
        return 0;
    });
}

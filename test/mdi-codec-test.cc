// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// Codecs: what they put on the wire, what they cost, and how a system is given one.

#include "mdi-test-network.h"

#include "ns3/mdi-codec.h"
#include "ns3/mdi-json-reader.h"
#include "ns3/mdi-strategy-reader.h"

#include <gtest/gtest.h>
#include <set>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

/// A chain whose every layer makes 1 x 10 x 1000 floats: 40,000 bytes.
LayerGraph
FloatChain(const std::string& name, uint32_t layers, double flop)
{
    const TensorSpec tensor{{1, 10, 1000}, Dtype::FLOAT32};
    std::vector<Layer> chain;
    for (uint32_t i = 0; i < layers; ++i)
    {
        Layer layer;
        layer.name = "l" + std::to_string(i);
        layer.block = layer.name;
        layer.inputs = {static_cast<int32_t>(i) - 1};
        layer.outputs = {tensor};
        layer.flop = flop;
        chain.push_back(layer);
    }
    return LayerGraph(name, {tensor}, chain);
}

LayerGraph
OneLayer(const std::string& name, const TensorSpec& in, const TensorSpec& out, double flop)
{
    Layer layer;
    layer.name = name;
    layer.inputs = {-1};
    layer.outputs = {out};
    layer.flop = flop;
    return LayerGraph(name, {in}, {layer});
}

std::string
SystemError(const std::string& system)
{
    try
    {
        ReadSystems(JsonReader::FromText("[" + system + "]", "f.json"), "");
    }
    catch (const BadInput& error)
    {
        return error.what();
    }
    return "accepted";
}

} // namespace

TEST(Codec, BytesOnTheWire)
{
    const std::vector<TensorSpec> image{{{2, 3, 4, 5}, Dtype::FLOAT32}};
    EXPECT_EQ(CodedBytes(image, TensorCodec::FLOAT16), 2u * 120);
    EXPECT_EQ(CodedBytes(image, TensorCodec::INT8), 120u + 2 * 3 * 8);
    const std::vector<TensorSpec> flat{{{2, 60}, Dtype::FLOAT64}, {{7}, Dtype::INT64}};
    EXPECT_EQ(CodedBytes(flat, TensorCodec::FLOAT16), 2u * 120 + 7 * 8); // whole numbers stay
    EXPECT_EQ(CodedBytes(flat, TensorCodec::INT8), 120u + 2 * 8 + 7 * 8);
    EXPECT_EQ(CodedBytes({{{}, Dtype::FLOAT32}}, TensorCodec::INT8), 1u + 8);
    EXPECT_THROW(CodedBytes(image, TensorCodec::AUTOENCODER), std::invalid_argument);
}

TEST(Codec, LineagesTellCutsCodecsAndOrderApart)
{
    const TensorCodec half{TensorCodec::FLOAT16};
    const TensorCodec byte{TensorCodec::INT8};
    const TensorCodec one{TensorCodec::AUTOENCODER, 1, 2};
    const TensorCodec other{TensorCodec::AUTOENCODER, 1, 3};
    const uint64_t halfThenByte = NextLineage(NextLineage(0, 3, half), 5, byte);
    const std::set<uint64_t> all{0,
                                 NextLineage(0, 3, half),
                                 NextLineage(0, 3, byte),
                                 NextLineage(0, 4, half),
                                 NextLineage(0, 3, one),
                                 NextLineage(0, 3, other),
                                 halfThenByte,
                                 NextLineage(NextLineage(0, 3, byte), 5, half)};
    EXPECT_EQ(all.size(), 8u);
    EXPECT_EQ(halfThenByte, NextLineage(NextLineage(0, 3, half), 5, byte));
}

TEST(Codec, AnAutoencoderCodesItsOwnCutOnly)
{
    TensorEngine engine;
    const TensorSpec wide{{1, 10, 1000}, Dtype::FLOAT32};
    const TensorSpec narrow{{1, 5, 20}, Dtype::FLOAT32};
    const uint32_t model = engine.AddModel(FloatChain("m", 4, 1e9));
    const uint32_t encoder = engine.AddModel(OneLayer("encoder", wide, narrow, 3e6));
    const uint32_t decoder = engine.AddModel(OneLayer("decoder", narrow, wide, 4e6));
    AutoencoderCodec codec;
    EXPECT_FALSE(codec.Code(engine, model, 2));
    engine.SetAutoencoder(model, {2, encoder, decoder});
    EXPECT_FALSE(codec.Code(engine, model, 1));
    EXPECT_FALSE(codec.Code(engine, encoder, 1));
    const auto coded = codec.Code(engine, model, 2);
    ASSERT_TRUE(coded);
    EXPECT_EQ(coded->bytes, 400u);
    EXPECT_EQ(coded->encodeFlop, 3e6);
    EXPECT_EQ(coded->decodeFlop, 4e6);
    EXPECT_EQ(coded->values.encoder, encoder);
    EXPECT_EQ(coded->values.decoder, decoder);
}

TEST(Codec, ACodedCutPaysForEncodingBytesAndDecoding)
{
    for (const std::string type : {"", "ns3::mdi::Float16Codec", "ns3::mdi::Int8Codec"})
    {
        IdealRun run;
        run.model = FloatChain("m", 4, 1e9);
        run.speeds = {1e11, 1e11};
        run.system = MakePreset("ar-mdi"); // two layers here, two there, the result back
        run.Periodic(0, 5, 1);
        double bytes = 40000;
        double flop = 0;
        if (!type.empty())
        {
            run.system.codec.emplace(type);
            const bool half = type == "ns3::mdi::Float16Codec";
            bytes = half ? 20000 : 10000 + 10 * 8;
            flop = 10000 * (half ? 1 + 1 : 4 + 2);
        }
        run.Run();
        const double expected =
            0.04 + flop / 1e11 + 2 * 100e-6 + (bytes + 40000) * 8 / 1e8; // results are not coded
        for (const double latency : run.Latencies())
        {
            EXPECT_NEAR(latency, expected, 1e-8) << type;
        }
        for (const auto& item : run.items[0])
        {
            EXPECT_EQ(item.hops, 1u);
            EXPECT_EQ(item.bytesOnWire, static_cast<uint64_t>(bytes) + 40000) << type;
        }
    }
}

TEST(Codec, EverySystemRunsWithEveryCodec)
{
    for (const auto& name : PresetNames())
    {
        for (const std::string type : {"ns3::mdi::Float16Codec", "ns3::mdi::Int8Codec"})
        {
            IdealRun run;
            run.model = FloatChain("m", 5, 1e9);
            run.system = MakePreset(name);
            run.system.codec.emplace(type);
            run.Periodic(0, 40, 0.03, 10);
            run.Periodic(1, 40, 0.03, 1);
            std::vector<std::pair<Ptr<ComputeDevice>, uint64_t>> before;
            run.prepare = [&before](MdiHelper& mdi) {
                for (const auto& worker : mdi.GetWorkers())
                {
                    const auto device = worker->GetNode()->GetObject<ComputeDevice>();
                    before.emplace_back(device, device->MemoryInUse());
                }
            };
            run.Run();
            for (const auto& [device, bytes] : before)
            {
                EXPECT_EQ(device->MemoryInUse(), bytes) << name << ' ' << type;
            }
            EXPECT_EQ(run.inFlight, 0u) << name << ' ' << type;
            for (const auto& items : run.items)
            {
                for (const auto& item : items)
                {
                    EXPECT_TRUE(item.completed) << name << ' ' << type << ' ' << item.id.item;
                }
            }
        }
    }
}

TEST(Codec, AReceiverThatFailsWhileItsTensorIsEncodedLosesNoItem)
{
    // Encoding takes 40 ms here; worker 1 fails in the middle of the first one.
    IdealRun run;
    run.model = FloatChain("m", 6, 1e6);
    run.speeds = {1e6, 1e6, 1e6};
    run.system = MakePreset("ar-mdi");
    run.system.codec.emplace("ns3::mdi::Int8Codec");
    run.Periodic(0, 5, 12);
    run.prepare = [](MdiHelper& mdi) {
        Simulator::Schedule(Seconds(3.02), [worker = mdi.GetWorkers()[1]] { worker->Fail(); });
    };
    run.Run();
    EXPECT_EQ(run.inFlight, 0u);
    for (const auto& item : run.items[0])
    {
        EXPECT_TRUE(item.completed) << item.id.item;
    }
}

TEST(Codec, TheRouterSeesTheCodedWay)
{
    // A layer takes 10 ms here and 1 ms there; a cut takes 32 ms at 10 Mb/s, coded 8 ms.
    for (const bool coded : {false, true})
    {
        IdealRun run;
        run.model = FloatChain("m", 5, 1e9);
        run.speeds = {1e11, 1e12};
        run.rate = DataRate("10Mb/s");
        run.system = MakePreset("ms-mdi");
        if (coded)
        {
            run.system.codec.emplace("ns3::mdi::Int8Codec");
        }
        run.Periodic(0, 10, 1);
        run.Run();
        for (const auto& item : run.items[0])
        {
            EXPECT_EQ(item.hops, coded ? 1u : 0u);
        }
    }
}

TEST(Codec, IsNamedInAScenario)
{
    const auto systems = ReadSystems(
        JsonReader::FromText(R"([{"name": "a", "preset": "ms-mdi", "codec": "int8"},
                                 {"name": "b", "preset": "ms-mdi", "codec": "none"},
                                 {"name": "c", "preset": "pa-mdi",
                                  "codec": {"type": "ns3::mdi::AutoencoderCodec"}}])",
                             "f.json"),
        "");
    ASSERT_EQ(systems.size(), 3u);
    EXPECT_EQ(systems[0].codec->GetTypeId(), Int8Codec::GetTypeId());
    EXPECT_FALSE(systems[1].codec);
    EXPECT_EQ(systems[2].codec->GetTypeId(), AutoencoderCodec::GetTypeId());
    EXPECT_NE(SystemError(R"({"name": "a", "codec": "int9"})").find("f.json: /0/codec: "),
              std::string::npos);
    EXPECT_NE(SystemError(R"({"name": "a", "codec": {}})").find("/0/codec"), std::string::npos);
    EXPECT_NE(SystemError(R"({"name": "a", "codec": {"type": "ns3::mdi::FifoQueue"}})")
                  .find("there is no ns3::mdi::Codec"),
              std::string::npos);
}

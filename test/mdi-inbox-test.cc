// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-inbox.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace ns3;
using namespace ns3::mdi;

namespace
{

constexpr size_t INPUTS = 3; // of a task

Message
Input(uint32_t item, uint16_t number)
{
    Message input;
    input.task.item.item = item;
    input.input = number;
    input.payloadBytes = 100;
    return input;
}

TEST(Inbox, ATaskComesOutOnceWithAllItsInputsWhateverTheirOrderAndCopies)
{
    std::vector<Message> sent;
    for (uint32_t item = 0; item < 50; ++item)
    {
        for (uint16_t number = 0; number < INPUTS; ++number)
        {
            sent.insert(sent.end(), 2, Input(item, number)); // each twice
        }
    }
    std::shuffle(sent.begin(), sent.end(), std::mt19937(1));
    Inbox inbox;
    std::map<uint32_t, int> out;
    size_t copies = 0;
    for (const Message& input : sent)
    {
        if (inbox.IsCopy(input, INPUTS))
        {
            copies++;
        }
        else if (const auto inputs = inbox.Add(input, INPUTS))
        {
            out[input.task.item.item]++;
            ASSERT_EQ(inputs->size(), INPUTS);
            for (uint16_t number = 0; number < INPUTS; ++number)
            {
                EXPECT_EQ((*inputs)[number].input, number);
                EXPECT_TRUE((*inputs)[number].task == input.task);
            }
        }
    }
    EXPECT_EQ(copies, 50 * INPUTS);
    EXPECT_EQ(out.size(), 50u);
    for (const auto& [item, times] : out)
    {
        EXPECT_EQ(times, 1) << item;
    }
    EXPECT_TRUE(inbox.Empty());
}

TEST(Inbox, ACopyOfATaskThatIsForgottenStillIsOne)
{
    Inbox inbox;
    for (uint32_t item = 0; item < Inbox::REMEMBERED + 10; ++item)
    {
        for (uint16_t number = 0; number < INPUTS; ++number)
        {
            ASSERT_FALSE(inbox.IsCopy(Input(item, number), INPUTS));
            inbox.Add(Input(item, number), INPUTS);
        }
    }
    EXPECT_TRUE(inbox.IsCopy(Input(0, 0), INPUTS));
    EXPECT_TRUE(inbox.IsCopy(Input(9, 1), INPUTS));
    EXPECT_FALSE(inbox.IsCopy(Input(Inbox::REMEMBERED + 10, 0), INPUTS));
}

TEST(Inbox, WhatIsDroppedGivesItsMemoryBack)
{
    const auto device = CreateObject<ComputeDevice>();
    Inbox inbox;
    inbox.Configure(device);
    for (uint32_t item = 0; item < 4; ++item)
    {
        ASSERT_TRUE(device->Allocate(InputBytes(Input(item, 0))));
        inbox.Add(Input(item, 0), INPUTS);
    }
    inbox.Drop([](const TaskId& task, Time /* since */) { return task.item.item < 3; });
    EXPECT_EQ(device->MemoryInUse(), 100u);
    EXPECT_FALSE(inbox.Empty());
    EXPECT_TRUE(inbox.IsCopy(Input(3, 0), INPUTS));
    EXPECT_FALSE(inbox.IsCopy(Input(2, 0), INPUTS));
}

} // namespace

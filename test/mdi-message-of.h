// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_MESSAGE_OF_H
#define MDI_MESSAGE_OF_H

#include "mdi-json-reader.h"

#include <gtest/gtest.h>
#include <string>

/// What BadInput says; "" if it is not thrown.
template <typename Call>
std::string
MessageOf(const Call& call)
{
    try
    {
        call();
        return "";
    }
    catch (const ns3::mdi::BadInput& error)
    {
        return error.what();
    }
}

/// A message is one line, begins with the place and says what is wrong.
inline void
ExpectMessage(const std::string& message, const std::string& start, const std::string& part)
{
    EXPECT_EQ(message.rfind(start, 0), 0u) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

#endif // MDI_MESSAGE_OF_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-json-reader.h"
#include "mdi-message-of.h"

#include <functional>
#include <gtest/gtest.h>

using namespace ns3::mdi;

TEST(JsonReader, ReadsTypedValues)
{
    const auto r = JsonReader::FromText(
        R"({"n": 3, "big": 32e9, "x": -1.5, "b": true, "s": "hi", "list": [{"k": 7}, 2]})",
        "f.json");
    EXPECT_EQ(r["n"].PositiveInt(), 3u);
    EXPECT_EQ(r["big"].Integer(), 32000000000);
    EXPECT_EQ(r["x"].Number(-2, 0), -1.5);
    EXPECT_TRUE(r["b"].Bool());
    EXPECT_EQ(r["s"].Name(), "hi");
    EXPECT_EQ(r["list"][0]["k"].Integer(), 7);
    EXPECT_EQ(r["list"][0]["k"].Path(), "/list/0/k");
    EXPECT_EQ(r["list"].Items(2, 2).size(), 2u);
    EXPECT_FALSE(r.Has("none"));
    EXPECT_FALSE(r.Find("none"));
    EXPECT_EQ(r.Find("n")->Integer(), 3);
    EXPECT_EQ(r.Keys(), (std::vector<std::string>{"b", "big", "list", "n", "s", "x"}));
}

TEST(JsonReader, KeepsItsDocumentAlive)
{
    const auto inner = [] { return JsonReader::FromText(R"({"a": {"b": 5}})", "f")["a"]; }();
    EXPECT_EQ(inner["b"].Integer(), 5);
}

TEST(JsonReader, RejectsSyntaxErrorsWithLineAndColumn)
{
    const std::string deep = std::string(100, '[') + std::string(100, ']');

    const struct
    {
        std::string text;
        std::string start;
        std::string part;
    } cases[] = {
        {"", "f:1:1: ", "empty"},
        {"{\"a\": 1", "f:1:8: ", "ends too early"},
        {"{\n  \"a\": 1,\n}", "f:3:1: ", "delete the comma"},
        {"{\"a\": [1,]}", "f:1:10: ", "delete the comma"},
        {"{\"a\": NaN}", "f:1:7: ", "NaN"},
        {"{\"a\": -Infinity}", "f:1:8: ", "Infinity"},
        {"{\"a\": 1 // x\n}", "f:1:9: ", "comments"},
        {"{\"a\" 1}", "f:1:6: ", "colon"},
        {"{a: 1}", "f:1:2: ", ""},
        {"{\"a\": 1 \"b\": 2}", "f:1:11: ", "comma"},
        {"{} {}", "f:1:4: ", "end of the document"},
        {"{\"a\": \"x\n\"}", "f:1:9: ", "not closed"},
        {"{\"a\": \"\xff\"}", "f:1:8: ", "UTF-8"},
        {"{\"a\": 1e999}", "f: ", "1e999"},
        {"{\"a\": {\"b\": 1, \"b\": 2}}", "f: /a/b: ", "twice"},
        {"{\"a\": [0, {\"b\": 1, \"b\": 2}]}", "f: /a/1/b: ", "twice"},
        {deep, "f: /0/0", "deeper than 64"},
    };

    for (const auto& c : cases)
    {
        ExpectMessage(MessageOf([&] { JsonReader::FromText(c.text, "f"); }), c.start, c.part);
    }
}

TEST(JsonReader, RejectsWrongValuesWithTheirPath)
{
    const auto r = JsonReader::FromText(
        R"({"n": 0, "x": 2.5, "s": "", "list": [1], "o": {"a/b~": -1}, "colour": "gren",
            "big": 1e300, "huge": 99999999999999999999, "nl": "a\nb", "l\nf": null})",
        "dir/f.json");

    const struct
    {
        std::function<void()> call;
        std::string start;
        std::string part;
    } cases[] = {
        {[&] { r["m"]; }, "dir/f.json: /: ", "'m' is missing"},
        {[&] { r["n"]["k"]; }, "dir/f.json: /n: ", "object"},
        {[&] { r["n"].PositiveInt(); }, "dir/f.json: /n: ", "integer from 1"},
        {[&] { r["n"].PositiveNumber(); }, "dir/f.json: /n: ", "above 0"},
        {[&] { r["n"].Number(1, 2); }, "dir/f.json: /n: ", "from 1 to 2"},
        {[&] { r["x"].Integer(); }, "dir/f.json: /x: ", "not an integer"},
        {[&] { r["big"].Integer(); }, "dir/f.json: /big: ", "integer"},
        {[&] { r["huge"].Integer(); }, "dir/f.json: /huge: ", "integer"},
        {[&] { r["x"].Bool(); }, "dir/f.json: /x: ", "true or false"},
        {[&] { r["x"].String(); }, "dir/f.json: /x: ", "text"},
        {[&] { r["s"].Name(); }, "dir/f.json: /s: ", "empty"},
        {[&] { r["nl"].Name(); }, "dir/f.json: /nl: ", "a\\nb"},
        {[&] { r["l\nf"].Number(); }, "dir/f.json: /l\\nf: ", "number"},
        {[&] { r["list"][1]; }, "dir/f.json: /list: ", "at least 2"},
        {[&] { r["list"].Items(2); }, "dir/f.json: /list: ", "at least 2"},
        {[&] { r["list"].Items(0, 0); }, "dir/f.json: /list: ", "at most 0"},
        {[&] { r["o"].Items(); }, "dir/f.json: /o: ", "array"},
        {[&] { r["o"]["a/b~"].NonNegative(); }, "dir/f.json: /o/a~1b~0: ", "at least 0"},
        {[&] {
             r["colour"].OneOf({"red", "green"});
         },
         "dir/f.json: /colour: ",
         "'green'?"},
        {[&] { r["o"].AllowOnly({"a/b"}); }, "dir/f.json: /o/a~1b~0: ", "did you mean 'a/b'?"},
        {[&] { r.CheckFormat("x", 1); }, "dir/f.json: /: ", "'format' is missing"},
    };

    for (const auto& c : cases)
    {
        ExpectMessage(MessageOf(c.call), c.start, c.part);
    }
    ExpectMessage(MessageOf([] { JsonReader::FromFile("/no/such.json"); }),
                  "/no/such.json: ",
                  "no such file");
    ExpectMessage(MessageOf([] { JsonReader::FromFile("/"); }), "/: ", "folder");
}

TEST(JsonReader, SuggestsTheNearestName)
{
    const std::vector<std::string> systems = {"local", "ddi", "ar-mdi", "ms-mdi", "pa-mdi"};
    EXPECT_EQ(Nearest("PA-MDI", systems), "pa-mdi");
    EXPECT_EQ(Nearest("loacl", systems), "local");
    EXPECT_EQ(Nearest("dd", systems), "ddi");
    EXPECT_EQ(Nearest("tensorflow", systems), "");
    EXPECT_EQ(Nearest("", systems), "");
    EXPECT_EQ(Nearest("memory", {"memory_bytes", "mode"}), "memory_bytes");
    EXPECT_EQ(DidYouMean("zzz", {"a", "b"}), "known are: a, b");
}

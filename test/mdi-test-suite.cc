// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// The checks of this folder as ns-3's test suite mdi, in an ns-3 tree: ./test.py -s mdi.

#include "ns3/test.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace
{

using namespace ns3;

/// A suite of GoogleTest as a test case of ns-3, which its failures fail.
class GoogleTestCase : public TestCase
{
  public:
    explicit GoogleTestCase(const std::string& suite)
        : TestCase(WithoutSlashes(suite)),
          m_suite(suite)
    {
    }

  private:
    /// Tells the test case what fails, and prints nothing: the output is ns-3's.
    class Listener : public testing::EmptyTestEventListener
    {
      public:
        explicit Listener(GoogleTestCase* testCase)
            : m_testCase(testCase)
        {
        }

        // GoogleTest is locked while it tells of a failure: it must have said before of which test.
        void OnTestStart(const testing::TestInfo& info) override
        {
            m_test = info.name();
        }

        void OnTestEnd(const testing::TestInfo& /* info */) override
        {
            m_test = OUTSIDE;
        }

        void OnTestPartResult(const testing::TestPartResult& result) override
        {
            if (!result.failed())
            {
                return;
            }
            m_testCase->ReportTestFailure(m_test,
                                          "failed",
                                          "passed",
                                          result.message(),
                                          result.file_name() ? result.file_name() : "unknown",
                                          result.line_number());
        }

      private:
        static constexpr auto OUTSIDE = "set up or tear down";
        GoogleTestCase* m_testCase;
        std::string m_test = OUTSIDE;
    };

    /// ns-3 makes folders of names.
    static std::string WithoutSlashes(std::string name)
    {
        std::replace(name.begin(), name.end(), '/', '.');
        return name;
    }

    void DoRun() override
    {
        GTEST_FLAG_SET(filter, m_suite + ".*");
        auto& listeners = testing::UnitTest::GetInstance()->listeners();
        Listener listener(this);
        listeners.Append(&listener);
        const int status = RUN_ALL_TESTS();
        listeners.Release(&listener);
        const bool unexplained = status != 0 && !IsStatusFailure();
        NS_TEST_ASSERT_MSG_EQ(unexplained, false, "GoogleTest says no more");
    }

    std::string m_suite;
};

/// Suites of GoogleTest that take five seconds or more (-O0): ./test.py runs them with -f
/// EXTENSIVE.
const std::set<std::string> LONG_SUITES = {
    "Churn",
    "EdgeFlow",
    "Pipeline",
    "Queueing",
    "Recorder",
    "RepositoryTraces",
    "RowLp",
    "RowPlanner",
    "RowRule",
    "Streaming",
};

// ns-3's word for them is in an enumeration of its own from 3.42 on.
template <typename C>
constexpr auto
Extensive(int) -> decltype(C::Duration::EXTENSIVE)
{
    return C::Duration::EXTENSIVE;
}

template <typename C>
constexpr auto
Extensive(long) -> decltype(C::EXTENSIVE)
{
    return C::EXTENSIVE;
}

/// The suites of GoogleTest in this library that are long, or those that are not.
class GoogleTestSuites : public TestCase
{
  public:
    explicit GoogleTestSuites(bool areLong)
        : TestCase(areLong ? "long" : "quick"),
          m_areLong(areLong)
    {
    }

  private:
    /// Here, not in the constructor: GoogleTest knows all its suites once all files are loaded.
    void DoSetup() override
    {
        int argc = 1;
        char program[] = "mdi";
        char* argv[] = {program, nullptr};
        testing::InitGoogleTest(&argc, argv);
        auto& unit = *testing::UnitTest::GetInstance();
        delete unit.listeners().Release(unit.listeners().default_result_printer());
        for (int i = 0; i < unit.total_test_suite_count(); ++i)
        {
            const std::string name = unit.GetTestSuite(i)->name();
            if ((LONG_SUITES.count(name) > 0) == m_areLong)
            {
                AddTestCase(new GoogleTestCase(name));
            }
        }
    }

    void DoRun() override
    {
    }

    bool m_areLong;
};

/// All checks of this folder.
class MdiTestSuite : public TestSuite
{
  public:
    MdiTestSuite()
        : TestSuite("mdi")
    {
        // Once it runs, ns-3 does not ask any more how long a test case takes.
        AddTestCase(new GoogleTestSuites(false));
        AddTestCase(new GoogleTestSuites(true), Extensive<TestCase>(0));
    }
};

MdiTestSuite g_mdiTestSuite;

} // namespace

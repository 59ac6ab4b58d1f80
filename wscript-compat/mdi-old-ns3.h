// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

// What the module needs of ns-3 and ns-3.35 does not have: waf includes this before every file.

#ifndef MDI_OLD_NS3_H
#define MDI_OLD_NS3_H

#include "ns3/event-impl.h"

#include <string>
#include <type_traits>
#include <utility>

/// In the sources: what else differs.
#define MDI_OLD_NS3

namespace ns3
{

/// Events from lambdas, which Simulator::Schedule takes from ns-3.36 on.
template <typename F, typename = decltype(std::declval<F&>()())>
std::enable_if_t<std::is_class<F>::value, EventImpl*>
MakeEvent(F function)
{
    class CallEvent : public EventImpl
    {
      public:
        explicit CallEvent(F function)
            : m_function(std::move(function))
        {
        }

      private:
        void Notify() override
        {
            m_function();
        }

        F m_function;
    };

    return new CallEvent(std::move(function));
}

} // namespace ns3

#endif // MDI_OLD_NS3_H

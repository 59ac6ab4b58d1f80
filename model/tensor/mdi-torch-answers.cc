// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-torch-answers.h"

#include "mdi-fnv.h"
#include "mdi-model-identity.h"
#include "mdi-torch-codec.h"
#include "mdi-torch-inputs.h"
#include "mdi-torch-judge.h"
#include "mdi-torch-strips.h"
#include "mdi-torch-threads.h"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <algorithm>
#include <torch/csrc/api/include/torch/version.h>

namespace ns3
{
namespace mdi
{

namespace
{

/// Answers to remember: about 200,000 of a classifier.
constexpr uint64_t ANSWER_BYTES = 64 << 20;

/// Jobs that may wait: enough to find one that no other process works on, little enough to make
/// simulated items that wait for nothing wait for LibTorch.
constexpr size_t MOST_WAITING = 64;

/// While it lives, no other process works on an input.
class InputClaim
{
  public:
    InputClaim(AnswerStore& store, uint64_t input, bool urgent)
        : m_store(store),
          m_input(input),
          m_held(store.Claim(input, urgent))
    {
    }

    ~InputClaim()
    {
        if (m_held)
        {
            m_store.Release(m_input);
        }
    }

    InputClaim(const InputClaim&) = delete;
    InputClaim& operator=(const InputClaim&) = delete;

    bool IsHeld() const
    {
        return m_held;
    }

  private:
    AnswerStore& m_store;
    uint64_t m_input;
    bool m_held;
};

} // namespace

TorchAnswers::TorchAnswers(TorchMaker& maker)
    : m_maker(maker),
      m_known(ANSWER_BYTES),
      m_queue(&LimitThisThread, MOST_WAITING)
{
}

void
TorchAnswers::Open(const std::string& name)
{
    m_known.Open(name, Version());
}

std::string
TorchAnswers::Version()
{
    std::string version = "mdi " + ModuleVersion();
    for (const uint32_t part : {INPUTS_VERSION, CODEC_VERSION, STRIPS_VERSION, JUDGE_VERSION})
    {
        version += " " + std::to_string(part);
    }
    // The last bits depend on the libraries, and on which code they choose for the processor.
    return version + " LibTorch " TORCH_VERSION " " + at::show_config() + ProcessorName();
}

std::string
TorchAnswers::KeyOf(const TensorId& result, Part part)
{
    return (part == PREDICTIONS ? "p/" : "e/") + m_maker.Key(result);
}

void
TorchAnswers::Prepare(const TensorId& result, const Settings& settings)
{
    if (settings.threads == 0)
    {
        return;
    }
    Search search{result, settings, {}};
    std::unique_lock<std::mutex> lock(m_mutex);
    for (const Part part : {PREDICTIONS, ERROR})
    {
        const std::string key = KeyOf(result, part);
        if (m_pending.count(key) == 0 && !m_known.Find(key, settings.memo))
        {
            search.parts.push_back(std::make_shared<Pending>());
            search.parts.back()->key = key;
            search.parts.back()->part = part;
        }
    }
    if (!search.parts.empty())
    {
        Start(search, false, lock);
    }
}

std::string
TorchAnswers::Ask(const TensorId& result, Part part, const Settings& settings)
{
    const std::string key = KeyOf(result, part);
    std::unique_lock<std::mutex> lock(m_mutex);
    PendingPtr pending;
    const auto found = m_pending.find(key);
    if (found != m_pending.end())
    {
        pending = found->second;
        if (settings.memo)
        {
            m_queue.Hurry(pending->ticket); // the simulator stands still meanwhile
        }
    }
    else
    {
        if (const auto known = m_known.Find(key, settings.memo))
        {
            return *known;
        }
        pending = std::make_shared<Pending>();
        pending->key = key;
        pending->part = part;
        // Without the memo, after what was posted to make the result.
        Start({result, settings, {pending}}, settings.memo, lock);
    }
    m_told.wait(lock, [&pending] { return pending->answer || pending->error; });
    if (pending->error)
    {
        std::rethrow_exception(pending->error);
    }
    return *pending->answer;
}

void
TorchAnswers::Start(const Search& search, bool urgent, std::unique_lock<std::mutex>& lock)
{
    for (const PendingPtr& pending : search.parts)
    {
        m_pending[pending->key] = pending;
    }
    lock.unlock(); // the queue may be full, and its jobs need the lock
    if (search.settings.threads == 0)
    {
        Work(search, true);
        lock.lock();
        return;
    }
    uint64_t ticket = 0;
    try
    {
        // For whom the simulator stands still, the thread waits where another process is at it.
        const auto work = [this, search, urgent] { Work(search, urgent); };
        ticket = m_queue.Post(search.settings.threads, {nullptr, work}, urgent);
    }
    catch (...)
    {
        TellError(search, std::current_exception()); // nobody will work on it
    }
    lock.lock();
    for (const PendingPtr& pending : search.parts)
    {
        pending->ticket = ticket;
    }
}

void
TorchAnswers::Run(const TensorId& in, const TensorId& out, const Settings& settings)
{
    Force(
        out,
        [this, in, out, settings] { m_maker.RunSlice(in, out.boundary, settings.limit); },
        settings);
}

void
TorchAnswers::RunStrip(const TensorId& strip, const Settings& settings)
{
    Force(
        strip, [this, strip, settings] { m_maker.RunStrip(strip, settings.limit); }, settings);
}

void
TorchAnswers::Force(const TensorId& out, std::function<void()> work, const Settings& settings)
{
    {
        // What is asked from now on is answered by what runs now.
        const std::lock_guard<std::mutex> lock(m_mutex);
        for (const Part part : {PREDICTIONS, ERROR})
        {
            const std::string key = KeyOf(out, part);
            m_known.Forget(key);
            m_pending.erase(key);
        }
    }
    if (settings.threads == 0)
    {
        const TorchMaker::Claim claim(m_maker, out);
        work();
        return;
    }
    m_queue.Rethrow();
    // Claimed in the order of the jobs: those that need this tensor find that it is being made.
    const auto claim = std::make_shared<std::optional<TorchMaker::Claim>>();
    m_queue.Post(settings.threads,
                 {[this, claim, out] { claim->emplace(m_maker, out); }, [claim, work] { work(); }});
}

void
TorchAnswers::Work(const Search& search, bool urgent)
{
    // Whatever goes wrong, those who ask must not wait for ever.
    try
    {
        if (search.settings.memo)
        {
            FindClaimed(search, urgent);
        }
        else
        {
            FindAnswers(search);
        }
    }
    catch (...)
    {
        TellError(search, std::current_exception());
    }
}

void
TorchAnswers::FindClaimed(const Search& search, bool urgent)
{
    Fnv input;
    input.Add(m_maker.InputKey(search.result.model, search.result.input));
    {
        const InputClaim claim(m_known, input.Value(), urgent);
        if (claim.IsHeld())
        {
            FindAnswers(search);
            return;
        }
    }
    // Another process is at it: something else first, and its answers come for nothing.
    if (!m_queue.PostBehind({nullptr, [this, search] { Work(search, true); }}))
    {
        FindClaimed(search, true);
    }
}

void
TorchAnswers::FindAnswers(const Search& search)
{
    const bool memo = search.settings.memo;
    Search rest{search.result, search.settings, {}};
    for (const PendingPtr& pending : search.parts)
    {
        std::optional<std::string> known;
        if (memo)
        {
            const std::lock_guard<std::mutex> lock(m_mutex);
            known = m_known.Find(pending->key, true); // since the job was posted
        }
        if (known)
        {
            Tell(pending, *known, search.settings);
        }
        else
        {
            rest.parts.push_back(pending);
        }
    }
    if (rest.parts.empty())
    {
        return;
    }
    const auto& answer =
        m_maker.Find(search.result.model)->slicer->AnswerAt(search.result.boundary);
    TorchMaker::Made made;
    const TorchMaker::Bundle bundle = m_maker.Obtain(search.result, search.settings.limit, made);
    std::optional<TorchMaker::Bundle> whole;
    for (const PendingPtr& pending : rest.parts)
    {
        if (pending->part == PREDICTIONS)
        {
            Tell(pending,
                 PredictionsText(PredictionsOf(bundle.at(answer.inBundle.front()))),
                 search.settings);
            continue;
        }
        whole = Whole(search);
        Tell(pending, NumberText(ErrorOf(search.result, bundle, *whole)), search.settings);
    }
    if (memo)
    {
        TellOthers(search, made, whole);
    }
}

TorchMaker::Bundle
TorchAnswers::Whole(const Search& search)
{
    const uint32_t model = search.result.model;
    const uint32_t input = search.result.input;
    if (auto whole = m_maker.FindWhole(model, input))
    {
        return *whole;
    }
    if (!search.settings.memo)
    {
        return m_maker.ObtainWhole(model, input, search.settings.limit);
    }
    const std::string key = "w/" + m_maker.InputKey(model, input);
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        if (const auto text = m_known.Find(key, true))
        {
            const TorchMaker::Bundle whole = TensorsFromText(*text);
            m_maker.KeepWhole(model, input, whole, search.settings.limit);
            return whole;
        }
    }
    const TorchMaker::Bundle whole = m_maker.ObtainWhole(model, input, search.settings.limit);
    const std::string text = TensorsText(whole);
    if (!text.empty())
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        m_known.Put(key, text, true);
    }
    return whole;
}

double
TorchAnswers::ErrorOf(const TensorId& result,
                      const TorchMaker::Bundle& bundle,
                      const TorchMaker::Bundle& whole)
{
    const auto& answer = m_maker.Find(result.model)->slicer->AnswerAt(result.boundary);
    double largest = 0;
    for (size_t i = 0; i < answer.inWhole.size(); ++i)
    {
        largest = std::max(
            largest, LargestDifference(bundle.at(answer.inBundle[i]), whole.at(answer.inWhole[i])));
    }
    return largest;
}

void
TorchAnswers::TellOthers(const Search& search,
                         const TorchMaker::Made& made,
                         const std::optional<TorchMaker::Bundle>& whole)
{
    for (const Exit& exit : m_maker.Find(search.result.model)->slicer->Graph().Exits())
    {
        for (const auto& [id, bundle] : made)
        {
            if (id.boundary != exit.boundary || id.model != search.result.model ||
                !m_maker.IsOutput(id))
            {
                continue;
            }
            const auto& answer = m_maker.Find(id.model)->slicer->AnswerAt(id.boundary);
            const std::string predictions =
                PredictionsText(PredictionsOf(bundle.at(answer.inBundle.front())));
            const std::string error = whole ? NumberText(ErrorOf(id, bundle, *whole)) : "";
            const std::lock_guard<std::mutex> lock(m_mutex);
            Keep(KeyOf(id, PREDICTIONS), predictions, search.settings);
            if (whole)
            {
                Keep(KeyOf(id, ERROR), error, search.settings);
            }
        }
    }
}

void
TorchAnswers::Keep(const std::string& key, const std::string& answer, const Settings& settings)
{
    if (!m_known.Find(key, settings.memo))
    {
        m_known.Put(key, answer, settings.memo);
    }
}

void
TorchAnswers::Tell(const PendingPtr& pending, const std::string& answer, const Settings& settings)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    pending->answer = answer;
    if (EndPending(pending))
    {
        Keep(pending->key, answer, settings);
    }
    m_told.notify_all();
}

void
TorchAnswers::TellError(const Search& search, const std::exception_ptr& error)
{
    const std::lock_guard<std::mutex> lock(m_mutex);
    for (const PendingPtr& pending : search.parts)
    {
        if (!pending->answer)
        {
            pending->error = error;
            EndPending(pending);
        }
    }
    m_told.notify_all();
}

bool
TorchAnswers::EndPending(const PendingPtr& pending)
{
    const auto found = m_pending.find(pending->key);
    // Without the memo a later run may have taken its place: see Force.
    if (found == m_pending.end() || found->second != pending)
    {
        return false;
    }
    m_pending.erase(found);
    return true;
}

void
TorchAnswers::Finish()
{
    m_queue.Drain();
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_TORCH_ANSWERS_H
#define MDI_TORCH_ANSWERS_H

#include "mdi-answer-store.h"
#include "mdi-torch-maker.h"
#include "mdi-work-queue.h"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace ns3
{
namespace mdi
{

/**
 * What results say, and the threads that find out. Results need little of their tensors, so it is
 * the answers that are remembered: in memory, and in a file that processes share.
 *
 * With `memo` nothing runs until an answer is wanted that nobody knows; then the result is made,
 * from the nearest stored tensors on. Without, slices run where they are posted, and answers are
 * those of what ran.
 */
class TorchAnswers
{
  public:
    /// Attributes of the engine; they may change between calls.
    struct Settings
    {
        bool memo;
        uint32_t threads; //!< 0: the caller's
        uint64_t limit;   //!< of the tensors' store [bytes]
    };

    /// What may be asked of a result.
    enum Part
    {
        PREDICTIONS, //!< PredictionsText
        ERROR,       //!< NumberText of the largest difference from the whole model's
    };

    /// \param maker must outlive it, and make tensors for nobody else
    explicit TorchAnswers(TorchMaker& maker);

    /// Share answers with other processes. \param name see AnswerFile
    void Open(const std::string& name);

    /// Begin to work on all parts of a result, if nobody did and there are threads.
    void Prepare(const TensorId& result, const Settings& settings);

    /// \return an answer; waits for it \throws what went wrong when the result was made
    std::string Ask(const TensorId& result, Part part, const Settings& settings);

    /// Run a slice that was noted, whatever is known. \param end of the layers from `in` on
    void Run(const TensorId& in, const TensorId& out, const Settings& settings);

    /// Compute a strip that was noted, whatever is known.
    void RunStrip(const TensorId& strip, const Settings& settings);

    /// Wait for all work. \throws what went wrong in it and was told to nobody
    void Finish();

    /// What answers depend on beside the models and their inputs: libraries, the processor, and
    /// our own code.
    static std::string Version();

  private:
    /// An answer that somebody works on.
    struct Pending
    {
        std::string key;
        Part part;
        uint64_t ticket = 0;
        std::optional<std::string> answer;
        std::exception_ptr error;
    };

    using PendingPtr = std::shared_ptr<Pending>;

    /// Answers of one result to be found together.
    struct Search
    {
        TensorId result;
        Settings settings;
        std::vector<PendingPtr> parts;
    };

    std::string KeyOf(const TensorId& result, Part part);
    void Start(const Search& search, bool urgent, std::unique_lock<std::mutex>& lock);
    void Force(const TensorId& out, std::function<void()> work, const Settings& settings);

    /// Of the threads.
    void Work(const Search& search, bool urgent);
    void FindClaimed(const Search& search, bool urgent);
    void FindAnswers(const Search& search);
    TorchMaker::Bundle Whole(const Search& search);
    double ErrorOf(const TensorId& result,
                   const TorchMaker::Bundle& bundle,
                   const TorchMaker::Bundle& whole);
    void TellOthers(const Search& search,
                    const TorchMaker::Made& made,
                    const std::optional<TorchMaker::Bundle>& whole);
    void Tell(const PendingPtr& pending, const std::string& answer, const Settings& settings);
    void TellError(const Search& search, const std::exception_ptr& error);

    /// For those who hold the lock. \return whether it was what those who ask wait for
    bool EndPending(const PendingPtr& pending);

    /// Remember an answer that is not known; for those who hold the lock.
    void Keep(const std::string& key, const std::string& answer, const Settings& settings);

    TorchMaker& m_maker;
    std::mutex m_mutex; //!< guards the answers, known and pending
    std::condition_variable m_told;
    AnswerStore m_known;
    std::map<std::string, PendingPtr> m_pending;
    WorkQueue m_queue; //!< last: its threads end first
};

} // namespace mdi
} // namespace ns3

#endif // MDI_TORCH_ANSWERS_H

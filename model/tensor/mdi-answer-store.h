// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ANSWER_STORE_H
#define MDI_ANSWER_STORE_H

#include "mdi-answer-file.h"
#include "mdi-answer-index.h"

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace ns3
{
namespace mdi
{

/**
 * Short texts by key, up to a number of bytes; the least recently used ones leave. With a file,
 * also those that other processes put there, what earlier ones left, and what left the memory: of
 * each entry of the file it is remembered where it stands. For one thread at a time, but for the
 * claims.
 */
class AnswerStore
{
  public:
    explicit AnswerStore(uint64_t limitBytes); //!< of keys and values in memory

    /// Keep answers in a file, too. It is read once, and forked processes know what this one does.
    /// \throws std::runtime_error see AnswerFile
    void Open(const std::string& name, const std::string& version);

    /// What is known under a key. \param shared look into the file as well
    std::optional<std::string> Find(const std::string& key, bool shared);

    /// \param share put it into the file as well; long texts are kept nowhere else
    void Put(const std::string& key, const std::string& value, bool share);

    /// Forget what is known here; the file remains.
    void Forget(const std::string& key);

    /// See AnswerFile; without a file nobody else works. Any thread may call these.
    bool Claim(uint64_t what, bool urgent);
    void Release(uint64_t what); //!< the end of a claim

  private:
    struct Entry
    {
        std::string value;
        std::list<std::string>::iterator use; //!< in m_order
    };

    void ReadNew();
    void Keep(const std::string& key, const std::string& value);
    static uint64_t BytesOf(const std::string& key, const Entry& entry);

    uint64_t m_limit;
    uint64_t m_bytes = 0;
    std::unordered_map<std::string, Entry> m_entries;
    std::list<std::string> m_order; //!< least recently used first
    std::unique_ptr<AnswerFile> m_file;
    AnswerIndex m_index; //!< of the file
};

} // namespace mdi
} // namespace ns3

#endif // MDI_ANSWER_STORE_H

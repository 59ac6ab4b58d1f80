// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ANSWER_FILE_H
#define MDI_ANSWER_FILE_H

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>

namespace ns3
{
namespace mdi
{

/**
 * Texts by key, in a file that any number of processes read and add to at the same time. A line
 * per entry:
 *
 *     VERSION KEY VALUE CHECKSUM
 *
 * with a hash of the version and the line's own in 16 hexadecimal digits. A line is written by one
 * call, at the end of the file: whatever ends a process, at most a last line is damaged. Readers
 * pass over it, and over lines of other versions; who writes next begins a new line.
 */
class AnswerFile
{
  public:
    /**
     * \param name of the file, made if there is none; empty: a file without a name, which lives as
     *        long as this process and those that it forks
     * \param version of those who make the values: lines of others are not theirs
     * \throws std::runtime_error one line: the file, what is wrong, what would be right
     */
    AnswerFile(const std::string& name, const std::string& version);
    ~AnswerFile();

    AnswerFile(const AnswerFile&) = delete;
    AnswerFile& operator=(const AnswerFile&) = delete;

    /// Add an entry; neither may hold blanks. A full disk ends the adding, and nothing else.
    void Append(const std::string& key, const std::string& value);

    /// \param place of the entry in the file
    using Taker = std::function<void(const std::string& key, uint64_t place)>;

    /// Tell all entries that came since the last call, own ones included; `take` may use the file.
    void ReadNew(const Taker& take);

    /// The value at a place that ReadNew told; none if there is no entry of this key.
    std::optional<std::string> Read(uint64_t place, const std::string& key);

    /**
     * Tell other processes that this one works on something, until Release or the end of the
     * process, whatever ends it. Threads of one process hold it together.
     * \param what a number that stands for it
     * \param urgent whether to wait for others who work on it
     * \return whether nobody else works on it
     */
    bool Claim(uint64_t what, bool urgent);
    void Release(uint64_t what); //!< the end of a claim

  private:
    /// What threads of this process do with a claim.
    struct Holders
    {
        uint32_t threads = 0; //!< that hold it, or are about to
        bool locked = false;  //!< one of them got it
    };

    void Open();
    void CheckKind();

    /// Whole lines that came since the last call, some of them at a time. \return none: no more
    std::string NewLines(uint64_t& offset);

    /// A line without its end, taken apart.
    struct Entry
    {
        std::string key;
        std::string value;
    };

    /// \return none: it is damaged, or of another version
    std::optional<Entry> TakeApart(const std::string& line) const;

    /// The file in this process: locks and their end are those of the process that opened it.
    int Descriptor();

    std::string m_name;
    std::string m_version; //!< 16 digits
    std::mutex m_mutex;    //!< guards the rest
    int m_file = -1;
    pid_t m_process = -1; //!< that uses it
    bool m_full = false;
    uint64_t m_readTo = 0;
    std::map<uint64_t, Holders> m_claims; //!< by place of their lock
};

} // namespace mdi
} // namespace ns3

#endif // MDI_ANSWER_FILE_H

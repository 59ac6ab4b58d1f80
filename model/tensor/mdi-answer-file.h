// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ANSWER_FILE_H
#define MDI_ANSWER_FILE_H

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
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

    /// Where a value stands.
    struct Place
    {
        uint64_t offset = 0;
        size_t bytes = 0;
    };

    /// Add an entry; neither may hold blanks. A full disk ends the adding, and nothing else.
    void Append(const std::string& key, const std::string& value);

    using Taker = std::function<void(const std::string& key, std::string value, Place place)>;

    /// Give all entries that came since the last call, own ones included; `take` may use the file.
    void ReadNew(const Taker& take);

    /// \return the value at a place that ReadNew told; empty if it cannot be read
    std::string Read(const Place& place);

    /**
     * Tell other processes that this one works on something, until Release or the end of the
     * process, whatever ends it. Threads of one process hold it together.
     * \param what a number that stands for it
     * \param wait for others who work on it
     * \return whether nobody else works on it
     */
    bool Claim(uint64_t what, bool wait);
    void Release(uint64_t what);

  private:
    void Open();
    void CheckKind();

    /// Whole lines that came since the last call, some of them at a time. \return none: no more
    std::string NewLines(uint64_t& offset);
    void TakeLine(const std::string& line, uint64_t offset, const Taker& take) const;

    /// The file in this process: locks and their end are those of the process that opened it.
    int Descriptor();

    std::string m_name;
    std::string m_version; //!< 16 digits
    std::mutex m_mutex;    //!< guards the rest
    int m_file = -1;
    pid_t m_process = -1; //!< that opened it
    bool m_full = false;
    uint64_t m_readTo = 0;
    std::map<uint64_t, uint32_t> m_claims; //!< threads that hold each
};

} // namespace mdi
} // namespace ns3

#endif // MDI_ANSWER_FILE_H

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-answer-file.h"

#include "mdi-fnv.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace ns3
{
namespace mdi
{

namespace
{

/// The first line: so that nobody's thesis gets our lines at its end.
const std::string KIND = "mdi-answers\n";
constexpr size_t DIGITS = 16;

/// A file without a name is for one comparison: what would be too much for a disk ends it.
constexpr off_t MOST_BYTES = off_t(1) << 30;

std::string
Digits(const std::string& text)
{
    Fnv hash;
    hash.Add(text);
    char digits[DIGITS + 1];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash.Value()));
    return digits;
}

off_t
SizeOf(int file)
{
    struct stat status = {};
    return fstat(file, &status) == 0 ? status.st_size : 0;
}

/// Up to so many bytes from there.
std::string
ReadAt(int file, uint64_t offset, size_t bytes)
{
    std::string text(bytes, '\0');
    size_t done = 0;
    while (done < bytes)
    {
        const ssize_t got =
            pread(file, &text[done], bytes - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR)
        {
            continue;
        }
        if (got <= 0)
        {
            break;
        }
        done += static_cast<size_t>(got);
    }
    text.resize(done);
    return text;
}

/// Offsets of files are positive.
uint64_t
PlaceOfLock(uint64_t what)
{
    return what >> 2;
}

#ifdef F_OFD_SETLK

struct flock
OneByte(uint64_t at, int16_t type)
{
    struct flock range = {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = static_cast<off_t>(at);
    range.l_len = 1;
    return range;
}

/// \return false only if another process has it
bool
Lock(int file, uint64_t at, bool wait)
{
    struct flock range = OneByte(at, F_WRLCK);
    int result = 0;
    do
    {
        result = fcntl(file, wait ? F_OFD_SETLKW : F_OFD_SETLK, &range);
    } while (result != 0 && errno == EINTR);
    // Where files cannot be locked everybody may work: some work is done twice.
    return result == 0 || wait || (errno != EAGAIN && errno != EACCES);
}

void
Unlock(int file, uint64_t at)
{
    struct flock range = OneByte(at, F_UNLCK);
    fcntl(file, F_OFD_SETLK, &range);
}

#else

bool
Lock(int, uint64_t, bool)
{
    return true;
}

void
Unlock(int, uint64_t)
{
}

#endif

} // namespace

AnswerFile::AnswerFile(const std::string& name, const std::string& version)
    : m_name(name),
      m_version(Digits(version))
{
    Open();
    if (m_name.empty())
    {
        return;
    }
    try
    {
        CheckKind();
    }
    catch (...)
    {
        close(m_file);
        throw;
    }
}

AnswerFile::~AnswerFile()
{
    close(m_file);
}

void
AnswerFile::Open()
{
    if (m_file >= 0)
    {
        // In a forked process: the same file, whatever has become of its name.
        const std::string again = "/proc/self/fd/" + std::to_string(m_file);
        const int file = open(again.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
        if (file >= 0)
        {
            close(m_file);
            m_file = file;
        }
        // Else it is shared with the parent, claims included: work may be done twice.
        m_claims.clear();
        m_process = getpid();
        return;
    }
    int file = -1;
    if (!m_name.empty())
    {
        file = open(m_name.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    }
    else
    {
        const char* folder = std::getenv("TMPDIR");
        std::string pattern =
            std::string(folder && *folder ? folder : "/tmp") + "/mdi-answers-XXXXXX";
        file = mkostemp(pattern.data(), O_APPEND | O_CLOEXEC);
        if (file >= 0)
        {
            unlink(pattern.c_str());
        }
    }
    if (file < 0)
    {
        throw std::runtime_error((m_name.empty() ? "a temporary file" : m_name) +
                                 ": cannot be opened to keep answers: " + std::strerror(errno) +
                                 "; name a file in a folder that may be written to");
    }
    m_file = file;
    m_process = getpid();
}

void
AnswerFile::CheckKind()
{
    const std::string begin = ReadAt(m_file, 0, KIND.size());
    if (KIND.compare(0, begin.size(), begin) != 0)
    {
        throw std::runtime_error(m_name +
                                 ": this is no file of answers; name one that an earlier " +
                                 "run wrote, or a new one");
    }
    if (begin.size() < KIND.size())
    {
        // Two processes may do so at once: what is no entry is passed over.
        const std::string rest = KIND.substr(begin.size());
        m_full = write(m_file, rest.data(), rest.size()) != static_cast<ssize_t>(rest.size());
    }
}

int
AnswerFile::Descriptor()
{
    if (m_process != getpid())
    {
        Open();
    }
    return m_file;
}

void
AnswerFile::Append(const std::string& key, const std::string& value)
{
    std::string line = m_version + ' ' + key + ' ' + value + ' ';
    line += Digits(line) + '\n';
    const std::lock_guard<std::mutex> lock(m_mutex);
    const int file = Descriptor();
    const off_t size = SizeOf(file);
    if (m_full || (m_name.empty() && size > MOST_BYTES))
    {
        return;
    }
    if (size > 0 && ReadAt(file, static_cast<uint64_t>(size - 1), 1) != "\n")
    {
        line.insert(line.begin(), '\n'); // somebody was stopped in the middle of a line
    }
    m_full = write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size());
}

void
AnswerFile::ReadNew(const Taker& take)
{
    uint64_t offset = 0;
    for (std::string lines = NewLines(offset); !lines.empty(); lines = NewLines(offset))
    {
        size_t begin = 0;
        for (size_t end = lines.find('\n'); end != std::string::npos; end = lines.find('\n', begin))
        {
            if (const auto entry = TakeApart(lines.substr(begin, end - begin)))
            {
                take(entry->key, offset + begin);
            }
            begin = end + 1;
        }
    }
}

std::string
AnswerFile::NewLines(uint64_t& offset)
{
    constexpr size_t CHUNK = 1 << 20;
    const std::lock_guard<std::mutex> lock(m_mutex);
    const int file = Descriptor();
    const auto size = static_cast<uint64_t>(SizeOf(file));
    offset = m_readTo;
    const uint64_t left = size > m_readTo ? size - m_readTo : 0;
    for (uint64_t wanted = CHUNK; left > 0; wanted *= 2) // some line may be longer
    {
        std::string text = ReadAt(file, m_readTo, std::min(wanted, left));
        const size_t last = text.rfind('\n');
        if (last != std::string::npos)
        {
            text.resize(last + 1);
            m_readTo += text.size();
            return text;
        }
        if (wanted >= left)
        {
            break; // the rest of the line is not there yet
        }
    }
    return "";
}

std::optional<AnswerFile::Entry>
AnswerFile::TakeApart(const std::string& line) const
{
    const size_t last = line.rfind(' ');
    if (line.compare(0, DIGITS, m_version) != 0 || last == std::string::npos ||
        line.compare(last + 1, std::string::npos, Digits(line.substr(0, last + 1))) != 0)
    {
        return std::nullopt;
    }
    const size_t key = DIGITS + 1;
    const size_t value = line.find(' ', key) + 1;
    return Entry{line.substr(key, value - 1 - key), line.substr(value, last - value)};
}

std::optional<std::string>
AnswerFile::Read(uint64_t place, const std::string& key)
{
    constexpr size_t MOSTLY = 512; // what a line takes
    int file = -1;
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        file = Descriptor();
    }
    for (size_t wanted = MOSTLY;; wanted *= 8)
    {
        std::string text = ReadAt(file, place, wanted);
        const size_t end = text.find('\n');
        if (end != std::string::npos)
        {
            text.resize(end);
            auto entry = TakeApart(text);
            return entry && entry->key == key ? std::make_optional(std::move(entry->value))
                                              : std::nullopt;
        }
        if (text.size() < wanted)
        {
            return std::nullopt; // the file ends
        }
    }
}

bool
AnswerFile::Claim(uint64_t what, bool urgent)
{
    const uint64_t at = PlaceOfLock(what);
    int file = -1;
    {
        const std::lock_guard<std::mutex> lock(m_mutex);
        file = Descriptor();
        // Counted before it is there: another thread that lets go meanwhile must not unlock it.
        Holders& holders = m_claims[at];
        ++holders.threads;
        if (holders.locked)
        {
            return true;
        }
    }
    const bool held = Lock(file, at, urgent);
    const std::lock_guard<std::mutex> lock(m_mutex);
    if (held)
    {
        m_claims[at].locked = true;
    }
    else if (--m_claims[at].threads == 0)
    {
        m_claims.erase(at);
    }
    return held;
}

void
AnswerFile::Release(uint64_t what)
{
    const uint64_t at = PlaceOfLock(what);
    const std::lock_guard<std::mutex> lock(m_mutex);
    if (--m_claims[at].threads == 0)
    {
        m_claims.erase(at);
        Unlock(m_file, at);
    }
}

} // namespace mdi
} // namespace ns3

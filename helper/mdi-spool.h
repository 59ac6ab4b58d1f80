// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SPOOL_H
#define MDI_SPOOL_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ns3
{
namespace mdi
{

/**
 * Many streams of bytes in one file: each is written bit by bit and read from its beginning. A
 * stream is a chain of blocks of the file, so that memory is one block per stream, however long
 * they get, and one open file, however many there are.
 */
class Spool
{
  public:
    /// Number of a stream, in the order of Open.
    using Stream = uint32_t;

    /// Bytes of a stream, in pieces; all but the last piece are BLOCK_BYTES long.
    using Reader = std::function<void(const char* data, size_t bytes)>;

    /// What a block holds: a multiple of the size of any record of 8 or 64 bytes.
    static constexpr size_t BLOCK_BYTES = 8192;

    /**
     * \param file where to; it has no name any more when this returns, and is gone with this
     *        object. Empty: everything stays in memory
     * \throws std::runtime_error one line, if the file cannot be made
     */
    explicit Spool(const std::string& file);
    ~Spool();

    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    /// A new, empty stream.
    Stream Open();

    /// \throws std::runtime_error one line, if the file cannot be written
    void Append(Stream stream, const void* data, size_t bytes);

    /// How much was appended.
    uint64_t Bytes(Stream stream) const;

    /// \throws std::runtime_error one line, if the file cannot be read
    void Read(Stream stream, const Reader& reader) const;

  private:
    struct Chain
    {
        uint64_t first = 0;     //!< block of the file
        uint64_t last = 0;      //!< block that `end` will be written to
        uint64_t blocks = 0;    //!< full ones, which are in the file
        std::vector<char> end;  //!< what comes after them
        std::vector<char> text; //!< all of it, without a file
    };

    void WriteBlock(Chain& chain);

    std::string m_name;
    int m_file = -1;     //!< descriptor; -1: none
    uint64_t m_next = 0; //!< first block of the file that is nobody's
    std::vector<Chain> m_chains;
};

} // namespace mdi
} // namespace ns3

#endif // MDI_SPOOL_H

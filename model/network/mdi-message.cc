// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-message.h"

#include "mdi-message-size.h"

#include "ns3/abort.h"

#include <cstring>
#include <limits>

namespace ns3
{
namespace mdi
{

NS_OBJECT_ENSURE_REGISTERED(MessageHeader);

namespace
{

constexpr uint8_t MAGIC[2] = {'M', 'D'};
constexpr uint8_t VERSION = 1;
constexpr uint8_t TYPES = MESSAGE_TYPES;
constexpr uint8_t MAX_DIMS = 8;
constexpr size_t MAX_REASON = 255;

/// The groups of fields of a message (mdi-message.h).
enum Group : uint32_t
{
    TASK = 1,
    TENSORS = 2,
    REQUEST = 4,
    REPORT = 8,
    STAGES = 16,
    NODE = 32,
    PIPELINE = 64,
    REASON = 128,
};

uint32_t
GroupsOf(MessageType type)
{
    switch (type)
    {
    case MessageType::TENSOR:
        return TASK | TENSORS | REPORT | STAGES;
    case MessageType::RESULT:
        return TASK | TENSORS | STAGES;
    case MessageType::BEACON:
        return REPORT;
    case MessageType::RTC:
        return TASK | REQUEST;
    case MessageType::CTC:
    case MessageType::NACK:
        return TASK | REPORT | NODE;
    case MessageType::CANCEL:
    case MessageType::DONE:
        return TASK;
    case MessageType::LOST:
        return TASK | REASON;
    case MessageType::TOKEN:
        return TASK | STAGES | PIPELINE;
    case MessageType::HEARTBEAT:
        return 0;
    case MessageType::FAILED:
        return TASK | NODE;
    }
    return 0;
}

bool
IsControl(MessageType type)
{
    return type != MessageType::TENSOR && type != MessageType::RESULT && type != MessageType::TOKEN;
}

/// Counts the octets that Describe visits.
class Sizer
{
  public:
    template <typename T>
    void Integer(const T&)
    {
        m_bytes += sizeof(T);
    }

    template <typename T>
    bool Count(const std::vector<T>& list, uint32_t)
    {
        m_bytes += 2;
        return true;
    }

    bool Shape(const std::vector<int64_t>& shape)
    {
        m_bytes += 1 + 8 * shape.size();
        return true;
    }

    void Text(const std::string& text)
    {
        m_bytes += 1 + std::min(text.size(), MAX_REASON);
    }

    uint64_t m_bytes = 0; //!< so far
};

/// Writes what Describe visits.
class Writer
{
  public:
    explicit Writer(Buffer::Iterator& at)
        : m_at(at)
    {
    }

    template <typename T>
    void Integer(const T& value)
    {
        auto rest = static_cast<uint64_t>(value);
        for (int shift = 8 * (sizeof(T) - 1); shift >= 0; shift -= 8)
        {
            m_at.WriteU8(static_cast<uint8_t>(rest >> shift));
        }
    }

    template <typename T>
    bool Count(const std::vector<T>& list, uint32_t)
    {
        Integer(static_cast<uint16_t>(list.size()));
        return true;
    }

    bool Shape(const std::vector<int64_t>& shape)
    {
        Integer(static_cast<uint8_t>(shape.size()));
        for (int64_t size : shape)
        {
            Integer(size);
        }
        return true;
    }

    void Text(const std::string& text)
    {
        const size_t bytes = std::min(text.size(), MAX_REASON);
        Integer(static_cast<uint8_t>(bytes));
        m_at.Write(reinterpret_cast<const uint8_t*>(text.data()), static_cast<uint32_t>(bytes));
    }

  private:
    Buffer::Iterator& m_at; //!< where to write next
};

/// Reads what Describe visits. After an error it reads zeros and empty lists, and Ok() is false.
class Reader
{
  public:
    Reader(Buffer::Iterator& at, uint32_t left)
        : m_at(at),
          m_left(left)
    {
    }

    template <typename T>
    void Integer(T& value)
    {
        uint64_t rest = 0;
        if (Take(sizeof(T)))
        {
            for (size_t i = 0; i < sizeof(T); ++i)
            {
                rest = rest << 8 | m_at.ReadU8();
            }
        }
        value = static_cast<T>(rest);
    }

    /// \param minBytes the least that one element takes
    template <typename T>
    bool Count(std::vector<T>& list, uint32_t minBytes)
    {
        uint16_t count = 0;
        Integer(count);
        m_ok = m_ok && uint64_t(count) * minBytes <= m_left;
        list.assign(m_ok ? count : 0, T());
        return m_ok;
    }

    bool Shape(std::vector<int64_t>& shape)
    {
        uint8_t dims = 0;
        Integer(dims);
        m_ok = m_ok && dims <= MAX_DIMS && uint32_t(dims) * 8 <= m_left;
        shape.assign(m_ok ? dims : 0, 0);
        for (int64_t& size : shape)
        {
            Integer(size);
            m_ok = m_ok && size >= 0;
        }
        return m_ok;
    }

    void Text(std::string& text)
    {
        uint8_t bytes = 0;
        Integer(bytes);
        text.assign(Take(bytes) ? bytes : 0, '\0');
        m_at.Read(reinterpret_cast<uint8_t*>(text.data()), static_cast<uint32_t>(text.size()));
    }

    void Check(bool valid)
    {
        m_ok = m_ok && valid;
    }

    bool Ok() const
    {
        return m_ok;
    }

    uint32_t Left() const
    {
        return m_left;
    }

  private:
    bool Take(uint32_t bytes)
    {
        m_ok = m_ok && bytes <= m_left;
        if (m_ok)
        {
            m_left -= bytes;
        }
        return m_ok;
    }

    Buffer::Iterator& m_at; //!< where to read next
    uint32_t m_left;        //!< octets that may be read still
    bool m_ok = true;       //!< no error so far
};

/// A double or float as its IEEE 754 bits.
template <typename Archive, typename Real>
void
RealBits(Archive& archive, Real& value)
{
    using Plain = std::remove_const_t<Real>;
    using Bits = std::conditional_t<sizeof(Plain) == 8, uint64_t, uint32_t>;
    Bits bits = 0;
    std::memcpy(&bits, &value, sizeof(Bits));
    archive.Integer(bits);
    if constexpr (!std::is_const_v<Real>)
    {
        std::memcpy(&value, &bits, sizeof(Bits));
    }
}

template <typename Archive, typename T>
void
Nanoseconds(Archive& archive, T& time)
{
    int64_t ns = time.GetNanoSeconds();
    archive.Integer(ns);
    if constexpr (!std::is_const_v<T>)
    {
        time = NanoSeconds(ns);
    }
}

template <typename Archive, typename Range>
void
Rows(Archive& archive, Range& rows)
{
    auto begin = static_cast<uint32_t>(rows.begin);
    auto end = static_cast<uint32_t>(rows.end);
    archive.Integer(begin);
    archive.Integer(end);
    if constexpr (!std::is_const_v<Range>)
    {
        archive.Check(begin < end);
        rows = {begin, end};
    }
}

/// The top bit of the input's number says that the number of a pass follows.
template <typename Archive, typename T>
void
InputAndPass(Archive& archive, T& m)
{
    constexpr uint16_t PASS = 0x8000;
    uint16_t word = m.input | (m.task.pass > 0 ? PASS : 0);
    archive.Integer(word);
    uint16_t pass = m.task.pass;
    if (word & PASS)
    {
        archive.Integer(pass);
    }
    if constexpr (!std::is_const_v<T>)
    {
        m.input = word & ~PASS;
        m.task.pass = pass;
        archive.Check(pass > 0 || !(word & PASS));
    }
}

template <typename Archive, typename List>
void
Specs(Archive& archive, List& specs)
{
    archive.Count(specs, 2);
    for (auto& spec : specs)
    {
        auto dtype = static_cast<uint8_t>(spec.dtype);
        archive.Integer(dtype);
        if constexpr (!std::is_const_v<List>)
        {
            archive.Check(dtype <= static_cast<uint8_t>(Dtype::BOOL));
            spec.dtype = archive.Ok() ? static_cast<Dtype>(dtype) : Dtype::FLOAT32;
        }
        archive.Shape(spec.shape);
    }
}

template <typename Archive, typename T>
void
TensorGroup(Archive& archive, T& m)
{
    archive.Integer(m.tensor.model);
    archive.Integer(m.tensor.input);
    archive.Integer(m.tensor.boundary);
    archive.Integer(m.tensor.lineage);
    archive.Integer(m.payloadBytes);
    constexpr uint8_t CODED = 1;
    constexpr uint8_t THRESHOLD = 2;
    constexpr uint8_t ROWS = 4;
    uint8_t flags = (m.coded ? CODED : 0) | (m.exitThreshold ? THRESHOLD : 0) |
                    (m.tensor.rows == RowRange{} ? 0 : ROWS);
    archive.Integer(flags);
    if constexpr (!std::is_const_v<T>)
    {
        archive.Check(flags <= (CODED | THRESHOLD | ROWS));
        m.coded = flags & CODED;
        if (flags & THRESHOLD)
        {
            m.exitThreshold.emplace();
        }
    }
    if (m.exitThreshold)
    {
        RealBits(archive, *m.exitThreshold);
    }
    if (flags & ROWS)
    {
        Rows(archive, m.tensor.rows);
    }
    if constexpr (std::is_const_v<T>)
    {
        Specs(archive, m.tensors.Get());
    }
    else
    {
        std::vector<TensorSpec> specs;
        Specs(archive, specs);
        m.tensors = TensorSpecs(archive.Ok() ? std::move(specs) : std::vector<TensorSpec>());
    }
}

template <typename Archive, typename Queue>
void
QueueGroup(Archive& archive, Queue& queue)
{
    uint8_t present = queue ? 1 : 0;
    archive.Integer(present);
    if constexpr (!std::is_const_v<Queue>)
    {
        archive.Check(present <= 1);
        if (present == 1)
        {
            queue.emplace();
        }
    }
    if (queue)
    {
        archive.Integer(queue->tasks);
        Nanoseconds(archive, queue->servicePerTask);
    }
}

/// The layout after the prefix, for all archives: M is Message or const Message.
template <typename Archive, typename M>
void
Describe(Archive& archive, M& m)
{
    const uint32_t groups = GroupsOf(m.type);
    archive.Integer(m.from);
    archive.Integer(m.sequence);
    if (groups & TASK)
    {
        archive.Integer(m.task.item.source);
        archive.Integer(m.task.item.item);
        archive.Integer(m.task.epoch);
        archive.Integer(m.task.unit);
        RealBits(archive, m.priority);
        Nanoseconds(archive, m.admitted);
        archive.Integer(m.hops);
        InputAndPass(archive, m);
    }
    if (groups & TENSORS)
    {
        TensorGroup(archive, m);
    }
    if (groups & REQUEST)
    {
        RealBits(archive, m.key);
        RealBits(archive, m.workFlop);
        archive.Integer(m.requestBytes);
    }
    if (groups & REPORT)
    {
        Nanoseconds(archive, m.report.time);
        archive.Integer(m.report.profile);
        RealBits(archive, m.report.speedFlopPerS);
        QueueGroup(archive, m.report.queue);
        archive.Count(m.report.backlog, 12);
        for (auto& entry : m.report.backlog)
        {
            RealBits(archive, entry.priority);
            RealBits(archive, entry.backlogFlop);
        }
    }
    if (groups & STAGES)
    {
        archive.Count(m.stages, 20);
        for (auto& stage : m.stages)
        {
            archive.Integer(stage.node);
            RealBits(archive, stage.speedFlopPerS);
            RealBits(archive, stage.workFlop);
        }
    }
    if (groups & NODE)
    {
        archive.Integer(m.node);
    }
    if (groups & PIPELINE)
    {
        RealBits(archive, m.totalSpeedFlopPerS);
        RealBits(archive, m.speedSoFarFlopPerS);
        archive.Integer(m.nextBoundary);
        archive.Count(m.pipeline, 4);
        for (auto& node : m.pipeline)
        {
            archive.Integer(node);
        }
    }
    if (groups & REASON)
    {
        archive.Text(m.reason);
    }
}

} // namespace

const char*
MessageTypeName(MessageType type)
{
    static const char* const names[TYPES] = {"tensor",
                                             "result",
                                             "beacon",
                                             "rtc",
                                             "ctc",
                                             "nack",
                                             "cancel",
                                             "done",
                                             "token",
                                             "heartbeat",
                                             "failed",
                                             "lost"};
    const auto index = static_cast<uint8_t>(type);
    return index < TYPES ? names[index] : "unknown";
}

TypeId
MessageHeader::GetTypeId()
{
    static TypeId tid = TypeId("ns3::mdi::MessageHeader")
                            .SetParent<Header>()
                            .SetGroupName("Mdi")
                            .AddConstructor<MessageHeader>();
    return tid;
}

MessageHeader::MessageHeader(const Message& message, uint32_t controlBytes)
    : m_message(message),
      m_minBytes(IsControl(message.type) ? controlBytes : 0)
{
    HeaderBytes(message, controlBytes); // it must fit
}

uint32_t
HeaderBytes(const Message& message, uint32_t controlBytes)
{
    Sizer sizer;
    Describe(sizer, message);
    const uint64_t bytes = std::max<uint64_t>(MessageHeader::PREFIX_BYTES + sizer.m_bytes,
                                              IsControl(message.type) ? controlBytes : 0);
    const size_t most = std::numeric_limits<uint16_t>::max();
    NS_ABORT_MSG_IF(message.tensors.size() > most || message.report.backlog.size() > most ||
                        message.stages.size() > most || message.pipeline.size() > most ||
                        bytes > MessageHeader::MAX_BYTES,
                    "A " << MessageTypeName(message.type) << " message needs more than "
                         << MessageHeader::MAX_BYTES << " bytes of header");
    for (const auto& spec : message.tensors)
    {
        NS_ABORT_MSG_IF(spec.shape.size() > MAX_DIMS,
                        "A tensor of " << spec.shape.size() << " dimensions, at most " << +MAX_DIMS
                                       << " can be sent");
    }
    return static_cast<uint32_t>(bytes);
}

const Message&
MessageHeader::Get() const
{
    return m_message;
}

uint32_t
MessageHeader::PeekLength(const uint8_t prefix[PREFIX_BYTES])
{
    if (prefix[0] != MAGIC[0] || prefix[1] != MAGIC[1] || prefix[2] != VERSION ||
        prefix[3] >= TYPES)
    {
        return 0;
    }
    const uint32_t length = uint32_t(prefix[4]) << 24 | uint32_t(prefix[5]) << 16 |
                            uint32_t(prefix[6]) << 8 | uint32_t(prefix[7]);
    return length >= PREFIX_BYTES && length <= MAX_BYTES ? length : 0;
}

TypeId
MessageHeader::GetInstanceTypeId() const
{
    return GetTypeId();
}

uint32_t
MessageHeader::GetSerializedSize() const
{
    Sizer sizer;
    Describe(sizer, m_message);
    const uint64_t bytes = std::max<uint64_t>(PREFIX_BYTES + sizer.m_bytes, m_minBytes);
    return static_cast<uint32_t>(std::min<uint64_t>(bytes, std::numeric_limits<uint32_t>::max()));
}

void
MessageHeader::Serialize(Buffer::Iterator start) const
{
    const Buffer::Iterator begin = start;
    const uint32_t length = GetSerializedSize();
    Writer writer(start);
    writer.Integer(MAGIC[0]);
    writer.Integer(MAGIC[1]);
    writer.Integer(VERSION);
    writer.Integer(static_cast<uint8_t>(m_message.type));
    writer.Integer(length);
    Describe(writer, m_message);
    start.WriteU8(0, length - start.GetDistanceFrom(begin));
}

uint32_t
MessageHeader::Deserialize(Buffer::Iterator start)
{
    m_message = Message();
    m_minBytes = 0;
    uint8_t prefix[PREFIX_BYTES];
    if (start.GetRemainingSize() < PREFIX_BYTES)
    {
        return 0;
    }
    start.Read(prefix, PREFIX_BYTES);
    const uint32_t length = PeekLength(prefix);
    if (length == 0 || start.GetRemainingSize() < length - PREFIX_BYTES)
    {
        return 0;
    }
    Message message;
    message.type = static_cast<MessageType>(prefix[3]);
    Reader reader(start, length - PREFIX_BYTES);
    Describe(reader, message);
    // Only control messages carry padding: anything more is not one of our headers.
    if (!reader.Ok() || (reader.Left() > 0 && !IsControl(message.type)))
    {
        return 0;
    }
    m_message = std::move(message);
    m_minBytes = length;
    return length;
}

void
MessageHeader::Print(std::ostream& os) const
{
    os << MessageTypeName(m_message.type) << " from=" << m_message.from
       << " sequence=" << m_message.sequence;
    if (GroupsOf(m_message.type) & TASK)
    {
        os << " source=" << m_message.task.item.source << " item=" << m_message.task.item.item
           << " epoch=" << m_message.task.epoch << " unit=" << m_message.task.unit
           << " pass=" << m_message.task.pass;
    }
    if (GroupsOf(m_message.type) & TENSORS)
    {
        os << " payloadBytes=" << m_message.payloadBytes;
    }
}

} // namespace mdi
} // namespace ns3

// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-answer-store.h"

namespace ns3
{
namespace mdi
{

namespace
{

/// Longer values stay in the file: a few would drive all short ones out.
constexpr size_t LONG = 1024;

/// Of an entry in memory, beside its texts: nodes of the map and of the list, roughly.
constexpr uint64_t NODE_BYTES = 200;

} // namespace

AnswerStore::AnswerStore(uint64_t limitBytes)
    : m_limit(limitBytes)
{
}

void
AnswerStore::Open(const std::string& name, const std::string& version)
{
    m_file = std::make_unique<AnswerFile>(name, version);
    m_index = {};
    ReadNew();
}

void
AnswerStore::ReadNew()
{
    m_file->ReadNew([this](const std::string& key, uint64_t place) { m_index.Put(key, place); });
}

std::optional<std::string>
AnswerStore::Find(const std::string& key, bool shared)
{
    const auto found = m_entries.find(key);
    if (found != m_entries.end())
    {
        m_order.splice(m_order.end(), m_order, found->second.use);
        return found->second.value;
    }
    if (!shared || !m_file)
    {
        return std::nullopt;
    }
    auto place = m_index.Find(key);
    if (!place)
    {
        ReadNew();
        place = m_index.Find(key);
    }
    const auto value = place ? m_file->Read(*place, key) : std::nullopt;
    if (value)
    {
        Keep(key, *value);
    }
    return value;
}

void
AnswerStore::Put(const std::string& key, const std::string& value, bool share)
{
    if (share && m_file)
    {
        m_file->Append(key, value);
    }
    Keep(key, value);
}

void
AnswerStore::Keep(const std::string& key, const std::string& value)
{
    Forget(key);
    if (value.size() > LONG)
    {
        return;
    }
    const auto [entry, isNew] =
        m_entries.emplace(key, Entry{value, m_order.insert(m_order.end(), key)});
    m_bytes += BytesOf(key, entry->second);
    while (m_bytes > m_limit && m_order.size() > 1)
    {
        const std::string oldest = m_order.front();
        Forget(oldest);
    }
}

void
AnswerStore::Forget(const std::string& key)
{
    const auto found = m_entries.find(key);
    if (found != m_entries.end())
    {
        m_bytes -= BytesOf(key, found->second);
        m_order.erase(found->second.use);
        m_entries.erase(found);
    }
}

uint64_t
AnswerStore::BytesOf(const std::string& key, const Entry& entry)
{
    return 2 * key.size() + entry.value.size() + NODE_BYTES;
}

bool
AnswerStore::Claim(uint64_t what, bool urgent)
{
    return !m_file || m_file->Claim(what, urgent);
}

void
AnswerStore::Release(uint64_t what)
{
    if (m_file)
    {
        m_file->Release(what);
    }
}

} // namespace mdi
} // namespace ns3

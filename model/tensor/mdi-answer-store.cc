// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-answer-store.h"

#include <utility>

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
}

std::optional<std::string>
AnswerStore::Find(const std::string& key, bool others)
{
    auto found = m_entries.find(key);
    if (found == m_entries.end() && others && m_file)
    {
        m_file->ReadNew([this](const std::string& name,
                               std::string value,
                               AnswerFile::Place place) { Keep(name, std::move(value), place); });
        found = m_entries.find(key);
    }
    if (found == m_entries.end())
    {
        return std::nullopt;
    }
    Entry& entry = found->second;
    m_order.splice(m_order.end(), m_order, entry.use);
    if (!entry.value.empty())
    {
        return entry.value;
    }
    const std::string value = m_file->Read(entry.place);
    return value.empty() ? std::nullopt : std::make_optional(value);
}

void
AnswerStore::Put(const std::string& key, const std::string& value, bool share)
{
    if (share && m_file)
    {
        m_file->Append(key, value);
    }
    if (value.size() <= LONG)
    {
        Keep(key, value, {});
    }
}

void
AnswerStore::Keep(const std::string& key, std::string value, AnswerFile::Place place)
{
    if (value.size() > LONG)
    {
        value.clear();
    }
    Forget(key);
    const auto [entry, isNew] =
        m_entries.emplace(key, Entry{std::move(value), place, m_order.insert(m_order.end(), key)});
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
AnswerStore::Claim(uint64_t what, bool wait)
{
    return !m_file || m_file->Claim(what, wait);
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

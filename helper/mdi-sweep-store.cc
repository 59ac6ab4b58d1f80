// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#include "mdi-sweep-store.h"

#include "mdi-json-reader.h"

#include <sqlite3.h>
#include <stdexcept>

namespace ns3
{
namespace mdi
{

namespace
{

constexpr int APPLICATION = 0x6d646973; // "mdis": not somebody else's database
constexpr int FORMAT = 1;
constexpr int PATIENCE_MS = 120000; // with other processes that write

} // namespace

/// A prepared statement; an error is thrown as its store's.
class SweepStore::Statement
{
  public:
    Statement(const SweepStore& store, const char* sql)
        : m_store(store)
    {
        store.Check(sqlite3_prepare_v2(store.m_base, sql, -1, &m_statement, nullptr));
    }

    ~Statement()
    {
        sqlite3_finalize(m_statement);
    }

    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& Bind(const std::string& text)
    {
        m_store.Check(sqlite3_bind_text(
            m_statement, ++m_bound, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT));
        return *this;
    }

    Statement& Bind(uint64_t number)
    {
        m_store.Check(
            sqlite3_bind_int64(m_statement, ++m_bound, static_cast<sqlite3_int64>(number)));
        return *this;
    }

    /// Whether there is a row.
    bool Step()
    {
        const int status = sqlite3_step(m_statement);
        if (status != SQLITE_ROW && status != SQLITE_DONE)
        {
            m_store.Fail();
        }
        return status == SQLITE_ROW;
    }

    std::string Text(int column) const
    {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(m_statement, column));
        return text ? std::string(text,
                                  static_cast<size_t>(sqlite3_column_bytes(m_statement, column)))
                    : std::string();
    }

    uint64_t Number(int column) const
    {
        return static_cast<uint64_t>(sqlite3_column_int64(m_statement, column));
    }

  private:
    const SweepStore& m_store;
    sqlite3_stmt* m_statement = nullptr;
    int m_bound = 0;
};

SweepStore::SweepStore(const std::string& file)
    : m_file(file)
{
    try
    {
        Check(sqlite3_open(file.c_str(), &m_base));
        sqlite3_busy_timeout(m_base, PATIENCE_MS);
        // Readers and writers do not wait for each other, and no commit waits for the disk. Where a
        // file system does not have that, SQLite stays with its slower journal.
        Do("PRAGMA journal_mode=WAL");
        Do("PRAGMA synchronous=NORMAL");
        Do("BEGIN IMMEDIATE");
        Statement application(*this, "PRAGMA application_id");
        application.Step();
        Statement tables(*this, "SELECT count(*) FROM sqlite_master");
        tables.Step();
        if (tables.Number(0) == 0)
        {
            Do(("PRAGMA application_id=" + std::to_string(APPLICATION)).c_str());
            Do(("PRAGMA user_version=" + std::to_string(FORMAT)).c_str());
            Do("CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
            Do("CREATE TABLE run (point TEXT, system TEXT, seed INTEGER, run INTEGER, "
               "rows TEXT NOT NULL, unfinished INTEGER NOT NULL, "
               "PRIMARY KEY (point, system, seed, run)) WITHOUT ROWID");
            Do("CREATE TABLE failure (point TEXT, system TEXT, reason TEXT NOT NULL, "
               "PRIMARY KEY (point, system)) WITHOUT ROWID");
            Statement(*this, "INSERT INTO about VALUES ('mdi', ?)").Bind(MDI_VERSION).Step();
        }
        else if (application.Number(0) != APPLICATION)
        {
            throw BadInput(file + ": a database, but no store of a sweep; name another folder");
        }
        Statement format(*this, "PRAGMA user_version");
        format.Step();
        Statement version(*this, "SELECT value FROM about WHERE key = 'mdi'");
        version.Step();
        if (format.Number(0) != FORMAT || version.Text(0) != MDI_VERSION)
        {
            throw BadInput(file + ": made by mdi " + version.Text(0) + " (format " +
                           std::to_string(format.Number(0)) +
                           "), and this is mdi " MDI_VERSION " (format " + std::to_string(FORMAT) +
                           "), whose results may differ; name another folder with --out");
        }
        Do("COMMIT");
    }
    catch (const std::exception& error)
    {
        const std::string what = error.what();
        sqlite3_close(m_base);
        throw BadInput(what);
    }
}

SweepStore::~SweepStore()
{
    sqlite3_close(m_base);
}

void
SweepStore::Put(const std::string& point, const std::string& system, const std::vector<Run>& runs)
{
    Do("BEGIN IMMEDIATE");
    try
    {
        for (const Run& run : runs)
        {
            Statement(*this, "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?)")
                .Bind(point)
                .Bind(system)
                .Bind(run.seed)
                .Bind(run.run)
                .Bind(run.rows)
                .Bind(run.unfinished)
                .Step();
        }
        Statement(*this, "DELETE FROM failure WHERE point = ? AND system = ?")
            .Bind(point)
            .Bind(system)
            .Step();
        Do("COMMIT");
    }
    catch (...)
    {
        sqlite3_exec(m_base, "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
}

void
SweepStore::PutFailure(const std::string& point,
                       const std::string& system,
                       const std::string& reason)
{
    Statement(*this, "INSERT OR REPLACE INTO failure VALUES (?, ?, ?)")
        .Bind(point)
        .Bind(system)
        .Bind(reason)
        .Step();
}

void
SweepStore::Keys(const std::function<void(const Key&)>& call) const
{
    Statement all(*this, "SELECT point, system, seed, run FROM run");
    while (all.Step())
    {
        call({all.Text(0),
              all.Text(1),
              static_cast<uint32_t>(all.Number(2)),
              static_cast<uint32_t>(all.Number(3))});
    }
}

std::pair<std::string, uint64_t>
SweepStore::Get(const Key& key) const
{
    const auto& [point, system, seed, run] = key;
    Statement one(*this,
                  "SELECT rows, unfinished FROM run WHERE point = ? AND system = ? AND seed = ? "
                  "AND run = ?");
    one.Bind(point).Bind(system).Bind(seed).Bind(run);
    return one.Step() ? std::make_pair(one.Text(0), one.Number(1))
                      : std::make_pair(std::string(), uint64_t(0));
}

std::map<std::pair<std::string, std::string>, std::string>
SweepStore::Failures() const
{
    std::map<std::pair<std::string, std::string>, std::string> failures;
    Statement all(*this, "SELECT point, system, reason FROM failure");
    while (all.Step())
    {
        failures[{all.Text(0), all.Text(1)}] = all.Text(2);
    }
    return failures;
}

void
SweepStore::Do(const char* sql) const
{
    Check(sqlite3_exec(m_base, sql, nullptr, nullptr, nullptr));
}

void
SweepStore::Check(int status) const
{
    if (status != SQLITE_OK)
    {
        Fail();
    }
}

void
SweepStore::Fail() const
{
    const std::string said =
        m_file + ": " + (m_base ? sqlite3_errmsg(m_base) : "no memory for SQLite");
    switch (m_base ? sqlite3_errcode(m_base) : SQLITE_NOMEM)
    {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: // a table is missing
        throw BadInput(said + "; the store is damaged: delete this file, and --resume simulates "
                              "again what it had, or name another folder with --out");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        throw BadInput(said + "; let it be a file that you may read and write, or name another "
                              "folder with --out");
    default:
        throw std::runtime_error(said);
    }
}

} // namespace mdi
} // namespace ns3

"""A database as the first version made it, with what a newer one holds."""
import os
import sqlite3

from stack import ROOT

MIGRATIONS = os.path.join(ROOT, "db/migrations/chat")


def newest():
    return len(os.listdir(MIGRATIONS))


def write_old(path, new):
    """Writes the file `path` in the oldest schema, with the rows of the connection `new`."""
    with open(os.path.join(MIGRATIONS, sorted(os.listdir(MIGRATIONS))[0]), encoding="utf-8") as f:
        script = f.read()
    old = sqlite3.connect(path)
    old.executescript(script)
    for table, in old.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                              "name NOT LIKE 'sqlite_%'").fetchall():
        columns = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        old.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})",
                        new.execute(f"SELECT {names} FROM {table}").fetchall())
    old.commit()
    old.close()

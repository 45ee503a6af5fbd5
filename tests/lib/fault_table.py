"""The table of the fault suite: one for a whole run of tests/run or of tests/run-long, whichever files
the rows come from. $OUTCRY_FAULT_TABLE says where it is kept."""
import json
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = os.environ.get("OUTCRY_FAULT_TABLE") or os.path.join(
    ROOT, os.environ.get("BUILD", "build"), "fault-table.json")
COLUMNS = ("fault", "rounds", "acked", "lost", "doubled", "no service, s", "worst writer, s")


def rows():
    """{fault: [the other cells…, note]}"""
    try:
        with open(PATH, encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return {}


def add(fault, cells, note=""):
    """The row of a fault; it takes the place of an earlier one."""
    table = rows()
    table[fault] = ["" if cell is None else str(cell) for cell in cells] + [note]
    os.makedirs(os.path.dirname(PATH), exist_ok=True)
    with open(PATH + ".new", "w", encoding="utf-8") as f:
        json.dump(table, f, indent=1, ensure_ascii=False)
    os.replace(PATH + ".new", PATH)


def clear():
    if os.path.exists(PATH):
        os.unlink(PATH)


def text():
    """"" where nothing was added."""
    table = rows()
    if not table:
        return ""
    lines = [COLUMNS] + [(fault, *row[:-1]) for fault, row in table.items()]
    notes = ["note"] + [row[-1] for row in table.values()]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    shown = []
    for line, note in zip(lines, notes):
        cells = [cell.ljust(w) if i == 0 else cell.rjust(w)
                 for i, (cell, w) in enumerate(zip(line, widths))]
        shown.append("  ".join([*cells, note]).rstrip())
    return "\n".join(shown) + "\n"

"""Rounds, medians, ratios, and the tables that are printed and written to RESULTS.md."""
import statistics
import subprocess
import sys

# What a machine does to a measurement, not a program's wrong answer: it did not start, not end, not in time.
TROUBLE = (AssertionError, OSError, subprocess.SubprocessError)
SPARE_ROUNDS = 2  # so many may be measured again


def median(values):
    return statistics.median(values)


def figure(value):
    """A number as people read it: three digits that mean something."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - len(str(int(abs(value)))) + 1) if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"


def shown(values, unit):
    text = f"{figure(median(values))} {unit}".strip()
    if len(values) > 1:
        text += f" [{figure(min(values))}–{figure(max(values))}]"
    return text


class Row:
    """One line of the table. With `theirs` it is about the ratio of the two, round by round, else about the
    figure itself. `most` or `least`: what was asked; neither: only reported."""

    def __init__(self, what, ours, unit, theirs=None, against="", most=None, least=None):
        self.what, self.ours, self.unit = what, ours, unit
        self.theirs, self.against, self.most, self.least = theirs, against, most, least

    @property
    def judged(self):
        """The ratios of the rounds, or the figures."""
        if self.theirs is None:
            return self.ours
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs)]

    @property
    def holds(self):
        """None where nothing was asked."""
        value = median(self.judged)
        if self.most is not None:
            return value <= self.most
        if self.least is not None:
            return value >= self.least
        return None

    @property
    def asked(self):
        bound = f"≤ {self.most:g}" if self.most is not None else \
            f"≥ {self.least:g}" if self.least is not None else ""
        return f"{bound} {self.unit}".strip() if bound and self.theirs is None else bound

    @property
    def seen(self):
        """What `asked` is about."""
        return shown(self.judged, self.unit if self.theirs is None else "")

    @property
    def label(self):
        return f"{self.what}, to {self.against}" if self.against else self.what

    def cells(self):
        theirs = f"{self.against}: {shown(self.theirs, self.unit)}" if self.theirs else ""
        return [self.what, shown(self.ours, self.unit), theirs, self.seen if self.theirs else "",
                self.asked, VERDICTS.get(self.holds, "")]


HEADINGS = ["what", "Outcry", "compared with", "ratio", "asked", "holds"]


VERDICTS = {True: "yes", False: "**no**"}


def short(error):
    return " ".join(f"{type(error).__name__}: {error}".replace("|", "/").split())[:600]


def summary(sections):
    """What was asked beside what was seen, all of it in one table."""
    rows = []
    for section in sections:
        rows += [[f"{section.number}", row.label, row.asked, row.seen, VERDICTS[row.holds]]
                 for row in section.rows if row.holds is not None]
        rows += [[f"{section.number}", section.title, "", f"not all could be measured: {trouble}", "**no**"]
                 for trouble in section.troubles]
    return table(["", "what", "asked", "seen", "holds"], rows)


def table(headings, rows):
    return ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings),
            *("| " + " | ".join(row) + " |" for row in rows)]


class Section:
    def __init__(self, number, title):
        self.number, self.title = number, title
        self.rows, self.notes, self.failures, self.troubles = [], [], [], []

    def row(self, *args, **kwargs):
        self.rows.append(Row(*args, **kwargs))

    def note(self, text):
        self.notes.append(text)

    def text(self):
        """For the terminal."""
        lines = [f"{self.number}. {self.title}"]
        for row in self.rows:
            what, ours, theirs, ratio, asked, verdict = row.cells()
            lines.append(f"   {what}: {ours}")
            if theirs:
                lines.append(f"      {theirs}; ratio {ratio}")
            if asked:
                lines.append(f"      asked {asked}: {verdict.strip('*')}")
        lines += [f"   ({note})" for note in self.notes]
        lines += [f"   FAILED: {failure}" for failure in self.failures]
        lines += [f"   NOT MEASURED: {trouble}" for trouble in self.troubles]
        return "\n".join(lines)

    def markdown(self):
        lines = [f"## {self.number}. {self.title}", ""]
        if self.rows:
            lines += [*table(HEADINGS, [row.cells() for row in self.rows]), ""]
        lines += [f"- {note}" for note in self.notes]
        lines += [f"- FAILED: {failure}" for failure in self.failures]
        lines += [f"- NOT MEASURED: {trouble}" for trouble in self.troubles]
        return "\n".join(lines).rstrip() + "\n"


def rounds(count, contestants):
    """Runs every contestant once a round, in turn: {name: [result of each round]}. A contestant is called with
    the results of the round so far. A round in which the machine got in the way is measured again."""
    results = {name: [] for name in contestants}
    spare = SPARE_ROUNDS
    done = 0
    while done < count:
        this_round = {}
        try:
            for name, run in contestants.items():
                this_round[name] = run(this_round)
        except TROUBLE as error:
            spare -= 1
            if spare < 0:
                raise
            print(f"bench: a round again: {short(error)}", file=sys.stderr, flush=True)
            continue
        for name, result in this_round.items():
            results[name].append(result)
        done += 1
    return results


def values(results, key):
    return [result[key] for result in results]

"""What one run of a command takes."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import astuple, dataclass
from pathlib import Path


@dataclass
class Measure:
    """Seconds, seconds of all processors, MB of the largest process; requests and bytes where they were counted."""

    wall: float
    cpu: float
    peak: float
    requests: int = 0
    sent: int = 0

    @classmethod
    def mean(cls, measures):
        """Of runs of one command."""
        return cls(*(statistics.mean(values) for values in zip(*map(astuple, measures))))

    def __str__(self):
        return f"{self.wall:.3f} s, {self.cpu:.3f} CPU s, {self.peak:.0f} MB, {self.requests} requests, {self.sent} bytes"


class Broken(Exception):
    """A tool that does not do its work."""


# Seconds that the processors are looked at, how idle they must be then, and how long that is waited for.
LOOK, IDLE, PATIENCE = 0.25, 0.97, 10


def settle():
    """Waits until earlier runs are over: their files are on the disk, and the daemons that they asked have come to rest. What they
    left behind is not the next one's to wait for."""
    os.sync()
    for _ in range(int(PATIENCE / LOOK)):
        before = ticks()
        time.sleep(LOOK)
        idle, whole = (after - before for after, before in zip(ticks(), before))
        if idle >= IDLE * whole:
            return
    print(f"the machine does not come to rest within {PATIENCE} s: what follows is measured beside something else", file=sys.stderr)


def ticks():
    """What the processors were idle, and all their time (proc(5): idle and iowait are the fourth and the fifth)."""
    times = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return times[3] + times[4], sum(times[:8])


def run(command, **options):
    """Runs a command that must succeed. Memory is what `time` sees: a child of ours would be charged with our own."""
    with tempfile.NamedTemporaryFile("r") as peak, tempfile.TemporaryFile() as output:
        settle()
        timed = ["/usr/bin/time", "-f", "%M", "-o", peak.name, *map(str, command)]
        began = time.perf_counter()
        try:
            process = subprocess.Popen(timed, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
        except OSError as error:
            raise Broken(f"cannot start {command[0]}: {error}") from error
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            text = output.read().decode(errors="replace")[-2000:]
            raise Broken(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{text}")
        return Measure(wall, usage.ru_utime + usage.ru_stime, int(Path(peak.name).read_text().split()[-1]) / 1024)

"""What is measured: what changed since the last run, and which numbers are wanted."""

import hashlib
import io
import itertools
import json
import os
import statistics
import zipfile

from measure import run
from tools import PLATFORMS, Copied, Limit

REPOSITORY = "base/jdk"
# Another name elsewhere: crane asks for a mount under the name that a base has, and must not find one there by accident.
ELSEWHERE = "elsewhere/jdk"
# MB of the JARs beside the usual one, which has some eighty.
SIZES = [20, 200, 600]
# Services of one file.
SERVICES = 50


class Bench:
    """The input, and where it goes."""

    def __init__(self, folder, peers, registry, other, proxy):
        self.folder, self.registry, self.other, self.proxy = folder, registry, other, proxy
        self.missed = False
        (folder / "work").mkdir()
        self.jar, self.config = folder / "work/app.jar", folder / "work/application.yml"
        self.original = peers / "jars/app.jar"
        for server, repository in ((registry, REPOSITORY), (other, ELSEWHERE)):
            run(["skopeo", "copy", "--quiet", "--all", "--dest-tls-verify=false", f"oci:{peers / 'base'}:17", f"docker://{server.host}/{repository}:17"])
        self.base_layers = {layer["digest"] for layer in base_layers(peers / "base")}
        self.write_config()
        self.write_jar()

    def base(self, host):
        return f"{host}/{REPOSITORY}:17"

    def write_config(self):
        self.config.write_text(f"bench:\n  value: {os.urandom(8).hex()}\n")

    def write_jar(self, library=None):
        """A JAR of which one resource of the application is new; with `library`, one of its dependencies instead."""
        new = os.urandom(16).hex().encode()
        with zipfile.ZipFile(self.original) as old, zipfile.ZipFile(self.jar.with_suffix(".new"), "w") as jar:
            libraries = [info for info in old.infolist() if info.filename.endswith(".jar")]
            smallest = min(libraries, key=lambda info: info.file_size).filename
            for info in old.infolist():
                data = old.read(info)
                if library and info.filename == smallest:
                    inner = io.BytesIO(data)
                    with zipfile.ZipFile(inner, "a") as nested:
                        nested.writestr("META-INF/bench.txt", new)
                    data = inner.getvalue()
                jar.writestr(info, data)
            jar.writestr(zipfile.ZipInfo("BOOT-INF/classes/bench.txt"), new if not library else b"0" * 32)
        self.jar.with_suffix(".new").replace(self.jar)

    def sized_jar(self, megabytes):
        """A JAR of so many MB: fewer libraries, or the same ones again under other names."""
        place = self.folder / f"work/app-{megabytes}.jar"
        if place.exists():
            return place
        with zipfile.ZipFile(self.original) as old, zipfile.ZipFile(place, "w") as jar:
            entries = [(info, old.read(info)) for info in old.infolist()]
            libraries = sorted((entry for entry in entries if entry[0].filename.endswith(".jar")), key=lambda entry: len(entry[1]))
            for info, data in entries:
                if not info.filename.endswith(".jar"):
                    jar.writestr(info, data)
            size = 0
            for number, (info, data) in ((number, library) for number in itertools.count() for library in libraries):
                # Each copy says its number, so that no two are the same file.
                inner = io.BytesIO(data)
                with zipfile.ZipFile(inner, "a") as nested:
                    nested.writestr("META-INF/bench.txt", f"{number}")
                jar.writestr(zipfile.ZipInfo(info.filename.removesuffix(".jar") + f"-{number}.jar", info.date_time), inner.getvalue())
                size += inner.tell()
                if size >= megabytes * 1_000_000:
                    break
        return place

    def digest(self, path):
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def limits(self, name):
        return {"cold": [Limit(self)], "cold-scan": [Copied(self)], "other": [Limit(self), Copied(self)]}.get(name, [])


def base_layers(layout):
    def blob(descriptor):
        return json.loads((layout / "blobs" / descriptor["digest"].replace(":", "/")).read_text())

    index = blob(json.loads((layout / "index.json").read_text())["manifests"][0])
    return [layer for child in index["manifests"] for layer in blob(child)["layers"]]


def publish(bench, tool, repository, counted, base=None):
    host = bench.proxy.host if counted else bench.registry.host
    bench.proxy.clear()
    measure = tool.publish(host, base or bench.base(host), repository)
    measure.requests, measure.sent = bench.proxy.requests, bench.proxy.sent
    return measure


def lock(tool, wanted):
    """With a lock the facts about the base are known, as they are in a project that was built before."""
    if tool.name == "imgbuild":
        tool.locked = wanted
        if not wanted:
            (tool.bench.folder / "work/imgbuild.lock").unlink(missing_ok=True)


def cold(bench, tool, run_name, counted):
    return with_lock(bench, tool, run_name, counted, None)


def with_lock(bench, tool, run_name, counted, base):
    if hasattr(tool, "forget"):
        lock(tool, True)
        if tool.name == "imgbuild" and tool.knows_locks:
            # The lock names the base as it is reached: a proxy has another name.
            (bench.folder / "work/imgbuild.lock").unlink(missing_ok=True)
            publish(bench, tool, f"{run_name}-lock", counted, base)
        tool.forget()
    return publish(bench, tool, run_name, counted, base)


def cold_scan(bench, tool, run_name, counted):
    if hasattr(tool, "forget"):
        lock(tool, False)
        tool.forget()
    return publish(bench, tool, run_name, counted)


def other(bench, tool, run_name, counted):
    return with_lock(bench, tool, run_name, counted, f"{bench.other.host}/{ELSEWHERE}:17")


def changed(change):
    def scenario(bench, tool, run_name, counted):
        # A first image from the same place, then the change.
        lock(tool, False)
        repository = f"warm-{tool.name}-{'counted' if counted else 'timed'}"
        publish(bench, tool, repository, counted)
        change(bench)
        return publish(bench, tool, repository, counted)

    return scenario


def sized(megabytes, scenario):
    """A scenario with a JAR of another size; only imgbuild is asked."""

    def with_size(bench, tool, run_name, counted):
        if tool.name != "imgbuild" or counted:
            return None
        usual, pushed, bench.jar = bench.jar, tool.pushed, bench.sized_jar(megabytes)
        try:
            return scenario(bench, tool, run_name, counted)
        finally:
            bench.jar, tool.pushed = usual, pushed

    return with_size


def services(bench, tool, run_name, counted):
    """Many services of one file, of which one's configuration has changed; only imgbuild is asked."""
    if tool.name != "imgbuild":
        return None
    host = bench.proxy.host if counted else bench.registry.host
    folder = bench.folder / f"services-{host.split(':')[1]}"
    folder.mkdir(exist_ok=True)
    lines = [f"base: {bench.base(host)}", f"jar: {bench.sized_jar(SIZES[0])}", f"platforms: [{', '.join(PLATFORMS)}]", "services:"]
    for number in range(SERVICES):
        (folder / f"{number}.yml").write_text(f"bench:\n  value: {number}\n")
        lines += [f"  s{number}:", f"    configs: [\"{number}.yml:/app/config/application.yml\"]", f"    tags: {host}/services/{number}:1"]
    (folder / "imgbuild.yaml").write_text("\n".join(lines) + "\n")
    command = [tool.program, "build", "--cache-dir", tool.folder / "cache", "--progress", "quiet", "--push"]
    run(command, cwd=folder)
    (folder / "0.yml").write_text(f"bench:\n  value: {os.urandom(8).hex()}\n")
    bench.proxy.clear()
    measure = run(command, cwd=folder)
    measure.requests, measure.sent = bench.proxy.requests, bench.proxy.sent
    return measure


def start(bench, tool, run_name, counted):
    """What it takes to say a version."""
    return None if tool.name != "imgbuild" or counted else run([tool.program, "--version"])


config = changed(lambda bench: bench.write_config())
RUN = {
    "cold": cold,
    "cold-scan": cold_scan,
    "other": other,
    "class": changed(lambda bench: bench.write_jar()),
    "dependency": changed(lambda bench: bench.write_jar(library=True)),
    "config": config,
    "nothing": changed(lambda bench: None),
    **{f"cold-{size}": sized(size, cold) for size in SIZES},
    **{f"config-{size}": sized(size, config) for size in SIZES},
    "services": services,
    "start": start,
}
NAMES = list(RUN)


def judge(measures, median, tool):
    """Each number that is wanted of a tool, with what was found and, for some, what nobody can undercut; nothing for what was not
    measured."""

    def ratio(name, tool, by="wall"):
        """Of runs that were made one after the other: a machine that gets faster meanwhile does so for both."""
        ours, theirs = measures.get((name, "imgbuild", "timed")), measures.get((name, tool, "timed"))
        return None if not ours or not theirs else statistics.median(getattr(one, by) / getattr(other, by) for one, other in zip(ours, theirs))

    def both(name, one, other_name):
        ours, first, second = (measures.get(key) for key in ((name, "imgbuild", "timed"), one, other_name))
        return None if not ours or not first or not second else median(ours, "wall") / (median(first, "wall") + median(second, "wall"))

    def counted(name, what):
        found = measures.get((name, "imgbuild", "counted"))
        return found and getattr(found[0], what)

    def timed(name, what):
        found = measures.get((name, "imgbuild", "timed"))
        return found and median(found, what)

    peak = [median(found, "peak") for (name, of, kind), found in measures.items() if of == "imgbuild" and name != "cold-600" and kind == "timed"]
    limit, copied = Limit.name, Copied.name
    def floor(tool):
        """What the limit alone takes of a tool's time: nobody who sends the JAR through this registry can take less."""
        alone, theirs = measures.get(("cold", limit, "timed")), measures.get(("cold", tool, "timed"))
        return None if not alone or not theirs else median(alone, "wall") / median(theirs, "wall")

    rows = [
        ("cold: time of crane", 0.45, ratio("cold", "crane"), floor("crane")),
        ("cold: time of jib-core", 0.15, ratio("cold", "jib"), floor("jib")),
        ("cold: time of BuildKit", 0.08, ratio("cold", "buildkit"), floor("buildkit")),
        ("cold: the limit", 1.2, ratio("cold", limit)),
        ("cold: CPU of crane", 0.5, ratio("cold", "crane", "cpu")),
        ("cold: requests", 28, counted("cold", "requests")),
        ("cold, no lock: time of skopeo + crane", 1.0, both("cold-scan", ("cold-scan", copied, "timed"), ("cold-scan", "crane", "timed"))),
        ("base elsewhere: time of crane", 0.6, ratio("other", "crane")),
        ("base elsewhere: time of skopeo + PUT", 1.3, both("other", ("other", copied, "timed"), ("other", limit, "timed"))),
        ("one class: time of crane", 0.15, ratio("class", "crane")),
        ("one class: bytes sent", 150_000, counted("class", "sent")),
        ("one class: requests", 16, counted("class", "requests")),
        ("one dependency: time of crane", 0.45, ratio("dependency", "crane")),
        ("config: time of crane", 0.12, ratio("config", "crane")),
        ("config: bytes sent", 10_000, counted("config", "sent")),
        ("config: requests", 14, counted("config", "requests")),
        ("nothing: time of crane", 0.1, ratio("nothing", "crane")),
        ("nothing: time of BuildKit", 0.5, ratio("nothing", "buildkit")),
        ("nothing: requests", 6, counted("nothing", "requests")),
        ("layers: size of `gzip -6`", 1.01, tool.against_gzip()),
        ("peak memory in MB", 32, max(peak) if peak else None),
        ("peak memory in MB, JAR of 600 MB", 40, timed("cold-600", "peak")),
        ("binary in MB", 12, tool.program.stat().st_size / 1e6),
        ("`--version` in ms", 10, (timed("start", "wall") or 0) * 1000 or None),
    ]
    return [(*row, None)[:4] for row in rows if row[2] is not None]

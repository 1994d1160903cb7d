"""The tools: what each is told to do for the same image."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from measure import Broken, run

PLATFORMS = ["linux/amd64", "linux/arm64"]
INDEX = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


class Tool:
    """A tool publishes the bench's JAR and configuration on a base, to a repository."""

    # The scenarios that it runs, where those of its numbers are only some.
    scenarios = None

    def __init__(self, bench):
        self.bench = bench
        self.pushed = None
        self.folder = bench.folder / self.name
        self.folder.mkdir()

    def forget(self):
        """Forgets what earlier runs left in caches."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def stop(self):
        """Ends what `start` started."""

    def take(self, folder):
        """Puts copies of the input into a folder of the tool's own, which takes none of its time. Links would change what the file
        system says of the input, and imgbuild looks at that to know whether a JAR is still the same."""
        for source in (self.bench.jar, self.bench.config):
            place = folder / source.name
            state = source.stat()
            if not place.exists() or (place.stat().st_size, place.stat().st_mtime_ns) != (state.st_size, state.st_mtime_ns):
                shutil.copy2(source, place)

    def layers(self):
        """Sizes and encodings of what it put on the base for the first platform."""
        return [f"{layer['size'] / 1e6:.2f} MB {layer['mediaType'].rsplit('.', 1)[-1]}" for layer in self.own_layers()] or ["nothing"]

    def own_layers(self):
        if self.pushed is None:
            return []
        repository, tag = self.pushed
        index = self.fetch(repository, tag, INDEX)
        children = [child for child in index["manifests"] if child["platform"]["architecture"] == "amd64"]
        layers = self.fetch(repository, children[0]["digest"], MANIFEST)["layers"]
        return [layer for layer in layers if layer["digest"] not in self.bench.base_layers]

    def against_gzip(self):
        """The size of its layers by what `gzip -6` makes of the same tars."""
        theirs = 0
        for layer in self.own_layers():
            _, blob = self.bench.registry.get(f"/v2/{self.pushed[0]}/blobs/{layer['digest']}")
            tar = subprocess.run(["gzip", "-dc"], input=blob, capture_output=True, check=True).stdout
            theirs += len(subprocess.run(["gzip", "-6", "-n", "-c"], input=tar, capture_output=True, check=True).stdout)
        return sum(layer["size"] for layer in self.own_layers()) / theirs if theirs else None

    def fetch(self, repository, reference, accept):
        status, body = self.bench.registry.get(f"/v2/{repository}/manifests/{reference}", accept)
        if status != 200:
            raise Broken(f"{self.name}: {repository}:{reference} is not there: {status}")
        return json.loads(body)

    def publish(self, host, base, repository):
        measure = self.command(host, base, repository)
        index = self.fetch(repository, "1", INDEX)
        found = {f"{child['platform']['os']}/{child['platform']['architecture']}" for child in index["manifests"]}
        if not found.issuperset(PLATFORMS):
            raise Broken(f"{self.name}: published only {found}")
        self.pushed = (repository, "1")
        return measure


class Imgbuild(Tool):
    name = "imgbuild"

    def __init__(self, bench, program):
        super().__init__(bench)
        self.program = program
        self.knows_locks = False
        self.locked = False

    def start(self):
        run([self.program, "--version"])
        text = subprocess.run([self.program, "build", "--help"], capture_output=True, text=True, check=True).stdout
        self.knows_locks = "--lock" in text

    def command(self, host, base, repository):
        extra = []
        if self.knows_locks and self.locked:
            extra = ["--lock"]
        return run(
            [self.program, "build", self.bench.jar, "--base", base, "--platform", ",".join(PLATFORMS), "--config", self.bench.config,
             "--cache-dir", self.folder / "cache", "--progress", "quiet", "--tag", f"{host}/{repository}:1", "--push", *extra],
            cwd=self.bench.folder / "work",
        )


class Crane(Tool):
    """One tar of the JAR and one of the configuration, put on each platform's image, then an index of the two."""

    name = "crane"

    def __init__(self, bench, _):
        super().__init__(bench)

    def start(self):
        run(["crane", "version"])

    def command(self, host, base, repository):
        script = self.folder / "publish"
        lines = ["set -eu", f"cd {self.folder}"]
        self.take(self.folder)
        tar = "tar --owner=0 --group=0 --mtime=1980-01-01 --transform"
        lines += [f"{tar} 's,^,app/,' -cf app.tar app.jar", f"{tar} 's,^,app/config/,' -cf config.tar application.yml"]
        images = []
        for place in PLATFORMS:
            image = f"{host}/{repository}:{place.split('/')[1]}"
            images.append(image)
            lines.append(f"crane mutate --insecure --platform {place} --append app.tar,config.tar --entrypoint java,-jar,/app/app.jar "
                         f"--workdir /app --tag {image} {base}")
        lines.append(f"crane index append --insecure {' '.join('-m ' + image for image in images)} -t {host}/{repository}:1")
        script.write_text("\n".join(lines) + "\n")
        return run(["sh", script])


class Jib(Tool):
    name = "jib"
    scenarios = ("cold", "nothing")

    def __init__(self, bench, folder):
        super().__init__(bench)
        self.program = folder / "jib/jib-bench.jar"

    def start(self):
        run(["java", "-version"])
        if not self.program.is_file():
            raise Broken(f"there is no {self.program}")

    def command(self, host, base, repository):
        return run(["java", "-DsendCredentialsOverHttp=true", "-jar", self.program, base, self.bench.jar, self.bench.config,
                    f"{host}/{repository}:1", self.folder / "cache", *PLATFORMS])


class Buildkit(Tool):
    """BuildKit's daemon, kept running, with a Dockerfile of two COPYs: what buildx does with the `docker-container` driver."""

    name = "buildkit"
    scenarios = ("cold", "nothing")
    # More than its largest layer, so that nothing is collected between two runs.
    KEPT_MB = 20_000

    def __init__(self, bench, _):
        super().__init__(bench)
        self.address = f"unix://{self.folder}.sock"
        self.process = None

    def start(self):
        run(["buildctl", "--version"])
        settings = self.bench.folder / "buildkitd.toml"
        hosts = (self.bench.registry.host, self.bench.other.host, self.bench.proxy.host)
        settings.write_text("".join(f'[registry."{host}"]\nhttp = true\n' for host in hosts))
        state, log = self.bench.folder / "buildkit-state", open(self.bench.folder / "buildkit.log", "wb")
        command = ["buildkitd", "--addr", self.address, "--root", state, "--config", settings, "--containerd-worker=false",
                   f"--oci-worker-gc-keepstorage={self.KEPT_MB}", "--oci-worker-net=host", "--oci-worker-snapshotter=native"]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(100):
            answer = subprocess.run(["buildctl", "--addr", self.address, "debug", "workers"], capture_output=True, check=False)
            if answer.returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise Broken(f"buildkitd does not start:\n{Path(log.name).read_text()[-2000:]}")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()

    def forget(self):
        """The daemon stays warm; what it built goes."""
        run(["buildctl", "--addr", self.address, "prune", "--all"])

    def command(self, host, base, repository):
        folder = self.folder / "context"
        folder.mkdir(exist_ok=True)
        self.take(folder)
        (folder / "Dockerfile").write_text(
            f"FROM {base}\nWORKDIR /app\nCOPY app.jar app.jar\nCOPY application.yml config/\nENTRYPOINT [\"java\", \"-jar\", \"/app/app.jar\"]\n")
        began = cpu_seconds(self.process.pid)
        measure = run(["buildctl", "--addr", self.address, "build", "--frontend", "dockerfile.v0", "--local", f"context={folder}", "--local",
                       f"dockerfile={folder}", "--opt", f"platform={','.join(PLATFORMS)}", "--output",
                       f"type=image,name={host}/{repository}:1,push=true,registry.insecure=true"])
        # The client waits; the work is the daemon's.
        measure.cpu += cpu_seconds(self.process.pid) - began
        measure.peak = max(measure.peak, peak_megabytes(self.process.pid))
        return measure


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(fields[place]) for place in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def peak_megabytes(pid):
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


class Limit:
    """What cannot be left out: the JAR's digest, by the fastest program that there is for it, and one PUT of it."""

    name = "sha256 + one PUT"

    def __init__(self, bench):
        self.bench = bench

    def publish(self, host, _, repository):
        digest = self.bench.digest(self.bench.jar)
        script = (f"openssl dgst -sha256 {self.bench.jar} >/dev/null; location=$(curl -sS -X POST -D - -o /dev/null http://{host}/v2/{repository}/blobs/uploads/ "
                  f"| tr -d '\\r' | sed -n 's/^[Ll]ocation: //p'); "
                  f"curl -sSf -o /dev/null -T {self.bench.jar} \"$location&digest=sha256:{digest}\"")
        return run(["sh", "-c", script])


class Copied:
    """skopeo copies the base to a layout, then others do the rest."""

    name = "skopeo copy of the base"

    def __init__(self, bench):
        self.bench = bench

    def publish(self, _, base, repository):
        folder = self.bench.folder / f"copy-{repository}"
        measure = run(["skopeo", "copy", "--quiet", "--all", "--src-tls-verify=false", f"docker://{base}", f"oci:{folder}:1"])
        shutil.rmtree(folder)
        return measure



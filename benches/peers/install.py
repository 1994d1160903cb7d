"""Gets the peers that are not here yet."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from measure import Broken

CRANE = "github.com/google/go-containerregistry/cmd/crane@v0.21.9"
# It is built in its source tree: `go install` takes no module whose go.mod excludes versions.
BUILDKIT = "github.com/moby/buildkit@v0.25.1"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def install(folder, names):
    """Installs what is missing, and makes the input of the peer tests: the JARs and the base."""
    os.environ["PATH"] = f"{folder / 'tools/bin'}:{os.environ['PATH']}"
    os.environ["IMGBUILD_PEER_DIR"] = str(folder)
    packages = [name for name in ("docker-registry", "skopeo") if name in names and not shutil.which(name)]
    packages += ["runc"] if "buildkit" in names and not shutil.which("runc") else []
    packages += [package for program, package in (("mvn", "maven"), ("curl", "curl"), ("openssl", "openssl"), ("/usr/bin/time", "time"), ("gzip", "gzip")) if not shutil.which(program)]
    if packages:
        step(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])
    if "crane" in names and not shutil.which("crane"):
        step(["go", "install", CRANE], env={**os.environ, "GOBIN": str(folder / "tools/bin")})
    if "buildkit" in names and not (shutil.which("buildkitd") and shutil.which("buildctl")):
        module = step(["go", "mod", "download", "-json", BUILDKIT], cwd="/")
        step(["go", "build", "-o", f"{folder / 'tools/bin'}/", "./cmd/buildkitd", "./cmd/buildctl"], cwd=json.loads(module)["Dir"])
    if "jib" in names:
        jar = folder / "jib/jib-bench.jar"
        if not jar.is_file() or jar.stat().st_mtime < max(path.stat().st_mtime for path in (HERE / "jib").rglob("*") if path.is_file()):
            step(["mvn", "--batch-mode", "--quiet", "--file", HERE / "jib/pom.xml", f"-Dbench.dir={folder / 'jib'}", "package"])
    step([ROOT / "tests/peers/make"])


def step(command, **options):
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
    except OSError as error:
        raise Broken(f"cannot start {command[0]}: {error}") from error
    if done.returncode != 0:
        raise Broken(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout

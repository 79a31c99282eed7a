#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs the build into an empty folder and uses it from there, as a packager and other people's programs do.

Usage: install_test.py SOURCE BUILD LIBRARY...      LIBRARY: core, loop, client, unix, http, testing; daemon
for the programs

Prints TAP. The compilers are CC and CXX in the environment.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = {"core": "libwarmstart", "loop": "libwarmstart-loop", "client": "libwarmstart-client",
            "unix": "libwarmstart-unix",             "http": "libwarmstart-http", "testing": "libwarmstart-testing"}
HEADERS = {"core": "warmstart.h", "loop": "loop.h", "client": "client.h", "unix": "unix.h", "http": "http.h",
           "testing": "testing.h"}
PRINTS = {"core": "hello to controller_1\n", "loop": "hello to controller_1\n", "client": "timeout\n",
          "unix": "OK p 1\n",
          "http": "HTTP/1.1 200\n", "testing": "hello to controller_1\n"}
PROGRAMS = ("warmstartd", "warmstartctl")
FOREIGN = ("microhttpd", "jansson", "nettle", "gnutls")  # what only HTTP may need
CFLAGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-pedantic-errors"]
LANGUAGES = {
    "C99": ("CC", "cc", ["-x", "c", "-std=c99", "-Wstrict-prototypes"]),
    "C++11": ("CXX", "c++", ["-x", "c++", "-std=c++11"]),
}


def run(*command, **environment):
    """The command's standard output; AssertionError with all of its output if it fails."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False)
    assert done.returncode == 0, f"{shlex.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def needed(file):
    """What the dynamic linker is to load for a file, and the name that it has itself."""
    dynamic = run("readelf", "-d", file)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic), re.findall(r"\(SONAME\).*\[(.*)\]", dynamic)


class Installed:
    """A copy of what `meson install` wrote, and how to compile against it."""

    def __init__(self, root, build):
        self.root = root
        options = {option["name"]: option["value"] for option in build["options"]}
        self.prefix = root + options["prefix"]
        self.libdir = os.path.join(self.prefix, options["libdir"])
        self.version = build["project"]["version"]

    def files(self):
        return {
            os.path.relpath(os.path.join(folder, name), self.prefix)
            for folder, _, names in os.walk(self.root)
            for name in names
        }

    def pkg_config(self, *arguments):
        # The files say where they were configured to be installed, which is not where they are now.
        return run("pkg-config", f"--define-variable=prefix={self.prefix}", *arguments,
                   PKG_CONFIG_PATH=os.path.join(self.libdir, "pkgconfig")).split()

    def compile(self, language, library, output, static):
        variable, default, flags = LANGUAGES[language]
        compiler = shlex.split(os.environ.get(variable) or default)
        libraries = self.pkg_config(*(["--static"] if static else []), "--cflags", "--libs", PACKAGES[library])
        source = os.path.join(HERE, library + ".c")
        run(*compiler, *flags, *CFLAGS, source, "-x", "none", "-o", output, *libraries)

    def without_shared(self, root):
        """A copy with static libraries only."""
        copy = Installed.__new__(Installed)
        copy.__dict__.update(self.__dict__)
        copy.root = root
        copy.prefix = root + self.prefix[len(self.root):]
        copy.libdir = root + self.libdir[len(self.root):]
        shutil.copytree(self.root, root, symlinks=True)
        for name in os.listdir(copy.libdir):
            if ".so" in name:
                os.unlink(os.path.join(copy.libdir, name))
        return copy


def expected_files(installed, libraries):
    """Every file that is to be there, relative to the prefix; nothing else is to be."""
    libdir = os.path.relpath(installed.libdir, installed.prefix)
    files = set()
    for library in libraries:
        if library == "daemon":
            files |= {f"bin/{name}" for name in PROGRAMS} | {f"share/man/man1/{name}.1" for name in PROGRAMS}
            continue
        package = PACKAGES[library]
        files |= {f"include/warmstart/{HEADERS[library]}", f"{libdir}/pkgconfig/{package}.pc",
                  f"share/man/man3/{package}.3"}
        major = installed.version.split(".", maxsplit=1)[0]
        files |= {f"{libdir}/{package}{end}" for end in (".a", ".so", f".so.{major}", f".so.{installed.version}")}
    return files


def check_files(installed, libraries):
    found, expected = installed.files(), expected_files(installed, libraries)
    assert found == expected, f"missing: {sorted(expected - found)}; too many: {sorted(found - expected)}"


def check_pkg_config(installed, library):
    package = PACKAGES[library]
    assert installed.pkg_config("--modversion", package) == [installed.version]
    flags = installed.pkg_config("--cflags", "--libs", package)
    assert f"-I{installed.prefix}/include" in flags and f"-L{installed.libdir}" in flags, flags
    assert "-l" + package[len("lib"):] in flags, flags
    # Who links a shared library need not know what it is made with.
    foreign = [flag for flag in flags if any(name in flag for name in FOREIGN)]
    assert not foreign, foreign


def check_shared(installed, library):
    file = os.path.join(installed.libdir, f"{PACKAGES[library]}.so.{installed.version}")
    loads, names = needed(file)
    assert names == [f"{PACKAGES[library]}.so.{installed.version.split('.', maxsplit=1)[0]}"], names
    if library != "http":
        assert not [load for load in loads if any(name in load for name in FOREIGN)], loads
    dynamic = run("readelf", "-d", file)
    assert not re.search(r"RPATH|RUNPATH|TEXTREL", dynamic), dynamic


def check_consumer(installed, work, language, library, static):
    program = os.path.join(work, f"{library}-{language}-{'static' if static else 'shared'}")
    installed.compile(language, library, program, static)
    loads = [load for load in needed(program)[0] if "warmstart" in load]
    assert bool(loads) != static, loads
    printed = run(program, LD_LIBRARY_PATH="" if static else installed.libdir)
    assert printed == PRINTS[library], printed


def check_daemon(installed):
    for name in PROGRAMS:
        program = os.path.join(installed.prefix, "bin", name)
        printed = run(program, "--version", LD_LIBRARY_PATH=installed.libdir)
        assert re.search(rf"\b{re.escape(installed.version)}\b", printed), printed
        assert f"Usage: {name}" in run(program, "--help", LD_LIBRARY_PATH=installed.libdir)
        assert not re.search(r"RPATH|RUNPATH", run("readelf", "-d", program))


def check_subproject(source, work):
    """No package can be found: what the core needs must be in the C library and in the project itself."""
    project = os.path.join(work, "project")
    os.makedirs(os.path.join(project, "subprojects"))
    os.symlink(source, os.path.join(project, "subprojects", "libwarmstart"))
    shutil.copy(os.path.join(HERE, "subproject", "meson.build"), project)
    shutil.copy(os.path.join(HERE, "core.c"), project)
    empty = os.path.join(work, "empty")
    os.mkdir(empty)
    nothing = {"PKG_CONFIG_PATH": empty, "PKG_CONFIG_LIBDIR": empty, "CMAKE_PREFIX_PATH": empty}
    build = os.path.join(project, "build")
    run("meson", "setup", "--wrap-mode=nodownload", build, project, **nothing)
    run("meson", "compile", "-C", build, **nothing)
    program = os.path.join(build, "consumer")
    assert run(program) == PRINTS["core"]
    loaded = run("ldd", program)
    assert not [name for name in FOREIGN if name in loaded], loaded
    targets = {target["name"] for target in json.loads(run("meson", "introspect", "--targets", build))}
    assert "warmstart" in targets and "consumer" in targets, targets
    unwanted = {name for name in targets if re.search(r"loop|client|unix|http|daemon|warmstartd|warmstartctl|test", name)}
    assert not unwanted, unwanted


def check_demo(source, work):
    """What scripts/run builds: a release without the tests. The demo uses a library that else only tests use."""
    build = os.path.join(work, "release")
    run("meson", "setup", "--buildtype=release", "-Dtests=disabled", build, source)
    targets = {target["name"] for target in json.loads(run("meson", "introspect", "--targets", build))}
    assert "demo" in targets and "warmstartd" in targets, targets
    assert not {name for name in targets if name.startswith("test_")}, targets


def cases(source, build, libraries, work):
    """(name, function, arguments) of each test; installs on the way."""
    described = json.loads(run("meson", "introspect", "--projectinfo", "--buildoptions", "--force-object-output",
                               build))
    installed = Installed(os.path.join(work, "root"),
                          {"project": described["projectinfo"], "options": described["buildoptions"]})
    run("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", installed.root)
    static = installed.without_shared(os.path.join(work, "static-root"))

    yield "nothing is missing and nothing is too many", check_files, (installed, libraries)
    for library in [library for library in libraries if library in PACKAGES]:
        package = PACKAGES[library]
        yield f"{package}.pc says what is needed and no more", check_pkg_config, (installed, library)
        yield f"{package}.so has its name and no path of the build", check_shared, (installed, library)
        for language in LANGUAGES:
            yield (f"a {language} program runs with the shared {package}", check_consumer,
                   (installed, work, language, library, False))
            yield (f"a {language} program runs with the static {package}", check_consumer,
                   (static, work, language, library, True))
    if "daemon" in libraries:
        yield "the programs start from where they were installed", check_daemon, (installed,)
        yield "a release without tests has the demo", check_demo, (source, work)
    yield "a project has the core as a subproject, with nothing else found", check_subproject, (source, work)


def main(arguments):
    if len(arguments) < 3 or arguments[0].startswith("-"):
        print(__doc__.strip())
        return 0 if arguments in (["--help"], ["-h"]) else 2
    source, build, libraries = os.path.realpath(arguments[0]), arguments[1], arguments[2:]
    number, failures = 0, 0
    with tempfile.TemporaryDirectory(prefix="warmstart-install-") as work:
        for number, (name, function, values) in enumerate(cases(source, build, libraries, work), start=1):
            try:
                function(*values)
                print(f"ok {number} - {name}", flush=True)
            except Exception:  # pylint: disable=broad-except # whatever went wrong, the next case is to run
                failures += 1
                print(f"not ok {number} - {name}", flush=True)
                print("".join("# " + line for line in traceback.format_exc().splitlines(True)), flush=True)
    print(f"1..{number}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

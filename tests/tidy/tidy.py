#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""House rules as a test (TAP). The rules are style.md's and the README's map of the house:
floors, sizes, headers that compile alone, a unit test per noun, no stray top-level entries."""
import os
import re
import subprocess
import sys

ROOT = subprocess.check_output(["git", "rev-parse", "--show-toplevel"], text=True).strip()
os.chdir(ROOT)
FILES = [f for f in subprocess.check_output(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"], text=True).splitlines()
    if os.path.isfile(f)]
C = [f for f in FILES if f.endswith((".c", ".h"))]

TOP = {"kmod", "bpf", "userspace", "fence-agents", "include", "tests", "Kbuild", "Makefile",
       "README.md", "LICENSE"}
# what a floor may include, by the first folder of a quoted include
MAY = {
    "userspace/base/": {"base"},
    "userspace/core/": {"base", "core"},
    "userspace/edge/": {"base", "core", "edge"},
    "fence-agents/": {"base", "fence"},
}
# one edge does not include another; these do
EDGE_MAY = {("store", "transport"), ("link", "transport"), ("transport", "identity"),
            ("api", "identity"), ("api", "console"), ("link", "identity"), ("store", "identity"),
            ("heartbeat", "ear"), ("lease", "ear"), ("deadman", "watchdog"),
            ("authority", "identity"), ("cli", "authority"), ("cli", "identity"),
            ("executor", "cgroup"), ("cli", "door"), ("ocfcmd", "local"),
            ("council", "link"), ("council", "heartbeat"), ("council", "lease_sender"),
            ("api", "authority"), ("cli", "recovery"), ("cli", "enroll"), ("enroll", "identity"),
            ("council", "daemoncfg"), ("electorate", "store"), ("signer", "authority"),
            ("api", "signer"), ("renewal", "identity"), ("renewer", "renewal"),
            ("renewer", "api_desk"), ("renewer", "link"), ("keeper", "agentcfg"),
            ("keeper", "lease"), ("keeper", "deadman"), ("keeper", "link"), ("cli", "zone"),
            ("renewer", "authority"), ("renewer", "identity"), ("credential", "identity"),
            ("credential", "link"), ("credential", "renewal")}
FILE_MAX, HEADER_MAX, FUNCTION_MAX, COLUMNS = 800, 150, 70, 100
# core touches nothing: these words have no business there
FORBIDDEN_IN_CORE = re.compile(
    r"\b(open|openat|socket|fork|execve?|pthread_\w+|clock_gettime|gettimeofday|time|sleep|usleep"
    r"|printf|fprintf|perror|syslog|sd_journal_\w+|uv_\w+|fopen|getenv|malloc|rand|random)\s*\(")

number = failed = 0


def report(name, problems):
    global number, failed
    number += 1
    if problems:
        failed += 1
    print(f"{'not ok' if problems else 'ok'} {number} - tidy: {name}")
    for p in problems[:40]:
        print(f"# {p}")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def strip(text):
    """Comments and string bodies blanked, line numbers kept."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m.group(0)) if m.group(0)[0] == "/" else '""'
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


TEXT = {f: read(f) for f in C}
CODE = {f: strip(t) for f, t in TEXT.items()}


def quoted(f):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', TEXT[f], flags=re.M)


def top():
    return [f"{e}: not one of the entries our user asked for"
            for e in sorted({f.split("/")[0] for f in FILES})
            if not e.startswith(".") and e not in TOP]


def floors():
    out = []
    for f in C:
        for floor, may in MAY.items():
            if not f.startswith(floor):
                continue
            for inc in quoted(f):
                first = inc.split("/")[0] if "/" in inc else ("fence" if floor == "fence-agents/" else inc)
                if inc.endswith(".skel.h") and floor == "userspace/edge/":
                    continue
                if inc == "console.gen.h" and floor == "userspace/edge/":
                    continue
                if first not in may:
                    out.append(f"{f}: includes {inc}, a higher floor or another house")
        if f.startswith(("bpf/", "kmod/")):
            out += [f"{f}: includes {inc}" for inc in quoted(f)
                    if inc.startswith(("base/", "core/", "edge/"))]
        if f.startswith("include/") and quoted(f):
            out.append(f"{f}: includes with quotes; <picket/...> only")
        m = re.match(r"userspace/edge/(\w+)\.[ch]$", f)
        if m:
            for inc in quoted(f):
                n = re.match(r"edge/(\w+)\.h$", inc)
                own = m.group(1).split("_")[0]  # store_raft.c is a part of store
                if n and n.group(1).split("_")[0] != own and (own, n.group(1)) not in EDGE_MAY:
                    out.append(f"{f}: edge {m.group(1)} includes edge {n.group(1)}")
    return out


def core_is_pure():
    out = []
    for f in C:
        if f.startswith("userspace/core/") and f.endswith(".c"):
            for i, line in enumerate(CODE[f].split("\n"), 1):
                m = FORBIDDEN_IN_CORE.search(line)
                if m:
                    out.append(f"{f}:{i}: core calls {m.group(1)}()")
    return out


def sizes():
    out = []
    for f in C:
        lines = TEXT[f].count("\n")
        limit = HEADER_MAX if f.endswith(".h") else FILE_MAX
        if lines > limit:
            out.append(f"{f}: {lines} lines, at most {limit}")
        for i, line in enumerate(TEXT[f].split("\n"), 1):
            if len(line.expandtabs(8)) > COLUMNS:
                out.append(f"{f}:{i}: longer than {COLUMNS} columns")
                break
    return out


def functions():
    out = []
    for f in C:
        if not f.endswith(".c") or f.startswith("tests/"):
            continue
        start = None
        for i, line in enumerate(CODE[f].split("\n"), 1):
            if line.startswith("{"):
                start = i
            elif line.startswith("}") and start:
                if i - start - 1 > FUNCTION_MAX:
                    out.append(f"{f}:{start}: function of {i - start - 1} lines, at most {FUNCTION_MAX}")
                start = None
    return out


def spdx():
    return [f"{f}: no SPDX line at the top" for f in FILES
            if f.endswith((".c", ".h", ".sh", ".py")) and "SPDX-License-Identifier:" not in
            "\n".join(read(f).split("\n")[:3])]


def first_sentence():
    return [f"{f}: no sentence that says what it is, under the SPDX line" for f in C
            if f.endswith(".h") and not re.match(r"/\* SPDX[^\n]*\n/\*", TEXT[f])]


def nouns_tested():
    tests = "\n".join(os.path.basename(f) for f in FILES if f.startswith("tests/unit/"))
    out = []
    for f in C:
        m = re.match(r"userspace/(?:base|core(?:/\w+)?)/(\w+)\.c$", f)
        # director_plan.c is a part of director, and tested with it
        parts = m.group(1).split("_") if m else []
        if m and not any(f"test_{'_'.join(parts[:i])}.c" in tests.split("\n")
                         for i in range(1, len(parts) + 1)):
            out.append(f"{f}: no tests/unit/test_{m.group(1)}.c")
    return out


def headers_alone():
    out = []
    cflags = ["-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Iinclude", "-Iuserspace",
              "-Ifence-agents", "-I.build/gen", "-x", "c", "-Wall", "-Werror", "-Wno-unused-function"]
    cflags += subprocess.run(
        ["pkg-config", "--cflags", "jansson", "libxml-2.0", "libuv", "raft"],
        capture_output=True, text=True).stdout.split()
    for f in C:
        if f.endswith(".h") and f.startswith(("include/", "userspace/", "fence-agents/")):
            p = subprocess.run(["gcc", *cflags, "-include", f, "/dev/null"],
                               capture_output=True, text=True)
            if p.returncode:
                out.append(f"{f}: {p.stderr.strip().splitlines()[0] if p.stderr else 'fails'}")
    return out


def man_pages():
    return [f"{f}: no man page beside it" for f in C
            if re.match(r"userspace/[\w-]+\.c$", f)
            and not any(os.path.exists(f[:-2] + s) for s in (".1", ".7", ".8"))]


def clean_words():
    bad = re.compile(r"(^|[\s\"'=(])/(work|farm)/")
    return [f"{f}: names a path of one machine" for f in FILES
            if f != "tests/tidy/tidy.py" and os.path.getsize(f) < 1 << 20
            and bad.search(open(f, encoding="utf-8", errors="ignore").read())]


report("only the agreed entries stand at the top", top())
report("no floor includes a higher one", floors())
report("core touches nothing", core_is_pure())
report(f"files <= {FILE_MAX}, headers <= {HEADER_MAX} lines, {COLUMNS} columns", sizes())
report(f"functions <= {FUNCTION_MAX} lines", functions())
report("every file says its licence", spdx())
report("every header says what it is", first_sentence())
report("every noun of core and base has a unit test", nouns_tested())
report("each header compiles alone", headers_alone())
report("every program has a man page", man_pages())
report("no machine paths", clean_words())
print(f"1..{number}")
sys.exit(1 if failed else 0)

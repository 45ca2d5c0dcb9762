#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that writes down what it asked and what it was answered: one JSON object a line, as judge.py wants it.

usage: client.py --name WHO --log FILE [--tag WORD] --mysql HOST [--redis HOST] [--keystone URL] [--final] [--period MS]

Each workload is a thread with a connection of its own. A timeout, or a connection lost with a question on the
way, is 'maybe'; a refusal, or no connection to ask over, is 'no'. With --final everything is read once, and it
waits until it could.
"""
import argparse
import json
import os
import random
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

WAIT_S = 2  # a client of a service that is highly available does not wait longer
ACCOUNTS = 5


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Refused(Exception):
    """It did not happen."""


class Unknown(Exception):
    """It may have happened."""


class Diary:
    def __init__(self, path, name, tag=""):
        self.file = open(path, "a", buffering=1)
        self.lock = threading.Lock()
        self.name, self.prefix, self.open = name, f"{name}{tag}", {}

    def do(self, work, op, call, **more):
        """Asks, and notes; the answer, or None."""
        entry = {"client": self.name, "work": work, "op": op, "t0": now(), "value": None, **more}
        with self.lock:
            self.open[threading.get_ident()] = entry
        try:
            answer = call()
            entry["result"] = "ok"
            if isinstance(answer, dict):
                entry.update(answer)
            elif answer is not None:
                entry["value"] = answer
        except Refused as e:
            entry.update(result="no", why=str(e)[:120])
        except Unknown as e:
            entry.update(result="maybe", why=str(e)[:120])
        entry["t1"] = now()
        with self.lock:
            self.open.pop(threading.get_ident(), None)
            self.file.write(json.dumps(entry) + "\n")
        return entry

    def close(self):
        """Who goes in the middle of a question never learns what came of it. Holds the lock for ever."""
        self.lock.acquire()
        for entry in self.open.values():
            self.file.write(json.dumps({**entry, "t1": now(), "result": "maybe", "why": "the client stopped"}) + "\n")


# ---- the data base --------------------------------------------------------------------------------
class Database:
    """Each session reads what was acknowledged to others before (wsrep_sync_wait)."""

    def __init__(self, host, port=3306):
        import pymysql
        self.pymysql, self.host, self.port, self.link = pymysql, host, port, None

    def open(self):
        if self.link:
            return
        try:
            link = self.pymysql.connect(host=self.host, port=self.port, user="judge", password="judge", database="judge",
                                        connect_timeout=WAIT_S, read_timeout=WAIT_S, write_timeout=WAIT_S)
            with link.cursor() as c:
                c.execute("SET SESSION wsrep_sync_wait = 1, innodb_lock_wait_timeout = 1")
            self.link = link
        except (self.pymysql.Error, OSError) as e:
            raise Refused(f"connect: {e}") from e

    def close(self):
        if self.link:
            try:
                self.link._force_close()  # a goodbye would wait for a server that is gone
            except OSError:
                pass
        self.link = None

    def do(self, *statements):
        """Runs statements as one transaction; rows of the last one that has some."""
        self.open()
        committing, rows = False, None
        try:
            with self.link.cursor() as c:
                for sql, args in statements:
                    c.execute(sql, args)
                    if c.description:
                        rows = c.fetchall()
                committing = True
                self.link.commit()
            return rows
        except self.pymysql.MySQLError as e:
            code = e.args[0] if e.args else 0
            self.close()
            if committing and code not in (1205, 1213):  # a deadlock or a failed certification is a clear no
                raise Unknown(f"{e}") from e
            raise Refused(f"{e}") from e
        except OSError as e:
            self.close()
            raise (Unknown if committing else Refused)(f"{e}") from e


def of_register(diary, db, rng, n):
    key = f"r{rng.randrange(3)}"
    if rng.random() < 0.5:
        value = f"{diary.prefix}-{n}"
        diary.do("register", "write", lambda: db.do(("REPLACE INTO register VALUES (%s, %s)", (key, value))) and None,
                 key=key, value=value)
        return
    diary.do("register", "read", lambda: {"value": ([r[0] for r in db.do(
        ("SELECT v FROM register WHERE k = %s", (key,)))] or [None])[0]}, key=key)


def read_set(db):
    return {"value": [r[0] for r in db.do(("SELECT v FROM grow", ()))]}


def of_set(diary, db, rng, n):
    if n % 40 == 39:
        diary.do("set", "read", lambda: read_set(db))
        return
    value = f"{diary.prefix}-{n}"
    diary.do("set", "add", lambda: db.do(("INSERT INTO grow VALUES (%s)", (value,))) and None, value=value)


def read_bank(db, ledger=False):
    out = {"value": [r[0] for r in db.do(("SELECT money FROM account ORDER BY id", ()))]}
    if ledger:
        out["ledger"] = [r[0] for r in db.do(("SELECT v FROM ledger", ()))]
    return out


def of_bank(diary, db, rng, n):
    if n % 4 == 3:
        diary.do("bank", "read", lambda: read_bank(db))
        return
    a, b = rng.sample(range(1, ACCOUNTS + 1), 2)
    value, money = f"{diary.prefix}-{n}", rng.randrange(1, 5)
    low, high = sorted((a, b))
    diary.do("bank", "transfer", lambda: db.do(
        ("SELECT money FROM account WHERE id IN (%s, %s) ORDER BY id FOR UPDATE", (low, high)),
        ("UPDATE account SET money = money - %s WHERE id = %s", (money, a)),
        ("UPDATE account SET money = money + %s WHERE id = %s", (money, b)),
        ("INSERT INTO ledger VALUES (%s)", (value,))) and None, value=value)


# ---- Redis ------------------------------------------------------------------------------------------
class Redis:
    """RESP, as much of it as a set needs. An addition counts when every replica there is, and one at least, has it
    (WAIT): the agent may promote any of them."""

    def __init__(self, host, port=6379):
        self.host, self.port, self.link, self.file = host, port, None, None

    def close(self):
        if self.link:
            self.link.close()
        self.link = None

    def ask(self, *words):
        out = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in map(str.encode, words))
        self.link.sendall(out)
        return self.answer()

    def answer(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("the connection ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise Refused(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest.decode()

    def do(self, *commands):
        try:
            if not self.link:
                self.link = socket.create_connection((self.host, self.port), WAIT_S)
                self.file = self.link.makefile("rb")
        except OSError as e:
            raise Refused(f"connect: {e}") from e
        try:
            return [self.ask(*c) for c in commands]
        except OSError as e:
            self.close()
            raise Unknown(str(e)) from e
        except Refused:
            self.close()
            raise

    def add(self, value):
        self.do(("SADD", "grow", value))
        try:
            replicas = len(self.do(("ROLE",))[0][2])
            have = self.do(("WAIT", str(max(1, replicas)), "1000"))[0]
        except (Refused, IndexError, TypeError) as e:
            self.close()
            raise Unknown(str(e)) from e
        if have < max(1, replicas):
            self.close()
            raise Unknown(f"{have} of {replicas} replicas have it")


def of_redis(diary, redis, rng, n):
    if n % 40 == 39:
        diary.do("redis", "read", lambda: {"value": redis.do(("ROLE",), ("SMEMBERS", "grow"))[1]})
        return
    value = f"{diary.prefix}-{n}"
    diary.do("redis", "add", lambda: redis.add(value), value=value)


# ---- Keystone ---------------------------------------------------------------------------------------
class Keystone:
    def __init__(self, url):
        self.url, self.own, self.tokens = url, None, []

    def ask(self, method, headers, body=None):
        request = urllib.request.Request(f"{self.url}/v3/auth/tokens", method=method, headers=headers,
                                         data=json.dumps(body).encode() if body else None)
        try:
            with urllib.request.urlopen(request, timeout=10) as r:
                return r.status, r.headers.get("X-Subject-Token")
        except urllib.error.HTTPError as e:
            if e.code in (404,):
                return e.code, None
            raise Refused(f"HTTP {e.code}") if e.code < 500 else Unknown(f"HTTP {e.code}")
        except (OSError, urllib.error.URLError) as e:
            raise Unknown(str(e)) from e

    def issue(self):
        user = {"name": "admin", "domain": {"id": "default"}, "password": "lab-secret"}
        return self.ask("POST", {"Content-Type": "application/json"}, {"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}})[1]

    def check(self, token):
        return self.ask("GET", {"X-Auth-Token": self.own, "X-Subject-Token": token})[0] == 200

    def revoke(self, token):
        self.ask("DELETE", {"X-Auth-Token": self.own, "X-Subject-Token": token})


def short(token):
    return token[-24:]


def of_keystone(diary, k, rng, n):
    """Tokens are issued, checked and revoked; one of our own, never revoked, asks."""
    kind = n % 8
    if k.own is None or kind in (0, 4):
        holder = []
        e = diary.do("token", "issue", lambda: holder.append(k.issue()) or {"key": short(holder[0])})
        if e["result"] == "ok":
            if k.own is None:
                k.own = holder[0]
            else:
                k.tokens.append(holder[0])
        return
    if kind == 7 and len(k.tokens) > 3:
        token = k.tokens.pop(0)
        diary.do("token", "revoke", lambda: k.revoke(token), key=short(token))
        diary.do("token", "check", lambda: {"value": k.check(token)}, key=short(token))
    elif k.tokens:
        token = rng.choice(k.tokens)
        diary.do("token", "check", lambda: {"value": k.check(token)}, key=short(token))


def run(diary, work, world, period, seed):
    rng, n = random.Random(seed), 0
    while True:
        t0 = now()
        work(diary, world, rng, n)
        n += 1
        time.sleep(max(0.001, period - (now() - t0)))


def final(diary, args):
    """The last word: what is there, once everything is mended and nobody writes."""
    def until_read(work, read):
        end = now() + 60
        while now() < end:
            if diary.do(work, "read", read, final=True)["result"] == "ok":
                return
            time.sleep(0.2)
        raise SystemExit(f"client: {work} could not be read")

    if args.mysql:
        db = Database(args.mysql)
        for key in ("r0", "r1", "r2"):
            e = {"result": "no"}
            end = now() + 60
            while e["result"] != "ok" and now() < end:
                e = diary.do("register", "read", lambda: {"value": ([r[0] for r in db.do(
                    ("SELECT v FROM register WHERE k = %s", (key,)))] or [None])[0]}, key=key, final=True)
                time.sleep(0.05)
        until_read("set", lambda: read_set(db))
        until_read("bank", lambda: read_bank(db, True))
    if args.redis:
        redis = Redis(args.redis)
        until_read("redis", lambda: {"value": redis.do(("SMEMBERS", "grow"))[0]})


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--name", required=True)
    p.add_argument("--log", required=True)
    p.add_argument("--tag", default="", help="part of every value, so that two runs write different ones")
    p.add_argument("--mysql")
    p.add_argument("--redis")
    p.add_argument("--keystone")
    p.add_argument("--final", action="store_true")
    p.add_argument("--period", type=int, default=50, help="milliseconds between questions of one workload")
    args = p.parse_args()
    diary = Diary(args.log, args.name, args.tag)
    if args.final:
        final(diary, args)
        return
    works = []
    if args.mysql:
        works += [(w, Database(args.mysql)) for w in (of_register, of_set, of_bank)]
    if args.redis:
        works.append((of_redis, Redis(args.redis)))
    if args.keystone:
        works.append((of_keystone, Keystone(args.keystone)))
    for i, (work, world) in enumerate(works):
        period = args.period / 1000 * (5 if work is of_keystone else 1)
        threading.Thread(target=run, args=(diary, work, world, period, f"{args.name}{i}{os.getpid()}"), daemon=True).start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    diary.close()
    os._exit(0)


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
main()

#!/usr/bin/env python3
"""Eight processes change one tree on a cluster of three, while its leader is killed and started
again, a member is stopped for a while, another is cut off from the rest (where network namespaces
can be made), and one of the eight is killed: nothing that was acknowledged is lost, nothing has
happened twice, and every row is in order.

Usage: cluster_test.py CROWD_CLUSTER SECONDS
"""
import base64
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

MEMBERS, CLIENTS = 3, 8
MADE_MIN = 50
SERVED_WITHIN = 30  # seconds


def ask(endpoint, path, **what):
    """What etcd's JSON gateway answers, or nothing."""
    request = urllib.request.Request(f"http://{endpoint}{path}", json.dumps(what).encode())
    with contextlib.suppress(OSError, ValueError):
        with urllib.request.urlopen(request, timeout=2) as answer:
            return json.load(answer)
    return {}


class Loopback:
    """Members side by side: none can be cut off."""
    can_cut = False

    def __init__(self):
        ports = []
        while len(ports) < 2 * MEMBERS:  # below those that are given to whoever connects
            port = random.randrange(15000, 32000)
            with contextlib.suppress(OSError), socket.socket() as free:
                free.bind(("127.0.0.1", port))
                if port not in ports:
                    ports.append(port)
        self.places = [(f"127.0.0.1:{ports[2 * i]}", f"127.0.0.1:{ports[2 * i + 1]}")
                       for i in range(MEMBERS)]

    def within(self, _):
        return []

    def close(self):
        pass


class Namespaces:
    """Each member behind a cable of its own, all into one bridge."""
    can_cut = True

    def __init__(self):
        self.name = f"cs{os.getpid() % 100000}"
        net = f"10.213.{os.getpid() % 250}"
        self.places = [(f"{net}.{i + 2}:2379", f"{net}.{i + 2}:2380") for i in range(MEMBERS)]
        try:
            self.ip("link", "add", self.name, "type", "bridge")
            self.ip("addr", "add", f"{net}.1/24", "dev", self.name)
            self.ip("link", "set", self.name, "up")
            for i in range(MEMBERS):
                here, there = self.cable(i), f"{self.name}p{i}"
                self.ip("netns", "add", here)
                self.ip("link", "add", here, "type", "veth", "peer", "name", there)
                self.ip("link", "set", there, "netns", here, "name", "eth0")
                self.ip("link", "set", here, "master", self.name, "up")
                for words in (("addr", "add", f"{net}.{i + 2}/24", "dev", "eth0"),
                              ("link", "set", "eth0", "up"), ("link", "set", "lo", "up")):
                    self.ip("-n", here, *words)
        except (OSError, subprocess.CalledProcessError):
            self.close()
            raise

    def cable(self, member):
        return f"{self.name}m{member}"

    def within(self, member):
        return ["ip", "netns", "exec", self.cable(member)]

    def cut(self, member):
        self.ip("link", "set", self.cable(member), "down")

    def mend(self, member):
        self.ip("link", "set", self.cable(member), "up")

    def close(self):
        for words in [("netns", "del", self.cable(i)) for i in range(MEMBERS)] + [
                ("link", "del", self.cable(i)) for i in range(MEMBERS)] + [
                ("link", "del", self.name)]:
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                self.ip(*words)

    @staticmethod
    def ip(*words):
        subprocess.run(("ip", *words), check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)


def a_net():
    try:
        return Namespaces()
    except (OSError, subprocess.CalledProcessError):
        print("no network namespaces here: no member is cut off")
        return Loopback()


class Cluster:
    def __init__(self, net, work):
        self.net, self.work = net, work
        self.running = [None] * MEMBERS
        for member in range(MEMBERS):
            self.start(member)
        for member in range(MEMBERS):
            self.wait_for(member)

    @property
    def endpoints(self):
        return [client for client, _ in self.net.places]

    def start(self, member):
        name, (client, peer) = f"m{member}", self.net.places[member]
        with open(self.work / f"{name}.log", "ab") as log:
            self.running[member] = subprocess.Popen(
                (*self.net.within(member), "setpriv", "--pdeathsig", "KILL", "etcd",
                 "--name", name, "--data-dir", str(self.work / name),
                 "--listen-client-urls", f"http://{client}",
                 "--advertise-client-urls", f"http://{client}",
                 "--listen-peer-urls", f"http://{peer}",
                 "--initial-advertise-peer-urls", f"http://{peer}",
                 "--initial-cluster", ",".join(f"m{i}=http://{p}"
                                               for i, (_, p) in enumerate(self.net.places)),
                 "--logger", "zap"), stdout=log, stderr=log)

    def wait_for(self, member):
        """Until it answers what only a cluster with a leader knows."""
        end = time.monotonic() + SERVED_WITHIN
        key = base64.b64encode(b"\0").decode()
        while "header" not in ask(self.endpoints[member], "/v3/kv/range", key=key):
            if time.monotonic() > end:
                sys.exit(f"member {member} does not serve")
            time.sleep(0.05)

    def leader(self):
        for member in range(MEMBERS):
            told = ask(self.endpoints[member], "/v3/maintenance/status")
            if told and told.get("leader") == told["header"]["member_id"]:
                return member
        return None

    def signal(self, member, what):
        self.running[member].send_signal(what)

    def kill(self, member):
        self.signal(member, signal.SIGKILL)
        self.running[member].wait()

    def close(self):
        for each in self.running:
            if each is not None and each.poll() is None:
                each.kill()
                each.wait()


def disturb(cluster, what, chance):
    """One mishap, from its begin to the moment when all members are there again."""
    member = cluster.leader()
    if member is None or (what != "kill" and chance.random() < 0.5):
        member = chance.randrange(MEMBERS)
    if what == "kill":
        cluster.kill(member)
        time.sleep(chance.uniform(0.2, 1.0))
        cluster.start(member)
    elif what == "stop":
        cluster.signal(member, signal.SIGSTOP)
        time.sleep(chance.uniform(1.0, 2.0))
        cluster.signal(member, signal.SIGCONT)
    else:
        cluster.net.cut(member)
        time.sleep(chance.uniform(1.0, 2.5))
        cluster.net.mend(member)
    cluster.wait_for(member)


def client(program, cluster, work, number, seconds):
    # Each knows all members, and begins with another.
    turn = number % MEMBERS
    endpoints = cluster.endpoints[turn:] + cluster.endpoints[:turn]
    return subprocess.Popen((program, "work", ",".join(endpoints), "/crowd",
                             str(work / f"log{number}"), str(seconds)), stdout=subprocess.PIPE,
                            text=True)


def run(program, seconds, net, work):
    chance = random.Random()
    cluster = Cluster(net, work)
    clients = []
    try:
        begin = time.monotonic()
        clients = [client(program, cluster, work, n, seconds) for n in range(CLIENTS)]
        kinds = ["kill", "stop", *(["cut"] if net.can_cut else [])]
        mishaps = dict.fromkeys(kinds, 0)
        time.sleep(min(2, seconds / 6))
        clients[0].kill()  # what it was about to do, the judge asks of the store
        clients[0].wait()
        left = seconds - (time.monotonic() - begin)
        clients[0] = client(program, cluster, work, 0, max(2, round(left)))
        while time.monotonic() - begin < seconds - 1 or 0 in mishaps.values():
            what = min(kinds, key=lambda k: (mishaps[k], chance.random()))
            disturb(cluster, what, chance)
            mishaps[what] += 1
            time.sleep(chance.uniform(0.1, 1.0))
        done = lost = unanswered = pause = 0
        for each in clients:
            told, _ = each.communicate(timeout=120)
            if each.returncode != 0:
                sys.exit(f"a client failed ({each.returncode}):\n{told[-3000:]}")
            figures = [int(n) for n in told.split()[:4]]
            done, lost, unanswered = (n + more for n, more in zip((done, lost, unanswered),
                                                                  figures))
            pause = max(pause, figures[3])
        judged = subprocess.run(
            (program, "judge", ",".join(cluster.endpoints), "/crowd",
             *(str(work / f"log{n}") for n in range(CLIENTS))), capture_output=True, text=True)
        if judged.returncode != 0:
            sys.exit(f"judged {judged.returncode}:\n{judged.stdout[-3000:]}{judged.stderr[-1000:]}")
        made, asked = (int(n) for n in judged.stdout.split()[:2])
        print(f"{seconds} s, {CLIENTS} clients, {mishaps}: {done} changes done, {made} things "
              f"made, {lost} replies lost, {unanswered} changes given up, {asked} asked about "
              f"afterwards, all as acknowledged; longest pause of a client {pause} ms")
        if made < MADE_MIN:
            sys.exit(f"no more than {made} things were made")
    finally:
        for each in clients:
            if each.poll() is None:
                each.kill()
                each.wait()
        cluster.close()


def main():
    program, seconds = sys.argv[1], int(sys.argv[2])
    if shutil.which("etcd") is None:
        print("no etcd is installed: skipped")
        return
    net = a_net()
    try:
        with tempfile.TemporaryDirectory(prefix="casement-cluster-") as work:
            run(program, seconds, net, pathlib.Path(work))
    finally:
        net.close()


if __name__ == "__main__":
    main()

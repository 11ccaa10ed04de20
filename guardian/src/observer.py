"""Observes from one machine, for the guardian: a line of JSON four times a second on standard output.

Each probe has a thread of its own. One that hangs delays no other one, and how long it hangs is in the next line.
usage: observer.py SETTINGS, as JSON: peers (addresses by name, whose port is tried), port, folder and sql (of a database machine).
Ends when nothing arrives on standard input for some seconds: the connection to the guardian is lost then.
"""
import json, os, select, socket, subprocess, sys, threading, time

TICK_S, SILENCE_S, RECENT_S, CONNECT_S = 0.25, 10, 2.5, 0.6
settings = json.loads(sys.argv[1])
now = time.monotonic
state = {"sql": {"answeredAt": None, "answer": None, "error": None}, "disk": {"since": None, "ms": None, "freeMb": None}, "cpu": {"ticks": None, "movedAt": None}}
attempts = []  # (peer, outcome, when)
milliseconds = lambda since: None if since is None else round((now() - since) * 1000)


def repeat(probe, pause):
    def loop():
        while True:
            try:
                probe()
            except Exception as error:
                print(json.dumps({"failed": "%s: %s" % (probe.__name__, error)}), flush=True)
            time.sleep(pause)

    threading.Thread(target=loop, daemon=True).start()


def disk():
    """Writes a block to the disk of the data."""
    disk = state["disk"]
    disk["since"] = now()
    file = os.open(os.path.join(settings["folder"], ".goldenring-disk-probe"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(file, b"x" * 512, 0)
        os.fdatasync(file)
    finally:
        os.close(file)
    disk["ms"], disk["since"] = milliseconds(disk["since"]), None
    space = os.statvfs(settings["folder"])
    disk["freeMb"] = space.f_bavail * space.f_frsize // 1_000_000


def sql():
    """Asks over one connection, until that ends. psql repeats the query by itself."""
    psql = subprocess.Popen(settings["sql"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, shell=True)
    psql.stdin.write(settings["query"] + " \\watch 0.25\n")
    psql.stdin.flush()
    for line in psql.stdout:
        if line.startswith("{"):
            state["sql"] = {"answeredAt": now(), "answer": json.loads(line), "error": None}
    psql.wait()
    error = psql.stderr.read().strip().splitlines()
    state["sql"]["error"] = error[-1][-200:] if error else "psql ended"


def cpu():
    """Notes when PostgreSQL last used CPU time: one that is frozen uses none, one on a busy machine does."""
    ticks = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as file:
                name, fields = file.read().rsplit(")", 1)
        except OSError:
            continue
        if name.endswith("(postgres"):
            ticks += int(fields.split()[11]) + int(fields.split()[12])
    cpu = state["cpu"]
    if cpu["ticks"] != ticks:
        cpu["ticks"], cpu["movedAt"] = ticks, now()


def connect_to(peer, address):
    def connect():
        outcome = "connected"
        try:
            socket.create_connection((address, settings["port"]), CONNECT_S).close()
        except ConnectionRefusedError:
            outcome = "refused"
        except OSError:
            outcome = "silent"
        attempts.append((peer, outcome, now()))

    return connect


for peer, address in settings["peers"].items():
    repeat(connect_to(peer, address), 0.8)
if "sql" in settings:
    repeat(disk, 0.4)
    repeat(sql, 0.2)
    repeat(cpu, 0.5)

heard = now()
while now() - heard < SILENCE_S:
    if select.select([sys.stdin], [], [], TICK_S)[0]:
        if not os.read(0, 4096):
            break
        heard = now()
    attempts = [one for one in attempts if now() - one[2] < RECENT_S]
    reach = {peer: {outcome: sum(one[:2] == (peer, outcome) for one in attempts) for outcome in ("connected", "refused", "silent")} for peer in settings["peers"]}
    view = {"reach": reach}
    if "sql" in settings:
        found, written = state["sql"], state["disk"]
        view["sql"] = {"answeredMs": milliseconds(found["answeredAt"]), "error": found["error"], **(found["answer"] or {})}
        view["ranMs"] = milliseconds(state["cpu"]["movedAt"])
        view["freeMb"] = written["freeMb"]
        view["diskMs"] = max(written["ms"] or 0, milliseconds(written["since"]) or 0)
    print(json.dumps(view), flush=True)
os._exit(0)

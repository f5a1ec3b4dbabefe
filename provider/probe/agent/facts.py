"""What the host says about its own network. Nothing here fails: what cannot be read is null or empty."""

import json
import os
import platform
import subprocess

COMMAND_SECONDS = 5


def run(*argv):
    """Standard output of a command, or an empty text when there is no such command or it fails."""
    environment = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def run_json(*argv):
    try:
        return json.loads(run(*argv) or "[]")
    except ValueError:
        return []


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def read_int(path):
    text = read(path).strip()
    return int(text) if text.lstrip("-").isdigit() else None


def host_facts():
    """HostNetworkFacts of network/probe/report.ts, as they are now."""
    conntrack = {
        "count": read_int("/proc/sys/net/netfilter/nf_conntrack_count"),
        "max": read_int("/proc/sys/net/netfilter/nf_conntrack_max"),
    }
    rules = nft_rules()
    return {
        "machineId": read("/etc/machine-id").strip(),
        "kernel": platform.release(),
        "links": links(),
        "defaultRoute": {
            family: route
            for family, flag in (("ipv4", "-4"), ("ipv6", "-6"))
            for route in [default_route(flag)]
            if route is not None
        },
        "pmtuCache": pmtu_cache(),
        "resolvers": resolvers(),
        "conntrack": None if None in conntrack.values() else conntrack,
        "tcpMtuProbing": read_int("/proc/sys/net/ipv4/tcp_mtu_probing"),
        "icmpFragNeededReceived": None,
        "clampCounters": [clamp for rule in rules for clamp in clamp_counter(rule)],
        "icmpDropRules": [drop for rule in rules for drop in icmp_drop(rule)],
    }


def links():
    found = []
    for link in run_json("ip", "-j", "-d", "link", "show"):
        found.append(
            {
                "name": link["ifname"],
                "mtu": link["mtu"],
                "master": link.get("master"),
                "kind": link.get("linkinfo", {}).get("info_kind"),
                "up": "UP" in link.get("flags", []),
                "mac": link.get("address"),
            }
        )
    return found


def default_route(flag):
    routes = [route for route in run_json("ip", "-j", flag, "route", "show", "default") if "dev" in route]
    if not routes:
        return None
    route = min(routes, key=lambda candidate: candidate.get("metric", 0))
    metrics = {}
    for more in route.get("metrics", []):
        metrics.update(more)
    gateway = route.get("gateway") or route.get("via", {}).get("host")
    neighbours = run_json("ip", "-j", "neigh", "show", "to", gateway, "dev", route["dev"]) if gateway else []
    return {
        "link": route["dev"],
        "gateway": gateway,
        "mtu": metrics.get("mtu"),
        "advmss": metrics.get("advmss"),
        "gatewayMac": next((neighbour.get("lladdr") for neighbour in neighbours if "lladdr" in neighbour), None),
    }


def connections_refused():
    """
    Connections that conntrack could not enter since boot: NAT found no free source port for them, or the table was full.
    Source: net/netfilter/nf_conntrack_core.c; one row for each CPU, in hexadecimal.
    """
    rows = [line.split() for line in read("/proc/net/stat/nf_conntrack").splitlines()]
    if len(rows) < 2:
        return None
    columns = [rows[0].index(name) for name in ("insert_failed", "drop") if name in rows[0]]
    return sum(max(int(row[column], 16) for column in columns) for row in rows[1:]) if columns else None


def pmtu_cache():
    found = []
    for flag in ("-4", "-6"):
        for route in run_json("ip", "-j", flag, "route", "show", "cache"):
            mtu = next((more["mtu"] for more in route.get("metrics", []) if "mtu" in more), route.get("mtu"))
            if isinstance(mtu, int) and "dst" in route:
                found.append({"destination": route["dst"], "mtu": mtu})
    return found


def resolvers():
    """Name servers, behind systemd-resolved's stub those it asks."""
    text = read("/etc/resolv.conf")
    if "127.0.0.53" in text:
        text = read("/run/systemd/resolve/resolv.conf") or text
    lines = [line.split() for line in text.splitlines()]
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


def icmp_errors_received():
    """Destination-unreachable of IPv4, of which frag-needed is one, and packet-too-big of IPv6, since boot."""
    names, values = [], []
    for line in read("/proc/net/snmp").splitlines():
        if line.startswith("IcmpMsg:"):
            names, values = values, line.split()[1:]
    v4 = int(dict(zip(names, values)).get("InType3", 0))
    v6 = 0
    for line in read("/proc/net/snmp6").splitlines():
        words = line.split()
        if words[:1] == ["Icmp6InPktTooBigs"]:
            v6 = int(words[1])
    return v4 + v6


def nft_rules():
    """Every nftables rule with the hook of its chain: `{table, chain, hook, handle, expressions}`."""
    try:
        ruleset = json.loads(run("nft", "-j", "list", "ruleset") or "{}").get("nftables", [])
    except ValueError:
        return []
    hooks = {}
    rules = []
    for item in ruleset:
        if "chain" in item:
            chain = item["chain"]
            hooks[(chain["family"], chain["table"], chain["name"])] = chain.get("hook", "")
        elif "rule" in item:
            rule = item["rule"]
            place = (rule["family"], rule["table"], rule["chain"])
            rules.append({"place": place, "handle": rule["handle"], "expressions": rule.get("expr", [])})
    for rule in rules:
        rule["hook"] = hooks.get(rule["place"], "")
    return rules


def clamp_counter(rule):
    """The rule's counter when it sets the MSS option."""
    sets = any(
        "mangle" in expression and expression["mangle"].get("key", {}).get("tcp option", {}).get("name") == "maxseg"
        for expression in rule["expressions"]
        if isinstance(expression, dict)
    )
    counters = [expression["counter"] for expression in rule["expressions"] if "counter" in expression]
    if not sets or not counters or not isinstance(counters[0], dict):
        return []
    family, table, chain = rule["place"]
    return [{"table": f"{family} {table}", "chain": chain, "packets": counters[0]["packets"]}]


BLOCKED = {"destination-unreachable", "frag-needed", "packet-too-big", 3, 4, 2}


def icmp_drop(rule):
    """The rule, in nft's words, when it drops what tells a sender of a smaller MTU."""
    if not any("drop" in expression or "reject" in expression for expression in rule["expressions"]):
        return []
    about_icmp = False
    for expression in rule["expressions"]:
        match = expression.get("match") if isinstance(expression, dict) else None
        if match is None:
            continue
        left, right = match.get("left"), match.get("right")
        wanted = right.get("set", []) if isinstance(right, dict) else [right]
        if "payload" in left and left["payload"].get("protocol") in ("icmp", "icmpv6"):
            if match.get("op") in ("==", "in") and not any(value in BLOCKED for value in wanted if not isinstance(value, (dict, list))):
                return []
            about_icmp = True
        elif left == {"meta": {"key": "l4proto"}} or (
            "payload" in left and left["payload"].get("field") in ("protocol", "nexthdr")
        ):
            about_icmp = about_icmp or any(value in ("icmp", "icmpv6", "ipv6-icmp") for value in wanted if isinstance(value, str))
    if not about_icmp:
        return []
    family, table, chain = rule["place"]
    text = run("nft", "-a", "list", "chain", family, table, chain)
    mark = f"# handle {rule['handle']}"
    words = next((line.strip()[: -len(mark)].strip() for line in text.splitlines() if line.endswith(mark)), "")
    return [{"table": f"{family} {table}", "chain": chain, "hook": rule["hook"], "rule": words}]

"""Results as text: a line while the benchmark runs, and tables at its end."""

import machine


def number(value, digits=3):
    """A time or a rate with so many significant digits."""
    if value is None:
        return "–"
    return f"{value:.{digits}g}" if value < 10**digits else f"{value:.0f}"


def line(row):
    head = f"{row['case']}, threads {row['threads']}: "
    if row["mode"] == "compile":
        if "error" in row:
            return head + row["error"]
        return head + (f"compiled in {row['compile_seconds']:.3f} s, cached in "
                       f"{row['cached_seconds'] * 1e3:.1f} ms, started in "
                       f"{row['start_seconds'] * 1e3:.1f} ms")
    text = head
    if row["ravel_ms"]:
        text += (f"{number(row['ravel_ms'], 4)} ms, {number(row['gflops'])} GFLOP/s "
                 f"({row['fraction_of_peak']:.2f} of peak)")
    if row["peer_ms"]:
        text += f"; {row['peer']} {number(row['peer_ms'], 4)} ms, {row['ratio']:.2f} ×"
        if not row["agrees"]:
            text += f", BUT DIFFERS by {row['difference']:.1e}"
    if "error" in row:
        text += f"; {row['peer'] or 'ravel'} did not run: {row['error']}"
    return text


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "|" + "|".join(" --- " for _ in head) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def pivot(rows):
    """Rows of one case and number of threads together, peers by name."""
    merged = {}
    for row in rows:
        key = row["case"], row["threads"]
        merged.setdefault(key, (row, {}))[1][row["peer"]] = row
    return merged


def group_table(rows):
    """A line for each case, a column for each peer."""
    names = []
    for row in rows:
        if row["peer"] and row["peer"] not in names:
            names.append(row["peer"])
    swept = any("fraction_of_bandwidth" in row for row in rows)
    head = ["case", "threads", "Ravel ms", "GFLOP/s", "of peak"]
    head += ["of bandwidth"] if swept else []
    head += [f"{name} ms (×)" for name in names]
    lines = []
    for (case, threads), (row, peers) in pivot(rows).items():
        cells = [case.split("/", 1)[1], str(threads), number(row["ravel_ms"], 4),
                 number(row["gflops"]), number(row["fraction_of_peak"], 2)]
        cells += [number(row.get("fraction_of_bandwidth"), 2)] if swept else []
        for name in names:
            peer = peers.get(name, {})
            cells.append(f"{number(peer['peer_ms'], 4)} ({peer['ratio']:.2f})"
                         + ("" if peer["agrees"] else " differs")
                         if peer.get("peer_ms") else "–")
        lines.append(cells)
    return markdown(head, lines)


def compile_table(rows):
    return markdown(
        ["case", "compile s", "cached ms", "process start ms"],
        [[row["case"], f"{row['compile_seconds']:.3f}", f"{row['cached_seconds'] * 1e3:.1f}",
          f"{row['start_seconds'] * 1e3:.1f}"] for row in rows if "error" not in row])


def means_table(rows):
    """Geometric means of how much faster Ravel is, by group, peer and threads."""
    ratios = {}
    for row in rows:
        if row.get("ratio"):
            group, cell, _ = row["case"].split("/")
            ratios.setdefault((group, cell, row["peer"], row["threads"]), []).append(row["ratio"])
    return markdown(
        ["cases", "peer", "threads", "mean ×", "least ×"],
        [[f"{group}/{cell} ({len(values)})", peer, str(threads),
          f"{machine.geometric_mean(values):.2f}", f"{min(values):.2f}"]
         for (group, cell, peer, threads), values in ratios.items()])


def limits_text(limits):
    parts = [f"vectors {limits['vectors']}, L1 {limits['l1_bytes'] >> 10} KiB, "
             f"L2 {limits['l2_bytes'] >> 10} KiB\n"]
    parts.append(markdown(
        ["threads", "FMA GFLOP/s", "L1 GB/s", "L2 GB/s", "L3 GB/s", "memory GB/s"],
        [[threads] + [f"{values[key]:.1f}" for key in
                      ("fma_gflops", "l1_gbs", "l2_gbs", "l3_gbs", "memory_gbs")]
         for threads, values in limits["threads"].items()]))
    return "\n".join(parts)


def table(rows, description):
    text = [f"# Benchmark\n\n{description['processor']}, {limits_text(description['limits'])}"]
    text.append(f"Medians over {description['rounds']} rounds of {description['seconds']} s in "
                "turns. × is a peer's time in parts of Ravel's: above 1, Ravel is faster.\n")
    text.append("Settings:\n\n" + "\n".join(
        f"- {name}" + (f" {peer['version']}" if peer["version"] else "") + ": "
        + (" ".join(f"{key}={value}" for key, value in peer["environment"].items()) or "as it is")
        for name, peer in description["peers"].items()) + "\n")
    if any(row.get("ratio") for row in rows):
        text.append("## Means\n\n" + means_table(rows))
    groups = {}
    for row in rows:
        groups.setdefault(row["case"].split("/")[0], []).append(row)
    for name, members in groups.items():
        make = compile_table if members[0]["mode"] == "compile" else group_table
        text.append(f"## {name}\n\n" + make(members))
    failed = [f"- {row['case']}, threads {row['threads']}, {row['peer'] or 'ravel'}: {row['error']}"
              for row in rows if "error" in row]
    if failed:
        text.append("## What did not run\n\n" + "\n".join(failed) + "\n")
    return "\n".join(text)

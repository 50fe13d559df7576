"""The results as bars: how many times as fast as the best peer Ravel is."""

import html
import math

WIDTH, LABELS, ROW, TOP = 900, 360, 16, 64
COLORS = ("#4477aa", "#ee6677", "#228833", "#aa3377")
LEAST, MOST = -2, 4  # powers of 2 on the axis


def best_peers(rows):
    """For each case and number of threads, the row of the fastest peer."""
    best = {}
    for row in rows:
        key = row["case"], row["threads"]
        if row.get("ratio") and (key not in best or row["ratio"] < best[key]["ratio"]):
            best[key] = row
    return list(best.values())


def position(ratio):
    power = min(max(math.log2(ratio), LEAST), MOST)
    return LABELS + (power - LEAST) / (MOST - LEAST) * (WIDTH - LABELS - 60)


def text(x, y, content, anchor="start", size=11):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
            f"{html.escape(content)}</text>")


def draw(rows):
    rows = sorted(best_peers(rows), key=lambda row: row["threads"])
    order = {}
    for row in rows:
        order.setdefault(row["case"], []).append(row)
    threads = sorted({row["threads"] for row in rows})
    color = dict(zip(threads, COLORS))
    height = TOP + sum(ROW * len(members) + 6 for members in order.values()) + 20
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             text(12, 20, "How many times as fast as the best peer", size=15)]
    for k, count in enumerate(threads):
        parts.append(f'<rect x="{12 + 110 * k}" y="30" width="12" height="12" fill="{color[count]}"/>')
        parts.append(text(30 + 110 * k, 40, f"threads: {count}"))
    for power in range(LEAST, MOST + 1):
        x = position(2.0 ** power)
        label = f"{2 ** power}" if power >= 0 else f"1/{2 ** -power}"
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 14}" '
                     f'stroke="{"#000" if power == 0 else "#ddd"}"/>')
        parts.append(text(x, TOP - 12, label, "middle"))
    y = TOP
    for case, members in order.items():
        parts.append(text(LABELS - 8, y + ROW * len(members) / 2 + 4, case, "end"))
        for row in members:
            left, right = sorted((position(1), position(row["ratio"])))
            parts.append(f'<rect x="{left:.1f}" y="{y + 2}" width="{right - left:.1f}" '
                         f'height="{ROW - 4}" fill="{color[row["threads"]]}"/>')
            parts.append(text(right + 4, y + ROW - 4, f"{row['ratio']:.2f} {row['peer']}", size=9))
            y += ROW
        y += 6
    parts.append("</svg>")
    return "\n".join(parts) + "\n"

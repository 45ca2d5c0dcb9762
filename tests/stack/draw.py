# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws what happened as SVG: who had the address, what clients were answered, the faults over it.

A panel is {title, verdict, bad: bool, from, to, owners: [(from, to, node)], faults: [(from, to, text)],
history: [...], problems: [...], by: which row an operation is drawn in}, times in seconds; every panel gets the same scale, zero at its first fault.
"""
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, ROW = 1000, 150, 20, 20
INK, PAPER, GREY, GREEN, RED, AMBER, BLUE = "#222", "#fff", "#bbb", "#2a9d4a", "#d62828", "#f4a300", "#3572b0"


def text(x, y, words, size=12, color=INK, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def box(x, y, w, h, color, opacity=1.0, title=""):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(w, 0.6):.1f}" height="{h:.1f}" fill="{color}" '
            f'fill-opacity="{opacity}">' + (f"<title>{escape(title)}</title>" if title else "") + "</rect>")


def owner_rows(panel, nodes, x, y):
    out = []
    for i, node in enumerate(nodes):
        top = y + i * ROW
        out.append(text(LEFT - 8, top + 13, f"address on {node}", anchor="end"))
        for a, b, who in panel["owners"]:
            a, b = max(a, panel["from"]), min(b or panel["to"], panel["to"])
            if who == node and b > a:
                out.append(box(x(a), top + 3, x(b) - x(a), ROW - 6, BLUE, title=f"{node}: {b - a:.2f} s"))
    spans = [(max(a, panel["from"]), min(b or panel["to"], panel["to"]), w) for a, b, w in panel["owners"]]
    for i, p in enumerate(spans):
        for q in spans[i + 1:]:
            a, b = max(p[0], q[0]), min(p[1], q[1])
            if p[2] != q[2] and b > a:
                out.append(box(x(a), y, x(b) - x(a), ROW * len(nodes), RED, 0.25, f"two owners for {b - a:.2f} s"))
                out.append(text(x(a) + 4, y + ROW * len(nodes) - 4, f"two owners for {b - a:.1f} s", 11, RED, weight="bold"))
    return out, y + ROW * len(nodes)


def client_rows(panel, x, y):
    """One row of changes a client, or what `by` makes of an operation: kept, refused or unanswered, lost."""
    out, changes = [], ("write", "add", "transfer", "issue", "revoke")
    by = panel.get("by", lambda o: f"writes of {o['client']}")
    lost = {id(p["op"]) for p in panel["problems"] if p["kind"] == "lost"}
    stale = [p["op"] for p in panel["problems"] if p["kind"] in ("stale", "torn")]
    for row in sorted({by(o) for o in panel["history"]}):
        out.append(text(LEFT - 8, y + 13, row, anchor="end"))
        ticks = {GREY: set(), GREEN: set(), RED: set()}
        for o in panel["history"]:
            if by(o) == row and o["op"] in changes and panel["from"] <= o["t1"] <= panel["to"]:
                kind = RED if id(o) in lost else GREEN if o["result"] == "ok" else GREY
                ticks[kind].add(round(x(o["t1"])))
        for kind, at in ticks.items():  # one path a colour, one stroke a pixel: the picture stays small
            high = ROW - 2 if kind == RED else ROW - 8
            strokes = "".join(f"M{t} {y + (ROW - high) / 2:.0f}v{high}" for t in sorted(at))
            if strokes:
                out.append(f'<path d="{strokes}" stroke="{kind}" stroke-width="1"/>')
        for o in stale:
            if by(o) == row and panel["from"] <= o["t1"] <= panel["to"]:
                out.append(f'<circle cx="{x(o["t1"]):.1f}" cy="{y + ROW + 3:.1f}" r="2" fill="{AMBER}"/>')
        y += ROW + 8
    return out, y


def panel_draw(panel, nodes, y, zero, span):
    def x(t):
        return LEFT + (t - zero + span[0]) / (span[0] + span[1]) * (WIDTH - LEFT - RIGHT)

    out = [text(10, y + 16, panel["title"], 15, weight="bold"),
           text(WIDTH - RIGHT, y + 16, panel["verdict"], 13, RED if panel["bad"] else GREEN, "end", "bold")]
    top = y + 26
    rows, bottom = owner_rows(panel, nodes, x, top + 16)
    more, bottom = client_rows(panel, x, bottom + 4)
    for a, b, words in panel["faults"]:
        b = min(b or panel["to"], panel["to"])
        out.append(box(x(a), top, x(b) - x(a), bottom - top, "#000", 0.07))
        out.append(text(x(a) + 3, top + 11, words, 11))
    out += rows + more
    out.append(f'<line x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}" stroke="{INK}"/>')
    step = 5 if span[0] + span[1] < 90 else 20 if span[0] + span[1] < 360 else 60
    for s in range(-int(span[0]) // step * step, int(span[1]) + 1, step):
        if -span[0] <= s <= span[1]:
            out.append(text(x(zero + s), bottom + 14, f"{s} s", 10, anchor="middle"))
            out.append(f'<line x1="{x(zero + s):.1f}" y1="{bottom}" x2="{x(zero + s):.1f}" y2="{bottom + 4}" stroke="{INK}"/>')
    return out, bottom + 30


def legend(y):
    out, x = [], LEFT
    for color, words in ((GREEN, "acknowledged and kept"), (RED, "acknowledged and lost"), (GREY, "refused or unanswered"),
                         (AMBER, "a read that was stale"), (BLUE, "holds the address")):
        out += [box(x, y, 10, 10, color), text(x + 14, y + 9, words, 11)]
        x += 165
    return out


def draw(panels, nodes):
    """The picture, as text."""
    out, y = [], 10
    zeros = [min((f[0] for f in p["faults"]), default=p["from"]) for p in panels]
    span = (max(z - p["from"] for z, p in zip(zeros, panels)), max(p["to"] - z for z, p in zip(zeros, panels)))
    for zero, panel in zip(zeros, panels):
        rows, y = panel_draw(panel, nodes, y, zero, span)
        out += rows
    out += legend(y)
    y += 24
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" font-family="sans-serif">\n' +
            box(0, 0, WIDTH, y, PAPER) + "\n" + "\n".join(out) + "\n</svg>\n")

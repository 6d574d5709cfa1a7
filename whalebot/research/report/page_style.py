"""Style and script of the report page; kept in the module so that the page needs no other file."""

from __future__ import annotations

from typing import Final

STYLE: Final = """\
:root { color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --ink: #17202c; --soft: #5d6b7c; --line: #e3e8ee;
  --blue: #2563eb; --gain: #15914d; --loss: #d33c3c; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #10151c; --card: #18202a; --ink: #e8edf3; --soft: #93a1b3; --line: #2a3542;
  --blue: #6ea3ff; --gain: #46c37f; --loss: #f27373; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; }
main { max-width: 1060px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 22px; margin: 0 0 2px; }
h2 { font-size: 20px; margin: 36px 0 2px; }
h2 .mode { color: var(--blue); }
h3 { font-size: 13px; margin: 0 0 10px; color: var(--soft); font-weight: 600; }
p.about { margin: 0 0 16px; color: var(--soft); }
.tiles, .pair { display: grid; gap: 12px; margin: 12px 0; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(min(100%, 210px), 1fr)); }
.pair { grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); }
.pair > .card:last-child:nth-child(odd) { grid-column: 1 / -1; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px;
  min-width: 0; overflow-x: auto; }
main > .card { margin: 12px 0; }
.tile .name { color: var(--soft); font-size: 13px; }
.tile .value { font-size: 22px; font-weight: 650; white-space: nowrap; }
.tile .meaning { color: var(--soft); font-size: 12px; }
.good { color: var(--gain); } .bad { color: var(--loss); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: right; font-weight: 500; color: var(--soft); font-size: 12px; padding: 2px 0 6px 14px; }
td { text-align: right; padding: 5px 0 5px 14px; border-top: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td .meaning { color: var(--soft); font-size: 12px; display: block; font-weight: 400; }
.figures td { white-space: normal; overflow-wrap: break-word; }
.scroll { overflow: auto; max-height: 460px; }
.scroll thead th { position: sticky; top: 0; background: var(--card); }
.chart { position: relative; } svg { display: block; width: 100%; height: auto; }
.readable svg { min-width: 640px; }
.tick, .label { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
.base { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; }
.gain-line { fill: none; stroke: var(--blue); stroke-width: 1.8; stroke-linejoin: round; }
.gain-area { fill: var(--blue); opacity: .10; }
.loss-line { fill: none; stroke: var(--loss); stroke-width: 1.3; }
.loss-area { fill: var(--loss); opacity: .18; }
rect.gain { fill: var(--gain); } rect.loss { fill: var(--loss); }
.cursor { stroke: var(--soft); stroke-width: 1; }
.readout { position: absolute; top: 6px; right: 10px; font-size: 13px; background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: 3px 9px; visibility: hidden; }
@media (max-width: 480px) {
  main { padding: 18px 10px 40px; } .card { padding: 12px; }
  th, td { padding-left: 8px; } }
.notes { color: var(--soft); font-size: 13px; } .notes p { margin: 6px 0; }
"""

SCRIPT: Final = """\
for (const chart of document.querySelectorAll(".readable")) {
  const frame = JSON.parse(chart.querySelector("script").textContent);
  const svg = chart.querySelector("svg"), cursor = chart.querySelector(".cursor");
  const readout = chart.querySelector("output");
  const number = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const show = (visible) => {
    cursor.setAttribute("visibility", visible);
    readout.style.visibility = visible;
  };
  svg.addEventListener("pointerleave", () => show("hidden"));
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const at = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    const ts = frame.start + (at - frame.left) / frame.width * (frame.end - frame.start);
    let low = 0, high = frame.values.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (frame.values[middle][0] <= ts) low = middle; else high = middle - 1;
    }
    const [time, equity, fall] = frame.values[low];
    const x = frame.left + (Math.max(time, Math.min(ts, frame.end)) - frame.start)
      / (frame.end - frame.start || 1) * frame.width;
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    readout.textContent = new Date(time).toISOString().slice(0, 16).replace("T", " ")
      + " UTC · equity " + number.format(equity) + " · drawdown " + number.format(fall * 100) + " %";
    show("visible");
  });
}
"""

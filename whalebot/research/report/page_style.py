"""Style and script of the report page; kept in the module so that the page needs no other file."""

from __future__ import annotations

from typing import Final

STYLE: Final = """\
:root { color-scheme: light dark;
  --ground: #f4f6f9; --card: #ffffff; --ink: #141c27; --soft: #566577; --line: #e2e8ef; --track: #edf1f5;
  --blue: #2563eb; --amber: #c77700; --gain: #12874a; --loss: #cf3434;
  --gain-rgb: 18 150 84; --loss-rgb: 214 58 58; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #0e131a; --card: #171f29; --ink: #e8edf3; --soft: #95a4b6; --line: #283340; --track: #202a36;
  --blue: #6ea3ff; --amber: #e6a23c; --gain: #46c37f; --loss: #f27373;
  --gain-rgb: 54 190 116; --loss-rgb: 240 100 100; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 24px; margin: 0 0 2px; letter-spacing: -.01em; }
h2 { font-size: 20px; margin: 32px 0 2px; }
h2 .mode { color: var(--blue); }
h3 { font-size: 14px; margin: 0 0 10px; font-weight: 650; }
p.about { margin: 0 0 14px; color: var(--soft); font-size: 13px; }
p.lead { margin: 4px 0 4px; font-size: 17px; text-wrap: pretty; }
p.hint { margin: 8px 0 0; color: var(--soft); font-size: 13px; }
a { color: var(--blue); } code { font-size: .92em; background: var(--track); padding: 1px 5px;
  border-radius: 4px; }
nav { display: flex; flex-wrap: wrap; gap: 8px; }
nav a { border: 1px solid var(--line); background: var(--card); border-radius: 999px; padding: 3px 12px;
  text-decoration: none; font-size: 14px; }
.tiles, .pair, .months { display: grid; gap: 12px; margin: 12px 0; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(min(100%, 150px), 1fr)); }
@media (min-width: 760px) { .tiles { grid-template-columns: repeat(4, 1fr); } }
.pair { grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); }
.pair > .card:last-child:nth-child(odd) { grid-column: 1 / -1; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px;
  min-width: 0; overflow-x: auto; }
main > .card { margin: 12px 0; }
.tile { padding: 12px 14px; }
.tile .name { color: var(--soft); font-size: 13px; }
.tile .value { font-size: 22px; font-weight: 680; white-space: nowrap; letter-spacing: -.01em; }
.tile .meaning { color: var(--soft); font-size: 12px; min-height: 1.45em; }
.good { color: var(--gain); } .bad { color: var(--loss); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: right; font-weight: 500; color: var(--soft); font-size: 12px; padding: 2px 0 6px 12px; }
td { text-align: right; padding: 5px 0 5px 12px; border-top: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td .meaning { color: var(--soft); font-size: 12px; display: block; font-weight: 400; }
.figures td { white-space: normal; overflow-wrap: break-word; }
.scroll { overflow: auto; max-height: 420px; }
.scroll thead th { position: sticky; top: 0; background: var(--card); }
.bar, .score u { position: relative; display: inline-block; width: 76px; height: 9px; border-radius: 2px;
  background: linear-gradient(90deg, transparent calc(50% - .5px), var(--soft) 0 calc(50% + .5px),
  transparent 0), var(--track); }
.bar i, .score i { position: absolute; top: 0; bottom: 0; left: 50%; background: var(--gain);
  border-radius: 0 2px 2px 0; }
.bar i.l, .score i.c { left: auto; right: 50%; background: var(--loss); border-radius: 2px 0 0 2px; }
.score i.p { background: var(--blue); } .score i.c { background: var(--amber); }
.trades + .hint { margin-top: 10px; }
.months { grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); gap: 16px 22px; }
.month { table-layout: fixed; border-collapse: separate; border-spacing: 3px; font-size: 12px; }
.month caption { text-align: left; font-weight: 600; font-size: 13px; padding: 0 3px 2px; }
.month caption span:not([class]) { color: var(--soft); font-weight: 400; }
.month th, .month td, .month th:first-child, .month td:first-child { text-align: center; padding: 0;
  border: 0; font-size: 11px; }
.month .day { height: 38px; border-radius: 5px; background: var(--track); vertical-align: top;
  font-weight: 600; letter-spacing: -.02em; }
.month .g { background: rgb(var(--gain-rgb) / var(--a)); }
.month .l { background: rgb(var(--loss-rgb) / var(--a)); }
.month small { display: block; text-align: left; padding: 1px 0 0 5px; font-weight: 400; font-size: 10px;
  color: var(--soft); }
.month .g small, .month .l small { color: inherit; opacity: .75; }
.chart { position: relative; } svg { display: block; width: 100%; height: auto; }
.for-phone { display: none; }
.tick, .label, .value { fill: var(--soft); font-size: 12px; } .value { fill: var(--ink); font-weight: 600; }
.grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
.base { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; }
.stop { stroke: var(--loss); stroke-width: 1.4; stroke-dasharray: 5 3; }
.gain-line { fill: none; stroke: var(--blue); stroke-width: 1.8; stroke-linejoin: round; }
.gain-area { fill: var(--blue); opacity: .10; }
.loss-line { fill: none; stroke: var(--loss); stroke-width: 1.3; }
.loss-area { fill: var(--loss); opacity: .18; }
rect.gain { fill: var(--gain); } rect.loss { fill: var(--loss); }
circle.gain { fill: rgb(var(--gain-rgb) / .75); } circle.loss { fill: rgb(var(--loss-rgb) / .75); }
rect:hover, circle:hover { opacity: .7; }
.candle { opacity: .55; stroke-width: 1; }
.candle.gain { fill: var(--gain); stroke: var(--gain); }
.candle.loss { fill: var(--loss); stroke: var(--loss); }
.cursor { stroke: var(--soft); stroke-width: 1; }
.readout { position: absolute; top: 6px; right: 10px; font-size: 13px; background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: 3px 9px; visibility: hidden; }
.trades { font-size: 14px; }
.line { display: grid; grid-template-columns: 9.5em 1.5fr 1fr .7fr 1fr 1.1fr 1em; gap: 0 12px;
  align-items: baseline; padding: 6px 2px; text-align: right; }
.line > :nth-child(-n+2) { text-align: left; }
.line.head { color: var(--soft); padding-top: 0; } .line.head span { font-size: 12px; }
.trades details { border-top: 1px solid var(--line); }
summary { cursor: pointer; } .trades summary { list-style: none; }
.trades summary::-webkit-details-marker { display: none; }
.trades summary::after { content: "▸"; color: var(--soft); }
.trades details[open] summary::after { content: "▾"; }
.trades summary:hover { background: var(--track); }
.trades summary:focus-visible { outline: 2px solid var(--blue); border-radius: 4px; }
.line em { font-style: normal; font-size: 12px; border-radius: 4px; padding: 0 5px; margin-left: 3px;
  background: var(--track); } em.up { color: var(--gain); } em.down { color: var(--loss); }
.why { display: grid; grid-template-columns: 1.25fr 1fr; gap: 8px 26px; padding: 6px 2px 16px; }
.why p { margin: 0 0 8px; text-wrap: pretty; }
.score { list-style: none; margin: 2px 0 0; padding: 0; font-size: 12px; }
.score li { display: grid; grid-template-columns: 1fr 4em 120px; gap: 8px; align-items: center; }
.score b { text-align: right; font-weight: 600; } .score u { width: 120px; text-decoration: none; }
@media (max-width: 620px) {
  main { padding: 18px 10px 40px; } .card { padding: 12px; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; } .tile .value { font-size: 19px; }
  th, td { padding-left: 8px; } p.lead { font-size: 16px; }
  .readable { display: none; } .for-phone { display: block; }
  .candles svg { min-width: 560px; } .candles { overflow-x: auto; }
  .line { grid-template-columns: 1.8fr 1fr .75fr 1em; gap: 0 8px; } .line em { white-space: nowrap; }
  .bar { width: 40px; } .fold { padding: 10px; }
  .line > :nth-child(1) { grid-row: 2; font-size: 12px; color: var(--soft); }
  .line > :nth-child(2) { grid-row: 1; } .line > :nth-child(3) { grid-row: 1; }
  .line > :nth-child(4) { grid-row: 1; }
  .line > :nth-child(5) { grid-row: 2; grid-column: 2; font-size: 12px; color: var(--soft); }
  .line > :nth-child(6) { grid-row: 2; grid-column: 3 / 5; font-size: 12px; color: var(--soft); }
  .line.head { display: none; }
  .why { grid-template-columns: 1fr; }
  .score li { grid-template-columns: 1fr 3.4em 96px; } .score u { width: 96px; } }
.fold { margin: 12px 0; } .fold > summary { font-size: 14px; font-weight: 650; }
.fold .card { border: 0; padding: 6px 0; }
.notes { color: var(--soft); font-size: 13px; } .notes p { margin: 6px 0; }
@media print {
  :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --track: #f2f2f2;
    --gain: #12874a; --loss: #cf3434; --blue: #2563eb; --gain-rgb: 18 150 84; --loss-rgb: 214 58 58; }
  body { font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; } .card, .month { break-inside: avoid; }
  .card:has(.trades) { break-inside: auto; } .scroll { max-height: none; overflow: visible; }
  .trades summary::after, nav { display: none; } .tiles { grid-template-columns: repeat(4, 1fr); }
  .pair { grid-template-columns: 1fr 1fr; } h2 { break-after: avoid; } }
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

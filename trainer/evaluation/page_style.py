"""Style sheet of the page: two palettes, one column on a phone, nothing loaded from elsewhere."""

STYLE = """
:root {
  --page: #f6f7f8; --panel: #fff; --ink: #1b222b; --quiet: #5a6572; --line: #dce1e6;
  --blue: #0072b2; --warn-edge: #e69f00; --warn: #fdf4df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151a; --panel: #1a2027; --ink: #e7ebef; --quiet: #a0acb8; --line: #2e3741;
    --blue: #56b4e9; --warn: #2c2512;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial,
    sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 24px 28px 36px; overflow-wrap: anywhere; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 19px; line-height: 1.3; margin: 40px 0 10px; }
h3 { font-size: 15px; margin: 0 0 8px; }
p { margin: 0 0 8px; max-width: 92ch; }
ul { margin: 0; padding-left: 18px; max-width: 92ch; }
li { margin-bottom: 5px; }
th { font-weight: 600; }
.quiet, figcaption { color: var(--quiet); font-size: 13.5px; }
.notice {
  background: var(--warn); border-left: 4px solid var(--warn-edge); border-radius: 4px;
  padding: 8px 14px; margin: 12px 0 16px; max-width: none;
}
.key { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 14px; margin: 0; }
.key div {
  background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px;
}
.key dt { color: var(--quiet); font-size: 13.5px; }
.key dd { margin: 0; }
.key .value { font-size: 27px; line-height: 1.25; letter-spacing: -0.01em; }
.key .range { color: var(--quiet); font-size: 13px; }
.two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; }
.two > div, figure {
  background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 14px 18px;
}
.two h2 { margin: 0 0 6px; font-size: 16px; }
.two li { font-size: 14px; }
.figures { margin-top: 14px; }
.first { margin-top: 14px; }
figure { margin: 0; }
.wide { grid-column: 1 / -1; }
figure img {
  display: block; max-width: 100%; max-height: 480px; margin: 0 auto 10px; background: #fff;
  border-radius: 4px;
}
.wide img { max-height: none; width: 100%; max-width: 900px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { text-align: left; padding: 3px 18px 3px 0; white-space: nowrap; }
thead th { font-size: 13px; font-weight: 400; color: var(--quiet); }
tbody tr { border-top: 1px solid var(--line); }
tbody th { font-weight: 400; }
@media (max-width: 800px) {
  main { padding: 16px 16px 28px; }
  .key { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; }
  .two { grid-template-columns: minmax(0, 1fr); }
  .key .value { font-size: 22px; }
}
@media print {
  body { background: #fff; }
  figure, .two > div, .key div { break-inside: avoid; }
}
"""

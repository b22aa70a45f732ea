"""Frame and style of the audit's page; light, and readable on a phone."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Audit of {data}</title>
<style>
:root {{ color-scheme: light; --ink: #1d2327; --soft: #5b666e; --line: #dfe4e7; --bad: #9b2c1f; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 76rem; background: #fbfcfc;
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }}
h1 {{ font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.15rem; margin: 2.2rem 0 .8rem; }}
h2 small {{ color: var(--soft); font-weight: 400; }}
h3 {{ font-size: .9rem; margin: 0; overflow-wrap: anywhere; }}
p {{ margin: .6rem 0; }}
.bad {{ color: var(--bad); }}
.notice, .more, article p {{ color: var(--soft); font-size: .85rem; margin: .1rem 0 .5rem; }}
table {{ border-collapse: collapse; font-size: .9rem; }}
th, td {{ padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }}
.groups {{ display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 22.5rem), 1fr)); }}
article {{ background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .9rem; }}
.pictures {{ display: grid; gap: .7rem; grid-template-columns: 1fr 1fr; }}
figure {{ margin: 0; min-width: 0; }}
img, .missing {{ display: block; width: 100%; height: auto; aspect-ratio: 1; border-radius: 3px; }}
.missing {{ display: grid; place-items: center; background: #eef1f2; color: var(--soft); }}
figcaption {{ font-size: .75rem; color: var(--soft); overflow-wrap: anywhere; }}
figcaption b {{ color: var(--ink); margin-right: .5rem; }}
figcaption span {{ display: block; }}
</style>
</head>
<body>
<h1>Audit of {data}</h1>
<p class="notice">{notice}</p>
{summary}
{sections}
</body>
</html>
"""

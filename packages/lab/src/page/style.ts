/** Colours that are told apart without red and green, on light and on dark. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --text: #1c2430; --soft: #5b6675; --line: #d9dee5; --back: #ffffff; --panel: #f5f7f9;
  --series-0: #1f6feb; --series-1: #e08a1e; --series-2: #7a4fd0; --held: #1a7f4b; --not: #b4530a; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e9f0; --soft: #9aa6b5; --line: #2d3642; --back: #11161d; --panel: #1a212b;
  --series-0: #5b9dff; --series-1: #f0a64a; --series-2: #a98bf0; --held: #4cc38a; --not: #f0a64a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.55 system-ui, "Noto Sans", "PingFang SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 12px; }
h2 { margin: 40px 0 8px; font-size: 22px; }
h3 { margin: 44px 0 6px; font-size: 19px; }
p { margin: 8px 0; }
.other { float: right; }
.note { color: var(--soft); font-size: 14.5px; }
a { color: var(--series-0); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 10px 24px; background: var(--panel); border-radius: 8px; padding: 14px 18px; }
dl div { min-width: 0; } dt { color: var(--soft); font-size: 13px; } dd { margin: 0; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 16px 0; }
figure { margin: 18px 0; } figcaption { font-weight: 600; margin-bottom: 6px; }
.legend { display: flex; gap: 18px; margin: 0 0 8px; font-size: 14px; color: var(--soft); }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; }
svg { width: 100%; height: auto; } svg text { fill: var(--text); font-size: 13px; } svg .value, svg .aside { fill: var(--soft); } svg .aside { font-size: 10px; }
rect.series-0 { fill: var(--series-0); } rect.series-1 { fill: var(--series-1); } rect.series-2 { fill: var(--series-2); }
i.series-0 { background: var(--series-0); } i.series-1 { background: var(--series-1); } i.series-2 { background: var(--series-2); }
.table { overflow-x: auto; margin: 14px 0; }
table { border-collapse: collapse; width: 100%; font-size: 14.5px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
.verdict { font-weight: 600; white-space: nowrap; } .held { color: var(--held); } .notHeld { color: var(--not); } .unknown { color: var(--soft); }
details { margin-top: 40px; } summary { cursor: pointer; font-weight: 600; }
@media print { details { display: block; } .other, nav { display: none; } }
`;

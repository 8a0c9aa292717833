/** Colours that are told apart without red and green, on light and on dark. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --text: #1c2430; --soft: #5b6675; --line: #d9dee5; --back: #ffffff; --panel: #f5f7f9;
  --series-0: #1f6feb; --series-1: #e08a1e; --series-2: #7a4fd0; --held: #1a7f4b; --not: #b4530a; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e9f0; --soft: #9aa6b5; --line: #2d3642; --back: #11161d; --panel: #1a212b;
  --series-0: #5b9dff; --series-1: #f0a64a; --series-2: #a98bf0; --held: #4cc38a; --not: #f0a64a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.55 system-ui, "Noto Sans", "PingFang SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 12px; }
h2 { margin: 52px 0 8px; font-size: 23px; }
h3 { margin: 40px 0 6px; font-size: 19px; }
p { margin: 8px 0; } header p, section > p, .note { max-width: 760px; }
small { display: block; color: var(--soft); font-size: 13px; font-weight: 400; line-height: 1.4; }
.other { float: right; }
.note, .soft { color: var(--soft); font-size: 14.5px; } .soft { font-size: inherit; } ul { margin: 4px 0; padding-left: 22px; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
a { color: var(--series-0); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 10px 24px; background: var(--panel); border-radius: 8px; padding: 14px 18px; }
dl div { min-width: 0; } dt { color: var(--soft); font-size: 13px; } dd { margin: 0; overflow-wrap: anywhere; }
dl.terms { grid-template-columns: 1fr; } dl.terms dt { color: inherit; font-size: inherit; font-weight: 600; }
nav { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 16px 0; }
figure { margin: 18px 0; position: relative; } figcaption, caption { font-weight: 600; text-align: left; margin-bottom: 6px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; font-size: 14px; color: var(--soft); }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; }
.table { overflow-x: auto; margin: 14px 0; }
table { border-collapse: collapse; width: 100%; font-size: 14.5px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; } tbody th { font-weight: 400; } tbody th p { margin: 2px 0 0; }
.groups th { border-bottom: 0; padding-bottom: 0; color: var(--text); } .groups td { border: 0; }
td.figure, th.figure { white-space: nowrap; }
table.stacks td:first-of-type { min-width: 130px; } table.stacks tbody th { width: 32%; }
.bars th, .bars td { border: 0; padding: 4px 0; vertical-align: middle; line-height: 1.3; }
.bars tbody th { width: 150px; padding-right: 12px; text-align: right; font-size: 14px; } .bars small { font-size: 12px; }
.bars td div { display: flex; align-items: center; gap: 7px; height: 19px; font-size: 13.5px; white-space: nowrap; color: var(--soft); }
.bars i { flex: none; width: calc(var(--share) * (100% - 170px)); height: 14px; border-radius: 2px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
i.series-0 { background: var(--series-0); } i.series-1 { background: var(--series-1); } i.series-2 { background: var(--series-2); }
.verdict { font-weight: 600; white-space: nowrap; } .held { color: var(--held); } .notHeld, .partly { color: var(--not); } .unknown { color: var(--soft); }
details { margin-top: 40px; } summary { cursor: pointer; font-weight: 600; }
@media (max-width: 640px) {
  main { padding: 20px 14px 48px; } h1 { font-size: 25px; }
  .stacks thead { display: none; } .stacks, .stacks tbody, .stacks tr, .stacks th, .stacks td { display: block; }
  .stacks tbody tr { border-bottom: 1px solid var(--line); padding: 10px 0; }
  .stacks tbody th, .stacks td { border: 0; padding: 2px 0; } table.stacks tbody th { width: auto; font-weight: 600; } .stacks tbody th p { font-weight: 400; }
  .stacks td::before { content: attr(data-label); display: block; color: var(--soft); font-size: 13px; }
  .bars tbody th { width: 92px; font-size: 13px; overflow-wrap: anywhere; } .bars td div { font-size: 13px; } .bars i { width: calc(var(--share) * (100% - 140px)); }
}
@media print { .other, nav { display: none; } }
`;

/** The style of the page: system fonts, light and dark, a phone's width, print. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#171b22;--soft:#4d5665;--line:#dfe3e9;--accent:#2b63d9;--bar:#4f83ec;--track:#eceff4;--good:#17703f;--goodback:#e2f4e9;--warn:#8a4b00;--warnback:#fdf0da;--code:#f1f3f6}
@media (prefers-color-scheme:dark){:root{--page:#0f1217;--card:#181c23;--ink:#e9ecf1;--soft:#a5aebd;--line:#2b313b;--accent:#8ab0ff;--bar:#5b8cf0;--track:#242a33;--good:#7fdca4;--goodback:#14301f;--warn:#f5c069;--warnback:#382a11;--code:#12161c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Open Sans",Arial,sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 24px}
header{padding-top:40px;padding-bottom:8px}
h1{font-size:30px;line-height:1.2;margin:0 0 10px;letter-spacing:-.015em}
h2{font-size:19px;line-height:1.3;margin:40px 0 14px;letter-spacing:-.01em}
h3{font-size:16px;line-height:1.35;margin:0}
h4{font-size:14px;margin:16px 0 6px}
p{margin:0 0 10px}
a{color:var(--accent)}
a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;padding:0;margin:14px 0 0;font-size:14px}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:18px 20px}
.soft,.faint{color:var(--soft)}
.soft{font-size:14px}
.badge{display:inline-block;border-radius:999px;padding:2px 11px;font-size:13px;font-weight:600;vertical-align:middle}
.good{color:var(--good);background:var(--goodback)}
.warn{color:var(--warn);background:var(--warnback)}
.plain{color:var(--soft);background:var(--track);font-weight:500}
.banner{color:var(--warn);background:var(--warnback);border-radius:12px;padding:12px 18px;margin:18px 0 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 14px}
.tiles>div{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:13px 16px}
.tiles dt{color:var(--soft);font-size:13px}
.tiles dd{margin:1px 0 0;font-size:22px;font-weight:650;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.tiles dd small{display:block;font-size:13px;font-weight:400;color:var(--soft);letter-spacing:0}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:14px}
.grid>article{min-width:0}
.head{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:center;margin-bottom:8px}
dl.facts{display:grid;grid-template-columns:minmax(110px,auto) 1fr;gap:4px 18px;margin:0;font-size:14px}
dl.facts dt{color:var(--soft)}
dl.facts dd{margin:0}
.stats{display:flex;flex-wrap:wrap;gap:3px 16px;font-size:13.5px;color:var(--soft);margin:0 0 10px;padding:0;list-style:none}
.stats b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
.scroll+h3{margin-top:22px}
.scroll th,.scroll td{overflow-wrap:break-word;min-width:64px}
.scroll th:first-child{min-width:110px}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:7px 12px 7px 0}
.scroll th,.scroll td{border-bottom:1px solid var(--line)}
.scroll tbody tr:last-child>*{border-bottom:0}
.scroll thead th{color:var(--soft);font-weight:500;font-size:13px}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bars{table-layout:fixed}
.label{width:36%}.amount{width:66px}
.bars th{font-weight:400;padding:2px 10px 2px 0}
.bars td{padding:2px 0 2px 8px;vertical-align:middle}
.bars .num{font-size:13.5px}
.bars .bar{padding-left:0}
.bar span{display:block;height:11px;min-width:2px;border-radius:3px;background:var(--bar)}
.histogram{margin:2px 0 4px}
.histogram svg{display:block;width:100%;height:96px;overflow:visible}
.histogram rect{fill:var(--bar)}
.histogram line{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.histogram figcaption{display:flex;justify-content:space-between;font-size:12.5px;color:var(--soft);margin-top:4px;font-variant-numeric:tabular-nums}
details{margin-top:8px}
summary{cursor:pointer;color:var(--accent);font-size:14px}
pre{margin:8px 0 0;padding:12px 14px;border-radius:8px;background:var(--code);font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;white-space:pre-wrap;max-height:520px;overflow:auto}
code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.record{margin:0 0 12px}
.record>summary{font-size:15px;font-weight:600}
.record>dl{margin-top:12px!important}
.record pre{max-height:300px}
.text{margin:0;padding:0;background:none;font:inherit;max-height:400px}
.record dl.facts{grid-template-columns:minmax(90px,230px) 1fr;gap:8px 18px}
blockquote{margin:10px 0 0;padding:2px 0 2px 14px;border-left:3px solid var(--bar)}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
footer{padding-top:36px;padding-bottom:48px;color:var(--soft);font-size:13px}
@media (max-width:560px){main,header,footer{padding-left:14px;padding-right:14px}header{padding-top:22px}h1{font-size:24px}.card{padding:14px}.tiles{grid-template-columns:1fr 1fr;gap:8px}.tiles>div{padding:10px 12px}.tiles dd{font-size:18px}dl.facts,.record dl.facts{grid-template-columns:1fr;gap:0}dl.facts dd{margin-bottom:8px}.amount{width:58px}}
@media print{:root{--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--track:#eee;--code:#f5f5f5}body{font-size:11pt}nav{display:none}.card,.tiles>div{break-inside:avoid}.bar span,.histogram rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}pre{max-height:none}main,header,footer{max-width:none;padding-left:0;padding-right:0}}
`

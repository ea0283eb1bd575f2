// What does the page look like? Light and dark, wide and narrow, and on paper.

/** Every colour of a text has a contrast of at least 4.5 with its ground (WCAG 2.2, 1.4.3). */
export const STYLESHEET = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#c9d1d9;--panel:#f6f8fa;--link:#0550ae;--bad:#a40e26;--bad-bg:#ffebe9;--warn:#7a4d00;--warn-bg:#fff5cc;--good:#116329;--good-bg:#dafbe1;--bar:#3b78c4}
@media (prefers-color-scheme:dark){:root{--bg:#0f1419;--fg:#e6e9ec;--dim:#a3adb7;--line:#3a434d;--panel:#182028;--link:#86bcff;--bad:#ffa198;--bad-bg:#421a1a;--warn:#ecc36f;--warn-bg:#3a2f0d;--good:#7ee08f;--good-bg:#12351d;--bar:#6ea8ef}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,main,footer,nav{max-width:80rem;margin:auto;padding:0 1rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--bg);padding:.5rem;z-index:1}
h1{font-size:1.35rem;margin:1rem 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1rem 0 .25rem}
a{color:var(--link)}:focus-visible{outline:3px solid var(--link);outline-offset:2px}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;margin:.5rem 0}
code,td,dd,.raw{unicode-bidi:isolate}
code,.mono td,.mono th[scope=row]{font:.875rem/1.4 ui-monospace,Consolas,monospace;white-space:pre-wrap}
.dim{color:var(--dim)}
.why{padding:.75rem 1rem;border-left:.4rem solid var(--line);background:var(--panel);font-size:1.1rem;margin:.5rem 0}
.error{border-color:var(--bad);background:var(--bad-bg)}.warning{border-color:var(--warn);background:var(--warn-bg)}
.findings{padding-left:1.25rem}.findings li{margin:.5rem 0}
dl{display:grid;grid-template-columns:minmax(6rem,max-content) minmax(0,1fr);gap:.15rem 1rem;margin:.5rem 0}dt{color:var(--dim)}dd{margin:0}
.scroll{overflow-x:auto;max-width:100%}.scroll table{min-width:46rem;overflow-wrap:normal}.scroll td:last-child{min-width:10rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{text-align:left;vertical-align:top;padding:.2rem .5rem;border-bottom:1px solid var(--line)}
thead th{background:var(--panel)}th[scope=row]{font-weight:500}
.num{text-align:right;white-space:nowrap}
.mono td.word,.word{white-space:nowrap}thead th{overflow-wrap:normal}
.added{background:var(--good-bg)}.removed{background:var(--bad-bg)}.changed{background:var(--warn-bg)}
.pair{display:grid;gap:1rem;align-items:start;grid-template-columns:repeat(auto-fit,minmax(min(100%,34rem),1fr))}
.bar{width:40%;padding-left:0;padding-right:0}.bar span{display:block;height:1rem;min-width:3px;background:var(--bar);border-radius:2px}.bar .bad{background:var(--bad)}.bar .quiet{background:none;border:1px dashed var(--dim)}
ol.plain{list-style:none;padding:0;margin:.25rem 0}ol.tree{padding-left:1.5rem}
summary{cursor:pointer}details{padding:.1rem .5rem}details[open]{background:var(--panel)}details:target{outline:3px solid var(--link)}
footer{padding:2rem 1rem;color:var(--dim)}
@media (max-width:40rem){.pair thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}.pair :is(tbody,tr,th,td){display:block;border:0;padding:0}.pair tr{border-bottom:1px solid var(--line);padding:.3rem}.pair td[data-from]:not(:empty)::before{content:attr(data-from) ': ';color:var(--dim)}th,td{padding:.2rem .25rem}.bar{width:25%}dl{grid-template-columns:minmax(0,1fr)}dd{margin-left:1rem}code,.mono td,.mono th[scope=row]{font-size:.8rem}}
@media print{nav,.skip{display:none}body{font-size:10pt}.scroll{overflow:visible}details::details-content{content-visibility:visible;display:block}h2,h3,caption{break-after:avoid}tr,summary{break-inside:avoid}}
`.trim()

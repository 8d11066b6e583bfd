#pragma once
// The page that `html` fills (show.cpp): its look and its script, around the data. It asks nothing
// of the network. In the data, texts go by their numbers:
//
//     rows    [key, value, key, value...]
//     step    [actor, operation, what, [changed...], forgotten, commits, rows]
//     state   [rows, [place...], outside, [wrong...], [[step, to, wrong]...]]

#include <string_view>

namespace casement::check::detail {

inline constexpr std::string_view page_before = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>casement explore</title>
<style>
:root { color-scheme: light dark; --line: #8885; --mark: #fc06; --bad: #d33; --dim: #888; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 1rem auto; max-width: 90rem;
  padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
code, td, .way { font-family: ui-monospace, monospace; font-size: 12.5px; }
.sides { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); gap: 1.5rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: .2rem .5rem; overflow-wrap: anywhere;
  border-bottom: 1px solid var(--line); }
.n { width: 2.2rem; color: var(--dim); }
.steps tbody tr { cursor: pointer; } .later { opacity: .35; } .here { background: var(--mark); }
.changed { color: var(--dim); } .bad { color: var(--bad); font-weight: 600; white-space: pre-line; }
.new td { background: var(--mark); } .gone td { text-decoration: line-through; color: var(--dim); }
button { font: inherit; padding: .15rem .6rem; cursor: pointer; }
.ways { display: flex; gap: 1rem; } .ways > div { flex: 1; min-width: 0; }
.list { max-height: 24rem; overflow: auto; border: 1px solid var(--line); }
.way { display: block; width: 100%; text-align: left; border: 0; background: none; color: inherit;
  overflow-wrap: anywhere; } .way:hover:enabled { background: var(--mark); }
.way:disabled { cursor: default; color: var(--dim); }
.bar { display: flex; gap: .5rem; align-items: center; flex-wrap: wrap; margin: .4rem 0; }
</style>
</head>
<body>
<h1 id="story"></h1>
<div id="told"></div>
<div id="walk"></div>
<script type="application/json" id="data">)html";

inline constexpr std::string_view page_after = R"html(</script>
<script>
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const text = n => data.texts[n];
const world = data.actors.length;
const names = [...data.actors, 'the world'];

function make(tag, how = {}, ...children) {
  const e = Object.assign(document.createElement(tag), how);
  e.append(...children);
  return e;
}

// The rows now, marked where they differ from those before.
function store(now, before) {
  const pairs = rows => {
    const all = new Map();
    for (let i = 0; rows && i < rows.length; i += 2) all.set(rows[i], rows[i + 1]);
    return all;
  };
  const is = pairs(now), was = pairs(before);
  const body = make('tbody');
  const keys = [...is.keys(), ...[...was.keys()].filter(k => !is.has(k))];
  keys.sort((a, b) => text(a) < text(b) ? -1 : 1);
  for (const k of keys) {
    const gone = !is.has(k);
    const look = gone ? 'gone' : before && was.get(k) !== is.get(k) ? 'new' : '';
    const row = make('tr', {className: look}, make('td', {}, text(k)),
                     make('td', {}, text(gone ? was.get(k) : is.get(k))));
    if (row.className === 'new' && was.has(k)) row.title = 'before: ' + text(was.get(k));
    body.append(row);
  }
  return make('table', {}, make('thead', {}, make('tr', {}, make('th', {}, 'row'),
                                                  make('th', {}, 'value'))), body);
}

function said(step, also) {
  const cell = make('div', {}, (text(step[1]) ? text(step[1]) + ': ' : '') + text(step[2]));
  for (const c of step[3]) cell.append(make('div', {className: 'changed'}, text(c)));
  if (text(step[4]))
    cell.append(make('div', {className: 'bad'}, "without the guard '" + text(step[4]) + "'"));
  if (also) cell.append(make('div', {className: 'bad'}, also));
  return cell;
}

// The violation, step by step.
function tell(into, v) {
  let at = v.steps.length;
  const first = data.states.length ? data.states[0][0] : null;
  const show = n => { at = Math.max(0, Math.min(n, v.steps.length)); draw(); };
  const columns = v.steps.some(s => s[0] === world) ? names : data.actors;
  function draw() {
    const body = make('tbody');
    v.steps.forEach((s, i) => {
      const row = make('tr', {className: i >= at ? 'later' : i === at - 1 ? 'here' : '',
                              onclick: () => show(i + 1)}, make('td', {className: 'n'}, i + 1));
      columns.forEach((_, a) => row.append(make('td', {}, a === s[0] ? said(s) : '')));
      body.append(row);
    });
    const head = make('tr', {}, make('th', {className: 'n'}, ''),
                      ...columns.map(c => make('th', {}, c)));
    const now = at > 0 ? v.steps[at - 1][6] : first;
    const before = at > 1 ? v.steps[at - 2][6] : at === 1 ? first : null;
    into.replaceChildren(
      make('h2', {}, v.property ? 'The violation' : 'The schedule'),
      make('div', {className: 'bad'}, v.property ? v.property + ': ' + v.words : ''),
      make('div', {className: 'bar'},
           make('button', {onclick: () => show(0)}, 'to the beginning'),
           make('button', {onclick: () => show(at - 1)}, '\u2190 back'),
           make('button', {onclick: () => show(at + 1)}, 'on \u2192'),
           make('span', {}, 'step ' + at + ' of ' + v.steps.length),
           make('code', {}, v.token)),
      make('div', {className: 'sides'},
           make('table', {className: 'steps'}, make('thead', {}, head), body),
           now ? store(now, before) : ''));
  }
  document.addEventListener('keydown', e => {
    if (e.target.tagName === 'INPUT') return;
    if (e.key === 'ArrowLeft') show(at - 1);
    if (e.key === 'ArrowRight') show(at + 1);
  });
  draw();
}

// The states, by hand.
function walk(into) {
  let path = [{state: 0, step: null}];
  let filter = '';
  const wrong_at = n => data.states[n][3].length > 0;
  function draw() {
    const here = path[path.length - 1], s = data.states[here.state];
    const before = path.length > 1 ? data.states[path[path.length - 2].state][0] : null;
    const ways = make('div', {className: 'ways'});
    names.forEach((name, actor) => {
      const mine = s[4].filter(w => w[0][0] === actor);
      if (actor === world && !mine.length && !text(s[2])) return;
      const list = make('div', {className: 'list'});
      for (const w of mine) {
        const [step, to, wrong] = w;
        const words = (text(step[1]) ? text(step[1]) + ': ' : '') + text(step[2]);
        if (filter && !words.toLowerCase().includes(filter.toLowerCase())) continue;
        const broken = text(wrong) || (to >= 0 && wrong_at(to));
        list.append(make('button', {
          className: 'way' + (broken ? ' bad' : ''), disabled: to < 0,
          title: to >= 0 ? step[3].map(text).join('\n')
                         : text(wrong) || 'beyond the states on this page',
          onclick: () => { path.push({state: to, step: w}); draw(); }}, words));
      }
      ways.append(make('div', {}, make('b', {}, name),
                       make('div', {className: 'changed'},
                            text(actor === world ? s[2] : s[1][actor])),
                       list));
    });
    const taken = make('tbody');
    path.slice(1).forEach((p, i) => {
      const row = make('tr', {onclick: () => { path = path.slice(0, i + 2); draw(); }},
                       make('td', {className: 'n'}, i + 1));
      names.forEach((_, a) => row.append(
        make('td', {}, a === p.step[0][0] ? said(p.step[0], text(p.step[2])) : '')));
      taken.append(row);
    });
    const search = make('input', {placeholder: 'only steps with\u2026', value: filter,
                                  oninput: e => { filter = e.target.value; draw(); }});
    into.replaceChildren(
      make('h2', {}, 'By hand'),
      make('div', {className: 'bar'},
           make('button', {onclick: () => { path = [path[0]]; draw(); }}, 'to the beginning'),
           make('button', {onclick: () => { if (path.length > 1) path.pop(); draw(); }},
                '\u2190 back'),
           search,
           make('span', {}, 'state ' + here.state + ' of the first ' + data.states.length)),
      ...s[3].map(w => make('div', {className: 'bad'}, text(w))),
      make('div', {className: 'sides'},
           make('div', {}, ways, make('table', {className: 'steps'}, taken)),
           store(s[0], before)));
    if (filter) { search.focus(); search.setSelectionRange(filter.length, filter.length); }
  }
  draw();
}

document.title = data.story;
document.getElementById('story').textContent = data.story;
if (data.violation) tell(document.getElementById('told'), data.violation);
if (data.states.length) walk(document.getElementById('walk'));
</script>
</body>
</html>
)html";

}  // namespace casement::check::detail

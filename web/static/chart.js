// The chart of one zone's day. What was not observed stays a gap.
(function () {
  'use strict';
  var box = document.getElementById('chart');
  if (!box || !window.uPlot) return;
  var empty = document.getElementById('chart-empty');
  var d = box.dataset;
  var plot;

  function tone(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  // Minutes that are missing become null, which uPlot does not connect.
  function columns(items) {
    var t = [], people = [], low = [], high = [], limit = [];
    items.forEach(function (s) {
      var at = Date.parse(s.at) / 1000;
      if (t.length && at - t[t.length - 1] > 180) {
        t.push(t[t.length - 1] + 60);
        people.push(null); low.push(null); high.push(null); limit.push(null);
      }
      t.push(at);
      people.push(s.persons);
      low.push(s.low);
      high.push(s.high);
      limit.push(s.limit === undefined ? null : s.limit);
    });
    return [t, people, high, low, limit];
  }

  function options(width) {
    var soft = tone('--soft'), line = tone('--line');
    var number = new Intl.NumberFormat(d.lang, {maximumFractionDigits: 0});
    var show = function (u, v) { return v == null ? '–' : number.format(v); };
    var clock = new Intl.DateTimeFormat(d.lang, {hour: '2-digit', minute: '2-digit', hour12: false, timeZone: d.zone});
    var axis = {stroke: soft, grid: {stroke: line, width: 1}, ticks: {stroke: line, width: 1}};
    return {
      width: width, height: 320,
      tzDate: function (ts) { return uPlot.tzDate(new Date(ts * 1000), d.zone); },
      scales: {y: {range: function (u, min, max) { return [0, Math.max(5, max * 1.1)]; }}},
      axes: [
        Object.assign({values: function (u, ticks) { return ticks.map(function (t) { return clock.format(new Date(t * 1000)); }); }}, axis),
        Object.assign({values: function (u, ticks) { return ticks.map(function (v) { return number.format(v); }); }}, axis)
      ],
      series: [
        {label: d.time, value: function (u, t) { return t == null ? '–' : clock.format(new Date(t * 1000)); }},
        {label: d.people, stroke: tone('--ink'), width: 2, value: show, points: {show: false}},
        {label: d.high, stroke: 'transparent', value: show, points: {show: false}},
        {label: d.low, stroke: 'transparent', value: show, points: {show: false}},
        {label: d.limit, stroke: tone('--bad'), width: 1.5, dash: [6, 5], value: show, points: {show: false}}
      ],
      bands: [{series: [2, 3], fill: soft + '33'}]
    };
  }

  function draw(data) {
    if (plot) plot.destroy();
    plot = new uPlot(options(box.clientWidth), data, box);
  }

  var last;
  function load() {
    fetch(d.src, {headers: {Accept: 'application/json'}}).then(function (r) {
      if (!r.ok) throw new Error(r.status);
      return r.json();
    }).then(function (body) {
      last = columns(body.items);
      empty.hidden = body.items.length > 0;
      box.hidden = body.items.length === 0;
      if (body.items.length) draw(last);
      box.dataset.drawn = String(body.items.length);
    }).catch(function () {
      empty.hidden = false;
    });
  }

  load();
  if (d.today) setInterval(function () { if (!document.hidden) load(); }, 60000);
  window.addEventListener('resize', function () { if (plot) plot.setSize({width: box.clientWidth, height: 320}); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', function () { if (last) draw(last); });
})();

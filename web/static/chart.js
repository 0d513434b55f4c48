// The chart of one zone's day. A value holds until the next one; where nobody knew there is a gap.
(function () {
  'use strict';
  var box = document.getElementById('chart');
  if (!box || !window.uPlot) return;
  var empty = document.getElementById('chart-empty');
  var peak = document.getElementById('chart-peak');
  var d = box.dataset;
  var plot;

  function tone(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  // Every minute gets the value that holds in it; where nobody knew, null, which uPlot does not connect. The night before anybody
  // came is left out but for half an hour.
  function columns(body) {
    var t = [], people = [], low = [], high = [], limit = [];
    var items = body.items, until = Math.floor(Date.parse(body.until) / 1000), begin = null;
    items.forEach(function (s) {
      if (begin === null && s.known && s.persons > 0) begin = Date.parse(s.at) / 1000 - 1800;
    });
    function add(at, s) {
      t.push(at);
      people.push(s.known ? s.persons : null);
      low.push(s.known ? s.low : null);
      high.push(s.known ? s.high : null);
      limit.push(s.limit === undefined ? null : s.limit);
    }
    items.forEach(function (s, i) {
      var end = i + 1 < items.length ? Date.parse(items[i + 1].at) / 1000 : until;
      for (var at = Date.parse(s.at) / 1000; at < end; at += 60) {
        if (begin === null || at >= begin) add(at, s);
      }
      if (i + 1 === items.length && (!t.length || t[t.length - 1] < until)) add(until, s);
    });
    return [t, people, high, low, limit];
  }

  function options(width) {
    var soft = tone('--soft'), line = tone('--line');
    var number = new Intl.NumberFormat(d.lang, {maximumFractionDigits: 0});
    var show = function (u, v) { return v == null ? '–' : number.format(v); };
    var clock = new Intl.DateTimeFormat(d.lang, {hour: '2-digit', minute: '2-digit', hour12: false, timeZone: d.zone});
    var steps = uPlot.paths.stepped({align: 1, alignGaps: 1});
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
        {label: d.people, stroke: tone('--ink'), width: 2, value: show, paths: steps, points: {show: false}},
        {label: d.high, stroke: 'transparent', value: show, paths: steps, points: {show: false}},
        {label: d.low, stroke: 'transparent', value: show, paths: steps, points: {show: false}},
        {label: d.limit, stroke: tone('--bad'), width: 1.5, dash: [6, 5], value: show, paths: steps, points: {show: false}}
      ],
      bands: [{series: [2, 3], fill: soft + '33'}]
    };
  }

  function draw(data) {
    if (plot) plot.destroy();
    plot = new uPlot(options(box.clientWidth), data, box);
    box.shown = data;
  }

  var last;
  function load() {
    fetch(d.src, {headers: {Accept: 'application/json'}}).then(function (r) {
      if (!r.ok) throw new Error(r.status);
      return r.json();
    }).then(function (body) {
      var seen = body.items.some(function (s) { return s.known; });
      last = columns(body);
      empty.hidden = seen;
      box.hidden = !seen;
      if (seen) draw(last);
      peak.hidden = !body.peak;
      if (body.peak) {
        var clock = new Intl.DateTimeFormat(d.lang, {hour: '2-digit', minute: '2-digit', hour12: false, timeZone: d.zone});
        peak.textContent = d.peak.replace('#', new Intl.NumberFormat(d.lang, {maximumFractionDigits: 0}).format(body.peak.persons)).replace('@', clock.format(new Date(body.peak.at)));
      }
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

// What was entered on a phone and is not sent yet, for the pages and for the service worker alike. Nothing is thrown away by itself but what
// the gateway has: what it refused stays until a person has read why.
(function (self) {
  'use strict';
  var patience = 30000;          // for an answer; the gateway reckons with it
  var keepSent = 24 * 3600000;   // how long the page shows what was sent
  var life = self.gerbangLife = random();
  var opened;

  function db() {
    return opened || (opened = self.idb.openDB('gerbang-shift', 1, {
      upgrade: function (d) {
        d.createObjectStore('entries', {keyPath: 'id'});
        d.createObjectStore('meta');
      },
      terminated: function () { opened = null; }
    }));
  }

  function random() {
    var b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = b[6] & 15 | 64; b[8] = b[8] & 63 | 128;
    var h = Array.prototype.map.call(b, function (x) { return (x + 256).toString(16).slice(1); }).join('');
    return h.slice(0, 8) + '-' + h.slice(8, 12) + '-' + h.slice(12, 16) + '-' + h.slice(16, 20) + '-' + h.slice(20);
  }

  function get(key) { return db().then(function (d) { return d.get('meta', key); }); }
  function set(key, value) { return db().then(function (d) { return d.put('meta', value, key); }); }

  // add keeps entries, all or none.
  function add(entries) {
    return db().then(function (d) {
      var tx = d.transaction('entries', 'readwrite', {durability: 'strict'});
      entries.forEach(function (e) { tx.store.put(e); });
      return tx.done;
    });
  }

  function all() {
    return db().then(function (d) { return d.getAll('entries'); }).then(function (list) {
      return list.sort(function (a, b) { return a.order - b.order; });
    });
  }

  // change edits an entry as it is stored now; gone ones stay gone.
  function change(id, edit) {
    return db().then(function (d) {
      var tx = d.transaction('entries', 'readwrite');
      return tx.store.get(id).then(function (e) {
        if (e) { edit(e); tx.store.put(e); }
        return tx.done;
      });
    });
  }

  function remove(id) { return db().then(function (d) { return d.delete('entries', id); }); }

  // clock looks whether the phone's clock went back, by the last time that anybody saw it here. What waits is marked then.
  function clock() {
    var wall = Date.now(), mono = performance.now();
    return get('clock').then(function (was) {
      var back = was && (wall < was.wall - 2000 || was.life === life && (wall - mono) < (was.wall - was.mono) - 2000);
      return set('clock', {wall: wall, mono: mono, life: life}).then(function () {
        if (!back) return;
        return get('backs').then(function (n) { return set('backs', (n || 0) + 1); }).then(function () { return get('heard'); }).then(function (h) {
          if (h) { h.back = true; return set('heard', h); }
        }).then(all).then(function (list) {
          return Promise.all(list.filter(function (e) { return e.state === 'waiting'; }).map(function (e) {
            return change(e.id, function (x) { x.back = true; });
          }));
        });
      });
    });
  }

  // moment is now, by both clocks of the phone, with what is known of them.
  function moment() {
    var m = {wall: Date.now(), mono: performance.now(), life: life};
    return clock().then(function () { return Promise.all([get('heard'), get('backs')]); }).then(function (got) {
      var h = got[0];
      m.heard = h ? h.server : 0; m.heardAt = h ? h.wall : 0; m.back = !!(h && h.back); m.backs = got[1] || 0;
      return m;
    });
  }

  // heard notes what time it is at the gateway, as well as the way there allows.
  function heard(server, before, after, by) {
    if (after - before > 5000) return Promise.resolve();
    return set('heard', {server: server, wall: Math.round((before + after) / 2), by: by});
  }

  // one sends an entry, and says what became of it: sent, refused, waiting, signin.
  function one(e) {
    return get('heard').then(function () {
      var form = new URLSearchParams(), wall = Date.now();
      var abort = new AbortController(), timer = setTimeout(function () { abort.abort(); }, patience);
      form.set('id', e.id); form.set('by', e.by); form.set('item', e.item || ''); form.set('agent', e.agent || '');
      form.set('remark', e.remark || ''); form.set('author', e.author || '');
      form.set('done', String(Math.round(e.done))); form.set('sent', String(wall));
      form.set('elapsed', String(e.life === life ? Math.max(0, Math.round(performance.now() - e.mono)) : -1));
      if (e.heard) { form.set('heard', String(e.heard)); form.set('heard_at', String(e.heardAt)); }
      if (e.back) form.set('set_back', '1');
      return fetch(e.url, {method: 'POST', body: form, credentials: 'same-origin', redirect: 'manual', cache: 'no-store', signal: abort.signal, headers: {Accept: 'application/json'}})
        .then(function (r) {
          if (r.status === 401) return {state: 'signin'};
          return r.text().then(function (text) {
            var answer = null;
            try { answer = JSON.parse(text); } catch (_) { /* no JSON: by the status */ }
            if (answer && ['stored', 'refused', 'later', 'other'].indexOf(answer.state) >= 0) return answer;
            // Somebody else's answer, such as of a proxy: what is no refusal by its status is tried again.
            var words = answer ? answer.words || answer.detail || answer.title : text.trim();
            var later = r.status < 400 || r.status >= 500 || r.status === 429 || r.status === 408 || r.status === 403;
            return {state: later ? 'later' : 'refused', words: String(words || r.status).slice(0, 300)};
          });
        })
        .finally(function () { clearTimeout(timer); });
    }).then(function (answer) {
      return change(e.id, function (x) {
        x.words = answer.words || '';
        x.tried = Date.now();
        if (answer.state === 'stored') { x.state = 'sent'; x.at = answer.at; x.since = answer.since || 0; }
        else if (answer.state === 'refused') x.state = 'refused';
        else if (answer.state === 'signin' || answer.state === 'other') x.blocked = answer.state;
        if (answer.state === 'stored' || answer.state === 'later') delete x.blocked;
      }).then(function () { return answer.state; });
    });
  }

  var running = null;

  // send tries all that waits, the oldest first, and stops where there is no network. One at a time, whoever asks.
  function send() {
    if (running) return running;
    var work = function () {
      return clock().then(all).then(function (list) {
        var old = list.filter(function (e) { return e.state === 'sent' && Date.now() - e.tried > keepSent; });
        return Promise.all(old.map(function (e) { return remove(e.id); })).then(function () {
          return list.filter(function (e) { return e.state === 'waiting'; }).reduce(function (before, e) {
            return before.then(function () { return one(e); });
          }, Promise.resolve());
        });
      });
    };
    running = (self.navigator.locks ? self.navigator.locks.request('gerbang-send', work) : work()).finally(function () { running = null; });
    return running;
  }

  self.gerbangShift = {add: add, all: all, get: get, set: set, remove: remove, clock: clock, moment: moment, heard: heard, send: send, uuid: random, life: life};
})(self);

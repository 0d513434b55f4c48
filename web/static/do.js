// A cleaner's pages: what is ticked is kept on the phone at once and sent when there is a network.
(function () {
  'use strict';
  var box = document.getElementById('shift');
  if (!box || !window.idb || !window.indexedDB || !window.gerbangShift) return;
  var S = window.gerbangShift;
  var d = box.dataset;
  var words = JSON.parse(d.words);
  var form = document.getElementById('do-form');
  var list = document.getElementById('shift-list');
  var count = document.getElementById('shift-count');
  var net = document.getElementById('shift-net');
  var said = document.getElementById('shift-said');
  var lang = document.documentElement.lang;
  var ticked = {}; // item → when it was ticked
  var draft = Promise.resolve();
  var draftKey = JSON.stringify(['draft', d.by, d.site, d.task]); // what one person ticks is nobody else's, and no other site's

  function clockOf(ms) { return new Date(ms).toLocaleTimeString(lang, {hour: '2-digit', minute: '2-digit'}); }
  function say(text, bad) { said.textContent = text; said.className = bad ? 'trouble' : 'saved'; said.hidden = !text; }

  function show() {
    return S.all().then(function (all) {
      all = all.filter(function (e) { return e.site === d.site; });
      var waiting = all.filter(function (e) { return e.state === 'waiting'; }).length;
      count.textContent = waiting ? words.waiting.replace('#', waiting) : words.none;
      count.className = waiting ? 'shift-waiting' : 'soft';
      box.dataset.waiting = waiting;
      list.replaceChildren.apply(list, all.slice(-40).reverse().map(row));
    });
  }

  function row(e) {
    var li = document.createElement('li'), b = document.createElement('b'), s = document.createElement('span');
    li.className = 'shift-' + e.state;
    b.textContent = e.taskName + (e.item ? ': ' + e.item : '');
    var text = clockOf(e.done);
    if (e.state === 'sent') text += ' · ' + words.sent + (e.since ? ' · ' + words.unsure : '');
    else if (e.state === 'refused') text += ' · ' + words.refused + ' ' + (e.words || '');
    else if (e.blocked === 'signin') text += ' · ' + words.signin;
    else if (e.blocked === 'other') text += ' · ' + words.other.replace('#', e.byName || e.by);
    else text += ' · ' + words.kept + (e.words ? ' ' + e.words : '');
    s.textContent = text;
    li.append(b, s);
    if (e.state === 'refused') {
      var x = document.createElement('button');
      x.type = 'button'; x.className = 'quiet'; x.textContent = words.remove;
      x.addEventListener('click', function () { S.remove(e.id).then(show); });
      li.append(x);
    }
    return li;
  }

  function connected(yes) {
    box.dataset.net = yes ? 'on' : 'off';
    net.textContent = yes ? words.online : words.offline;
  }

  // greet asks the gateway for the time, by which what is entered from now on can be told; and whether this page is of whoever is signed in.
  function greet() {
    var before = Date.now(), abort = new AbortController(), timer = setTimeout(function () { abort.abort(); }, 10000);
    return fetch(d.now, {cache: 'no-store', credentials: 'same-origin', signal: abort.signal, headers: {Accept: 'application/json'}}).then(function (r) {
      if (!r.ok) { connected(true); return false; }
      return r.json().then(function (now) {
        connected(true);
        return S.heard(now.now, before, Date.now(), now.by).then(function () {
          if (now.by !== d.by) location.reload(); // it was kept for somebody else
          return true;
        });
      });
    }, function () { connected(false); return false; }).finally(function () { clearTimeout(timer); });
  }

  function send() {
    return greet().then(function (ok) {
      return (ok || box.dataset.net === 'on' ? S.send() : S.clock()).catch(function () { connected(false); }).then(show);
    });
  }

  function later() {
    if (!('serviceWorker' in navigator) || !navigator.serviceWorker.controller && !navigator.serviceWorker.ready) return;
    navigator.serviceWorker.ready.then(function (reg) { if (reg.sync) return reg.sync.register('gerbang-send'); }).catch(function () {});
  }

  // recorded shows what the gateway has recorded, in its words, and how the task stands now.
  function recorded(ids) {
    return fetch(location.pathname + '?saved=' + ids.slice(0, 24).join(','), {cache: 'no-store', credentials: 'same-origin', headers: {Accept: 'text/html'}}).then(function (r) {
      return r.ok ? r.text() : '';
    }).then(function (text) {
      var page = new DOMParser().parseFromString(text, 'text/html');
      ['#do-saved', '.do-state'].forEach(function (at) {
        var is = document.querySelector(at), then = page.querySelector(at);
        if (is && then) is.replaceWith(document.importNode(then, true));
      });
    }).catch(function () {});
  }

  if (form) {
    var boxes = Array.prototype.slice.call(form.querySelectorAll('input[name="item"]'));
    var agent = form.elements.agent, remark = form.elements.remark, author = form.elements.author;
    S.get(draftKey).then(function (draft) { // the phone may have closed the page meanwhile
      if (!draft || Date.now() - draft.at > 12 * 3600000 || Date.now() < draft.at - 2000) return;
      boxes.forEach(function (b) { if (draft.ticked[b.value]) { b.checked = true; ticked[b.value] = draft.ticked[b.value]; } });
    });
    S.get('agent').then(function (a) { if (a && !agent.value) agent.value = a; });
    if (author && author.type !== 'hidden') S.get('author').then(function (a) { if (a && !author.value) author.value = a; });

    form.addEventListener('change', function (e) {
      if (e.target.name !== 'item') return;
      var item = e.target.value, on = e.target.checked, moment = on ? S.moment() : Promise.resolve();
      draft = draft.then(function () { return moment; }).then(function (m) {
        if (on) ticked[item] = m; else delete ticked[item];
        return S.set(draftKey, {at: Date.now(), ticked: ticked});
      }).catch(function () {});
    });

    form.addEventListener('submit', function (e) {
      e.preventDefault();
      var chosen = boxes.filter(function (b) { return b.checked; }).map(function (b) { return b.value; });
      if (boxes.length && !chosen.length) return say(words.tick, true);
      var button = form.querySelector('button[type="submit"]');
      button.disabled = true;
      var ids = (boxes.length ? chosen : ['']).map(S.uuid);
      draft.then(S.moment).then(function (now) {
        return S.add((boxes.length ? chosen : ['']).map(function (item, i) {
          var when = item && ticked[item] || now;
          return {
            id: ids[i], state: 'waiting', order: now.wall + i / 1000, site: d.site, task: d.task, taskName: d.taskName, item: item, agent: agent.value.trim(), remark: remark.value.trim(),
            by: d.by, byName: d.name, author: author ? author.value.trim() : '', url: d.send, done: when.wall, mono: when.mono, life: when.life,
            heard: when.heard, heardAt: when.heardAt, back: when.back || when.backs !== now.backs
          };
        }));
      }).then(function () {
        boxes.forEach(function (b) { b.checked = false; });
        ticked = {};
        remark.value = '';
        S.set('agent', agent.value.trim());
        if (author) S.set('author', author.value.trim());
        S.set(draftKey, null);
        say(words.kept);
        button.disabled = false; // the next thing need not wait for the network
        later();
        show().then(send).then(function () { 
          var sent = box.dataset.waiting === '0';
          say(sent ? words.sent : words.kept);
          if (sent) recorded(ids);
        });
      }, function () { button.disabled = false; form.submit(); }); // what cannot be kept is sent at once, or the browser says that it cannot
    });
  }

  window.addEventListener('online', send);
  window.addEventListener('offline', function () { connected(false); });
  document.addEventListener('visibilitychange', function () { if (!document.hidden) send(); });
  setInterval(function () { S.clock().then(function () { if (box.dataset.waiting > 0 || box.dataset.net !== 'on') send(); }); }, 15000);

  var pages = document.getElementById('shift-pages');
  if (!window.isSecureContext || !('serviceWorker' in navigator)) {
    pages.textContent = words.insecure;
    pages.hidden = false;
  } else {
    navigator.serviceWorker.addEventListener('message', function (e) {
      var m = e.data || {};
      if (m.gerbang === 'send') send();
      if (m.gerbang === 'sent') show();
      if (m.gerbang === 'warmed') box.dataset.warm = 'yes';
    });
    navigator.serviceWorker.register(d.worker).then(function () { return navigator.serviceWorker.ready; }).then(function (reg) {
      var files = Array.prototype.map.call(document.querySelectorAll('link[rel="stylesheet"], link[rel="icon"], script[src]'), function (x) { return x.src || x.href; });
      reg.active.postMessage({gerbang: 'warm', by: d.by, pages: JSON.parse(d.pages), files: files});
    }).catch(function () { pages.textContent = words.insecure; pages.hidden = false; });
  }

  show().then(send).then(function () { box.dataset.ready = 'yes'; });
})();

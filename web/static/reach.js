// Whether this browser can be reached: every page tells the gateway its address, and the card on the page of alerts tries it out.
(function () {
  'use strict';
  var root = document.documentElement, key = root.dataset.push, base = root.dataset.root || '/';
  var card = document.getElementById('reachable');
  if (!key && !card) return;

  function say(state) {
    if (!card) return;
    card.dataset.state = state;
    card.querySelectorAll('[data-when]').forEach(function (e) { e.hidden = e.dataset.when.split(' ').indexOf(state) < 0; });
  }

  function send(path, values) {
    return fetch(base + path, {
      method: 'POST', credentials: 'same-origin', headers: {'Content-Type': 'application/x-www-form-urlencoded', 'Accept': 'application/json'},
      body: new URLSearchParams(values).toString()
    }).then(function (r) {
      if (r.ok) return r.json();
      return r.text().then(function (words) { // that one has to wait, and how long, the gateway says in the page's language
        var e = new Error(String(r.status));
        if (r.status === 429) e.words = words.slice(0, 300);
        throw e;
      });
    });
  }

  // What the browser lacks; empty: nothing. Only a safe origin may have a service worker.
  function lack() {
    if (!key) return 'script';
    if (!window.isSecureContext) return 'insecure';
    if ('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window) return Notification.permission === 'denied' ? 'denied' : '';
    return /iPhone|iPad|iPod/.test(navigator.userAgent) && !navigator.standalone ? 'home' : 'unsupported';
  }

  function bytes(text) {
    var raw = atob(text.replace(/-/g, '+').replace(/_/g, '/')), all = new Uint8Array(raw.length);
    for (var i = 0; i < raw.length; i++) all[i] = raw.charCodeAt(i);
    return all;
  }

  function same(a, b) {
    a = new Uint8Array(a || 0);
    if (a.length !== b.length) return false;
    return b.every(function (x, i) { return a[i] === x; });
  }

  // The subscription that fits the gateway's key; with another one it is made anew.
  function subscription(make) {
    var want = bytes(key);
    return navigator.serviceWorker.register(base + 'sw.js', {scope: base}).then(function () { return navigator.serviceWorker.ready; }).then(function (worker) {
      return worker.pushManager.getSubscription().then(function (old) {
        if (old && same(old.options.applicationServerKey, want)) return old;
        if (!make && !old) return null;
        return (old ? old.unsubscribe() : Promise.resolve()).then(function () {
          return worker.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: want});
        });
      });
    });
  }

  function tell(sub) {
    var keys = sub.toJSON().keys;
    return send('reach/phone', {endpoint: sub.endpoint, p256dh: keys.p256dh, auth: keys.auth}).then(function () { return sub; });
  }

  var missing = lack();
  if (!missing && Notification.permission === 'granted') subscription(false).then(function (sub) { return sub && tell(sub); }).catch(function () {});
  if (!card) return;
  say(missing || 'ready');

  var button = document.getElementById('reachable-test');
  if (!button) return;
  button.addEventListener('click', function () {
    say('asking');
    Notification.requestPermission().then(function (answer) {
      if (answer !== 'granted') { say(answer === 'denied' ? 'denied' : 'ready'); return null; }
      return subscription(true).then(tell).then(function (sub) {
        say('sending');
        return send('reach/phone/test', {endpoint: sub.endpoint});
      }).then(look);
    }).catch(function (e) {
      console.warn(e); // the browser's own words are in a language of its own
      document.getElementById('reachable-why').textContent = e.words || '';
      say('failed');
    });
  });

  // The phone says that it has shown the test within seconds, or it is not to be relied upon.
  function look(test) {
    var patience = Date.now() + 20000;
    function once(t) {
      if (t.shown) {
        document.getElementById('reachable-when').textContent = t.shown;
        say('shown');
      } else if (t.failed) {
        document.getElementById('reachable-why').textContent = t.failed;
        say('failed');
      } else if (Date.now() > patience) {
        say('silent');
      } else {
        setTimeout(function () {
          fetch(base + 'reach/phone/test/' + encodeURIComponent(test.test), {credentials: 'same-origin', cache: 'no-store', headers: {'Accept': 'application/json'}})
            .then(function (r) { return r.ok ? r.json() : {}; }).catch(function () { return {}; }).then(once);
        }, 400);
      }
    }
    once(test);
  }
})();

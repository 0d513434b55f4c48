// The page's own few lines: know whether it is live, and say so the moment it is not.
(function () {
  'use strict';
  var root = document.documentElement;
  var live = document.getElementById('live');
  var lost = document.getElementById('lost');

  // A notice goes away by itself; its region stays, so that it is read aloud.
  var notice = document.getElementById('notice');
  if (notice) {
    var fade;
    new MutationObserver(function () {
      clearTimeout(fade);
      if (notice.firstElementChild) fade = setTimeout(function () { notice.replaceChildren(); }, 6000);
    }).observe(notice, {childList: true});
  }

  // Whether a warning about the certificate was clicked away only the browser knows: it registers nothing then.
  var distrusted = document.getElementById('distrusted');
  if (distrusted && location.protocol === 'https:' && navigator.serviceWorker) {
    navigator.serviceWorker.register(distrusted.dataset.probe, {scope: distrusted.dataset.probe.split('?')[0]})
      .then(function (r) { return r.unregister(); }, function () { distrusted.hidden = false; });
  }

  if (!live || !live.hasAttribute('hx-sse:connect')) return;

  var patience = 12000;  // a little more than two beats of the server
  var retry = 20000;     // how often a stale page looks whether it should load itself again
  var heard = Date.now();
  var timer;

  function clock(ms) {
    return new Date(ms).toLocaleTimeString(root.lang, {hour: '2-digit', minute: '2-digit', second: '2-digit'});
  }

  function alive() {
    heard = Date.now();
    root.dataset.state = 'live';
    lost.hidden = true;
    clearTimeout(timer);
    timer = setTimeout(stale, patience);
  }

  function stale() {
    clearTimeout(timer);
    if (root.dataset.state !== 'stale') {
      root.dataset.state = 'stale';
      document.getElementById('lost-since').textContent = clock(heard);
      lost.hidden = false;
    }
    timer = setTimeout(recover, retry);
  }

  // The stream reconnects by itself; a page that stays without one loads itself again as soon as the gateway answers.
  function recover() {
    if (root.dataset.state !== 'stale') return;
    fetch(root.dataset.health, {cache: 'no-store'}).then(function (r) {
      if (r.ok && root.dataset.state === 'stale') location.reload();
    }, function () {}).finally(function () {
      if (root.dataset.state === 'stale') timer = setTimeout(recover, retry);
    });
  }

  live.addEventListener('beat', function (e) {
    alive();
    // Another version of the static files: the gateway was replaced, this page is from before.
    if (e.detail && e.detail.data && e.detail.data !== root.dataset.assets) location.reload();
  });
  live.addEventListener('htmx:sse:after:message', alive);
  live.addEventListener('htmx:sse:error', stale);
  live.addEventListener('htmx:sse:close', stale);
  live.addEventListener('htmx:error', stale);
  live.addEventListener('htmx:response:error', stale);
  live.addEventListener('htmx:sse:before:connection', function (e) {
    if (e.detail.connection && e.detail.connection.attempt > 0) stale();
  });
  window.addEventListener('offline', stale);
  timer = setTimeout(stale, patience);
})();

// A page that sounds when an alert is raised, for a building's own network: it needs no push service. Browsers let a page sound only after a tap.
(function () {
  'use strict';
  var root = document.documentElement, base = root.dataset.root || '/';
  var box = document.getElementById('watch-start'), live = document.getElementById('live');
  var sound = document.getElementById('watch-sound'), awake = document.getElementById('watch-awake');
  if (!box || !live) return;
  var page = String(Math.random()).slice(2, 12);
  var audio, lock, known = {}, told = {}, bell = 0;

  function post(path, values) {
    fetch(base + path, {
      method: 'POST', credentials: 'same-origin', headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body: new URLSearchParams(values).toString()
    }).catch(function () {});
  }

  // Three rising tones, and lower ones when the gateway is out of reach.
  function ring(low) {
    if (!audio || audio.state !== 'running') return;
    [0, .22, .44].forEach(function (at, i) {
      var tone = audio.createOscillator(), gain = audio.createGain(), begin = audio.currentTime + at;
      tone.type = 'square';
      tone.frequency.value = low ? 330 - 40 * i : 660 + 220 * i;
      gain.gain.setValueAtTime(.0001, begin);
      gain.gain.exponentialRampToValueAtTime(.25, begin + .02);
      gain.gain.exponentialRampToValueAtTime(.0001, begin + .2);
      tone.connect(gain).connect(audio.destination);
      tone.start(begin);
      tone.stop(begin + .21);
    });
  }

  function sounding() { return !!audio && audio.state === 'running'; }

  function state() {
    var on = sounding();
    box.dataset.state = on ? 'on' : 'off';
    sound.textContent = sound.dataset[on ? 'sounding' : audio ? 'stopped' : 'silent'];
  }

  function wake() {
    if (!('wakeLock' in navigator)) { awake.textContent = awake.dataset.asleep; awake.hidden = false; return; }
    navigator.wakeLock.request('screen').then(function (l) {
      lock = l;
      awake.textContent = awake.dataset.awake;
      awake.hidden = false;
      l.addEventListener('release', function () { lock = null; });
    }, function () { awake.textContent = awake.dataset.asleep; awake.hidden = false; });
  }

  // An alert that is before somebody's eyes while the page sounds counts as shown.
  function look() {
    var loud = live.querySelectorAll('[data-alert][data-loud]'), fresh = false, now = {};
    loud.forEach(function (e) {
      var id = e.dataset.alert;
      now[id] = true;
      if (!known[id]) fresh = true;
      if (sounding() && !told[id] && root.dataset.state === 'live') {
        told[id] = true;
        post('alert/' + encodeURIComponent(id) + '/seen', {via: 'watch', what: 'shown'});
      }
    });
    known = now;
    if (fresh) { bell = Date.now(); ring(false); }
  }

  document.getElementById('watch-on').addEventListener('click', function () {
    var Context = window.AudioContext || window.webkitAudioContext;
    if (!Context) return;
    audio = audio || new Context();
    audio.onstatechange = state;
    audio.resume().then(function () { state(); ring(false); wake(); known = {}; look(); here(); });
  });

  function here() { if (sounding() && root.dataset.state === 'live') post('watch/here', {page: page}); }

  new MutationObserver(look).observe(live, {childList: true, subtree: true, attributes: true, attributeFilter: ['data-loud', 'data-alert']});
  look();
  setInterval(here, 20000);
  setInterval(function () { // again while nobody works on it, and when the gateway is out of reach
    if (root.dataset.state === 'stale') ring(true);
    else if (Object.keys(known).length && Date.now() - bell > 25000) { bell = Date.now(); ring(false); }
  }, 5000);
  document.addEventListener('visibilitychange', function () {
    if (document.visibilityState === 'visible' && audio) { if (!lock) wake(); audio.resume().then(state); }
  });
})();

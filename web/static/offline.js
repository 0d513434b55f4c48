// The part of the service worker that keeps the pages of a cleaner's tasks for a shift without a network, and sends what waits when it is back.
(function () {
  'use strict';
  var kept = 'gerbang-shift';
  var base = new URL(self.registration.scope).pathname.replace(/\/$/, '');
  var patience = 4000; // for a page, before the kept one is shown

  function ofShift(url) { return url.origin === location.origin && url.pathname.indexOf(base + '/site/') === 0 && /^\/site\/[^\/]+\/do(\/[^\/]+)?$/.test(url.pathname.slice(base.length)); }
  function isStatic(url) { return url.origin === location.origin && url.pathname.indexOf(base + '/static/') === 0; }

  // keep stores an answer that is the page itself: no error, and not the page where one signs in.
  function keep(url, r) {
    if (!r.ok || r.redirected || r.type !== 'basic') return Promise.resolve();
    var copy = r.clone();
    return caches.open(kept).then(function (c) { return c.put(url, copy); });
  }

  function page(event, url) {
    var key = url.origin + url.pathname;
    var fresh = fetch(event.request).then(function (r) { return keep(key, r).then(function () { return r; }); });
    event.waitUntil(fresh.catch(function () {}));
    return caches.open(kept).then(function (c) { return c.match(key, {ignoreVary: true}); }).then(function (old) {
      if (!old) return fresh;
      return Promise.race([fresh.then(function (r) { return r.status >= 500 ? old : r; }), new Promise(function (done) { setTimeout(done, patience, old); })]).catch(function () { return old; });
    });
  }

  function file(request) {
    return caches.open(kept).then(function (c) {
      return c.match(request, {ignoreVary: true}).then(function (old) { return old || fetch(request); });
    });
  }

  self.addEventListener('fetch', function (event) {
    var url = new URL(event.request.url);
    if (event.request.method === 'GET' && ofShift(url)) event.respondWith(page(event, url));
    else if (event.request.method === 'GET' && isStatic(url)) event.respondWith(file(event.request));
    else if (event.request.method === 'POST' && url.origin === location.origin && url.pathname === base + '/logout') event.waitUntil(caches.delete(kept));
  });

  // warm keeps all pages of a site and what they are made of; of another person's nothing stays.
  function warm(m) {
    return caches.open(kept).then(function (c) {
      return c.match(base + '/shift-of').then(function (r) { return r ? r.text() : ''; }).then(function (who) {
        if (who === m.by) return c;
        return caches.delete(kept).then(function () { return caches.open(kept); }).then(function (c) {
          return c.put(base + '/shift-of', new Response(m.by)).then(function () { return c; });
        });
      }).then(function (c) {
        return Promise.all([
          Promise.all(m.pages.map(function (p) {
            return fetch(p, {credentials: 'same-origin', headers: {Accept: 'text/html'}}).then(function (r) { return keep(new URL(p, location.href).href, r); }).catch(function () {});
          })),
          Promise.all(m.files.map(function (f) {
            return c.match(f, {ignoreVary: true}).then(function (old) { return old || fetch(f).then(function (r) { return keep(f, r); }).catch(function () {}); });
          }))
        ]).then(function () { return c.keys(); }).then(function (keys) {
          // Files of an older gateway are of no page any more.
          return Promise.all(keys.filter(function (k) { return isStatic(new URL(k.url)) && m.files.indexOf(k.url) < 0; }).map(function (k) { return c.delete(k); }));
        });
      });
    });
  }

  self.addEventListener('message', function (event) {
    var m = event.data || {};
    if (m.gerbang !== 'warm' || !Array.isArray(m.pages)) return;
    event.waitUntil(warm(m).then(function () {
      if (event.source) event.source.postMessage({gerbang: 'warmed'});
    }));
  });

  // The page sends better than we do: it knows how long ago things were. What is left after a moment we send.
  self.addEventListener('sync', function (event) {
    if (event.tag !== 'gerbang-send') return;
    event.waitUntil(self.clients.matchAll({type: 'window'}).then(function (list) {
      list.forEach(function (c) { c.postMessage({gerbang: 'send'}); });
      return list.length ? new Promise(function (done) { setTimeout(done, 5000); }) : undefined;
    }).then(function () { return self.gerbangShift.send(); }).then(function () { return self.gerbangShift.all(); }).then(function (all) {
      return self.clients.matchAll({type: 'window'}).then(function (list) {
        list.forEach(function (c) { c.postMessage({gerbang: 'sent'}); });
        if (all.some(function (e) { return e.state === 'waiting' && !e.blocked; })) throw new Error('some still wait'); // the browser tries again
      });
    }));
  });
})();

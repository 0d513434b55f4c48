// The part of the service worker that shows what the gateway sends, always, and tells the gateway that it was shown and opened.
(function () {
  'use strict';
  var scope = self.registration.scope;

  // Where a notification leads: a page of this gateway, whatever the message says.
  function target(data) {
    try {
      var url = new URL(String((data && data.path) || ''), scope);
      if (url.href.indexOf(scope) === 0) return url.href;
    } catch (e) { /* no address */ }
    return scope;
  }

  // The token alone proves what the answer is about: no session is needed, and none is sent.
  function tell(data, what) {
    if (!data || !data.token) return Promise.resolve();
    return fetch(new URL('push/told', scope), {
      method: 'POST', credentials: 'omit', keepalive: true, headers: {'Content-Type': 'application/x-www-form-urlencoded'},
      body: new URLSearchParams({token: String(data.token), what: what}).toString()
    }).catch(function () { /* the gateway is out of reach: it takes the notification for not shown, which is the safe side */ });
  }

  self.addEventListener('push', function (e) {
    var n = {};
    try { n = (e.data && e.data.json().notification) || {}; } catch (x) { /* not ours: shown all the same */ }
    var data = n.data || {};
    e.waitUntil(self.registration.showNotification(String(n.title || 'Gerbang'), {
      body: String(n.body || ''), lang: n.lang ? String(n.lang) : '', dir: 'auto', tag: n.tag ? String(n.tag) : 'gerbang', renotify: true,
      requireInteraction: n.requireInteraction === true, data: {token: data.token, path: data.path}
    }).then(function () { return tell(data, 'shown'); }));
  });

  self.addEventListener('notificationclick', function (e) {
    var data = e.notification.data, to = target(data);
    e.notification.close();
    e.waitUntil(Promise.all([
      tell(data, 'opened'),
      self.clients.matchAll({type: 'window'}).then(function (all) {
        for (var i = 0; i < all.length; i++) {
          if (all[i].url.split('#')[0] === to) return all[i].focus();
        }
        return self.clients.openWindow(to);
      })
    ]));
  });

  // The browser has changed the address: the gateway is told at once, if somebody is signed in, else by the next page.
  self.addEventListener('pushsubscriptionchange', function (e) {
    var options = e.oldSubscription && e.oldSubscription.options;
    if (!options) return;
    e.waitUntil(self.registration.pushManager.subscribe(options).then(function (s) {
      var keys = s.toJSON().keys;
      return fetch(new URL('reach/phone', scope), {
        method: 'POST', credentials: 'same-origin', headers: {'Content-Type': 'application/x-www-form-urlencoded'},
        body: new URLSearchParams({endpoint: s.endpoint, p256dh: keys.p256dh, auth: keys.auth}).toString()
      });
    }));
  });
})();

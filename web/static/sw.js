// The service worker: it runs while no page is open. Each part is a file of its own and listens to events of its own.
// VERSION stands before this when it is served; it changes with any byte of any static file, so that browsers fetch all parts anew.
importScripts.apply(self, ['push.js', 'vendor/idb/umd.js', 'shift.js', 'offline.js'].map(function (part) { return 'static/' + part + '?v=' + VERSION; }));

// A new version is in force at once: an old one could not show what the gateway sends.
self.addEventListener('install', function () { self.skipWaiting(); });
self.addEventListener('activate', function (e) { e.waitUntil(self.clients.claim()); });

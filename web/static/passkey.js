// Forms that have the browser ask for a passkey, and send what comes of it as any other form.
(function () {
  'use strict';

  function bytes(text) {
    var raw = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(raw, function (c) { return c.charCodeAt(0); }).buffer;
  }

  function text(buffer) {
    var raw = '';
    new Uint8Array(buffer).forEach(function (b) { raw += String.fromCharCode(b); });
    return btoa(raw).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }

  // Browsers of 2020 neither read nor write the JSON of WebAuthn: its texts are bytes for them.
  function read(options) {
    var o = options.publicKey;
    o.challenge = bytes(o.challenge);
    if (o.user) o.user.id = bytes(o.user.id);
    (o.excludeCredentials || []).concat(o.allowCredentials || []).forEach(function (c) { c.id = bytes(c.id); });
    return {publicKey: o};
  }

  function write(credential) {
    var r = credential.response;
    var answer = {clientDataJSON: text(r.clientDataJSON)};
    if (r.attestationObject) {
      answer.attestationObject = text(r.attestationObject);
      answer.transports = r.getTransports ? r.getTransports() : [];
    } else {
      answer.authenticatorData = text(r.authenticatorData);
      answer.signature = text(r.signature);
      if (r.userHandle && r.userHandle.byteLength) answer.userHandle = text(r.userHandle);
    }
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: answer, clientExtensionResults: {},
      authenticatorAttachment: credential.authenticatorAttachment || undefined
    });
  }

  document.querySelectorAll('form[data-passkey]').forEach(function (form) {
    var why = form.nextElementSibling;
    var trouble = form.querySelector('.trouble');
    function instead(reason) {
      why.textContent = why.dataset[reason];
      why.hidden = false;
    }
    if (location.origin !== form.dataset.origin) return instead('elsewhere');
    if (!window.PublicKeyCredential || !navigator.credentials) return instead('unsupported');
    form.hidden = false;
    form.addEventListener('submit', function (e) {
      e.preventDefault();
      var button = form.querySelector('button');
      var options = read(JSON.parse(form.dataset.options));
      button.disabled = true;
      trouble.hidden = true;
      navigator.credentials[form.dataset.passkey](options).then(function (credential) {
        form.elements.answer.value = write(credential);
        form.submit();
      }).catch(function (error) {
        var reason = {NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'exists', NotSupportedError: 'unsupported'}[error.name];
        button.disabled = false;
        trouble.textContent = why.dataset[reason || 'failed'];
        trouble.hidden = false;
      });
    });
  });
})();

// The second of three files that prepare a runtime: what decoders written for Node.js, a browser or a network server expect
// around them. host is the gateway's side (realm.go): base64 and UTF-8, of texts whose characters are bytes.
(function (host) {
  "use strict";
  const global = globalThis;
  const { defineProperty, getOwnPropertyDescriptor } = Object;
  const { construct, ownKeys } = Reflect;
  const put = (object, name, value) => defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  const named = (name, fn) => defineProperty(fn, "name", { value: name, configurable: true });
  const fail = (what) => { throw new TypeError(what); };

  // Dates are in UTC, whatever the zone of the gateway.
  const NativeDate = Date, proto = NativeDate.prototype;
  for (const part of ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"]) {
    put(proto, "get" + part, proto["getUTC" + part]);
    if (part !== "Day") put(proto, "set" + part, proto["setUTC" + part]);
  }
  const invalid = (date) => date.getTime() !== date.getTime();
  const texts = {
    getTimezoneOffset() { return invalid(this) ? NaN : 0; },
    toDateString() {
      const text = this.toUTCString(); // Thu, 01 Jan 1970 00:00:00 GMT
      return invalid(this) ? text : text.slice(0, 3) + text.slice(7, 11) + text.slice(4, 7) + text.slice(11, -13);
    },
    toTimeString() { return invalid(this) ? this.toUTCString() : this.toUTCString().slice(-12) + "+0000 (UTC)"; },
    toString() { return invalid(this) ? this.toUTCString() : this.toDateString() + " " + this.toTimeString(); },
    toLocaleDateString() { return invalid(this) ? this.toUTCString() : this.getMonth() + 1 + "/" + this.getDate() + "/" + this.getFullYear(); },
    toLocaleTimeString() {
      return invalid(this) ? this.toUTCString() : (this.getHours() % 12 || 12) + this.toTimeString().slice(2, 8) + (this.getHours() < 12 ? " AM" : " PM");
    },
    toLocaleString() { return invalid(this) ? this.toUTCString() : this.toLocaleDateString() + ", " + this.toLocaleTimeString(); },
  };
  for (const name in texts) put(proto, name, texts[name]);
  const parse = named("parse", function (value) {
    const text = `${value}`;
    host.size(text.length * 64);
    for (const zone of ["Z", " GMT"]) {
      const at = NativeDate.parse(text + zone);
      if (at === at) return at; // it had no zone of its own
    }
    return NativeDate.parse(text);
  });
  const UTCDate = named("Date", function (...args) {
    if (new.target === undefined) return new NativeDate().toString();
    if (args.length > 1) args = [NativeDate.UTC(...args)];
    else if (typeof args[0] === "string") args = [parse(args[0])];
    return construct(NativeDate, args, new.target);
  });
  for (const key of ownKeys(NativeDate))
    defineProperty(UTCDate, key, key === "prototype" ? { value: proto, writable: false } : getOwnPropertyDescriptor(NativeDate, key));
  put(UTCDate, "parse", parse);
  put(proto, "constructor", UTCDate);
  put(global, "Date", UTCDate);

  put(global, "console", {});
  for (const name of ["log", "info", "warn", "error", "debug", "trace", "table", "dir", "assert"]) put(console, name, named(name, () => {}));
  put(global, "atob", named("atob", (text) => host.atob(`${text}`)));
  put(global, "btoa", named("btoa", (text) => host.btoa(`${text}`)));

  // Buffer is what decoders use of Node's. Texts of bytes go through one character a byte.
  const toText = (bytes, mask) => {
    let text = "";
    for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] & mask);
    return text;
  };
  const toBytes = (text) => Array.from(text, (c) => c.charCodeAt(0) & 255);
  const hexByte = (b) => (b < 16 ? "0" : "") + b.toString(16);
  const encodings = { // [text to bytes, bytes to text]
    hex: [(text) => Array.from(/^(?:[0-9a-f]{2})*/i.exec(text)[0].match(/../g) || [], (two) => parseInt(two, 16)), (bytes) => Array.from(bytes, hexByte).join("")],
    base64: [(text) => toBytes(host.atob(text.replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, ""))), (bytes) => host.btoa(toText(bytes, 255))],
    utf8: [(text) => toBytes(unescape(encodeURIComponent(text))), (bytes) => host.utf8(toText(bytes, 255))],
    ascii: [toBytes, (bytes) => toText(bytes, 127)],
    latin1: [toBytes, (bytes) => toText(bytes, 255)],
  };
  Object.assign(encodings, { "utf-8": encodings.utf8, binary: encodings.latin1, base64url: encodings.base64 });
  Object.setPrototypeOf(encodings, null);
  const encoding = (name) => encodings[name === undefined ? "utf8" : `${name}`.toLowerCase()] || fail("unknown encoding, want hex, base64, utf8, ascii or latin1");
  class Buffer extends Uint8Array {
    constructor(value, offset, length) {
      if (typeof value === "string") super(encoding(offset)[0](value));
      else if (value instanceof ArrayBuffer) super(value, offset, length);
      else super(value);
    }
    static from(value, offset, length) { return typeof value === "number" ? fail("want bytes or a text") : new Buffer(value, offset, length); }
    static alloc(size, fill) { return new Buffer(+size).fill(fill === undefined ? 0 : fill); }
    static allocUnsafe(size) { return new Buffer(+size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static concat(list) { return new Buffer([].concat(...Array.from(list, (part) => Array.from(part)))); }
    toString(name, start, end) { return encoding(name)[1](this.subarray(start, end)); }
    slice(start, end) { return this.subarray(start, end); }
    equals(other) { return this.length === other.length && this.every((b, i) => b === other[i]); }
    readUIntBE(offset, size) { let v = 0; for (let i = 0; i < size; i++) v = v * 256 + this.readUInt8(offset + i); return v; }
    readUIntLE(offset, size) { let v = 0; for (let i = size - 1; i >= 0; i--) v = v * 256 + this.readUInt8(offset + i); return v; }
    readIntBE(offset, size) { const v = this.readUIntBE(offset, size), m = 2 ** (8 * size); return v < m / 2 ? v : v - m; }
    readIntLE(offset, size) { const v = this.readUIntLE(offset, size), m = 2 ** (8 * size); return v < m / 2 ? v : v - m; }
  }
  const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  for (const [name, native, size] of [["UInt8", "Uint8", 1], ["Int8", "Int8", 1], ["UInt16", "Uint16", 2], ["Int16", "Int16", 2],
    ["UInt32", "Uint32", 4], ["Int32", "Int32", 4], ["Float", "Float32", 4], ["Double", "Float64", 8]]) {
    for (const order of size === 1 ? [""] : ["LE", "BE"]) {
      const read = function (offset = 0) { return view(this)["get" + native](offset, order === "LE"); };
      const write = function (value, offset = 0) { view(this)["set" + native](offset, value, order === "LE"); return offset + size; };
      for (const alias of [name, name.replace("UInt", "Uint")]) {
        put(Buffer.prototype, "read" + alias + order, read);
        put(Buffer.prototype, "write" + alias + order, write);
      }
    }
  }
  put(global, "Buffer", Buffer);
  put(global, "require", named("require", (name) => name === "buffer" ? { Buffer } : fail("require is not available to a decoder: it is one file")));
})

// The first of three files that prepare a runtime: every built-in function that a script can get hold of is put behind a check
// of the gateway's, so that it bounds its inputs and goes no further once the clock has asked to stop. Two built-ins could call
// each other for ever otherwise, and the engine would not notice. host is the gateway's side (realm.go):
//   guard(fn, kind)  fn behind a check; kind names what there is to check beside sizes, "" for nothing
//   size(n)          ends the call if n bytes or elements are more than one value may have
(function (host) {
  "use strict";
  const global = globalThis;
  const { getOwnPropertyDescriptor, defineProperty, getPrototypeOf, setPrototypeOf, hasOwn } = Object;
  const { ownKeys, construct } = Reflect;
  const stands = new Map(); // by what they stand in for: two names of one function stay one

  function guarded(fn, kind) {
    if (!stands.has(fn)) stands.set(fn, host.guard(fn, kind));
    return stands.get(fn);
  }

  // guard guards the methods and accessors of an object. special says which have more to check than usual.
  function guard(object, usual = "", special = {}) {
    const keys = ownKeys(object);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i], property = getOwnPropertyDescriptor(object, key), kind = hasOwn(special, key) ? special[key] : usual;
      if (key === "constructor" || !property.configurable) continue;
      if (typeof property.value === "function") property.value = guarded(property.value, kind);
      if (property.get) property.get = guarded(property.get, kind);
      if (property.set) property.set = guarded(property.set, kind);
      defineProperty(object, key, property);
    }
  }

  // replace puts a constructor in the place of a built-in one; what it makes stays the same.
  function replace(fn, stand) {
    for (const key of ownKeys(fn)) {
      const property = getOwnPropertyDescriptor(fn, key);
      if (key === "prototype") defineProperty(stand, key, { value: fn.prototype, writable: false });
      else defineProperty(stand, key, property);
    }
    setPrototypeOf(stand, getPrototypeOf(fn));
    for (const [object, key] of [[fn.prototype, "constructor"], [global, fn.name]])
      defineProperty(object, key, { value: stand, writable: true, enumerable: false, configurable: true });
  }

  const each = (kind, ...keys) => Object.fromEntries(keys.map((key) => [key, kind]));
  delete String.raw;
  delete RegExp.prototype.compile;
  guard(Array.prototype, "array", {
    ...each("elements", "join", "toString", "toLocaleString", "sort", "toSorted", "indexOf", "lastIndexOf", "includes"), ...each("flat", "flat", "flatMap"),
    ...each("concat", "concat"),
  });
  guard(Array, "", each("like", "from"));
  guard(String.prototype, "", {
    ...each("pattern", "match", "matchAll", "search", "split"), ...each("replace", "replace", "replaceAll"), ...each("pad", "padStart", "padEnd"), ...each("repeat", "repeat"),
  });
  guard(RegExp.prototype, "pattern");
  guard(JSON, "", each("tree", "stringify"));
  guard(Function.prototype, "", each("apply", "apply"));
  const typed = getPrototypeOf(Uint8Array);
  guard(typed, "like");
  guard(typed.prototype, "", each("like", "set"));
  for (const object of [[].values(), ""[Symbol.iterator]()]) guard(getPrototypeOf(object), "", each("step", "next"));
  for (const object of [getPrototypeOf(getPrototypeOf([].values())), getPrototypeOf(new Map().keys()), getPrototypeOf(new Set().keys()), getPrototypeOf("".matchAll(/x/g)),
    getPrototypeOf(getPrototypeOf((function* () {})())), Object, Object.prototype, String, Number, Number.prototype, Boolean.prototype, Symbol, Symbol.prototype, Math, RegExp, Date,
    Date.prototype, Error.prototype, Map, Map.prototype, Set, Set.prototype, WeakMap.prototype, WeakSet.prototype, ArrayBuffer, ArrayBuffer.prototype, DataView.prototype]) guard(object);
  for (const name of ["encodeURI", "encodeURIComponent", "decodeURI", "decodeURIComponent", "escape", "unescape", "parseInt", "parseFloat", "isNaN", "isFinite"])
    defineProperty(global, name, { value: guarded(global[name], "") });

  // Constructors that make an object also when they are called like a function.
  for (const fn of [Object, Array, Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])
    replace(fn, function (...args) { return construct(fn, args, new.target === undefined ? fn : new.target); });
  for (const fn of [ArrayBuffer, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array]) {
    guard(fn, "like");
    replace(fn, function (...args) {
      if (new.target === undefined) throw new TypeError("Constructor " + fn.name + " requires 'new'");
      const from = args[0];
      host.size(typeof from === "object" && from !== null ? from.length : from);
      return construct(fn, args, new.target);
    });
  }
  const NativeRegExp = RegExp;
  replace(NativeRegExp, function (pattern, flags) {
    if (typeof pattern === "string") host.size(pattern.length * 64);
    return new.target === undefined ? NativeRegExp(pattern, flags) : construct(NativeRegExp, [pattern, flags], new.target);
  });
})

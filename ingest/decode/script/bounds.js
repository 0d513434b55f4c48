// The first of three files that prepare a runtime: built-ins that can work long on a short input, or make much of it, are put
// behind checks. The engine's clock stops what runs between them. host is the gateway's side (realm.go):
//   guard(fn, kind)  fn behind a check of its inputs; kind names what is special about it, "" for sizes alone
//   size(n)          ends the call if n bytes or elements are more than one value may have
(function (host) {
  "use strict";
  const global = globalThis;
  const { getOwnPropertyDescriptor, defineProperty, getPrototypeOf, setPrototypeOf } = Object;
  const { ownKeys, construct } = Reflect;
  const put = (object, name, value) => defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });

  // dress makes a function that stands in for a built-in look like it.
  function dress(stand, fn) {
    for (const key of ["name", "length"]) defineProperty(stand, key, { value: fn[key], configurable: true });
    return stand;
  }

  function guard(object, key, kind) {
    put(object, key, dress(host.guard(object[key], kind), object[key]));
  }

  // guardAll guards the methods of an object but some; special says which of them are more than a matter of sizes.
  function guardAll(object, except, usual, special) {
    for (const key of ownKeys(object)) {
      if (typeof key === "symbol" || key === "constructor" || except.includes(key)) continue;
      if (typeof getOwnPropertyDescriptor(object, key).value === "function") guard(object, key, Object.hasOwn(special, key) ? special[key] : usual);
    }
  }

  // replace puts a constructor in the place of a built-in one; what it makes stays the same.
  function replace(fn, stand) {
    for (const key of ownKeys(fn)) {
      if (key === "prototype") defineProperty(stand, key, { value: fn.prototype, writable: false });
      else if (key !== Symbol.species) defineProperty(stand, key, getOwnPropertyDescriptor(fn, key));
    }
    setPrototypeOf(stand, getPrototypeOf(fn));
    put(fn.prototype, "constructor", stand);
    put(global, fn.name, stand);
  }

  const all = (kind, ...keys) => Object.fromEntries(keys.map((key) => [key, kind]));
  guardAll(Array.prototype, ["keys", "values", "entries"], "array", {
    ...all("elements", "join", "toString", "toLocaleString", "sort", "toSorted", "indexOf", "lastIndexOf", "includes"),
    ...all("flat", "flat", "flatMap"),
  });
  guardAll(Array, ["isArray"], "", all("like", "from"));
  delete String.raw;
  guardAll(String, [], "", {});
  guardAll(String.prototype, [], "", {
    ...all("pattern", "match", "matchAll", "search", "split"),
    ...all("replace", "replace", "replaceAll"), ...all("pad", "padStart", "padEnd"), ...all("repeat", "repeat"),
  });
  delete RegExp.prototype.compile;
  guard(RegExp.prototype, "exec", "pattern");
  guard(RegExp.prototype, "test", "pattern");
  guardAll(JSON, [], "", all("tree", "stringify"));
  guardAll(Object, ["is", "getPrototypeOf", "setPrototypeOf", "defineProperty"], "", {});
  guard(Function.prototype, "apply", "apply");
  const typed = getPrototypeOf(Uint8Array);
  guardAll(typed, [], "like", {});
  guardAll(typed.prototype, ["keys", "values", "entries"], "", all("like", "set"));
  for (const name of ["encodeURI", "encodeURIComponent", "decodeURI", "decodeURIComponent", "escape", "unescape", "parseInt", "parseFloat"])
    guard(global, name, "");
  for (const iterator of [[].values(), ""[Symbol.iterator]()]) guard(getPrototypeOf(iterator), "next", "step");

  for (const fn of [ArrayBuffer, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array]) {
    replace(fn, dress(function (...args) {
      if (new.target === undefined) throw new TypeError("Constructor " + fn.name + " requires 'new'");
      const from = args[0];
      host.size(typeof from === "object" && from !== null ? from.length : from);
      return construct(fn, args, new.target);
    }, fn));
  }
  const NativeRegExp = RegExp;
  replace(NativeRegExp, dress(function (pattern, flags) {
    if (typeof pattern === "string") host.size(pattern.length * 64);
    return new.target === undefined ? NativeRegExp(pattern, flags) : construct(NativeRegExp, [pattern, flags], new.target);
  }, NativeRegExp));
})

// The last of three files that prepare a runtime: what a decoder may not have is taken away, and the rest is kept as it is.
// keeping is "frozen", "loose" or "compared"; the value tells whether a built-in is other than it was. Object.assign is left
// open: a family of decoders puts its own in its place, and the gateway puts it back (realm.go).
(function (keeping) {
  "use strict";
  const global = globalThis;
  const { getOwnPropertyDescriptor, defineProperty, getPrototypeOf, freeze } = Object;
  const { ownKeys } = Reflect;

  // Code from text could not be checked; what comes later comes after the answer; the size of a BigInt has no bound.
  for (const sample of [function () {}, function* () {}, async function () {}]) {
    const proto = getPrototypeOf(sample);
    const stand = function Function() { throw new TypeError("code from text is not available to a decoder"); };
    defineProperty(stand, "prototype", { value: proto, writable: false });
    defineProperty(proto, "constructor", { value: stand, writable: false, configurable: false });
    if (proto === global.Function.prototype) global.Function = stand;
  }
  for (const name of ["eval", "Promise", "Proxy", "Reflect", "BigInt", "BigInt64Array", "BigUint64Array", "GoError"]) delete global[name];
  for (const name of ["getBigInt64", "getBigUint64", "setBigInt64", "setBigUint64"]) delete DataView.prototype[name];
  if (keeping === "loose") return () => true;

  // Every object that a decoder can get at, and its own keys.
  const objects = [], keys = [], seen = new Set();
  const add = (object) => {
    if ((typeof object === "object" && object !== null || typeof object === "function") && !seen.has(object)) {
      seen.add(object);
      objects.push(object);
    }
  };
  add(global);
  for (const sample of [[].values(), ""[Symbol.iterator](), new Map().entries(), new Set().values(), "".matchAll(/x/g), function* () {},
    async function () {}, (function () { return arguments; })(), (function* () {})()]) add(getPrototypeOf(sample));
  for (let i = 0; i < objects.length; i++) {
    keys.push(ownKeys(objects[i]));
    add(getPrototypeOf(objects[i]));
    for (let k = 0; k < keys[i].length; k++) {
      const property = getOwnPropertyDescriptor(objects[i], keys[i][k]);
      add(property.value);
      add(property.get);
      add(property.set);
    }
  }

  if (keeping === "frozen") {
    // A frozen property forbids that what inherits it gets one of its own by assignment. Where scripts do that (methods of
    // classes, names of errors, fields of arrays) the property is an accessor that lets them.
    const open = (proto, ...names) => {
      for (const name of names) {
        const value = proto[name], get = () => value;
        const set = function (own) {
          if (this !== proto) defineProperty(this, name, { value: own, writable: true, enumerable: true, configurable: true });
        };
        for (const f of [get, set, set.prototype]) if (f) freeze(f);
        defineProperty(proto, name, { get, set });
      }
    };
    open(Object.prototype, "constructor", "toString", "toLocaleString", "valueOf", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable");
    open(Function.prototype, "toString");
    open(Array.prototype, "at", "entries", "every", "fill", "filter", "find", "flat", "includes", "keys", "map", "some", "sort", "toString", "values", "with");
    for (const proto of objects) if (proto instanceof Error || proto === Error.prototype) open(proto, "constructor", "name", "message");
    open(Error.prototype, "toString");
    for (let i = 0; i < objects.length; i++) if (objects[i] !== Object) freeze(objects[i]);
    Object.preventExtensions(Object);
    for (const key of ownKeys(Object)) if (key !== "assign") defineProperty(Object, key, { writable: false, configurable: false });
    return () => false;
  }

  // The comparison uses no methods: the decoder may have put its own in their place.
  const { Object: object } = global;
  const before = [];
  for (let i = 0; i < objects.length; i++) {
    before[i] = [];
    for (let k = 0; k < keys[i].length; k++) before[i][k] = getOwnPropertyDescriptor(objects[i], keys[i][k]);
  }
  return () => {
    for (let i = 0; i < objects.length; i++) {
      if (ownKeys(objects[i]).length !== keys[i].length) return true;
      for (let k = 0; k < keys[i].length; k++) {
        if (objects[i] === object && keys[i][k] === "assign") continue;
        const old = before[i][k], now = getOwnPropertyDescriptor(objects[i], keys[i][k]);
        if (now === undefined || now.value !== old.value && now.value === now.value || now.get !== old.get || now.set !== old.set) return true;
      }
    }
    return false;
  };
})

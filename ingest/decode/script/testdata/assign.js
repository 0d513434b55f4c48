// A decoder that puts an Object.assign of its own in the place of the built-in one: it joins lists.
function decodeUplink(input) {
    var decoded = {};
    for (var i = 0; i + 1 < input.bytes.length; i += 2) {
        decoded = Object.assign(decoded, { counts: [input.bytes[i] * 256 + input.bytes[i + 1]] });
    }
    return { data: decoded };
}

Object.defineProperty(Object, "assign", {
    enumerable: false,
    configurable: true,
    writable: true,
    value: function (target, source) {
        Object.keys(source).forEach(function (key) {
            target[key] = Array.isArray(target[key]) ? target[key].concat(source[key]) : source[key];
        });
        return target;
    },
});

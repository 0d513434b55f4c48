/**
 * Payload decoder of a made-up room sensor: channel, type, value, as some makers do it.
 * One file for several network servers.
 */
// Chirpstack v4, The Things Stack
function decodeUplink(input) {
    var decoded = roomSensorDecode(input.bytes);
    return { data: decoded };
}

// Chirpstack v3
function Decode(fPort, bytes) {
    return roomSensorDecode(bytes);
}

// The Things Network v2
function Decoder(bytes, port) {
    return roomSensorDecode(bytes);
}

function roomSensorDecode(bytes) {
    var decoded = {};

    for (var i = 0; i < bytes.length; ) {
        var channel_id = bytes[i++];
        var channel_type = bytes[i++];
        // BATTERY
        if (channel_id === 0x01 && channel_type === 0x75) {
            decoded.battery = readUInt8(bytes[i]);
            i += 1;
        }
        // TEMPERATURE
        else if (channel_id === 0x03 && channel_type === 0x67) {
            decoded.temperature = readInt16LE(bytes.slice(i, i + 2)) / 10;
            i += 2;
        }
        // HUMIDITY
        else if (channel_id === 0x04 && channel_type === 0x68) {
            decoded.humidity = readUInt8(bytes[i]) / 2;
            i += 1;
        }
        // CO2
        else if (channel_id === 0x07 && channel_type === 0x7d) {
            decoded.co2 = readUInt16LE(bytes.slice(i, i + 2));
            i += 2;
        }
        // DOOR
        else if (channel_id === 0x06 && channel_type === 0x00) {
            decoded.door = readDoor(bytes[i]);
            i += 1;
        }
        // PEOPLE
        else if (channel_id === 0x05 && channel_type === 0xcc) {
            decoded.line_1 = { in: readUInt16LE(bytes.slice(i, i + 2)), out: readUInt16LE(bytes.slice(i + 2, i + 4)) };
            i += 4;
        }
        // HISTORY
        else if (channel_id === 0x20 && channel_type === 0xce) {
            var point = {};
            point.timestamp = readUInt32LE(bytes.slice(i, i + 4));
            point.temperature = readInt16LE(bytes.slice(i + 4, i + 6)) / 10;
            decoded.history = decoded.history || [];
            decoded.history.push(Object.assign({ late: true }, point));
            i += 6;
        }
        // SERIAL NUMBER
        else if (channel_id === 0xff && channel_type === 0x16) {
            decoded.sn = readSerialNumber(bytes.slice(i, i + 4));
            i += 4;
        } else {
            break;
        }
    }

    return decoded;
}

function readUInt8(bytes) {
    return bytes & 0xff;
}

function readUInt16LE(bytes) {
    var value = (bytes[1] << 8) + bytes[0];
    return value & 0xffff;
}

function readInt16LE(bytes) {
    var ref = readUInt16LE(bytes);
    return ref > 0x7fff ? ref - 0x10000 : ref;
}

function readUInt32LE(bytes) {
    var value = (bytes[3] << 24) + (bytes[2] << 16) + (bytes[1] << 8) + bytes[0];
    return (value & 0xffffffff) >>> 0;
}

function readSerialNumber(bytes) {
    var temp = [];
    for (var idx = 0; idx < bytes.length; idx++) {
        temp.push(("0" + (bytes[idx] & 0xff).toString(16)).slice(-2));
    }
    return temp.join("");
}

function readDoor(type) {
    var map = { 0: "close", 1: "open" };
    return map.hasOwnProperty(type) ? map[type] : "unknown";
}

if (!Object.assign) {
    Object.defineProperty(Object, "assign", {
        enumerable: false,
        configurable: true,
        writable: true,
        value: function (target) {
            throw new TypeError("never reached");
        },
    });
}
